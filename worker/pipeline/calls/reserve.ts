/**
 * Before anything is spent: asks the key's limits and every budget that covers the request, with the worst it can cost. After it: gives
 * back what was not used. Keys without limits, in a deployment without budgets, ask nobody.
 */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { UpstreamConfig } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { nanoUsdFromUsd } from '../../../shared/units.ts';
import { limitsOf } from '../../core/auth/key-record.ts';
import { normalisePrice } from '../../core/cost/price.ts';
import { promptTokensBound, worstCaseCost } from '../../core/cost/worst-case.ts';
import { periodEndMs } from '../../core/limits/budget-period.ts';
import type { BudgetLimit } from '../../core/limits/budget-state.ts';
import { budgetsFor, type Settlement, hasLimits, mustFinish, type TenantLimits } from '../../core/limits/tenant.ts';
import type { RequestCost } from '../../core/cost/request-cost.ts';
import type { ShadowBooking } from '../../core/ledger/aggregate.ts';
import type { Booking, Draft } from '../../core/ledger/booking.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { draftOf } from './book.ts';
import { mayEscalate } from '../answer/judge.ts';
import { longestGenerationMs } from './pace.ts';
import { contextTokensOf, hasBilled, type Run } from '../run/run.ts';

/** Where budgets live that belong to no key: the total, and agents'. */
const deploymentTenant = 'deployment';
/** For waits between attempts, and for a client that takes the last of its answer slowly. */
const marginMs = 60_000;

/**
 * The longest a request can take, in milliseconds; what it holds ends by itself then. Attempts before the answer begins have a whole call's
 * time each when the answer is read whole; a stream has it while its beginning is judged, for the rest, and for each rescue.
 */
function longestRequestMs(run: Run): number {
  const { upstreams, models, routing } = run.deps.config;
  const longest = (of: (limits: UpstreamConfig['timeouts_ms']) => number): number =>
    Math.max(...Object.values(upstreams).map(({ timeouts_ms: limits }) => of(limits)));
  const { retry, rescue, admission } = routing;
  const generationMs = Math.max(...Object.values(models).map((model) => longestGenerationMs(run, model)));
  const callMs = longest(({ total, idle }) => Math.max(total, generationMs + idle));
  const toBegin = admission.max_wait_ms + longest(({ first_event }) => first_event);
  const wholes = Math.max(retry.max_attempts, 2 + rescue.max_rescues);
  return callMs * wholes + toBegin * (retry.max_attempts + 2 * rescue.max_rescues) + marginMs;
}

interface Door {
  readonly tenantId: string;
  readonly limits: TenantLimits;
}

/**
 * Null when the request may go on; then `run.doors` are to be closed by `release`. The last door that holds something tells the ledger of
 * the request, in the step that settles its money.
 *
 * @param shadow an unseen run: it takes nothing but money
 */
export async function reserve(run: Run, shadow: Draft | null = null): Promise<Failure | null> {
  const doors = doorsOf(run, shadow !== null);
  const teller = doors.findLast(({ limits }) => mustFinish(limits));
  for (const door of doors) {
    const draft = door === teller ? (shadow ?? ({ kind: 'request', entry: draftOf(run) } as const)) : null;
    const { result, rate } = await run.deps.tenants.admit(door.tenantId, { ...admissionOf(run), draft }, door.limits);
    if (rate !== null && door.tenantId !== deploymentTenant) run.rate = rate;
    if (!result.ok) {
      // Nobody knows whether it was admitted before the object was lost.
      if (result.failure.code === 'state_unavailable') run.doors.push(door);
      giveBack(run);
      return result.failure;
    }
    const { mustFinish, isCheapTierOnly, closedModels } = result.value;
    if (mustFinish) run.doors.push(door);
    if ((isCheapTierOnly && !narrowToSmallTier(run)) || (closedModels.length > 0 && !leaveOut(run, closedModels))) {
      giveBack(run);
      return usedUp(run);
    }
  }
  return null;
}

/**
 * Asks for one more call; null when it may be made. Nobody is asked unless something was billed already (an escalation, a rescue, a retry
 * after a break or a timeout), or the model has a limit of the key's and is not the one that admission counted.
 */
export async function refuseCall(run: Run, { modelId }: Candidate): Promise<Failure | null> {
  // A continuation reads what was generated before it.
  const extraCostNanoUsd = hasBilled(run) ? worstCost(run, [modelId], run.maxTokens) : 0;
  const isCounted = modelId === run.route.decision.modelId;
  for (const { tenantId, limits } of run.doors) {
    const isLimited = !isCounted && limits.models?.some((limit) => limit.modelId === modelId) === true;
    if (!isLimited && (extraCostNanoUsd === 0 || limits.budgets.length === 0)) continue;
    const extension = { id: run.runId, extraCostNanoUsd, modelId, estimatedTokens: estimatedTokens(run) };
    const failure = await run.deps.tenants.extend(tenantId, extension, limits);
    if (failure !== null) return failure.code === 'budget_exceeded' ? usedUp(run) : failure;
  }
  return null;
}

/** The model may not be called for this request any more. */
export function leaveModelOut(run: Run, modelId: string): void {
  const { plan } = run.route;
  run.route = { ...run.route, plan: { ...plan, candidates: plan.candidates.filter((candidate) => candidate.modelId !== modelId) } };
}

/** Of which budget is not known here, so the wait is for the first that can start again. */
export function usedUp({ deps }: Run): Failure {
  const nowMs = deps.clock.now();
  return { code: 'budget_exceeded', retryAfterMs: periodEndMs('day', nowMs) - nowMs };
}

