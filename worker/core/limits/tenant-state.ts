/**
 * What a tenant object knows. A request that is open has a row of its own; what is over is summed up in one row. What the open rows come
 * to (reserved money, places taken) is kept beside them in memory and added up anew when the state is loaded: so no step depends on how
 * many requests are open, and the sums cannot drift from the rows.
 *
 * An admission writes its row alone. What it added to the sums is written with the next ending; until then it follows from the rows whose
 * `sequence` is higher than the stored sums'.
 */
import { addTo, advanceClock, emptyBook, type BudgetBook, type Reservation } from './budget-state.ts';
import { holdReservation } from './budgets.ts';
import { restoreHolds, type ModelHold, type ModelUse } from './model-limits.ts';
import type { Draft } from '../ledger/booking.ts';
import { graceMs } from './heartbeat.ts';
import { addHold, emptyRate, type RateHold, type RateWindow } from './rate.ts';

/** A request that is not over, as its row. */
export interface OpenRequest {
  readonly id: string;
  /** Of the admission, or of the last time it took something of a model. */
  readonly sequence: number;
  readonly admittedAtMs: number;
  /** It is heard of before, or it is over. A heartbeat moves this in memory only. */
  readonly untilMs: number;
  /** Later than the request can last, heartbeats or not. */
  readonly expiresAtMs: number;
  readonly rate: RateHold | null;
  readonly models: readonly ModelHold[];
  readonly money: Reservation | null;
  /** What the ledger is told when nobody says how it ended; null where this tenant does not tell the ledger. */
  readonly draft: Draft | null;
  /** When it was given up and booked in full; null while it is open. */
  readonly sweptAtMs: number | null;
}

/** All that is not a request's own. */
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
  /** Given up and booked; the truth may still come. */
  readonly swept: ReadonlyMap<string, OpenRequest>;
  /** Ids admitted without a row, or ended, a moment ago: whoever comes with one again is taken for a repeat. In memory only. */
  readonly recent: ReadonlySet<string>;
  /** No open request ends by itself before this. */
  readonly earliestMs: number;
}

/** What a step changes: to be stored, all or nothing, and then applied. */
export interface Changes {
  readonly sums: TenantSums;
  /** False where the rows alone tell what became of the sums, or where nothing changed. */
  readonly writesSums: boolean;
  /** Rows to write, new or anew. */
  readonly put: readonly OpenRequest[];
  /** Rows to delete. */
  readonly drop: readonly string[];
  /** Kept in memory only. */
  readonly heard: readonly OpenRequest[];
  readonly recent: string | null;
}

/** Requests open at the same time; the places of a key without a limit of its own. */
export const maxOpen = 4096;
/** Late truths are possible for a day, and for the newest this many. */
const lateTruthMs = 86_400_000;
const maxSwept = 256;
const maxRecent = 1024;

const emptySums: TenantSums = { sequence: 0, rate: emptyRate, models: [], budgets: emptyBook };

export function noChanges({ sums }: TenantState): Changes {
  return { sums, writesSums: false, put: [], drop: [], heard: [], recent: null };
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

/** The state from its rows. What is open gets a little time to be heard of again. */
export function loadTenant(stored: TenantSums | null, rows: readonly OpenRequest[], nowMs: number): TenantState {
  let sums = stored ?? emptySums;
  const open = new Map<string, OpenRequest>();
  const swept = new Map<string, OpenRequest>();
  for (const row of rows.toSorted((a, b) => a.sequence - b.sequence)) {
    if (row.sweptAtMs === null) open.set(row.id, { ...row, untilMs: Math.min(row.expiresAtMs, nowMs + graceMs) });
    else swept.set(row.id, row);
    sums = withRow(sums, row);
  }
  return { sums, open, swept, recent: new Set(), earliestMs: earliestOf(open) };
}

/** What a row adds to stored sums. */
function withRow(sums: TenantSums, row: OpenRequest): TenantSums {
  const isCounted = row.sequence <= sums.sequence;
  const { rate, models, budgets, sequence } = sums;
  const clock = isCounted ? budgets : advanceClock(budgets, row.admittedAtMs);
  if (row.sweptAtMs !== null) {
    return { ...sums, budgets: row.money === null ? budgets : addTo(budgets, row.money.windows, { references: 1 }) };
  }
  return {
    sequence: Math.max(sequence, row.sequence),
    rate: isCounted || row.rate === null ? rate : addHold(rate, row.rate),
    models: restoreHolds(models, row.models, isCounted),
    budgets: row.money === null ? clock : holdReservation(clock, row.money),
  };
}

/** The state after a step. Takes the maps of the state before over: that one must not be used any more. */
export function applied(state: TenantState, changes: Changes): TenantState {
  const [open, swept, recent] = [own(state.open), own(state.swept), ownSet(state.recent)];
  let { earliestMs } = state;
  for (const id of changes.drop) {
    open.delete(id);
    swept.delete(id);
  }
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
  // Both go through all that is open, and neither happens for a single request.
  if (changes.heard.length > 0 || changes.put.some(({ sweptAtMs }) => sweptAtMs !== null)) earliestMs = earliestOf(open);
  if (open.size === 0) earliestMs = Number.POSITIVE_INFINITY;
  if (changes.recent !== null) {
    recent.add(changes.recent);
    if (recent.size > maxRecent) recent.delete(recent.values().next().value ?? '');
  }
  return { sums: changes.sums, open, swept, recent, earliestMs };
}

/** Swept rows whose truth will not come any more: too old, or more than are kept. */
export function forgotten(swept: Iterable<OpenRequest>, nowMs: number): readonly OpenRequest[] {
  const all = [...swept];
  const surplus = all.length - maxSwept;
  return all.filter((row, index) => index < surplus || (row.sweptAtMs ?? 0) + lateTruthMs <= nowMs);
}

function earliestOf(open: ReadonlyMap<string, OpenRequest>): number {
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
