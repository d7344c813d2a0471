/**
 * Where something may be held for a request: the deployment's budgets and the key's own limits. Opened by `reserve`, closed once with what
 * was really used. The last door that holds something tells the ledger of the request, in the step that settles its money.
 */
import type { Config } from '../../../shared/config-prepare.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { nanoUsdFromUsd } from '../../../shared/units.ts';
import { limitsOf } from '../../core/auth/key-record.ts';
import type { RequestCost } from '../../core/cost/request-cost.ts';
import type { ShadowBooking } from '../../core/ledger/aggregate.ts';
import type { Booking } from '../../core/ledger/booking.ts';
import type { BudgetLimit } from '../../core/limits/budget-state.ts';
import { budgetsFor, hasLimits, type Settlement } from '../../core/limits/tenant.ts';
import type { Parts } from '../run/run.ts';
import type { Door } from '../run/spent.ts';

/** Where budgets live that belong to no key: the total, and agents'. */
export const deploymentTenant = 'deployment';

const noLimits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null };

type Closing = Parts<'deps' | 'asked' | 'spent'>;

/**
 * The deployment's door first: a key must not pay for a request that another budget turns away.
 *
 * @param isShadow an unseen run takes nothing but money
 */
export function doorsOf({ deps, asked, tried }: Parts<'deps' | 'asked' | 'tried'>, isShadow: boolean): Door[] {
  const { key, agent } = asked.caller;
  const doors: Door[] = [];
  const shared = budgetsFor(deploymentBudgets(deps.config), agent);
  if (shared.length > 0) doors.push({ tenantId: deploymentTenant, limits: { ...noLimits, budgets: shared } });
  const { candidates } = tried.route.plan;
  const models = (key.limits.models ?? []).filter((limit) => candidates.some(({ modelId }) => modelId === limit.modelId));
  const limits = limitsOf(key, agent);
  const own = isShadow ? { ...noLimits, budgets: limits.budgets } : { ...limits, models };
  if (hasLimits(own)) doors.push({ tenantId: key.tenantId, limits: own });
  return doors;
}

function deploymentBudgets(config: Config): BudgetLimit[] {
  const limitOf =
    (name: string) =>
    (budget: (typeof config.limits.budgets)[number]): BudgetLimit => ({
      name,
      period: budget.period,
      limitNanoUsd: nanoUsdFromUsd(budget.limit_usd),
      whenExhausted: budget.when_exhausted,
    });
  const agents = Object.entries(config.routing.agents).flatMap(([agent, { budgets }]) => budgets.map(limitOf(`agent:${agent}`)));
  return [...config.limits.budgets.map(limitOf('total')), ...agents];
}

/** Ends what `reserve` began, with what was really used, and sees to it that the ledger is told once. */
export function release(run: Closing, entry: LedgerEntry): void {
  if (run.spent.doors.length === 0) run.deps.ledger.record(entry, run.asked.caller.background);
  else settleDoors(run, entry, { kind: 'request', entry });
}

/** The same for an unseen run. */
export function releaseShadow(run: Closing, cost: RequestCost, shadow: ShadowBooking): void {
  if (run.spent.doors.length === 0) run.deps.ledger.shadow(shadow, run.asked.caller.background);
  else settleDoors(run, cost, { kind: 'shadow', shadow });
}

/** Nothing ran. */
export function giveBack(run: Closing): void {
  closeDoors(run, { tokens: 0, modelTokens: [], costNanoUsd: 0 }, null);
}

function settleDoors(
  run: Closing,
  { attemptUsages, costNanoUsd }: Pick<LedgerEntry, 'attemptUsages' | 'costNanoUsd'>,
  booking: Booking,
): void {
  const modelTokens = attemptUsages.map(({ model, usage }) => [model, usage.promptTokens + usage.completionTokens] as const);
  const tokens = modelTokens.reduce((sum, [, used]) => sum + used, 0);
  closeDoors(run, { tokens, modelTokens, costNanoUsd }, booking);
}

function closeDoors({ deps, asked, spent }: Closing, used: Omit<Settlement, 'id'>, booking: Booking | null): void {
  const teller = spent.doors.at(-1);
  for (const door of spent.doors) {
    const settlement = { id: spent.runId, ...used };
    asked.caller.background(deps.tenants.finish(door.tenantId, settlement, door === teller ? booking : null));
  }
  spent.doors.length = 0;
}
