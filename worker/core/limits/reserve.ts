/**
 * Admits a request to a tenant's state: requests and tokens per minute, concurrency, budgets and limits of single models, all or nothing
 * and idempotent by request id. Each function takes the state and returns what changes; the Durable Object stores it.
 */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { extendBudget, reserveBudget } from './budgets.ts';
import { leaseMs } from './heartbeat.ts';
import { type ModelLimit, type ModelStep, type ModelUse, takeModel } from './model-limits.ts';
import { rateFailure, rateNumbers, takeRequest, type RateNumbers } from './rate.ts';
import { budgetFailure, heldBudget, hopelessBudget, withWait } from './refusals.ts';
import { modelsOf, mustFinish, type TenantLimits } from './tenant-limits.ts';
import { type Changes, maxOpen, noChanges, type OpenRequest, type TenantState } from './tenant-state.ts';

export interface ReserveRequest {
  /** Made by the gateway, never a client's own request id: a repeated id is admitted again without being charged. */
  readonly id: string;
  /** Likely prompt tokens + `max_tokens`, for tokens per minute. */
  readonly estimatedTokens: number;
  /** Worst cases in nano-USD, for budgets; `null` when the request cannot go to the small tier. */
  readonly costNanoUsd: number;
  readonly cheapCostNanoUsd: number | null;
  /** Later than the request can last: the whole-answer timeout and a margin. */
  readonly expiresAtMs: number;
  /** What to book in the ledger when the request's end is never reported, a `Draft` as JSON text; null where another tenant books it. */
  readonly draft?: string | null;
  /** The plan's models in its order; only where the key has limits for models. */
  readonly models?: readonly PlannedModel[];
}

export interface PlannedModel {
  readonly modelId: string;
  readonly isSmall: boolean;
  /** It may answer first; false for a stand-in of a model or tier that the client named. */
  readonly mayLead: boolean;
}

export interface ReserveAnswer {
  /** A `cheap_tier` budget is used up: only the small tier may answer. */
  readonly isCheapTierOnly: boolean;
  /** Limited models that have no room now. The first of the plan's other models is counted, if it has a limit; the rest ask `extend`. */
  readonly closedModels: readonly string[];
  /** Something is held: heartbeats and `finish` must come. False for keys with nothing but a limit of requests per minute. */
  readonly mustFinish: boolean;
}

export interface ReserveStep {
  readonly changes: Changes;
  readonly result: Result<ReserveAnswer, Failure>;
  /** For `x-ratelimit-*`, after this decision. */
  readonly rate: RateNumbers;
}

/**
 * Admits a request, or says why not; a refusal takes nothing. Order of the checks: rate, concurrency, budget, models. An id that was
 * admitted a moment ago is admitted again without taking anything.
 */
export function admit(state: TenantState, request: ReserveRequest, nowMs: number, limits: TenantLimits): ReserveStep {
  const { id, expiresAtMs } = request;
  const { sums } = state;
  const refuse = (failure: Failure): ReserveStep => ({
    changes: noChanges(state),
    result: fail(withWait(failure, state, nowMs)),
    rate: rateNumbers(sums.rate, limits, nowMs),
  });
  const known = state.open.get(id) ?? state.swept.get(id);
  if (known !== undefined || state.recent.has(id)) return admitAgain(state, known, nowMs, limits);
  const rate = takeRequest(sums.rate, request.estimatedTokens, limits, nowMs);
  if (!rate.verdict.isAllowed) return refuse(rateFailure(rate.verdict));
  const isHeld = mustFinish(limits);
  if (isHeld && state.open.size >= Math.min(limits.maxConcurrent ?? maxOpen, maxOpen)) {
    return refuse({ code: 'concurrency_limit_exceeded' });
  }
  const reserved = reserveMoney(state, request, nowMs, limits);
  if (!reserved.ok) return refuse(reserved.failure);
  const { book, reservation } = reserved.value;
  const isCheapTierOnly = reservation?.isCheapTierOnly ?? false;
  const led = leadModel(sums.models, request, isCheapTierOnly, limits, nowMs);
  if (!led.ok) return refuse(led.failure);
  const { models, hold, closedModels } = led.value;
  const sequence = sums.sequence + (isHeld ? 1 : 0);
  const row: OpenRequest = {
    id,
    sequence,
    admittedAtMs: nowMs,
    untilMs: Math.min(expiresAtMs, nowMs + leaseMs),
    expiresAtMs,
    rate: rate.verdict.hold,
    models: hold === null ? [] : [hold],
    money: reservation,
    draft: request.draft ?? null,
    sweptAtMs: null,
  };
  return {
    changes: {
      ...noChanges(state),
      sums: { sequence, rate: rate.window, models, budgets: book },
      writesSums: !isHeld,
      put: isHeld ? [row] : [],
      recent: isHeld ? null : id,
    },
    result: ok({ isCheapTierOnly, closedModels, mustFinish: isHeld }),
    rate: rateNumbers(rate.window, limits, nowMs),
  };
}

