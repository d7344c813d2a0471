/** Every effect the gateway has on the world, as an interface. Adapters in `worker/io` implement them and decide nothing. */
import type { ErrorCode, Failure } from '../../shared/errors.ts';
import type { KeyBreakdown, KeySeen, KeyUsage, LedgerEntry, Stats } from '../../shared/records.ts';
import type { RangeId, RequestDetail, RequestList, Series } from '../../shared/observed.ts';
import type { Result } from '../../shared/result.ts';
import type { Occupancy } from './admission/admission.ts';
import type { KeyRecord } from './auth/key-record.ts';
import type { AttemptReport } from './health/health-event.ts';
import type { ShadowBooking } from './ledger/aggregate.ts';
import type { WatchConfig } from './ledger/alerts.ts';
import type { Booking } from './ledger/booking.ts';
import type { Named } from './ledger/counters.ts';
import type { LedgerDelta } from './ledger/delta.ts';
import type { DayRange, KeyBookId } from './ledger/key-book.ts';
import type { RequestQuery } from './ledger/request-query.ts';
import type { SessionMemory } from './route/session.ts';
import type { HealthSnapshot } from './health/snapshot.ts';
import type { BudgetNumbers } from './limits/budget-state.ts';
import type { RateLimits, RateNumbers } from './limits/rate.ts';
import type { ReserveAnswer, ReserveRequest, Extension } from './limits/reserve.ts';
import type { Settlement } from './limits/tenant-state.ts';
import type { Trace } from './trace/trace.ts';
import type { TenantLimits } from './limits/tenant-limits.ts';

export interface Clock {
  /** Milliseconds since 1970. In workerd it stands still between I/O. */
  now(): number;
}

export interface Timers {
  /** Calls `tick` every `everyMs` until the returned function is called. */
  every(everyMs: number, tick: () => void): () => void;
  /** Calls `fire` once after `afterMs` unless the returned function is called first. */
  once(afterMs: number, fire: () => void): () => void;
}

/** Keeps work alive after the answer has gone out. Bound to one request. */
export type Background = (work: Promise<unknown>) => void;

/** Follows requests through their stages. */
export interface Tracer {
  /** @param traceparent the caller's header; null without one */
  open(traceparent: string | null, background: Background): Trace;
}

export interface UpstreamCall {
  readonly upstreamId: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string | null;
  /** Unique per call: a model server may know its requests by it. */
  readonly requestId: string;
  /** The trace that the call belongs to; null for none. */
  readonly traceparent: string | null;
  readonly accept: 'application/json' | 'text/event-stream' | 'text/plain';
  readonly signal: AbortSignal;
}

export interface UpstreamAnswer {
  readonly status: number;
  /** Lower-case media type without parameters; empty when the server named none. */
  readonly mediaType: string;
  readonly retryAfter: string | null;
  /** `retry-after-ms`, which some servers send beside it. */
  readonly retryAfterExact: string | null;
  /** Bytes of the body, where they were announced and it is not compressed. */
  readonly contentLength: number | null;
  readonly body: ReadableStream<Uint8Array> | null;
  /** The whole body as text, at most `maxBytes`; `null` when it is longer or breaks off. */
  readText(maxBytes: number): Promise<string | null>;
}

export interface UpstreamPort {
  /** Opens one request and resolves with the response's headers. Network trouble is a failure, never an exception. */
  open(call: UpstreamCall): Promise<Result<UpstreamAnswer, Failure>>;
}

/** The client's side of a streamed answer. Writes must be awaited: nothing is buffered. */
export interface ClientPipe {
  readonly readable: ReadableStream<Uint8Array>;
  /** Rejects when the client has gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the answer. Never rejects. */
  close(): Promise<void>;
  /** Breaks the connection; pending writes reject. */
  abort(): void;
  /** Settles when the client has gone or the pipe was closed. Never rejects. */
  readonly closed: Promise<void>;
}

