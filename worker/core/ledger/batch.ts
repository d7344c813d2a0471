/**
 * The sending side of exactly-once counting: what an isolate (or a shard on its way to the root) has counted and not yet delivered.
 * One batch is under way at a time; what ends meanwhile joins the next one, so nothing is dropped however long delivery takes, and a
 * receiver needs to remember one number per sender (`seen.ts`). Sending is the caller's. Lost at worst: what an isolate that is killed
 * held, as a rule no more than the last 0.5 s.
 */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import {
  aggregate,
  deltaOfCalls,
  deltaOfDocuments,
  deltaOfFeedback,
  deltaOfRefusal,
  deltaOfReplay,
  deltaOfShadow,
  type ShadowBooking,
} from './aggregate.ts';
import type { Named } from './counters.ts';
import { mergeDelta, mergeDeltas, type LedgerDelta } from './delta.ts';

/** (senderId, sequence) is the batch's id: the same in every retry, never used for other content. */
export interface Batch {
  readonly senderId: string;
  /** 1, 2, 3 … per sender. */
  readonly sequence: number;
  /** Strictly increasing per sender. */
  readonly createdAtMs: number;
  readonly delta: LedgerDelta;
}

export interface BatcherState {
  readonly senderId: string;
  readonly sequence: number;
  readonly lastCreatedAtMs: number;
  /** Requests since the last batch; folded into `counted` when there are `maxPending`. */
  readonly pending: readonly LedgerEntry[];
  /** Counted one by one since then, and not added up yet: as many at most. Missing in states of earlier versions. */
  readonly parts?: readonly LedgerDelta[];
  readonly counted: LedgerDelta | null;
  /** Additions since the last batch. */
  readonly size: number;
  readonly openedAtMs: number | null;
  readonly underWay: { readonly batch: Batch; readonly sentAtMs: number } | null;
}

/** A step's new state, and the batch to send now, if any. */
export interface BatcherStep {
  readonly state: BatcherState;
  readonly flush: Batch | null;
}

/** A batch costs its receiver as much as some dozens of requests: as a rule it is the half second that ends one. */
export const maxPending = 200;
const maxAgeMs = 500;
/** No answer for this long: the request that carried the batch is gone, and the same batch is sent again. */
const resendAfterMs = 5000;

/** `senderId` must be new whenever the state is: random, at least 64 bits. A shard stores this state with its ledger and keeps its id. */
export function createBatcher(senderId: string): BatcherState {
  return {
    senderId,
    sequence: 0,
    lastCreatedAtMs: 0,
    pending: [],
    parts: [],
    counted: null,
    size: 0,
    openedAtMs: null,
    underWay: null,
  };
}

/** Adds an ended request. */
export function addEntry(state: BatcherState, entry: LedgerEntry, nowMs: number): BatcherStep {
  const pending = [...state.pending, entry];
  const added = { ...state, pending, size: state.size + 1, openedAtMs: state.openedAtMs ?? nowMs };
  return flushWhenDue(pending.length < maxPending ? added : addedUp(added), nowMs);
}

/** Adds a client's rating of an answer: see `deltaOfFeedback`. */
export function addFeedback(
  state: BatcherState,
  { names, score, before }: { readonly names: readonly string[]; readonly score: number; readonly before: number | null },
  nowMs: number,
): BatcherStep {
  return addPart(state, deltaOfFeedback(names, score, before), nowMs);
}

/** Adds a shadow run: see `deltaOfShadow`. */
export function addShadow(state: BatcherState, booking: ShadowBooking, nowMs: number): BatcherStep {
  return addPart(state, deltaOfShadow(booking), nowMs);
}

/** Adds a request that was answered from memory. */
export function addReplay(state: BatcherState, keyId: string, agent: string | null, nowMs: number): BatcherStep {
  return addPart(state, deltaOfReplay(keyId, agent, nowMs), nowMs);
}

/** Adds a request that was never admitted. */
export function addRefusal(state: BatcherState, code: ErrorCode, nowMs: number): BatcherStep {
  return addPart(state, deltaOfRefusal(code, nowMs), nowMs);
}

/** Adds what was done with documents: see `deltaOfDocuments`. */
export function addDocuments(
  state: BatcherState,
  { counts, steps }: { readonly counts: Named<number>; readonly steps: Named<number> },
  nowMs: number,
): BatcherStep {
  return addPart(state, deltaOfDocuments(counts, steps), nowMs);
}

