/**
 * Which tenants hold something for a request, and giving it back: the deployment with its budgets, the key with its own limits. What they hold
 * is settled once, with what was really used. The last of them books the request in the ledger, in the step that settles its money.
 */
import type { Config } from '../../../shared/config-prepare.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { nanoUsdFromUsd } from '../../../shared/units.ts';
import { limitsOf } from '../../core/auth/key-record.ts';
import type { RequestCost } from '../../core/cost/request-cost.ts';
import type { ShadowBooking } from '../../core/ledger/aggregate.ts';
import type { Booking } from '../../core/ledger/booking.ts';
import type { BudgetLimit } from '../../core/limits/budget-state.ts';
import { rememberedByObject } from '../../core/text/remembered.ts';
import { budgetsFor, hasLimits, isUnlimited } from '../../core/limits/tenant-limits.ts';
import type { Settlement } from '../../core/limits/tenant-state.ts';
import type { Parts } from '../run/run.ts';
import type { Holder } from '../run/spent.ts';

/** The tenant of budgets that belong to no key: the total, and agents'. */
export const deploymentTenant = 'deployment';

/** For tenants that only hold budgets. */
export const noLimits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null };

type Closing = Parts<'deps' | 'asked' | 'spent'>;

/**
 * Which tenants are asked. The deployment first: a key must not pay for a request that another budget refuses.
 *
 * @param isShadow an unseen run takes nothing but money
 */
export function holdersOf({ deps, asked, tried }: Parts<'deps' | 'asked' | 'tried'>, isShadow: boolean): Holder[] {
  const { key, agent } = asked.caller;
  const holders: Holder[] = [];
  const isCovered = ({ name }: BudgetLimit): boolean =>
    name === lastResort ? tried.route.isLastResort === true : !name.startsWith('spill:') || name === `spill:${tried.spilledFrom}`;
  const budgets = deploymentBudgets(deps.config);
  const shared = budgets.length === 0 ? budgets : budgetsFor(budgets, agent).filter(isCovered);
  if (shared.length > 0) holders.push({ tenantId: deploymentTenant, limits: { ...noLimits, budgets: shared } });
  if (isUnlimited(key)) return holders;
  const { candidates } = tried.route.plan;
  const models = (key.limits.models ?? []).filter((limit) => candidates.some(({ modelId }) => modelId === limit.modelId));
  const limits = limitsOf(key, agent);
  const own = isShadow ? { ...noLimits, budgets: limits.budgets } : { ...limits, models };
  if (hasLimits(own)) holders.push({ tenantId: key.tenantId, limits: own });
  return holders;
}

/** The name of the budgets for what is answered where no other model is up. */
const lastResort = 'last_resort';

/** Of all requests together, of agents, and of what is answered in place of models that are not there. */
export const deploymentBudgets = rememberedByObject((config: Config): readonly BudgetLimit[] => {
  const limitOf =
    (name: string) =>
    (budget: (typeof config.limits.budgets)[number]): BudgetLimit => ({
      name,
      period: budget.period,
      limitNanoUsd: nanoUsdFromUsd(budget.limit_usd),
      whenExhausted: budget.when_exhausted,
    });
  const agents = Object.entries(config.routing.agents).flatMap(([agent, { budgets }]) => budgets.map(limitOf(`agent:${agent}`)));
  const spills = Object.entries(config.pods).flatMap(([id, pod]) => pod.spill_budgets.map(limitOf(`spill:${id}`)));
  const resort = (config.routing.last_resort?.budgets ?? []).map(limitOf(lastResort));
  return [...config.limits.budgets.map(limitOf('total')), ...agents, ...spills, ...resort];
});

/** Ends what `reserve` began, with what was really used, and sees to it that the ledger is told once. */
export function release(run: Closing, entry: LedgerEntry): void {
  if (run.spent.holders.length === 0) run.deps.ledger.record(entry, run.asked.caller.background);
  else settleHolders(run, entry, { kind: 'request', entry });
}

/** The same for an unseen run. */
export function releaseShadow(run: Closing, cost: RequestCost, shadow: ShadowBooking): void {
  if (run.spent.holders.length === 0) run.deps.ledger.shadow(shadow, run.asked.caller.background);
  else settleHolders(run, cost, { kind: 'shadow', shadow });
}

/** Nothing ran, so nothing is paid for. */
export function giveBack(run: Closing): void {
  closeHolders(run, { tokens: 0, modelTokens: [], costNanoUsd: 0 }, null);
}

function settleHolders(
  run: Closing,
  { attemptUsages, costNanoUsd }: Pick<LedgerEntry, 'attemptUsages' | 'costNanoUsd'>,
  booking: Booking,
): void {
  const modelTokens = attemptUsages.map(({ model, usage }) => [model, usage.promptTokens + usage.completionTokens] as const);
  const tokens = modelTokens.reduce((sum, [, used]) => sum + used, 0);
  closeHolders(run, { tokens, modelTokens, costNanoUsd }, booking);
}

function closeHolders({ deps, asked, spent }: Closing, used: Omit<Settlement, 'id'>, booking: Booking | null): void {
  const booker = spent.holders.at(-1);
  for (const holder of spent.holders) {
    const settlement = { id: spent.runId, ...used };
    const told = holder === booker ? booking : null;
    asked.caller.background(deps.tenants.finish(holder.tenantId, settlement, told, deps.timers));
  }
  spent.holders.length = 0;
}
