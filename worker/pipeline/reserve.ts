/**
 * Before anything is spent: asks the key's limits and every budget that covers the request, with the worst it can cost. After it: gives
 * back what was not used. Keys without limits, in a deployment without budgets, ask nobody.
 */
import { type Config, modelOf } from '../../shared/config-prepare.ts';
import type { UpstreamConfig } from '../../shared/config.ts';
import type { Failure } from '../../shared/errors.ts';
import type { LedgerEntry } from '../../shared/records.ts';
import { nanoUsdFromUsd } from '../../shared/units.ts';
import { normalisePrice } from '../core/cost/price.ts';
import { promptTokensBound, worstCaseCost } from '../core/cost/worst-case.ts';
import { periodEndMs } from '../core/limits/budget-period.ts';
import type { BudgetLimit } from '../core/limits/budget-state.ts';
import { budgetsFor, hasLimits, type TenantLimits } from '../core/limits/tenant.ts';
import type { Attempt } from '../core/route/attempt.ts';
import { hasSpent, type Run } from './run.ts';

/** Where budgets live that belong to no key: the total, and agents'. */
const deploymentTenant = 'deployment';
/** For waits between attempts, and for a client that takes the last of its answer slowly. */
const marginMs = 60_000;

/**
 * The longest a request can take, in milliseconds; what it holds ends by itself then. Attempts before the answer begins have the total
 * limit each when the answer is read whole; a stream has it while its beginning is judged, for the rest, and for each rescue.
 */
export function longestRequestMs({ upstreams, routing }: Config): number {
  const longest = (of: (limits: UpstreamConfig['timeouts_ms']) => number): number =>
    Math.max(...Object.values(upstreams).map(({ timeouts_ms: limits }) => of(limits)));
  const { retry, rescue, admission } = routing;
  const toBegin = admission.max_wait_ms + longest(({ connect, first_event }) => connect + first_event);
  const wholes = Math.max(retry.max_attempts, 2 + rescue.max_rescues);
  return longest(({ total }) => total) * wholes + toBegin * (retry.max_attempts + 2 * rescue.max_rescues) + marginMs;
}

interface Door {
  readonly tenantId: string;
  readonly limits: TenantLimits;
}

/** Null when the request may go on; then `run.doors` are to be closed by `release`. */
export async function reserve(run: Run): Promise<Failure | null> {
  for (const door of doorsOf(run)) {
    const { result, rate } = await run.deps.tenants.admit(door.tenantId, admissionOf(run), door.limits);
    if (rate !== null && door.tenantId !== deploymentTenant) run.rate = rate;
    if (!result.ok) {
      // Nobody knows whether it was admitted before the object was lost.
      if (result.failure.code === 'state_unavailable') run.doors.push(door);
      giveBack(run, { tokens: 0, costNanoUsd: 0 });
      return result.failure;
    }
    if (result.value.mustFinish) run.doors.push(door);
    if (result.value.isCheapTierOnly && !narrowToSmallTier(run)) {
      giveBack(run, { tokens: 0, costNanoUsd: 0 });
      return usedUp(run);
    }
  }
  return null;
}

/** Whether one more call may be billed after tokens were spent already: an escalation, a rescue, a retry after a break. */
export async function mayBillAgain(run: Run, attempt: Attempt): Promise<boolean> {
  if (!run.answers.some(hasSpent)) return true;
  // A continuation reads what was generated before it.
  const extra = worstCost(run, [attempt.modelId], run.maxTokens);
  for (const { tenantId, limits } of run.doors) {
    if (limits.budgets.length === 0) continue;
    if (!(await run.deps.tenants.extend(tenantId, run.admissionId, extra, limits))) return false;
  }
  return true;
}

/** Of which budget is not known here, so the wait is for the first that can start again. */
export function usedUp({ deps }: Run): Failure {
  const nowMs = deps.clock.now();
  return { code: 'budget_exceeded', retryAfterMs: periodEndMs('day', nowMs) - nowMs };
}

/** Ends what `reserve` began, with what was really used. */
export function release(run: Run, entry: LedgerEntry): void {
  const tokens = entry.attemptUsages.reduce((sum, { usage }) => sum + usage.promptTokens + usage.completionTokens, 0);
  giveBack(run, { tokens, costNanoUsd: entry.costNanoUsd });
}

function giveBack(run: Run, used: { readonly tokens: number; readonly costNanoUsd: number }): void {
  for (const { tenantId } of run.doors) run.background(run.deps.tenants.finish(tenantId, { id: run.admissionId, ...used }));
  run.doors.length = 0;
}

/** The deployment's door first: a key must not pay for a request that another budget turns away. */
function doorsOf(run: Run): Door[] {
  const doors: Door[] = [];
  const shared = budgetsFor(deploymentBudgets(run), run.agent);
  if (shared.length > 0) {
    doors.push({
      tenantId: deploymentTenant,
      limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null, budgets: shared },
    });
  }
  const own = { ...run.key.limits, budgets: budgetsFor(run.key.budgets, run.agent) };
  if (hasLimits(own)) doors.push({ tenantId: run.key.tenantId, limits: own });
  return doors;
}

function deploymentBudgets({ deps: { config } }: Run): BudgetLimit[] {
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

function admissionOf(run: Run) {
  const modelIds = [...new Set(run.route.plan.attempts.map(({ modelId }) => modelId))];
  const small = modelIds.filter((id) => modelOf(run.deps.config, id).tier === 'small');
  return {
    id: run.admissionId,
    estimatedTokens: run.view.estimatedPromptTokens + run.maxTokens * (run.request.n ?? 1),
    costNanoUsd: worstCost(run, modelIds),
    cheapCostNanoUsd: small.length > 0 ? worstCost(run, small) : null,
    expiresAtMs: run.deps.clock.now() + longestRequestMs(run.deps.config),
  };
}

function worstCost(run: Run, modelIds: readonly string[], morePromptTokens = 0): number {
  const models = modelIds.map((id) => modelOf(run.deps.config, id));
  const contextTokens = Math.max(0, ...models.map((model) => model.context_tokens));
  const bound = promptTokensBound({ bodyBytes: run.bodyBytes, hasImages: run.view.images > 0, contextTokens });
  return worstCaseCost(
    models.map((model) => normalisePrice(model.price)),
    {
      promptTokens: Math.min(contextTokens, bound + morePromptTokens),
      completionTokens: run.maxTokens * (run.request.n ?? 1),
    },
  );
}

/** A `cheap_tier` budget is used up: what is not small leaves the plan. False when nothing remains. */
function narrowToSmallTier(run: Run): boolean {
  const attempts = run.route.plan.attempts.filter(({ modelId }) => modelOf(run.deps.config, modelId).tier === 'small');
  const [first] = attempts;
  if (first === undefined) return false;
  const { decision, plan } = run.route;
  // Nobody larger may answer instead, so a doubtful answer is shown.
  run.judges = false;
  run.route = {
    ...run.route,
    plan: { ...plan, attempts },
    decision: {
      ...decision,
      modelId: first.modelId,
      primaryModelId: first.modelId,
      reason: `${decision.reason}; the budget is used up, so the small tier answers`,
    },
  };
  return true;
}