/** Adds calls of objects, which are no addition of their own. */
export function addCalls(state: BatcherState, made: Named<number>, nowMs: number): BatcherState {
  return addPart(state, deltaOfCalls(made), nowMs, false).state;
}

/** Small ones are added up together: one by one each would cost as much as all that came before it in the batch. */
function addPart(state: BatcherState, delta: LedgerDelta, nowMs: number, mayFlush = true): BatcherStep {
  const parts = [...(state.parts ?? []), delta];
  const added = { ...state, parts, size: state.size + 1, openedAtMs: state.openedAtMs ?? nowMs };
  const bounded = parts.length < maxPending ? added : addedUp(added);
  return mayFlush ? flushWhenDue(bounded, nowMs) : { state: bounded, flush: null };
}

/** Adds what another level has counted, such as a shard what isolates sent it. `mayFlush`: a batch that is due comes with it. */
export function addDelta(state: BatcherState, delta: LedgerDelta, nowMs: number, mayFlush = true): BatcherStep {
  const counted = state.counted === null ? delta : mergeDelta(state.counted, delta);
  const added = { ...state, counted, size: state.size + 1, openedAtMs: state.openedAtMs ?? nowMs };
  return mayFlush ? flushWhenDue(added, nowMs) : { state: added, flush: null };
}

/**
 * Gives out the next batch when 200 additions or 0.5 s have come together and none is under way, or the one under way again when it has
 * had no answer for 5 s. Call it when a timer fires; the other steps call it themselves.
 */
export function flushWhenDue(state: BatcherState, nowMs: number): BatcherStep {
  const { underWay, openedAtMs } = state;
  if (underWay !== null) {
    if (nowMs - underWay.sentAtMs < resendAfterMs) return { state, flush: null };
    return { state: { ...state, underWay: { ...underWay, sentAtMs: nowMs } }, flush: underWay.batch };
  }
  if (openedAtMs === null || (state.size < maxPending && nowMs - openedAtMs < maxAgeMs)) return { state, flush: null };
  const batch: Batch = {
    senderId: state.senderId,
    sequence: state.sequence + 1,
    createdAtMs: Math.max(nowMs, state.lastCreatedAtMs + 1),
    delta: countAll(state),
  };
  return {
    state: {
      ...createBatcher(state.senderId),
      sequence: batch.sequence,
      lastCreatedAtMs: batch.createdAtMs,
      underWay: { batch, sentAtMs: nowMs },
    },
    flush: batch,
  };
}

/** The receiver has answered for this batch, whatever it said: it is done with. `mayFlush`: may give out the next one. */
export function confirmBatch(state: BatcherState, sequence: number, nowMs: number, mayFlush = true): BatcherStep {
  if (state.underWay?.batch.sequence !== sequence) return { state, flush: null };
  const confirmed = { ...state, underWay: null };
  return mayFlush ? flushWhenDue(confirmed, nowMs) : { state: confirmed, flush: null };
}

/** Sending failed, or its outcome is unknown: the next step gives the same batch out again. */
export function failBatch(state: BatcherState, sequence: number): BatcherState {
  if (state.underWay?.batch.sequence !== sequence) return state;
  return { ...state, underWay: { ...state.underWay, sentAtMs: -resendAfterMs } };
}

/** Whether something still waits for an answer or for the next batch. */
export function hasUnsent(state: BatcherState): boolean {
  return state.underWay !== null || state.openedAtMs !== null;
}

/** When the oldest request ended that is counted and not delivered; `null` when there is none. */
export function oldestUnsentAtMs({ underWay, counted, parts = [], pending }: BatcherState): number | null {
  const counts = [underWay?.batch.delta, counted, ...parts];
  const times = [...counts.map((delta) => delta?.firstAtMs), ...pending.map(({ atMs }) => atMs)].flatMap((atMs) => atMs ?? []);
  return times.length === 0 ? null : Math.min(...times);
}

function addedUp(state: BatcherState): BatcherState {
  return { ...state, pending: [], parts: [], counted: countAll(state) };
}

function countAll({ counted, parts = [], pending }: Pick<BatcherState, 'counted' | 'parts' | 'pending'>): LedgerDelta {
  const entries = pending.length === 0 ? [] : [aggregate(pending)];
  const all = [...(counted === null ? [] : [counted]), ...parts, ...entries];
  const [only] = all;
  return only !== undefined && all.length === 1 ? only : mergeDeltas(all);
}
