/**
 * Before anything is spent: asks the key's limits and every budget that covers the request, with the worst it can cost. Keys without
 * limits, in a deployment without budgets, make no call.
 */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { Failure } from '../../../shared/errors.ts';
import { normalisePrice } from '../../core/cost/price.ts';
import { promptTokensBound, worstCaseCost } from '../../core/cost/worst-case.ts';
import type { Draft } from '../../core/ledger/booking.ts';
import { periodEndMs } from '../../core/limits/budget-period.ts';
import { mustFinish } from '../../core/limits/tenant-limits.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { mayEscalate } from '../../core/route/may-escalate.ts';
import { smallTierOnly, withoutUsedUp } from '../../core/route/narrow-plan.ts';
import type { RoutePlan } from '../../core/route/plan.ts';
import { type Asked, mostTokens } from '../run/asked.ts';
import { contextTokensOf, type Parts, type Run } from '../run/run.ts';
import { hasBilled, type Holder } from '../run/spent.ts';
import { draftOf } from './book.ts';
import { deploymentTenant, giveBack, holdersOf, noLimits } from './holders.ts';
import { longestRequestMs } from './pace.ts';

type Costing = Parts<'deps' | 'asked' | 'tried'>;
type Extending = Parts<'deps' | 'asked' | 'tried' | 'spent'>;

/**
 * Null when the request may continue; `release` then settles what `spent.holders` hold.
 *
 * @param shadow an unseen run: it takes nothing but money
 */
export function reserve(run: Run, shadow: Draft | null = null): null | Promise<Failure | null> {
  const holders = holdersOf(run, shadow !== null);
  return holders.length === 0 ? null : reserveAt(run, holders, shadow);
}

async function reserveAt(run: Run, holders: readonly Holder[], shadow: Draft | null): Promise<Failure | null> {
  const { deps, spent, client } = run;
  const booker = holders.findLast(({ limits }) => mustFinish(limits));
  for (const holder of holders) {
    const draft: Draft | null = holder === booker ? (shadow ?? { kind: 'request', entry: draftOf(run) }) : null;
    const { result, rate } = await deps.tenants.admit(
      holder.tenantId,
      { ...worstOf(run), id: spent.runId, draft: draft === null ? null : JSON.stringify(draft) },
      holder.limits,
      deps.timers,
    );
    if (rate !== null && holder.tenantId !== deploymentTenant) client.rate = rate;
    if (!result.ok) {
      // It may have been admitted before the connection to the object was lost.
      if (result.failure.code === 'state_unavailable') spent.holders.push(holder);
      giveBack(run);
      return result.failure;
    }
    const { mustFinish: isHeld, isCheapTierOnly, closedModels } = result.value;
    if (isHeld) spent.holders.push(holder);
    const isLeft =
      (!isCheapTierOnly || goOnWith(run, smallTierOnly(run.tried.route, deps.config))) &&
      (closedModels.length === 0 || goOnWith(run, withoutUsedUp(run.tried.route, closedModels)));
    if (isLeft) continue;
    giveBack(run);
    return usedUp(run);
  }
  return null;
}

/** For an answer that costs nothing: it counts as one request of the key's rate, and holds nothing. Null when it may be given. */
export async function admitHit(run: Run): Promise<Failure | null> {
  const { deps, asked, spent, client } = run;
  const { tenantId, limits } = asked.caller.key;
  if (limits.requestsPerMinute === null) return null;
  // Not the run's own id: should it come to a call after all, that is admitted by itself.
  const one = {
    id: `${spent.runId}-given`,
    estimatedTokens: 0,
    costNanoUsd: 0,
    cheapCostNanoUsd: 0,
    expiresAtMs: deps.clock.now(),
  };
  const { requestsPerMinute } = limits;
  const { result, rate } = await deps.tenants.admit(tenantId, one, { ...noLimits, requestsPerMinute, budgets: [] }, deps.timers);
  client.rate = rate;
  return result.ok ? null : result.failure;
}

