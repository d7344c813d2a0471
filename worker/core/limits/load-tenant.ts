/** A tenant's state from what is stored of it: the sums, and the rows of which they do not know everything. */
import { addTo, advanceClock } from './budget-state.ts';
import { holdReservation } from './budgets.ts';
import { graceMs } from './heartbeat.ts';
import { restoreHolds } from './model-limits.ts';
import { addHold } from './rate.ts';
import { settled } from './settle.ts';
import { earliestOf, emptySums, type OpenRequest, type Settlement, type TenantState, type TenantSums } from './tenant-state.ts';

/** A row as it is stored. */
export interface StoredRequest {
  readonly row: OpenRequest;
  /** How it ended since the sums were written; null for one that is open or given up. */
  readonly ended: Settlement | null;
}

/** Open requests get a grace period for their next heartbeat. */
export function loadTenant(stored: TenantSums | null, rows: readonly StoredRequest[], nowMs: number): TenantState {
  const open = new Map<string, OpenRequest>();
  const swept = new Map<string, OpenRequest>();
  const recent = new Set<string>();
  let sums = stored ?? emptySums;
  const inOrder = rows.toSorted((a, b) => a.row.sequence - b.row.sequence);
  for (const { row } of inOrder) sums = withRow(sums, row);
  for (const { row, ended } of inOrder) {
    if (row.sweptAtMs !== null) swept.set(row.id, row);
    else if (ended === null) open.set(row.id, { ...row, untilMs: Math.min(row.expiresAtMs, nowMs + graceMs) });
    else {
      ({ sums } = settled(sums, row, ended));
      recent.add(row.id);
    }
  }
  return { sums, open, swept, recent, earliestMs: earliestOf(open) };
}

/** What a row that has not ended adds to stored sums. */
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