export interface HealthPort {
  /** What this isolate knows, at most `snapshot_max_age_ms` old plus one refresh; only a cold isolate waits for it. */
  snapshot(background: Background): HealthSnapshot | Promise<HealthSnapshot>;
  /** Takes effect here at once and reaches the others in a batch. */
  report(report: AttemptReport, background: Background): void;
  /** The state as the object has it now; for operators and tests. */
  read(): Promise<HealthSnapshot>;
}

export interface PlaceRequest {
  readonly modelId: string;
  readonly keyId: string;
  readonly weight: number;
  readonly priority: number;
  /** The model has room to spare by the health snapshot. */
  readonly isCalm: boolean;
}

/** Who waits, if there is anything to wait for: most calls find a place in their isolate at once, and then nothing of this is made. */
export interface Waiter {
  /** The wait begins. `ticketId` is unique per attempt; `signal` gives the waiting up. */
  wait(): { readonly ticketId: string; readonly signal: AbortSignal };
  /** It has a seat, so many places from the front. */
  onQueued(position: number): void;
}

/** One of a model's places, held while an upstream call runs. */
export interface Place {
  /** Gives it back; once is enough, more do no harm. */
  release(background: Background): void;
  /** Says that it is still in use; to be called every few seconds of a long answer. */
  keep(background: Background): void;
}

/** A long prompt, in the lane of its kind. */
export interface LaneRequest {
  readonly modelId: string;
  readonly keyId: string;
  readonly weight: number;
  readonly priority: number;
  readonly promptTokens: number;
  /** The longest time until its first token, once it is let in. */
  readonly holdMs: number;
}

/** A long prompt that may be read now. */
export interface Turn {
  /** It is read, or its call is over; once is enough. */
  end(isRead: boolean, background: Background): void;
}

export interface AdmissionPort {
  /** For long prompts, before they ask for a place. Fails with `queue_full`. */
  enterLane(request: LaneRequest, waiter: Waiter, background: Background): Promise<Result<Turn, Failure>>;
  /** A place in the isolate where there is one, else a wait for it. Fails with `queue_full`. */
  enter(request: PlaceRequest, waiter: Waiter, background: Background): Result<Place, Failure> | Promise<Result<Place, Failure>>;
  /** This isolate's part of all that the model has under way, above 0 to 1, as it last heard. */
  partOf(modelId: string): number;
  /** How full every model is, by its id; empty where places are not limited. Rejects when the state cannot be reached. */
  read(): Promise<Readonly<Record<string, Occupancy>>>;
}

export interface LedgerPort {
  /** Counts one ending. Batched: at most half a second is lost when an isolate is killed. */
  record(entry: LedgerEntry, background: Background): void;
  /** Counts one request that was turned away before it was admitted. */
  refuse(code: ErrorCode, background: Background): void;
  /** Counts a client's judgement of an answer, from 0 to 1, under these names; it takes the place of the one `before`, if there was one. */
  feedback(
    names: readonly string[],
    rating: { readonly score: number; readonly before: number | null },
    background: Background,
  ): void;
  /** Counts an unseen second answer. */
  shadow(booking: ShadowBooking, background: Background): void;
  /** Counts a request that was answered from what its idempotency key had kept. */
  replay(keyId: string, agent: string | null, background: Background): void;
  /** Counts what was done with documents, and how long the steps before an answer from them took, in milliseconds. */
  documents(work: { readonly counts: Named<number>; readonly steps: Named<number> }, background: Background): void;
  /** `watch` holds the limits by which alerts are raised. */
  read(watch: WatchConfig): Promise<Stats>;
  /** The same over time; complete like `read`. */
  series(range: RangeId): Promise<Series>;
  /** What `GET /metrics` is made of, and how old the oldest ending is that is not in it. */
  counted(): Promise<{ readonly total: LedgerDelta; readonly lagMs: number }>;
  /** The newest requests; complete like `read`. */
  readonly recent: RequestsPort;
  /** What one key has used, on these days or since the last reset. Rejects when the state cannot be reached. */
  usageOf(keyId: string, days: DayRange | null): Promise<KeyUsage>;
  /** What is known of these keys, in their order. */
  keysSeen(keyIds: readonly string[]): Promise<readonly KeySeen[]>;
  /** The same by model, agent or day. */
  breakdownOf(keyId: string, by: KeyBookId, days: DayRange | null): Promise<KeyBreakdown>;
  /** Clears the statistics, once everything that has ended so far is counted. Takes a second. */
  reset(): Promise<void>;
}

