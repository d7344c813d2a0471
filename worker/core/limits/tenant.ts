/**
 * Everything a key may run into, decided as one: requests and tokens per minute, concurrency and budgets. All or nothing, idempotent by
 * request id. The state is one JSON value, meant for one SQLite row: an admission and an ending write one row each. Load it, call a
 * function, store what comes back.
 */
import { plainAgentName } from '../auth/agent-name.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { extendBudget, reserveBudget, settleBudget } from './budgets.ts';
import { emptyBudgets, sweepBudgets, type BudgetLimit, type BudgetNumbers, type BudgetState } from './budget-state.ts';
import { acquireLease, releaseLease, sweepLeases, type LeaseState } from './leases.ts';
import {
  emptyRate,
  isRecent,
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
  /** Those that apply to this request: see `budgetsFor`. */
  readonly budgets: readonly BudgetLimit[];
}

export interface TenantState {
  readonly rate: RateState;
  readonly leases: LeaseState;
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
}

export interface Admission {
  /** A `cheap_tier` budget is used up: only the small tier may answer. */
  readonly isCheapTierOnly: boolean;
  /** Something is held: `finish` must be called. False for keys with nothing but a limit of requests per minute. */
  readonly mustFinish: boolean;
}

export interface AdmissionStep {
  readonly state: TenantState;
  readonly result: Result<Admission, Failure>;
  /** For `x-ratelimit-*`, after this decision. */
  readonly rate: RateNumbers;
}

export const emptyTenant: TenantState = { rate: emptyRate, leases: [], budgets: emptyBudgets };

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
 * Admits a request, or says why not; a refusal takes nothing. Order of the checks: rate, concurrency, budget. Repeating an id that was
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
    return answer(state, ok({ isCheapTierOnly: held?.isCheapTierOnly ?? false, mustFinish: mustFinish(limits) }));
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
  return answer(
    { rate: rate.state, leases: leases?.state ?? state.leases, budgets: budget?.state ?? state.budgets },
    ok({ isCheapTierOnly: budget?.verdict.isCheapTierOnly ?? false, mustFinish: mustFinish(limits) }),
  );
}

/** Reserves more for an admitted request before it bills again; see `extendBudget`. Keys without budgets always may. */
export function extend(
  state: TenantState,
  request: { readonly id: string; readonly extraCostNanoUsd: number },
  nowMs: number,
  limits: TenantLimits,
): { readonly state: TenantState; readonly result: Result<null, Failure> } {
  const { id, extraCostNanoUsd: extraNanoUsd } = request;
  const budget = extendBudget(state.budgets, { id, extraNanoUsd }, limits.budgets, nowMs);
  return {
    state: { ...state, budgets: budget.state },
    result: budget.isGranted ? ok(null) : fail({ code: 'budget_exceeded' }),
  };
}

export interface Ending {
  readonly id: string;
  /** prompt + completion over all attempts; `null` keeps the estimate. */
  readonly tokens: number | null;
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
  return {
    state: {
      rate: rememberId(ending.tokens === null ? state.rate : settleTokens(state.rate, ending.id, ending.tokens), ending.id),
      leases: releaseLease(state.leases, ending.id),
      budgets: budget.state,
    },
    wasHeld: state.leases.some(({ id }) => id === ending.id),
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

function mustFinish({ tokensPerMinute, maxConcurrent, budgets }: TenantLimits): boolean {
  return tokensPerMinute !== null || maxConcurrent !== null || budgets.length > 0;
}

function rateFailure(verdict: {
  readonly exceeded: 'requests' | 'tokens';
  readonly retryAfterMs: number;
  readonly isHopeless: boolean;
}): Failure {
  const { exceeded, retryAfterMs, isHopeless } = verdict;
  if (isHopeless) {
    return {
      code: 'rate_limit_exceeded',
      detail: 'The request alone asks for more tokens than the limit per minute.',
      retryAfterMs,
    };
  }
  return { code: 'rate_limit_exceeded', detail: `The limit of ${exceeded} per minute is reached.`, retryAfterMs };
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
