/**
 * A tenant's state together with its rows, as the object keeps them, but pure: every step works on a copy, stores what it says, and proves
 * that loading the rows gives the same sums that the step left in memory.
 */
import { expect } from 'vitest';
import type { BudgetLimit, BudgetNumbers } from '../../../worker/core/limits/budget-state.ts';
import { advanceClock, budgetNumbers } from '../../../worker/core/limits/budget-state.ts';
import * as entry from '../../../worker/core/limits/reserve.ts';
import * as exit from '../../../worker/core/limits/settle.ts';
import type { TenantLimits } from '../../../worker/core/limits/tenant-limits.ts';
import { loadTenant, type StoredRequest } from '../../../worker/core/limits/load-tenant.ts';
import {
  applied,
  type Changes,
  noChanges,
  type Settlement,
  storedSums,
  type TenantState,
  type TenantSums,
} from '../../../worker/core/limits/tenant-state.ts';

export interface Shelf {
  readonly state: TenantState;
  readonly sums: TenantSums | null;
  readonly rows: ReadonlyMap<string, StoredRequest>;
  /** Rows written by the last step. */
  readonly written: number;
}

export const emptyShelf: Shelf = { state: loadTenant(null, [], 0), sums: null, rows: new Map(), written: 0 };

function copyOf({ sums, open, swept, recent, earliestMs }: TenantState): TenantState {
  return { sums, open: new Map(open), swept: new Map(swept), recent: new Set(recent), earliestMs };
}

function store(shelf: Shelf, changes: Changes): Shelf {
  const { sums, writesSums, put, drop, end, heard, recent } = changes;
  if (sums === shelf.state.sums && !writesSums && put.length + drop.length + heard.length === 0 && recent === null) return shelf;
  const rows = new Map(shelf.rows);
  const over = writesSums ? [...rows.values()].flatMap(({ row, ended }) => (ended === null ? [] : [row.id])) : [];
  for (const id of [...drop, ...over]) rows.delete(id);
  for (const row of put) rows.set(row.id, onDisk({ row, ended: null }));
  const ending = end === null ? undefined : rows.get(end.id);
  if (ending !== undefined) rows.set(ending.row.id, onDisk({ row: ending.row, ended: end }));
  const next = {
    state: applied(copyOf(shelf.state), changes),
    sums: writesSums ? onDisk(storedSums(sums)) : shelf.sums,
    rows,
    written: put.length + drop.length + over.length + (end === null ? 0 : 1) + (writesSums ? 1 : 0),
  };
  const { clockMs } = next.state.sums.budgets;
  expect(comparable(loadTenant(next.sums, [...rows.values()], 0).sums, clockMs)).toEqual(comparable(next.state.sums, clockMs));
  return next;
}

function onDisk<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Without order, and without what a clock alone does: a closed period that nobody refers to, the latest time seen. */
function comparable({ rate, models, budgets }: TenantSums, clockMs: number) {
  return {
    rate,
    models: models
      .filter(({ running, window }) => running > 0 || window.requests > 0)
      .toSorted((a, b) => a.modelId.localeCompare(b.modelId)),
    windows: advanceClock(budgets, clockMs)
      .windows.filter(({ spentNanoUsd, references }) => spentNanoUsd > 0 || references > 0)
      .map((window) => JSON.stringify(Object.entries(window).toSorted()))
      .toSorted(),
  };
}

/** As the object does before it decides anything. */
function swept(shelf: Shelf, nowMs: number): Shelf {
  return store(shelf, exit.sweep(copyOf(shelf.state), nowMs).changes);
}

export function admit(before: Shelf, request: entry.ReserveRequest, nowMs: number, limits: TenantLimits) {
  const shelf = swept(before, nowMs);
  const { changes, result, rate } = entry.admit(shelf.state, request, nowMs, limits);
  return { state: store(shelf, changes), result, rate };
}

export function extend(before: Shelf, extension: entry.Extension, nowMs: number, limits: TenantLimits) {
  const shelf = swept(before, nowMs);
  const { changes, result } = entry.extend(shelf.state, extension, nowMs, limits);
  return { state: store(shelf, changes), result };
}

export function finish(shelf: Shelf, settlement: Settlement) {
  const { changes, wasHeld, excessNanoUsd } = exit.finish(shelf.state, settlement);
  return { state: store(shelf, changes), wasHeld, excessNanoUsd };
}

export function sweep(shelf: Shelf, nowMs: number) {
  const { changes, orphans } = exit.sweep(shelf.state, nowMs);
  const state = store(shelf, changes);
  return { state, orphans: orphans.map(({ id }) => id), nextSweepAtMs: exit.nextSweepAtMs(state.state, nowMs) };
}

export function hear(shelf: Shelf, ids: readonly string[], nowMs: number): Shelf {
  return store(shelf, exit.hear(shelf.state, ids, nowMs));
}

/** The object writes its sums, which takes away what has ended. */
export function fold(shelf: Shelf): Shelf {
  return store(shelf, { ...noChanges(shelf.state), writesSums: true });
}

/** The object's memory is gone, its storage is not. */
export function reload(shelf: Shelf, nowMs: number): Shelf {
  return { ...shelf, state: loadTenant(shelf.sums, [...shelf.rows.values()], nowMs) };
}

export function openIds({ state }: Shelf): string[] {
  return [...state.open.keys()];
}

export function numbersOf({ state }: Shelf, limits: readonly BudgetLimit[], nowMs: number): readonly BudgetNumbers[] {
  return budgetNumbers(state.sums.budgets, limits, nowMs);
}

export const noLimits: TenantLimits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null, budgets: [] };

/** A request with a budget and nothing else; heard of until its end. */
export function reserveBudget(
  shelf: Shelf,
  {
    id,
    amountNanoUsd,
    cheapAmountNanoUsd,
    expiresAtMs,
  }: { id: string; amountNanoUsd: number; cheapAmountNanoUsd: number | null; expiresAtMs: number },
  budgets: readonly BudgetLimit[],
  nowMs: number,
) {
  const request = { id, estimatedTokens: 0, costNanoUsd: amountNanoUsd, cheapCostNanoUsd: cheapAmountNanoUsd, expiresAtMs };
  const { state, result } = admit(shelf, request, nowMs, { ...noLimits, budgets });
  const row = state.state.open.get(id);
  // Budgets alone are looked at here: as if heartbeats never stopped.
  const open = new Map(state.state.open);
  if (row !== undefined) open.set(id, { ...row, untilMs: row.expiresAtMs });
  const earliestMs = Math.min(...[...open.values()].map(({ untilMs }) => untilMs));
  return { state: { ...state, state: { ...state.state, open, earliestMs } }, result, reservation: row?.money ?? null };
}

export function settleBudget(shelf: Shelf, id: string, costNanoUsd: number | null) {
  const isSettled = shelf.state.open.has(id) || shelf.state.swept.has(id);
  const { state, excessNanoUsd } = finish(shelf, { id, tokens: null, costNanoUsd });
  return { state, isSettled, excessNanoUsd };
}

export function extendBudget(
  shelf: Shelf,
  { id, extraNanoUsd }: { id: string; extraNanoUsd: number },
  budgets: readonly BudgetLimit[],
  nowMs: number,
) {
  const extension = { id, extraCostNanoUsd: extraNanoUsd, modelId: 'any', estimatedTokens: 0 };
  const { state, result } = extend(shelf, extension, nowMs, { ...noLimits, budgets });
  return { state, isGranted: result.ok };
}
