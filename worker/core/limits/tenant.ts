/**
 * Everything a key may run into, decided as one: requests and tokens per minute, concurrency, budgets, and limits of single models. All
 * or nothing, idempotent by request id. The state is one JSON value, meant for one SQLite row: an admission and an ending write one row each. Load it, call a
 * function, store what comes back.
 */
import { plainAgentName } from '../auth/agent-name.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { extendBudget, reserveBudget, settleBudget } from './budgets.ts';
import { emptyBudgets, sweepBudgets, type BudgetLimit, type BudgetNumbers, type BudgetState } from './budget-state.ts';
import { acquireLease, releaseLease, sweepLeases, type LeaseState } from './leases.ts';
import { settleModels, takeModel, type ModelLimit, type ModelUse, type ModelWindows } from './model-limits.ts';
import {
  emptyRate,
  isRecent,
  rateFailure,
  rateNumbers,
  rememberId,
  settleTokens,
  takeRequest,
  type RateLimits,
  type RateNumbers,
  type RateState,
} from './rate.ts';

export interface TenantLimits extends RateLimits {
  readonly maxConcurrent: number | null;
  /** Missing for none, and in records of earlier versions. */
  readonly models?: readonly ModelLimit[];
  /** Those that apply to this request: see `budgetsFor`. */
  readonly budgets: readonly BudgetLimit[];
}

export interface TenantState {
  readonly rate: RateState;
  readonly leases: LeaseState;
  readonly models: ModelWindows;
  readonly budgets: BudgetState;
}

export interface AdmissionRequest {
  /** Made by the gateway, never a client's own request id: whoever repeats an id is admitted again for nothing. */
  readonly id: string;
  /** Likely prompt tokens + `max_tokens`, for tokens per minute. */
  readonly estimatedTokens: number;
  /** Worst cases in nano-USD, for budgets; `null` when the request cannot go to the small tier. */
  readonly costNanoUsd: number;
  readonly cheapCostNanoUsd: number | null;
  /** Later than the request can last: the whole-answer timeout and a margin. */
  readonly expiresAtMs: number;
  /** The plan's models in its order; only where the key has limits for models. */
  readonly models?: readonly PlannedModel[];
}

export interface PlannedModel {
  readonly modelId: string;
  readonly isSmall: boolean;
  /** It may answer first: not so for what only stands in for a model or tier that the client named. */
  readonly mayLead: boolean;
}

export interface Admission {
  /** A `cheap_tier` budget is used up: only the small tier may answer. */
  readonly isCheapTierOnly: boolean;
  /** Limited models that have no room now. The first of the plan's other models is counted, if it has a limit; the rest ask `extend`. */
  readonly closedModels: readonly string[];
  /** Something is held: `finish` must be called. False for keys with nothing but a limit of requests per minute. */
  readonly mustFinish: boolean;
}

export interface AdmissionStep {
  readonly state: TenantState;
  readonly result: Result<Admission, Failure>;
  /** For `x-ratelimit-*`, after this decision. */
  readonly rate: RateNumbers;
}

export const emptyTenant: TenantState = { rate: emptyRate, leases: [], models: [], budgets: emptyBudgets };

/** Whether a key needs this object at all. */
export function hasLimits(limits: TenantLimits): boolean {
  return limits.requestsPerMinute !== null || mustFinish(limits);
}

/** The budgets that cover a request: the key's own and those of the agent it names, however it is spelled. */
export function budgetsFor(budgets: readonly BudgetLimit[], agent: string | null): readonly BudgetLimit[] {
  const wanted = agent === null ? null : plainAgentName(agent);
  return budgets.filter(({ name }) => !name.startsWith('agent:') || plainAgentName(name.slice('agent:'.length)) === wanted);
}

/**
 * Admits a request, or says why not; a refusal takes nothing. Order of the checks: rate, concurrency, budget, models. Repeating an id that was
 * admitted a moment ago admits it again without taking anything.
 */
