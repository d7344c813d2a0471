/**
 * How many requests run at the same time: every one holds a lease that ends by itself, so that no lost ending blocks a place for ever.
 */
import type { ModelHold } from './model-limits.ts';

export interface Lease {
  readonly id: string;
  /** Later than the request can last. */
  readonly expiresAtMs: number;
  /** Missing for none: see `takeModel`. */
  readonly models?: readonly ModelHold[];
}

export type LeaseState = readonly Lease[];

/** Bound of the list, and of the places of a key without a limit of its own. */
export const maxLeases = 4096;

/**
 * Takes a place, or says that there is none. An id that holds one keeps it. Expired leases count no more, though they stay listed until
 * a sweep reports them (or until the list is full).
 */
export function acquireLease(
  state: LeaseState,
  lease: Lease,
  maxConcurrent: number | null,
  nowMs: number,
): { readonly state: LeaseState; readonly isAcquired: boolean } {
  if (state.some(({ id }) => id === lease.id)) return { state, isAcquired: true };
  const live = state.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  if (live.length >= Math.min(maxConcurrent ?? maxLeases, maxLeases)) return { state, isAcquired: false };
  return { state: [...(state.length < maxLeases ? state : live), lease], isAcquired: true };
}

/** Gives a place back. Nothing happens when it was given back or swept before. */
export function releaseLease(state: LeaseState, id: string): LeaseState {
  return state.filter((lease) => lease.id !== id);
}

/** Drops expired leases. `orphans` are their ids: requests that never reported an ending. */
export function sweepLeases(
  state: LeaseState,
  nowMs: number,
): { readonly state: LeaseState; readonly orphans: readonly string[] } {
  return {
    state: state.filter(({ expiresAtMs }) => expiresAtMs > nowMs),
    orphans: state.filter(({ expiresAtMs }) => expiresAtMs <= nowMs).map(({ id }) => id),
  };
}
