/**
 * Everything a key may run into, decided as one: requests and tokens per minute, concurrency, budgets, and limits of single models. All
 * or nothing, idempotent by request id. Each function takes the state and says what changes; storing that is the object's.
 */
import { plainAgentName } from './agent-name.ts';
import type { Draft } from '../ledger/booking.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { correctBudget, expireBudget, extendBudget, forgetBudget, reserveBudget, settleBudget } from './budgets.ts';
import type { BudgetLimit } from './budget-state.ts';
import { type ModelLimit, type ModelStep, type ModelUse, releaseModels, takeModel } from './model-limits.ts';
import { budgetFailure, hopelessBudget, withWait } from './refusals.ts';
import { rateFailure, rateNumbers, settleTokens, takeRequest, type RateLimits, type RateNumbers } from './rate.ts';
import { leaseMs } from './heartbeat.ts';
import { type Changes, forgotten, maxOpen, noChanges, type OpenRequest, type TenantState } from './tenant-state.ts';

export interface TenantLimits extends RateLimits {
  readonly maxConcurrent: number | null;
  /** Missing for none, and in records of earlier versions. */
  readonly models?: readonly ModelLimit[];
  /** Those that apply to this request: see `budgetsFor`. */
  readonly budgets: readonly BudgetLimit[];
}

export interface ReserveRequest {
  /** Made by the gateway, never a client's own request id: whoever repeats an id is admitted again for nothing. */
  readonly id: string;
  /** Likely prompt tokens + `max_tokens`, for tokens per minute. */
  readonly estimatedTokens: number;
  /** Worst cases in nano-USD, for budgets; `null` when the request cannot go to the small tier. */
  readonly costNanoUsd: number;
  readonly cheapCostNanoUsd: number | null;
  /** Later than the request can last: the whole-answer timeout and a margin. */
  readonly expiresAtMs: number;
  /** What to tell the ledger when nobody says how it ended; null where another tenant does. */
  readonly draft?: Draft | null;
  /** The plan's models in its order; only where the key has limits for models. */
  readonly models?: readonly PlannedModel[];
}

export interface PlannedModel {
  readonly modelId: string;
  readonly isSmall: boolean;
  /** It may answer first: not so for what only stands in for a model or tier that the client named. */
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
 * Admits a request, or says why not; a refusal takes nothing. Order of the checks: rate, concurrency, budget, models. Repeating an id that
 * was admitted a moment ago admits it again without taking anything.
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

/** Which model was counted stands with the request; no other may be taken for it. */
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
  const tooSmall = budgets.find((limit) => limit.whenExhausted === 'refuse' && limit.limitNanoUsd < request.costNanoUsd);
  return fail(tooSmall === undefined ? budgetFailure(verdict.exceeded, nowMs) : hopelessBudget(tooSmall));
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

/** A place may be free at any time; what can never fit is no wait at all. */
function waitOf({ code, retryAfterMs }: Failure): number {
  return code === 'request_exceeds_limit' ? Number.POSITIVE_INFINITY : (retryAfterMs ?? 0);
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
  // Without a row the place could not be given back.
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
      // Which windows the tokens of a later call are in, the row's sequence does not tell.
      writesSums: hold !== null,
      put: [next],
    },
    result: ok(null),
  };
}

export interface Settlement {
  readonly id: string;
  /** prompt + completion over all attempts; `null` keeps the estimate. */
  readonly tokens: number | null;
  /** The same by model, where models have limits; missing keeps the estimates. */
  readonly modelTokens?: readonly (readonly [modelId: string, tokens: number])[];
  /** `null` (nobody knows) books the worst case; 0 for a request that ran nothing. */
  readonly costNanoUsd: number | null;
}

export interface SettlementStep {
  readonly changes: Changes;
  /** False for a repeat, and for a request that was given up before (its cost is corrected all the same). */
  readonly wasHeld: boolean;
  /** The request as it was until then; null for a repeat. Whoever books it must take back what was booked when it was given up. */
  readonly row: OpenRequest | null;
  /** How much more it cost than was reserved, which is a fault in the worst-case estimate. */
  readonly excessNanoUsd: number;
}

