/** A key's limits as a whole, and whether they hold anything for its requests. */
import { plainAgentName } from './agent-name.ts';
import type { BudgetLimit } from './budget-state.ts';
import type { ModelLimit } from './model-limits.ts';
import type { RateLimits } from './rate.ts';

export interface TenantLimits extends RateLimits {
  readonly maxConcurrent: number | null;
  /** Missing for none, and in records of earlier versions. */
  readonly models?: readonly ModelLimit[];
  /** Those that apply to this request: see `budgetsFor`. */
  readonly budgets: readonly BudgetLimit[];
}

/** Whether a key needs a tenant object. */
export function hasLimits(limits: TenantLimits): boolean {
  return limits.requestsPerMinute !== null || mustFinish(limits);
}

/** The same of what a key has, whichever agent it names: nothing, for nearly every key. */
export function isUnlimited({
  limits,
  budgets,
}: {
  readonly limits: Omit<TenantLimits, 'budgets'>;
  readonly budgets: readonly BudgetLimit[];
}): boolean {
  return limits.requestsPerMinute === null && budgets.length === 0 && !mustFinish({ ...limits, budgets });
}

/** The budgets that cover a request: the key's own and those of the agent it names, however it is spelled. */
export function budgetsFor(budgets: readonly BudgetLimit[], agent: string | null): readonly BudgetLimit[] {
  const wanted = agent === null ? null : plainAgentName(agent);
  return budgets.filter(({ name }) => !name.startsWith('agent:') || plainAgentName(name.slice('agent:'.length)) === wanted);
}

/** Whether something is held for a request. */
export function mustFinish({ tokensPerMinute, maxConcurrent, models = [], budgets }: TenantLimits): boolean {
  return tokensPerMinute !== null || maxConcurrent !== null || models.length > 0 || budgets.length > 0;
}

/** Models that have a limit of their own. */
export function modelsOf({ models = [] }: Pick<TenantLimits, 'models'>): string[] {
  return models.map(({ modelId }) => modelId);
}
