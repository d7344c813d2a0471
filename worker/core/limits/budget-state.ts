/**
 * A key's budgets as sums: what is spent and reserved per calendar period, and how they change with time. The rules of reserving and
 * settling are in `budgets.ts`. The reservations themselves are stored with their requests; here are only sums, so the cost of a step does
 * not depend on their number.
 */
import type { BudgetPeriod, ExhaustedPolicy } from '../../../shared/key-bodies.ts';
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

export interface BudgetWindow extends WindowKey {
  readonly spentNanoUsd: number;
  /** Of open requests. */
  readonly reservedNanoUsd: number;
  /** Requests that may still change it: a closed period is kept while there are any. */
  readonly references: number;
}

export interface Reservation {
  readonly amountNanoUsd: number;
  readonly isCheapTierOnly: boolean;
  /** The windows it belongs to. */
  readonly windows: readonly WindowKey[];
}

export interface BudgetBook {
  /** The latest time seen: a clock that steps back must not reopen a closed period. */
  readonly clockMs: number;
  readonly windows: readonly BudgetWindow[];
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

export const emptyBudgetBook: BudgetBook = { clockMs: 0, windows: [] };

/** Moves the clock and drops closed windows that no request refers to. */
export function advanceClock({ clockMs: beforeMs, windows }: BudgetBook, nowMs: number): BudgetBook {
  const clockMs = Math.max(beforeMs, nowMs);
  const isNeeded = ({ references, startMs, period }: BudgetWindow) =>
    references > 0 || startMs === periodStartMs(period, clockMs);
  return { clockMs, windows: windows.every(isNeeded) ? windows : windows.filter(isNeeded) };
}

/** Every limit's numbers at this moment, for decisions, `GET /v1/usage` and the admin routes. */
export function budgetNumbers(book: BudgetBook, limits: readonly BudgetLimit[], nowMs: number): readonly BudgetNumbers[] {
  const clockMs = Math.max(book.clockMs, nowMs);
  return limits.map((limit) => {
    const { name, period, limitNanoUsd } = limit;
    const window = windowOf(book, windowKey(limit, clockMs));
    return {
      name,
      period,
      limitNanoUsd,
      spentNanoUsd: window?.spentNanoUsd ?? 0,
      reservedNanoUsd: window?.reservedNanoUsd ?? 0,
      remainingNanoUsd: Math.max(0, remaining(book, limit, clockMs)),
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
export function remaining(book: BudgetBook, limit: BudgetLimit, atMs: number): number {
  const window = windowOf(book, windowKey(limit, atMs));
  return limit.limitNanoUsd - (window?.spentNanoUsd ?? 0) - (window?.reservedNanoUsd ?? 0);
}

/** Adds (negative to take away) to each of these windows; those that are not there begin at zero. */
export function addTo(
  book: BudgetBook,
  keys: readonly WindowKey[],
  by: { readonly spentNanoUsd?: number; readonly reservedNanoUsd?: number; readonly references?: number },
): BudgetBook {
  const { spentNanoUsd = 0, reservedNanoUsd = 0, references = 0 } = by;
  const fresh = keys.filter((key) => windowOf(book, key) === undefined);
  const all = [...book.windows, ...fresh.map((key) => ({ ...key, spentNanoUsd: 0, reservedNanoUsd: 0, references: 0 }))];
  const add = (window: BudgetWindow): BudgetWindow => ({
    ...window,
    spentNanoUsd: window.spentNanoUsd + spentNanoUsd,
    reservedNanoUsd: window.reservedNanoUsd + reservedNanoUsd,
    references: window.references + references,
  });
  return { ...book, windows: all.map((window) => (keys.some((key) => isSameWindow(window, key)) ? add(window) : window)) };
}

function windowOf({ windows }: BudgetBook, key: WindowKey): BudgetWindow | undefined {
  return windows.find((window) => isSameWindow(window, key));
}