/** The model that was counted is stored with the request; a repeat must not count another one. */
function admitAgain(state: TenantState, known: OpenRequest | undefined, nowMs: number, limits: TenantLimits): ReserveStep {
  const counted = known?.models ?? [];
  const closedModels = modelsOf(limits).filter((modelId) => !counted.some((hold) => hold.modelId === modelId));
  return {
    changes: noChanges(state),
    result: ok({ isCheapTierOnly: known?.money?.isCheapTierOnly ?? false, closedModels, mustFinish: mustFinish(limits) }),
    rate: rateNumbers(state.sums.rate, limits, nowMs),
  };
}

function reserveMoney({ sums }: TenantState, request: ReserveRequest, nowMs: number, { budgets }: TenantLimits) {
  if (budgets.length === 0) return ok({ book: sums.budgets, reservation: null });
  const amounts = { amountNanoUsd: request.costNanoUsd, cheapAmountNanoUsd: request.cheapCostNanoUsd };
  const { book, verdict } = reserveBudget(sums.budgets, amounts, budgets, nowMs);
  if (verdict.isGranted) return ok({ book, reservation: verdict.reservation });
  const { exceeded } = verdict;
  const tooSmall = budgets.find((limit) => limit.whenExhausted === 'refuse' && limit.limitNanoUsd < request.costNanoUsd);
  if (tooSmall !== undefined) return fail(hopelessBudget(tooSmall));
  return fail(verdict.isHeld ? heldBudget(exceeded) : budgetFailure(exceeded, nowMs));
}

/** Counts the request for the first model that may answer it and has room. Where none has, the failure with the shortest wait. */
function leadModel(
  models: readonly ModelUse[],
  request: ReserveRequest,
  isCheapTierOnly: boolean,
  { models: limits = [] }: TenantLimits,
  nowMs: number,
): Result<ModelStep & { readonly closedModels: readonly string[] }, Failure> {
  const { estimatedTokens } = request;
  let failure: Failure | null = null;
  for (const { modelId, isSmall, mayLead } of request.models ?? []) {
    if (isCheapTierOnly ? !isSmall : !mayLead) continue;
    const limit = limits.find((known) => known.modelId === modelId);
    const taken =
      limit === undefined ? ok({ models, hold: null }) : takeModel(models, { holds: [], estimatedTokens }, limit, nowMs);
    if (taken.ok) {
      const holds = taken.value.hold === null ? [] : [taken.value.hold];
      const isClosed = (other: ModelLimit) => !takeModel(taken.value.models, { holds, estimatedTokens }, other, nowMs).ok;
      return ok({ ...taken.value, closedModels: modelsOf({ models: limits.filter(isClosed) }) });
    }
    if (failure === null || waitOf(taken.failure) < waitOf(failure)) failure = taken.failure;
  }
  return failure === null ? ok({ models, hold: null, closedModels: [] }) : fail(failure);
}

/** A place may become free at any time; a request that can never fit sorts last. */
function waitOf({ code, retryAfterMs }: Failure): number {
  return code === 'request_exceeds_limit' ? Number.POSITIVE_INFINITY : (retryAfterMs ?? 0);
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
  { id, extraCostNanoUsd, modelId, estimatedTokens }: Extension,
  nowMs: number,
  { budgets, models: limits = [] }: TenantLimits,
): { readonly changes: Changes; readonly result: Result<null, Failure> } {
  const { sums } = state;
  const refuse = (failure: Failure) => ({ changes: noChanges(state), result: fail(withWait(failure, state, nowMs)) });
  const row = state.open.get(id);
  const money = extendBudget(sums.budgets, row?.money ?? null, extraCostNanoUsd, budgets, nowMs);
  if (!money.isGranted) return refuse({ code: 'budget_exceeded' });
  const limit = limits.find((known) => known.modelId === modelId);
  // Without a row the place could not be released later.
  if (row === undefined) {
    const detail = `No place is free for ${modelId}.`;
    return limit === undefined
      ? { changes: noChanges(state), result: ok(null) }
      : refuse({ code: 'concurrency_limit_exceeded', detail });
  }
  const asked = { holds: row.models, estimatedTokens };
  const taken = limit === undefined ? ok({ models: sums.models, hold: null }) : takeModel(sums.models, asked, limit, nowMs);
  if (!taken.ok) return refuse(taken.failure);
  const { models, hold } = taken.value;
  if (hold === null && extraCostNanoUsd === 0) return { changes: noChanges(state), result: ok(null) };
  const next = { ...row, money: money.reservation, models: hold === null ? row.models : [...row.models, hold] };
  return {
    changes: {
      ...noChanges(state),
      sums: { ...sums, models, budgets: money.book },
      // The row's sequence does not tell in which windows the tokens of a later call are.
      writesSums: hold !== null,
      put: [next],
    },
    result: ok(null),
  };
}
