/**
 * A key's budgets as data: what is spent and reserved per calendar period, and what time alone does to it. The rules of reserving and
 * settling are in `budgets.ts`. One JSON value, bounded: one row per change.
 */
import type { BudgetPeriod, ExhaustedPolicy } from '../../../shared/records.ts';
import { periodEndMs, periodStartMs } from './budget-period.ts';

export interface BudgetLimit {
  /** What it covers: `key`, `agent:<name>` or `total`. */
  readonly name: string;
  readonly period: BudgetPeriod;
  readonly limitNanoUsd: number;
  readonly whenExhausted: ExhaustedPolicy;
}

/** A period of a limit. */
export interface WindowKey {
  readonly name: string;
  readonly period: BudgetPeriod;
  readonly startMs: number;
}

interface BudgetWindow extends WindowKey {
  readonly spentNanoUsd: number;
}

export interface Reservation {
  readonly id: string;
  readonly amountNanoUsd: number;
  readonly expiresAtMs: number;
  readonly isCheapTierOnly: boolean;
  /** The windows it belongs to. */
  readonly windows: readonly WindowKey[];
}

export interface BudgetState {
  /** The latest time seen: a clock that steps back must not reopen a period that was closed. */
  readonly clockMs: number;
  readonly windows: readonly BudgetWindow[];
  readonly open: readonly Reservation[];
  /** Expired and booked in full; kept for a while so that a late settlement can correct the booking. */
  readonly expired: readonly Reservation[];
}

/** A limit as it stands now. */
export interface BudgetNumbers {
  readonly name: string;
  readonly period: BudgetPeriod;
  readonly limitNanoUsd: number;
  readonly spentNanoUsd: number;
  readonly reservedNanoUsd: number;
  readonly remainingNanoUsd: number;
  readonly resetAtMs: number;
}

/** Late settlements are possible for a day, and for the newest this many. */
const lateSettlementMs = 86_400_000;
const maxExpired = 256;

export const emptyBudgets: BudgetState = { clockMs: 0, windows: [], open: [], expired: [] };

/**
 * Moves the clock and drops closed windows that no reservation refers to. Does not end expired reservations: they hold their room until
 * a sweep books them, so a decision is the same before and after it.
 */
export function advanceClock(state: BudgetState, nowMs: number): BudgetState {
  const clockMs = Math.max(state.clockMs, nowMs);
  const referred = [...state.open, ...state.expired].flatMap(({ windows }) => windows);
  const isNeeded = (window: WindowKey) =>
    window.startMs === periodStartMs(window.period, clockMs) || referred.some((key) => isSameWindow(key, window));
  return { ...state, clockMs, windows: state.windows.filter(isNeeded) };
}

/**
 * Books expired reservations in full, and forgets those too old for a late settlement. `orphans` are the ids that expired since the last
 * sweep: requests whose ending is unknown.
 */
export function sweepBudgets(
  state: BudgetState,
  nowMs: number,
): { readonly state: BudgetState; readonly orphans: readonly string[] } {
  const clockMs = Math.max(state.clockMs, nowMs);
  const orphans = state.open.filter(({ expiresAtMs }) => expiresAtMs <= clockMs);
  const booked = orphans.reduce((sum, orphan) => book(sum, orphan, orphan.amountNanoUsd), state);
  const open = state.open.filter(({ expiresAtMs }) => expiresAtMs > clockMs);
  const expired = [...state.expired, ...orphans]
    .filter(({ expiresAtMs }) => expiresAtMs + lateSettlementMs > clockMs)
    .slice(-maxExpired);
  return { state: advanceClock({ ...booked, open, expired }, nowMs), orphans: orphans.map(({ id }) => id) };
}

/** Every limit's numbers at this moment, for decisions, `GET /v1/usage` and the admin routes. */
export function budgetNumbers(state: BudgetState, limits: readonly BudgetLimit[], nowMs: number): readonly BudgetNumbers[] {
  const clockMs = Math.max(state.clockMs, nowMs);
  return limits.map((limit) => {
    const { name, period, limitNanoUsd } = limit;
    const key = windowKey(limit, clockMs);
    return {
      name,
      period,
      limitNanoUsd,
      spentNanoUsd: spent(state, key),
      reservedNanoUsd: reserved(state, key),
      remainingNanoUsd: Math.max(0, remaining(state, limit, clockMs)),
      resetAtMs: periodEndMs(period, clockMs),
    };
  });
}

/** The window of a limit that holds `atMs`. */
export function windowKey({ name, period }: BudgetLimit, atMs: number): WindowKey {
  return { name, period, startMs: periodStartMs(period, atMs) };
}

export function isSameWindow(a: WindowKey, b: WindowKey): boolean {
  return a.name === b.name && a.period === b.period && a.startMs === b.startMs;
}

/** What a limit has left in the window that holds `atMs`. Negative when the limit was lowered below what is spent. */
export function remaining(state: BudgetState, limit: BudgetLimit, atMs: number): number {
  const key = windowKey(limit, atMs);
  return limit.limitNanoUsd - spent(state, key) - reserved(state, key);
}

/** Adds an amount (negative to correct) to what is spent in each of a reservation's windows. */
export function book(state: BudgetState, reservation: Reservation, amountNanoUsd: number): BudgetState {
  const isBooked = (window: WindowKey) => reservation.windows.some((key) => isSameWindow(window, key));
  const fresh = reservation.windows.filter((key) => !state.windows.some((window) => isSameWindow(window, key)));
  const windows = [...state.windows, ...fresh.map((key) => ({ ...key, spentNanoUsd: 0 }))];
  return {
    ...state,
    windows: windows.map((window) =>
      isBooked(window) ? { ...window, spentNanoUsd: window.spentNanoUsd + amountNanoUsd } : window,
    ),
  };
}

function spent(state: BudgetState, key: WindowKey): number {
  return state.windows.find((window) => isSameWindow(window, key))?.spentNanoUsd ?? 0;
}

/** Summed anew rather than kept beside the reservations: two numbers for one thing would drift. */
function reserved(state: BudgetState, key: WindowKey): number {
  let sum = 0;
  for (const { amountNanoUsd, windows } of state.open) {
    if (windows.some((window) => isSameWindow(window, key))) sum += amountNanoUsd;
  }
  return sum;
}
