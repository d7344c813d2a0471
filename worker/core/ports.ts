/** Every effect the gateway has on the world, as an interface. Adapters in `worker/io` implement them and decide nothing. */
import type { ErrorCode, Failure } from '../../shared/errors.ts';
import type { KeyBreakdown, KeySeen, KeyUsage, LedgerEntry, Stats } from '../../shared/records.ts';
import type { Result } from '../../shared/result.ts';
import type { IdempotencyDecision, IdempotencyRecord, IdempotencyRequest } from './kept/idempotency.ts';
import type { KeyRecord } from './auth/key-record.ts';
import type { AttemptReport } from './health/health-event.ts';
import type { ShadowBooking } from './ledger/aggregate.ts';
import type { WatchConfig } from './ledger/alerts.ts';
import type { Booking } from './ledger/booking.ts';
import type { KeyBookId } from './ledger/key-book.ts';
import type { SessionMemory } from './route/session.ts';
import type { HealthSnapshot } from './health/snapshot.ts';
import type { BudgetNumbers } from './limits/budget-state.ts';
import type { RateLimits, RateNumbers } from './limits/rate.ts';
import type { ReserveAnswer, ReserveRequest, Extension } from './limits/reserve.ts';
import type { Settlement } from './limits/settle.ts';
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

export interface UpstreamCall {
  readonly upstreamId: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string | null;
  /** Unique per call: a model server may know its requests by it. */
  readonly requestId: string;
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
  /** Unique per attempt. */
  readonly ticketId: string;
  readonly keyId: string;
  readonly weight: number;
  readonly priority: number;
  /** The model has room to spare by the health snapshot. */
  readonly isCalm: boolean;
}

/** One of a model's places, held while an upstream call runs. */
export interface Place {
  /** Gives it back; once is enough, more do no harm. */
  release(background: Background): void;
  /** Says that it is still in use; to be called every few seconds of a long answer. */
  keep(background: Background): void;
}

export interface AdmissionPort {
  /**
   * Waits for a place, in the isolate where it can. `onQueued` is told the position when the request has to wait; `signal` gives the
   * waiting up. Fails with `queue_full`.
   */
  enter(
    request: PlaceRequest,
    onQueued: (position: number) => void,
    signal: AbortSignal,
    background: Background,
  ): Promise<Result<Place, Failure>>;
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
  /** `watch` holds the limits by which alerts are raised. */
  read(watch: WatchConfig): Promise<Stats>;
  /** What one key has used. Rejects when the state cannot be reached. */
  usageOf(keyId: string): Promise<KeyUsage>;
  /** What is known of these keys, in their order. */
  keysSeen(keyIds: readonly string[]): Promise<readonly KeySeen[]>;
  /** The same by model, agent or day. */
  breakdownOf(keyId: string, by: KeyBookId): Promise<KeyBreakdown>;
  /** Starts the statistics anew, when what has ended until now was counted. Takes a second. */
  reset(): Promise<void>;
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

/** Exact limits, budgets and kept answers of a key; see the tenant object. */
export interface TenantPort {
  /** Takes what the request needs, or says why not. `rate` is null when the state could not be read. */
  admit(
    tenantId: string,
    request: ReserveRequest,
    limits: TenantLimits,
  ): Promise<{ readonly result: Result<ReserveAnswer, Failure>; readonly rate: RateNumbers | null }>;
  /** Asks for one more call of an admitted request; null when it may be made. */
  extend(tenantId: string, extension: Extension, limits: TenantLimits): Promise<Failure | null>;
  /** This request still runs, with what it holds and its idempotency key. To be called every `heartbeatMs`; one call goes out for all. */
  hear(tenantId: string, id: string, background: Background): void;
  /** Ends a request, once; never rejects. `booking` is what the ledger is told in the same step; null where it is told by somebody else. */
  finish(tenantId: string, settlement: Settlement, booking: Booking | null): Promise<void>;
  /** The limits as they stand, nothing taken; null when the state could not be read. */
  rate(tenantId: string, limits: RateLimits): Promise<RateNumbers | null>;
  /** The budgets of `limits` as they stand, in their order. Rejects when the state cannot be reached. */
  budgets(tenantId: string, limits: TenantLimits): Promise<readonly BudgetNumbers[]>;
  begin(tenantId: string, key: string, request: IdempotencyRequest): Promise<Result<IdempotencyDecision, Failure>>;
  /** What is left of a run under its idempotency key: the record with its answer, or null to free the key. Nothing for another run's. */
  keep(tenantId: string, key: string, runId: string, record: IdempotencyRecord | null): Promise<void>;
}

export interface KeysPort {
  /** The record of a whole token, at most 60 s old, or null. Rejects when nothing is known of it and the state cannot be reached. */
  find(token: string, background: Background): Promise<KeyRecord | null>;
}

export interface LogPort {
  /** One structured line. Values are redacted by name; prompts and answers are never passed in. */
  write(level: 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>>): void;
}