/** Single requests that have ended, as far back as they are kept. */
export interface RequestsPort {
  /** A page, the newest first. Rejects when the state cannot be reached. */
  list(wanted: RequestQuery): Promise<RequestList>;
  /** The newest under this id; null when there is none, or no record of it. */
  find(id: string): Promise<RequestDetail | null>;
}

/** What conversations remember of their routing. */
export interface SessionPort {
  /** Null when there is no memory, or when it could not be read in time. */
  get(id: string): Promise<SessionMemory | null>;
  put(id: string, memory: SessionMemory, background: Background): void;
  /** For the id of a history, which never changes its meaning. Null: there is nothing to keep, and nobody needs to ask. */
  putAfter(id: string, memory: SessionMemory | null, background: Background): void;
  /**
   * Rates the answer to a request of an experiment: which arm and model it came from, and what it was rated before; null when there was
   * none. `ratingId` names this rating: made again it changes nothing.
   */
  rateArm(keyId: string, requestId: string, score: number, ratingId: string): Promise<RatedArm | null>;
  putArm(requestId: string, memory: ArmMemory, background: Background): void;
}

export interface ArmMemory {
  readonly keyId: string;
  readonly modelId: string;
  readonly arm: string;
}

export interface RatedArm extends ArmMemory {
  readonly before: number | null;
}

/** Exact limits and budgets of a key; see the tenant object. */
export interface TenantPort {
  /** Takes what the request needs, or says why not. `rate` is null when the state could not be read. `timers` are the request's. */
  admit(
    tenantId: string,
    request: ReserveRequest,
    limits: TenantLimits,
    timers: Timers,
  ): Promise<{ readonly result: Result<ReserveAnswer, Failure>; readonly rate: RateNumbers | null }>;
  /** Asks for one more call of an admitted request; null when it may be made. */
  extend(tenantId: string, extension: Extension, limits: TenantLimits): Promise<Failure | null>;
  /** This request still runs, with what it holds. To be called every `heartbeatMs`; one call goes out for all. */
  hear(tenantId: string, id: string, background: Background): void;
  /** Ends a request, once; never rejects. `booking` is what the ledger is told in the same step; null where it is told by somebody else. */
  finish(tenantId: string, settlement: Settlement, booking: Booking | null, timers: Timers): Promise<void>;
  /** The limits as they stand, nothing taken; null when the state could not be read. */
  rate(tenantId: string, limits: RateLimits): Promise<RateNumbers | null>;
  /** The budgets of `limits` as they stand, in their order. Rejects when the state cannot be reached. */
  budgets(tenantId: string, limits: TenantLimits): Promise<readonly BudgetNumbers[]>;
}

export interface KeysPort {
  /** The record of a whole token, at most 60 s old, or null. Rejects when nothing is known of it and the state cannot be reached. */
  find(token: string, background: Background): Promise<KeyRecord | null>;
  /** The same without waiting: null where `find` would have to ask. */
  known(token: string, background: Background): KeyRecord | null;
}

/** A line for every request; null where nobody wants them. */
export interface RequestLogPort {
  ended(entry: LedgerEntry, traceId: string | null): void;
  /** One that was turned away before it was admitted. */
  refused(code: ErrorCode, requestId: string, traceId: string | null): void;
}

export interface LogPort {
  /** One structured line. Values are redacted by name; prompts and answers are never passed in. */
  write(level: 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>>): void;
}