export function admit(state: TenantState, request: AdmissionRequest, nowMs: number, limits: TenantLimits): AdmissionStep {
  const { id, expiresAtMs, costNanoUsd: amountNanoUsd, cheapCostNanoUsd: cheapAmountNanoUsd } = request;
  const answer = (next: TenantState, result: Result<Admission, Failure>): AdmissionStep => ({
    state: next,
    result,
    rate: rateNumbers(next.rate, limits, nowMs),
  });
  if (isRecent(state.rate, id)) {
    const held = state.budgets.open.find((reservation) => reservation.id === id);
    // Which model was counted stands with the lease; no other may be taken for it.
    const counted = state.leases.find((lease) => lease.id === id)?.models ?? [];
    const closedModels = modelsOf(limits).filter((modelId) => !counted.some(([known]) => known === modelId));
    return answer(state, ok({ isCheapTierOnly: held?.isCheapTierOnly ?? false, closedModels, mustFinish: mustFinish(limits) }));
  }
  const rate = takeRequest(state.rate, request, limits, nowMs);
  if (!rate.verdict.isAllowed) return answer(state, fail(rateFailure(rate.verdict)));
  const leases = mustFinish(limits) ? acquireLease(state.leases, { id, expiresAtMs }, limits.maxConcurrent, nowMs) : null;
  if (leases?.isAcquired === false) return answer(state, fail({ code: 'concurrency_limit_exceeded' }));
  const budget =
    limits.budgets.length === 0
      ? null
      : reserveBudget(state.budgets, { id, amountNanoUsd, cheapAmountNanoUsd, expiresAtMs }, limits.budgets, nowMs);
  if (budget?.verdict.isGranted === false) return answer(state, fail(budgetFailure(budget.verdict.exceeded, nowMs)));
  const isCheapTierOnly = budget?.verdict.isCheapTierOnly ?? false;
  const led = leadModel(
    { windows: state.models, leases: leases?.state ?? state.leases },
    request,
    isCheapTierOnly,
    limits,
    nowMs,
  );
  if (!led.ok) return answer(state, led);
  const { windows: models, leases: held, closedModels } = led.value;
  return answer(
    { rate: rate.state, leases: held, models, budgets: budget?.state ?? state.budgets },
    ok({ isCheapTierOnly, closedModels, mustFinish: mustFinish(limits) }),
  );
}

/** Counts the request for the first model that may answer it and has room. Where none has, the failure with the shortest wait. */
function leadModel(
  use: ModelUse,
  request: AdmissionRequest,
  isCheapTierOnly: boolean,
  { models: limits = [] }: TenantLimits,
  nowMs: number,
): Result<ModelUse & { readonly closedModels: readonly string[] }, Failure> {
  let failure: Failure | null = null;
  for (const { modelId, isSmall, mayLead } of request.models ?? []) {
    if (isCheapTierOnly ? !isSmall : !mayLead) continue;
    const limit = limits.find((known) => known.modelId === modelId);
    const taken = limit === undefined ? ok(use) : takeModel(use, request, limit, nowMs);
    if (taken.ok) {
      const isClosed = (other: ModelLimit) => !takeModel(taken.value, request, other, nowMs).ok;
      return ok({ ...taken.value, closedModels: modelsOf({ models: limits.filter(isClosed) }) });
    }
    // A place may be free at any time.
    if (failure === null || (taken.failure.retryAfterMs ?? 0) < (failure.retryAfterMs ?? 0)) failure = taken.failure;
  }
  return failure === null ? ok({ ...use, closedModels: [] }) : fail(failure);
}

function modelsOf({ models = [] }: Pick<TenantLimits, 'models'>): string[] {
  return models.map(({ modelId }) => modelId);
}

export interface Extension {
  readonly id: string;
  /** 0 where nothing is billed a second time. */
  readonly extraCostNanoUsd: number;
  /** The model that is to be called, and what it may take. */
  readonly modelId: string;
  readonly estimatedTokens: number;
}

