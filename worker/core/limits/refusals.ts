/** What a client is told that a limit has turned away: why, and how long to wait. */
import type { Failure } from '../../../shared/errors.ts';
import type { BudgetLimit, BudgetNumbers } from './budget-state.ts';
import { doubtfulMs } from './heartbeat.ts';
import type { TenantState } from './tenant-state.ts';

/** Where a place may be held by a request that is dead, the wait is until that one is given up; else it may be free in a second. */
export function withWait(failure: Failure, { earliestMs }: TenantState, nowMs: number): Failure {
  if (failure.code !== 'concurrency_limit_exceeded' || earliestMs - nowMs >= doubtfulMs) return failure;
  return { ...failure, retryAfterMs: Math.max(1000, earliestMs - nowMs) };
}

/** The wait may be weeks: `x-should-retry: false` keeps official clients from waiting for it. */
export function budgetFailure(exceeded: BudgetNumbers, nowMs: number): Failure {
  return {
    code: 'budget_exceeded',
    detail: `The ${budgetName(exceeded)} starts again at ${new Date(exceeded.resetAtMs).toISOString()}.`,
    retryAfterMs: exceeded.resetAtMs - nowMs,
  };
}

/** No next day or month helps. */
export function hopelessBudget(limit: BudgetLimit): Failure {
  const detail = `The request alone may cost more than the whole ${budgetName(limit)}; a smaller max_tokens may help.`;
  return { code: 'budget_exceeded', detail };
}

function budgetName({ name, period }: Pick<BudgetLimit, 'name' | 'period'>): string {
  const whose = name.startsWith('agent:') ? `agent ${name.slice('agent:'.length)}` : name;
  return `${period === 'day' ? 'daily' : 'monthly'} budget of the ${whose}`;
}