/** Ends a request, once: a repeat changes nothing, and an admission that was held up on its way and comes after it takes nothing. */
export function finish(state: TenantState, settlement: Settlement): SettlementStep {
  const { id, tokens, modelTokens = null, costNanoUsd } = settlement;
  const { sums } = state;
  const row = state.open.get(id) ?? state.swept.get(id);
  if (row === undefined) return { changes: { ...noChanges(state), recent: id }, wasHeld: false, row: null, excessNanoUsd: 0 };
  const wasHeld = row.sweptAtMs === null;
  const settle = wasHeld ? settleBudget : correctBudget;
  const { book, excessNanoUsd } =
    row.money === null ? { book: sums.budgets, excessNanoUsd: 0 } : settle(sums.budgets, row.money, costNanoUsd);
  return {
    changes: {
      ...noChanges(state),
      sums: {
        ...sums,
        rate: tokens === null || row.rate === null ? sums.rate : settleTokens(sums.rate, row.rate, tokens),
        models: wasHeld ? releaseModels(sums.models, row.models, modelTokens) : sums.models,
        budgets: book,
      },
      writesSums: true,
      drop: [id],
      recent: id,
    },
    wasHeld,
    row,
    excessNanoUsd,
  };
}

/** These requests still run. */
export function hear(state: TenantState, ids: readonly string[], nowMs: number): Changes {
  const heard = ids.flatMap((id) => {
    const row = state.open.get(id);
    return row === undefined ? [] : [{ ...row, untilMs: Math.min(row.expiresAtMs, nowMs + leaseMs) }];
  });
  return { ...noChanges(state), heard };
}

export interface Sweep {
  readonly changes: Changes;
  /** Requests that were heard of no more, each named once: their places are free, their reservations booked in full. */
  readonly orphans: readonly OpenRequest[];
}

/** Ends what was not heard of in time, and forgets what was given up too long ago. To be called before anything is decided. */
export function sweep(state: TenantState, nowMs: number): Sweep {
  const orphans = nowMs < state.earliestMs ? [] : [...state.open.values()].filter(({ untilMs }) => untilMs <= nowMs);
  const swept = orphans.filter(mayStillCount).map((row) => ({ ...row, sweptAtMs: nowMs }));
  const old = forgotten([...state.swept.values(), ...swept], nowMs);
  const oldIds = new Set(old.map(({ id }) => id));
  let { budgets, models } = state.sums;
  for (const row of orphans) {
    if (row.money !== null) budgets = expireBudget(budgets, row.money);
    models = releaseModels(models, row.models, null);
  }
  for (const row of old) if (row.money !== null) budgets = forgetBudget(budgets, row.money);
  if (orphans.length === 0 && old.length === 0) return { changes: noChanges(state), orphans };
  return {
    changes: {
      ...noChanges(state),
      sums: { ...state.sums, budgets, models },
      writesSums: true,
      put: swept.filter(({ id }) => !oldIds.has(id)),
      drop: [...orphans.filter((row) => !mayStillCount(row)).map(({ id }) => id), ...oldIds],
    },
    orphans,
  };
}

/** Whether the truth about a request that was given up would still change something. */
function mayStillCount({ money, draft }: OpenRequest): boolean {
  return money !== null || draft !== null;
}

/** When to sweep next; null when nothing is open or given up. */
export function nextSweepAtMs({ open, swept, earliestMs }: TenantState, nowMs: number): number | null {
  if (open.size > 0) return earliestMs;
  return swept.size > 0 ? nowMs + 86_400_000 : null;
}

/** Whether something is held for a request. */
export function mustFinish({ tokensPerMinute, maxConcurrent, models = [], budgets }: TenantLimits): boolean {
  return tokensPerMinute !== null || maxConcurrent !== null || models.length > 0 || budgets.length > 0;
}