/** Asks for one more call of an admitted request: money, where it bills again (see `extendBudget`), and the model's own limit. Both or neither. */
export function extend(
  state: TenantState,
  { id, extraCostNanoUsd: extraNanoUsd, modelId, estimatedTokens }: Extension,
  nowMs: number,
  { budgets, models = [] }: TenantLimits,
): { readonly state: TenantState; readonly result: Result<null, Failure> } {
  const budget = extendBudget(state.budgets, { id, extraNanoUsd }, budgets, nowMs);
  if (!budget.isGranted) return { state, result: fail({ code: 'budget_exceeded' }) };
  const limit = models.find((known) => known.modelId === modelId);
  const use = { windows: state.models, leases: state.leases };
  const taken = limit === undefined ? ok(use) : takeModel(use, { id, estimatedTokens }, limit, nowMs);
  if (!taken.ok) return { state, result: taken };
  const { windows, leases } = taken.value;
  return { state: { ...state, leases, models: windows, budgets: budget.state }, result: ok(null) };
}

export interface Ending {
  readonly id: string;
  /** prompt + completion over all attempts; `null` keeps the estimate. */
  readonly tokens: number | null;
  /** The same by model, where models have limits; missing keeps the estimates. */
  readonly modelTokens?: readonly (readonly [modelId: string, tokens: number])[];
  /** `null` (nobody knows) books the worst case; 0 for a request that ran nothing. */
  readonly costNanoUsd: number | null;
}

/**
 * Ends a request, once: a repeat changes nothing, and an admission that was held up on its way and comes after it takes nothing. `wasHeld`
 * is false for a repeat, and for a request that a sweep has already reported
 * as an orphan (its cost is corrected all the same). `excessNanoUsd`: how much more it cost than was reserved, which is a fault in the worst-case estimate.
 */
export function finish(
  state: TenantState,
  ending: Ending,
): { readonly state: TenantState; readonly wasHeld: boolean; readonly excessNanoUsd: number } {
  const budget = settleBudget(state.budgets, ending.id, ending.costNanoUsd);
  const lease = state.leases.find(({ id }) => id === ending.id);
  return {
    state: {
      rate: rememberId(ending.tokens === null ? state.rate : settleTokens(state.rate, ending.id, ending.tokens), ending.id),
      leases: releaseLease(state.leases, ending.id),
      models:
        lease === undefined || ending.modelTokens === undefined
          ? state.models
          : settleModels(state.models, lease, ending.modelTokens),
      budgets: budget.state,
    },
    wasHeld: lease !== undefined,
    excessNanoUsd: budget.excessNanoUsd,
  };
}

/**
 * Ends what has expired. `orphans` are the requests whose ending nobody reported, each named once; `nextSweepAtMs` is when to call
 * again, `null` when nothing is open.
 */
export function sweep(
  state: TenantState,
  nowMs: number,
): { readonly state: TenantState; readonly orphans: readonly string[]; readonly nextSweepAtMs: number | null } {
  const leases = sweepLeases(state.leases, nowMs);
  const budgets = sweepBudgets(state.budgets, nowMs);
  const swept = { ...state, leases: leases.state, budgets: budgets.state };
  return { state: swept, orphans: [...new Set([...leases.orphans, ...budgets.orphans])], nextSweepAtMs: nextSweepAtMs(swept) };
}

/** When the earliest open request expires: the time for the alarm. */
export function nextSweepAtMs({ leases, budgets }: TenantState): number | null {
  return [...leases, ...budgets.open].reduce<number | null>(
    (earliest, { expiresAtMs }) => (earliest === null ? expiresAtMs : Math.min(earliest, expiresAtMs)),
    null,
  );
}

function mustFinish({ tokensPerMinute, maxConcurrent, models = [], budgets }: TenantLimits): boolean {
  return tokensPerMinute !== null || maxConcurrent !== null || models.length > 0 || budgets.length > 0;
}

/** The wait may be weeks: `x-should-retry: false` keeps official clients from waiting for it. */
function budgetFailure({ name, period, resetAtMs }: BudgetNumbers, nowMs: number): Failure {
  const whose = name.startsWith('agent:') ? `agent ${name.slice('agent:'.length)}` : name;
  const span = period === 'day' ? 'daily' : 'monthly';
  return {
    code: 'budget_exceeded',
    detail: `The ${span} budget of the ${whose} starts again at ${new Date(resetAtMs).toISOString()}.`,
    retryAfterMs: resetAtMs - nowMs,
  };
}
