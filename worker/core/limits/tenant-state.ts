/**
 * The state of a tenant object. Every open request has its own row; ended ones are summed up in one row. The totals of the open rows
 * (reserved money, places taken) are kept in memory and recomputed when the state is loaded: so the cost of a step does not depend on the
 * number of open requests, and the sums cannot drift from the rows.
 *
 * An admission writes only its row, and an ending only a mark on it. What they change in the sums follows from the rows until the sums are
 * written the next time, which takes the rows of ended requests away in the same step: `load-tenant.ts`.
 */
import { emptyBudgetBook, type BudgetBook, type Reservation } from './budget-state.ts';
import type { ModelHold, ModelUse } from './model-limits.ts';
import { emptyRate, type RateHold, type RateWindow } from './rate.ts';

/** A request that is not over, as its row. */
export interface OpenRequest {
  readonly id: string;
  /** Of the admission, or of the last time it took something of a model. */
  readonly sequence: number;
  readonly admittedAtMs: number;
  /** Without a heartbeat until then, the request is over. A heartbeat moves this in memory only. */
  readonly untilMs: number;
  /** Later than the request can last, heartbeats or not. */
  readonly expiresAtMs: number;
  readonly rate: RateHold | null;
  readonly models: readonly ModelHold[];
  readonly money: Reservation | null;
  /** What to book in the ledger when the request's end is never reported, a `Draft` as JSON text; null where another tenant books it. */
  readonly draft: string | null;
  /** When it was given up and booked in full; null while it is open. */
  readonly sweptAtMs: number | null;
}

/** The state that belongs to no single request. */
export interface TenantSums {
  /** Counts admissions: tells which open rows these sums know of. */
  readonly sequence: number;
  readonly rate: RateWindow;
  readonly models: readonly ModelUse[];
  readonly budgets: BudgetBook;
}

export interface TenantState {
  readonly sums: TenantSums;
  readonly open: ReadonlyMap<string, OpenRequest>;
  /** Given up and booked; a late settlement may still correct them. */
  readonly swept: ReadonlyMap<string, OpenRequest>;
  /** Ids admitted without a row, or ended, a moment ago: the same id again is a repeat. In memory only. */
  readonly recent: ReadonlySet<string>;
  /** No open request ends by itself before this. */
  readonly earliestMs: number;
}

/** How a request ended. */
export interface Settlement {
  readonly id: string;
  /** prompt + completion over all attempts; `null` keeps the estimate. */
  readonly tokens: number | null;
  /** The same by model, where models have limits; missing keeps the estimates. */
  readonly modelTokens?: readonly (readonly [modelId: string, tokens: number])[];
  /** `null` (unknown) books the worst case; 0 for a request that ran nothing. */
  readonly costNanoUsd: number | null;
}

/** What a step changes: to be stored, all or nothing, and then applied. */
export interface Changes {
  readonly sums: TenantSums;
  /** False where the sums follow from the rows, or where nothing changed. */
  readonly writesSums: boolean;
  /** Rows to insert or replace. */
  readonly put: readonly OpenRequest[];
  /** Rows to delete. */
  readonly drop: readonly string[];
  /** The row to mark as ended, and how it did. It goes when the sums are written. */
  readonly end: Settlement | null;
  /** Kept in memory only. */
  readonly heard: readonly OpenRequest[];
  readonly recent: string | null;
}

/** Requests open at the same time; the places of a key without a limit of its own. */
export const maxOpen = 4096;
/** Late settlements are accepted for a day, and only for this many of the newest requests. */
const lateTruthMs = 86_400_000;
const maxSwept = 256;
const maxRecent = 1024;

export const emptySums: TenantSums = { sequence: 0, rate: emptyRate, models: [], budgets: emptyBudgetBook };

export function noChanges({ sums }: TenantState): Changes {
  return { sums, writesSums: false, put: [], drop: [], end: null, heard: [], recent: null };
}

/** The sums as they are stored: without what follows from the open rows. */
export function storedSums({ sequence, rate, models, budgets }: TenantSums): TenantSums {
  return {
    sequence,
    rate,
    models: models.map((use) => ({ ...use, running: 0 })),
    budgets: {
      clockMs: budgets.clockMs,
      windows: budgets.windows.map((window) => ({ ...window, reservedNanoUsd: 0, references: 0 })),
    },
  };
}

/** The state after a step. Reuses the maps of the previous state, which must not be used any more. */
export function applied(state: TenantState, changes: Changes): TenantState {
  const [open, swept, recent] = [own(state.open), own(state.swept), ownSet(state.recent)];
  let { earliestMs } = state;
  for (const id of changes.drop) {
    open.delete(id);
    swept.delete(id);
  }
  if (changes.end !== null) open.delete(changes.end.id);
  for (const row of changes.put) {
    if (row.sweptAtMs !== null) {
      open.delete(row.id);
      swept.set(row.id, row);
      continue;
    }
    open.set(row.id, row);
    earliestMs = Math.min(earliestMs, row.untilMs);
  }
  for (const row of changes.heard) open.set(row.id, row);
  // These scan all open requests; neither happens once per request.
  if (changes.heard.length > 0 || changes.put.some(({ sweptAtMs }) => sweptAtMs !== null)) earliestMs = earliestOf(open);
  if (open.size === 0) earliestMs = Number.POSITIVE_INFINITY;
  if (changes.recent !== null) {
    recent.add(changes.recent);
    if (recent.size > maxRecent) recent.delete(recent.values().next().value ?? '');
  }
  return { sums: changes.sums, open, swept, recent, earliestMs };
}

/** Swept rows that can no longer be corrected: too old, or more than are kept. */
export function forgotten(swept: Iterable<OpenRequest>, nowMs: number): readonly OpenRequest[] {
  const all = [...swept];
  const surplus = all.length - maxSwept;
  return all.filter((row, index) => index < surplus || (row.sweptAtMs ?? 0) + lateTruthMs <= nowMs);
}

/** When the first of them ends by itself. */
export function earliestOf(open: ReadonlyMap<string, OpenRequest>): number {
  let earliestMs = Number.POSITIVE_INFINITY;
  for (const { untilMs } of open.values()) earliestMs = Math.min(earliestMs, untilMs);
  return earliestMs;
}

function own<T>(map: ReadonlyMap<string, T>): Map<string, T> {
  return map instanceof Map ? map : new Map(map);
}

function ownSet(set: ReadonlySet<string>): Set<string> {
  return set instanceof Set ? set : new Set(set);
}
