/** What a client is told when a limit refuses it: why, and how long to wait. */
import type { Failure } from '../../../shared/errors.ts';
import type { BudgetLimit, BudgetNumbers } from './budget-state.ts';
import { doubtfulMs } from './heartbeat.ts';
import type { TenantState } from './tenant-state.ts';

/** If a dead request may hold the place, the wait is until that request is given up; otherwise one second. */
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

/** It would fit if the requests that run had ended: they reserve more than they cost as a rule. */
export function heldBudget(limit: BudgetNumbers): Failure {
  const detail = `Requests that run hold the rest of the ${budgetName(limit)}, and free what they do not cost as they end.`;
  return { code: 'concurrency_limit_exceeded', detail };
}

/** The request does not fit into an empty budget either, so waiting does not help. */
export function hopelessBudget(limit: BudgetLimit): Failure {
  const detail = `The request alone may cost more than the whole ${budgetName(limit)}; a smaller max_tokens may help.`;
  return { code: 'budget_exceeded', detail };
}

function budgetName({ name, period }: Pick<BudgetLimit, 'name' | 'period'>): string {
  const whose = name.startsWith('agent:') ? `agent ${name.slice('agent:'.length)}` : name;
  return `${period === 'day' ? 'daily' : 'monthly'} budget of the ${whose}`;
}
