/**
 * The receiving side of exactly-once counting: which batches a ledger has booked already. State is one JSON value beside the total, so
 * a batch costs one row written.
 */
import type { Batch } from './batch.ts';
import { emptyDelta, mergeDelta, type LedgerDelta } from './delta.ts';

/** The newest batch booked per sender. A sender has one batch under way at a time, so all before it are booked or given up. */
export type SeenSender = readonly [senderId: string, sequence: number, createdAtMs: number];

export interface LedgerState {
  readonly total: LedgerDelta;
  readonly senders: readonly SeenSender[];
  /** Every batch of an unknown sender made at or before this time is refused: it may be one that was forgotten. */
  readonly forgottenUntilMs: number;
}

/**
 * `duplicate`: booked before, say so to the sender. `too_old`: made before the memory reaches and therefore not booked; its requests
 * are lost to the ledger, which is counted by the caller.
 */
export type BatchVerdict = 'booked' | 'duplicate' | 'too_old';

/** A sender silent for so long is forgotten. Batches are retried within seconds and isolates rarely idle for minutes. */
const rememberMs = 3_600_000;
/** Senders remembered at most, about 100 kB; beyond, the longest silent one is forgotten. */
const maxSenders = 2000;

export const emptyLedger: LedgerState = { total: emptyDelta, senders: [], forgottenUntilMs: 0 };

/**
 * Books a batch unless it was booked before.
 *
 * Forgetting a sender is safe without trusting any two clocks to agree: creation times of one sender strictly increase, so all its booked
 * batches were made at or before the time remembered with it, and `forgottenUntilMs` is raised to that time when it is forgotten.
 */
export function bookBatch(
  state: LedgerState,
  batch: Batch,
  nowMs: number,
): { readonly state: LedgerState; readonly verdict: BatchVerdict } {
  const known = state.senders.find(([senderId]) => senderId === batch.senderId);
  if (known === undefined && batch.createdAtMs <= state.forgottenUntilMs) return { state, verdict: 'too_old' };
  if (known !== undefined && batch.sequence <= known[1]) return { state, verdict: 'duplicate' };
  const others = state.senders.filter(([senderId]) => senderId !== batch.senderId);
  const booked = {
    ...state,
    total: mergeDelta(state.total, batch.delta),
    senders: [...others, [batch.senderId, batch.sequence, batch.createdAtMs] as const],
  };
  return { state: forgetSenders(booked, nowMs), verdict: 'booked' };
}

/** Resets the statistics. Batches already seen stay known: a retry of an old one must not count into the new total. */
export function resetTotal(state: LedgerState): LedgerState {
  return { ...state, total: emptyDelta };
}

/** The list is in the order of the last batch, so the longest silent sender stands first. */
function forgetSenders(state: LedgerState, nowMs: number): LedgerState {
  const surplus = Math.max(0, state.senders.length - maxSenders);
  const isForgotten = ([, , createdAtMs]: SeenSender, index: number) => index < surplus || createdAtMs < nowMs - rememberMs;
  const forgotten = state.senders.filter(isForgotten);
  if (forgotten.length === 0) return state;
  return {
    ...state,
    senders: state.senders.filter((sender, index) => !isForgotten(sender, index)),
    forgottenUntilMs: forgotten.reduce((untilMs, [, , createdAtMs]) => Math.max(untilMs, createdAtMs), state.forgottenUntilMs),
  };
}