/** Ends what `reserve` began, with what was really used, and sees to it that the ledger is told once. */
export function release(run: Run, entry: LedgerEntry): void {
  if (run.doors.length === 0) run.deps.ledger.record(entry, run.background);
  else settleDoors(run, entry, { kind: 'request', entry });
}

/** The same for an unseen run. */
export function releaseShadow(run: Run, cost: RequestCost, shadow: ShadowBooking): void {
  if (run.doors.length === 0) run.deps.ledger.shadow(shadow, run.background);
  else settleDoors(run, cost, { kind: 'shadow', shadow });
}

function settleDoors(
  run: Run,
  { attemptUsages, costNanoUsd }: Pick<LedgerEntry, 'attemptUsages' | 'costNanoUsd'>,
  booking: Booking,
): void {
  const modelTokens = attemptUsages.map(({ model, usage }) => [model, usage.promptTokens + usage.completionTokens] as const);
  const tokens = modelTokens.reduce((sum, [, used]) => sum + used, 0);
  closeDoors(run, { tokens, modelTokens, costNanoUsd }, booking);
}

function giveBack(run: Run): void {
  closeDoors(run, { tokens: 0, modelTokens: [], costNanoUsd: 0 }, null);
}

function closeDoors(run: Run, used: Omit<Settlement, 'id'>, booking: Booking | null): void {
  const teller = run.doors.at(-1);
  for (const door of run.doors) {
    const settlement = { id: run.runId, ...used };
    run.background(run.deps.tenants.finish(door.tenantId, settlement, door === teller ? booking : null));
  }
  run.doors.length = 0;
}

const noLimits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null };

/** The deployment's door first: a key must not pay for a request that another budget turns away. */
function doorsOf(run: Run, isShadow: boolean): Door[] {
  const doors: Door[] = [];
  const shared = budgetsFor(deploymentBudgets(run), run.agent);
  if (shared.length > 0) {
    doors.push({
      tenantId: deploymentTenant,
      limits: { ...noLimits, budgets: shared },
    });
  }
  const { candidates } = run.route.plan;
  const models = (run.key.limits.models ?? []).filter((limit) => candidates.some(({ modelId }) => modelId === limit.modelId));
  const limits = limitsOf(run.key, run.agent);
  const own = isShadow ? { ...noLimits, budgets: limits.budgets } : { ...limits, models };
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
  const modelIds = [...new Set(run.route.plan.candidates.map(({ modelId }) => modelId))];
  const isSmall = (id: string) => modelOf(run.deps.config, id).tier === 'small';
  const small = modelIds.filter(isSmall);
  return {
    id: run.runId,
    models: modelIds.map((id) => ({ modelId: id, isSmall: isSmall(id), mayLead: mayLead(run, id) })),
    estimatedTokens: estimatedTokens(run),
    costNanoUsd: worstCost(run, modelIds),
    cheapCostNanoUsd: small.length > 0 ? worstCost(run, small) : null,
    expiresAtMs: run.deps.clock.now() + longestRequestMs(run),
  };
}

function estimatedTokens({ view, maxTokens, request }: Run): number {
  return view.estimatedPromptTokens + maxTokens * (request.n ?? 1);
}

/** Who names a model or a tier waits for it; a request that leaves the choice to the router goes elsewhere. */
function mayLead({ route: { decision }, deps: { config } }: Run, modelId: string): boolean {
  if (!decision.isForced || modelId === decision.modelId) return true;
  const tierOf = (id: string | null) => (id === null ? null : modelOf(config, id).tier);
  return decision.rule === 'tier' && tierOf(modelId) === tierOf(decision.modelId);
}

function worstCost(run: Run, modelIds: readonly string[], morePromptTokens = 0): number {
  const models = modelIds.map((id) => modelOf(run.deps.config, id));
  const contextTokens = Math.max(0, ...modelIds.map((id) => contextTokensOf(run, id)));
  const bound = promptTokensBound({ bodyBytes: run.bodyBytes, hasImages: run.view.images > 0, contextTokens });
  return worstCaseCost(
    models.map((model) => normalisePrice(model.price)),
    {
      promptTokens: Math.min(contextTokens, bound + morePromptTokens),
      completionTokens: run.maxTokens * (run.request.n ?? 1),
    },
  );
}

/** A `cheap_tier` budget is used up: what is not small leaves the plan. */
function narrowToSmallTier(run: Run): boolean {
  const isSmall = (modelId: string) => modelOf(run.deps.config, modelId).tier === 'small';
  return keepModels(run, isSmall, () => '; the budget is used up, so the small tier answers');
}

/** Limits of models are used up: those models leave the plan. */
function leaveOut(run: Run, closed: readonly string[]): boolean {
  const wanted = run.route.decision.modelId;
  const reasonOf = (first: string) =>
    first === wanted ? '' : `; ${first} instead of ${wanted}: the key's limit for that model is used up`;
  return keepModels(run, (modelId) => !closed.includes(modelId), reasonOf);
}

/** Narrows the plan to these models; false when none remains. `reasonOf` says what that means for the decision. */
function keepModels(run: Run, isKept: (modelId: string) => boolean, reasonOf: (first: string) => string): boolean {
  const { decision, plan } = run.route;
  const candidates = plan.candidates.filter(({ modelId }) => isKept(modelId));
  const [first] = candidates;
  if (first === undefined) return false;
  const { modelId } = first;
  const { primaryModelId: primary, reason } = decision;
  const primaryModelId = primary !== null && isKept(primary) ? primary : modelId;
  run.route = {
    ...run.route,
    plan: { ...plan, candidates },
    decision: { ...decision, modelId, primaryModelId, reason: reason + reasonOf(modelId) },
  };
  // Where nobody larger may answer instead, a doubtful answer is shown.
  run.judges &&= mayEscalate(run);
  return true;
}
