/** How a request leaves a tenant's state: settled by its ending, kept by heartbeats, or swept when it was heard of no more. */
import { correctBudget, expireBudget, forgetBudget, settleBudget } from './budgets.ts';
import { leaseMs } from './heartbeat.ts';
import { releaseModels } from './model-limits.ts';
import { settleTokens } from './rate.ts';
import { type Changes, forgotten, noChanges, type OpenRequest, type TenantState } from './tenant-state.ts';

export interface Settlement {
  readonly id: string;
  /** prompt + completion over all attempts; `null` keeps the estimate. */
  readonly tokens: number | null;
  /** The same by model, where models have limits; missing keeps the estimates. */
  readonly modelTokens?: readonly (readonly [modelId: string, tokens: number])[];
  /** `null` (nobody knows) books the worst case; 0 for a request that ran nothing. */
  readonly costNanoUsd: number | null;
}

export interface SettlementStep {
  readonly changes: Changes;
  /** False for a repeat, and for a request that was given up before (its cost is corrected all the same). */
  readonly wasHeld: boolean;
  /** The request as it was until then; null for a repeat. Whoever books it must take back what was booked when it was given up. */
  readonly row: OpenRequest | null;
  /** How much more it cost than was reserved, which is a fault in the worst-case estimate. */
  readonly excessNanoUsd: number;
}

/** Ends a request, once: a repeat changes nothing, and an admission that was held up on its way and comes after it takes nothing. */
export function finish(state: TenantState, settlement: Settlement): SettlementStep {
  const { id, tokens, modelTokens = null, costNanoUsd } = settlement;
  const { sums } = state;
  const row = state.open.get(id) ?? state.swept.get(id);
  if (row === undefined) return { changes: { ...noChanges(state), recent: id }, wasHeld: false, row: null, excessNanoUsd: 0 };
  const wasHeld = row.sweptAtMs === null;
  const settle = wasHeld ? settleBudget : correctBudget;
  const { book, excessNanoUsd } =
    row.money === null ? { book: sums.budgets, excessNanoUsd: 0 } : settle(sums.budgets, row.money, costNanoUsd);
  return {
    changes: {
      ...noChanges(state),
      sums: {
        ...sums,
        rate: tokens === null || row.rate === null ? sums.rate : settleTokens(sums.rate, row.rate, tokens),
        models: wasHeld ? releaseModels(sums.models, row.models, modelTokens) : sums.models,
        budgets: book,
      },
      writesSums: true,
      drop: [id],
      recent: id,
    },
    wasHeld,
    row,
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
  /** Requests that were heard of no more, each named once: their places are free, their reservations booked in full. */
  readonly orphans: readonly OpenRequest[];
}

/** Ends what was not heard of in time, and forgets what was given up too long ago. To be called before anything is decided. */
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

/** Whether the truth about a request that was given up would still change something. */
function mayStillCount({ money, draft }: OpenRequest): boolean {
  return money !== null || draft !== null;
}

/** When to sweep next; null when nothing is open or given up. */
export function nextSweepAtMs({ open, swept, earliestMs }: TenantState, nowMs: number): number | null {
  if (open.size > 0) return earliestMs;
  return swept.size > 0 ? nowMs + 86_400_000 : null;
}