/** @param route null when no model is left that may answer */
function goOnWith({ deps, asked, tried }: Costing, route: RoutePlan | null): boolean {
  if (route === null) return false;
  tried.route = route;
  // Without a larger model in the plan, a doubtful answer is shown.
  tried.judges &&= mayEscalate(route, asked.request.choiceCount, deps.config);
  return true;
}

/**
 * Asks for one more call; null when it may be made. No tenant is asked unless something was billed already (an escalation, a rescue, a retry
 * after a break or a timeout), or the model has a limit of the key's and is not the one that admission counted.
 */
export function refuseCall(run: Extending, candidate: Candidate): null | Promise<Failure | null> {
  return run.spent.holders.length === 0 ? null : refuseAt(run, candidate);
}

async function refuseAt(run: Extending, { modelId }: Candidate): Promise<Failure | null> {
  const { deps, asked, tried, spent } = run;
  // A continuation reads what was generated before it.
  const extraCostNanoUsd = hasBilled(spent) ? worstCost(run, [modelId], asked.maxTokens) : 0;
  const isCounted = modelId === tried.route.decision.modelId;
  for (const { tenantId, limits } of spent.holders) {
    const isLimited = !isCounted && limits.models?.some((limit) => limit.modelId === modelId) === true;
    if (!isLimited && (extraCostNanoUsd === 0 || limits.budgets.length === 0)) continue;
    const extension = { id: spent.runId, extraCostNanoUsd, modelId, estimatedTokens: estimatedTokens(asked) };
    const failure = await deps.tenants.extend(tenantId, extension, limits);
    if (failure !== null) return failure.code === 'budget_exceeded' ? usedUp(run) : failure;
  }
  return null;
}

/** Of which budget is not known here, so the wait is for the first that can start again. */
function usedUp({ deps }: Parts<'deps'>): Failure {
  const nowMs = deps.clock.now();
  return { code: 'budget_exceeded', retryAfterMs: periodEndMs('day', nowMs) - nowMs };
}

/** The worst that a request can come to, by its plan. */
function worstOf(run: Costing) {
  const { deps, asked, tried } = run;
  const modelIds = [...new Set(tried.route.plan.candidates.map(({ modelId }) => modelId))];
  const isSmall = (id: string) => modelOf(deps.config, id).tier === 'small';
  const small = modelIds.filter(isSmall);
  return {
    models: modelIds.map((id) => ({ modelId: id, isSmall: isSmall(id), mayLead: mayLead(run, id) })),
    estimatedTokens: estimatedTokens(asked),
    costNanoUsd: worstCost(run, modelIds),
    cheapCostNanoUsd: small.length > 0 ? worstCost(run, small) : null,
    expiresAtMs: deps.clock.now() + longestRequestMs(asked, deps.config),
  };
}

function estimatedTokens(asked: Asked): number {
  return asked.view.estimatedPromptTokens + mostTokens(asked);
}

/** A request that names a model or a tier waits for it; one that leaves the choice to the router goes elsewhere. */
function mayLead({ deps, tried }: Parts<'deps' | 'tried'>, modelId: string): boolean {
  const { decision } = tried.route;
  if (!decision.isForced || modelId === decision.modelId) return true;
  const tierOf = (id: string | null) => (id === null ? null : modelOf(deps.config, id).tier);
  return decision.rule === 'tier' && tierOf(modelId) === tierOf(decision.modelId);
}

function worstCost(run: Costing, modelIds: readonly string[], morePromptTokens = 0): number {
  const { deps, asked } = run;
  const models = modelIds.map((id) => modelOf(deps.config, id));
  const contextTokens = Math.max(0, ...modelIds.map((id) => contextTokensOf(run, id)));
  const bound = promptTokensBound({ bodyBytes: asked.caller.bodyBytes, hasImages: asked.view.images > 0, contextTokens });
  const promptTokens = asked.pooled?.mostTokens ?? Math.min(contextTokens, bound + morePromptTokens);
  return worstCaseCost(
    models.map((model) => normalisePrice(model.price)),
    { promptTokens, completionTokens: mostTokens(asked) },
  );
}
