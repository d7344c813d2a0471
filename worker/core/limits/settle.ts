/** How a request leaves a tenant's state: settled when it ends, kept by heartbeats, or swept when its heartbeats stop. */
import { correctBudget, expireBudget, forgetBudget, settleBudget } from './budgets.ts';
import { leaseMs } from './heartbeat.ts';
import { releaseModels } from './model-limits.ts';
import { settleTokens } from './rate.ts';
import {
  type Changes,
  forgotten,
  noChanges,
  type OpenRequest,
  type Settlement,
  type TenantState,
  type TenantSums,
} from './tenant-state.ts';

export interface SettlementStep {
  readonly changes: Changes;
  /** False for a repeat, and for a request that was given up before (its cost is still corrected). */
  readonly wasHeld: boolean;
  /** The request as it was until then; null for a repeat. If it was booked when it was given up, the caller must reverse that booking. */
  readonly row: OpenRequest | null;
  /** How much more it cost than was reserved, which is a fault in the worst-case estimate. */
  readonly excessNanoUsd: number;
}

/** Ends a request, once: a repeat changes nothing, and a delayed admission that arrives after the end takes nothing. */
export function finish(state: TenantState, settlement: Settlement): SettlementStep {
  const { id } = settlement;
  const row = state.open.get(id) ?? state.swept.get(id);
  if (row === undefined) return { changes: { ...noChanges(state), recent: id }, wasHeld: false, row: null, excessNanoUsd: 0 };
  const wasHeld = row.sweptAtMs === null;
  const { sums, excessNanoUsd } = settled(state.sums, row, settlement);
  // One that was given up is in the stored sums already, which are corrected.
  const stored = wasHeld ? { end: settlement } : { writesSums: true, drop: [id] };
  return { changes: { ...noChanges(state), sums, ...stored, recent: id }, wasHeld, row, excessNanoUsd };
}

/** The sums when the request of this row has ended so. */
export function settled(
  sums: TenantSums,
  row: OpenRequest,
  { tokens, modelTokens, costNanoUsd }: Settlement,
): { readonly sums: TenantSums; readonly excessNanoUsd: number } {
  const { rate, models, budgets } = sums;
  const wasHeld = row.sweptAtMs === null;
  const settle = wasHeld ? settleBudget : correctBudget;
  const { book, excessNanoUsd } =
    row.money === null ? { book: budgets, excessNanoUsd: 0 } : settle(budgets, row.money, costNanoUsd);
  return {
    sums: {
      ...sums,
      rate: tokens === null || row.rate === null ? rate : settleTokens(rate, row.rate, tokens),
      models: wasHeld ? releaseModels(models, row.models, modelTokens ?? null) : models,
      budgets: book,
    },
    excessNanoUsd,
  };
}

/** These requests still run. */
export function hear(state: TenantState, ids: readonly string[], nowMs: number): Changes {
  const heard = ids.flatMap((id) => {
    const row = state.open.get(id);
    return row === undefined ? [] : [{ ...row, untilMs: Math.min(row.expiresAtMs, nowMs + leaseMs) }];
  });
  return { ...noChanges(state), heard };
}

export interface Sweep {
  readonly changes: Changes;
  /** Requests whose heartbeats stopped, each named once: their places are free, their reservations booked in full. */
  readonly orphans: readonly OpenRequest[];
}

/** Ends requests whose heartbeats stopped, and forgets those given up too long ago. Call it before every decision. */
export function sweep(state: TenantState, nowMs: number): Sweep {
  const orphans = nowMs < state.earliestMs ? [] : [...state.open.values()].filter(({ untilMs }) => untilMs <= nowMs);
  const swept = orphans.filter(mayStillCount).map((row) => ({ ...row, sweptAtMs: nowMs }));
  const old = forgotten([...state.swept.values(), ...swept], nowMs);
  const oldIds = new Set(old.map(({ id }) => id));
  let { budgets, models } = state.sums;
  for (const row of orphans) {
    if (row.money !== null) budgets = expireBudget(budgets, row.money);
    models = releaseModels(models, row.models, null);
  }
  for (const row of old) if (row.money !== null) budgets = forgetBudget(budgets, row.money);
  if (orphans.length === 0 && old.length === 0) return { changes: noChanges(state), orphans };
  return {
    changes: {
      ...noChanges(state),
      sums: { ...state.sums, budgets, models },
      writesSums: true,
      put: swept.filter(({ id }) => !oldIds.has(id)),
      drop: [...orphans.filter((row) => !mayStillCount(row)).map(({ id }) => id), ...oldIds],
    },
    orphans,
  };
}

/** Whether a late settlement of a request that was given up would still change something. */
function mayStillCount({ money, draft }: OpenRequest): boolean {
  return money !== null || draft !== null;
}

/** When to sweep next; null when nothing is open or given up. */
export function nextSweepAtMs({ open, swept, earliestMs }: TenantState, nowMs: number): number | null {
  if (open.size > 0) return earliestMs;
  return swept.size > 0 ? nowMs + 86_400_000 : null;
}
