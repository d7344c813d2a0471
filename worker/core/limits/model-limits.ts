/**
 * A key's limits for single models. What a request takes of a model is stored with the request: its place is free when the request ends,
 * however it ends, and tokens are returned only to the window they were taken from.
 */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import {
  addHold,
  emptyRate,
  rateFailure,
  type RateHold,
  type RateLimits,
  type RateWindow,
  settleTokens,
  takeRequest,
} from './rate.ts';

export interface ModelLimit extends RateLimits {
  readonly modelId: string;
  readonly maxConcurrent: number | null;
}

/** What a request has taken of a model. */
export interface ModelHold extends RateHold {
  readonly modelId: string;
}

/** One for each limited model that was used. */
export interface ModelUse {
  readonly modelId: string;
  readonly window: RateWindow;
  /** Open requests that hold a place of it. */
  readonly running: number;
}

export interface ModelStep {
  readonly models: readonly ModelUse[];
  /** Null when the request already holds the model: nothing more was taken. */
  readonly hold: ModelHold | null;
}

/** Takes a model's place and tokens for a request, or says why not. A model that the request already holds costs nothing more. */
export function takeModel(
  models: readonly ModelUse[],
  request: { readonly holds: readonly ModelHold[]; readonly estimatedTokens: number },
  limit: ModelLimit,
  nowMs: number,
): Result<ModelStep, Failure> {
  const { modelId, maxConcurrent } = limit;
  if (request.holds.some((hold) => hold.modelId === modelId)) return ok({ models, hold: null });
  const use = models.find((known) => known.modelId === modelId) ?? { modelId, window: emptyRate, running: 0 };
  if (maxConcurrent !== null && use.running >= maxConcurrent) {
    return fail({ code: 'concurrency_limit_exceeded', detail: `No place is free for ${modelId}.` });
  }
  const { window, verdict } = takeRequest(use.window, request.estimatedTokens, limit, nowMs);
  if (!verdict.isAllowed) return fail(rateFailure(verdict, ` for ${modelId}`));
  return ok({
    models: [...models.filter((known) => known !== use), { modelId, window, running: use.running + 1 }],
    hold: { modelId, ...verdict.hold },
  });
}

/** Gives back the places, and replaces the tokens reserved by those really used; null keeps the estimates, models not named used none. */
export function releaseModels(
  models: readonly ModelUse[],
  holds: readonly ModelHold[],
  used: readonly (readonly [modelId: string, tokens: number])[] | null,
): readonly ModelUse[] {
  if (holds.length === 0) return models;
  return models.map((use) => {
    const hold = holds.find(({ modelId }) => modelId === use.modelId);
    if (hold === undefined) return use;
    const tokens = used?.reduce((sum, [id, count]) => (id === use.modelId ? sum + count : sum), 0) ?? hold.tokens;
    return { ...use, window: settleTokens(use.window, hold, tokens), running: Math.max(0, use.running - 1) };
  });
}

/** Counts what an open request holds, when the state is loaded. `isCounted`: its tokens are in the windows already. */
export function restoreHolds(models: readonly ModelUse[], holds: readonly ModelHold[], isCounted: boolean): readonly ModelUse[] {
  return holds.reduce((sum, hold) => {
    const use = sum.find(({ modelId }) => modelId === hold.modelId) ?? { modelId: hold.modelId, window: emptyRate, running: 0 };
    const window = isCounted ? use.window : addHold(use.window, hold);
    return [...sum.filter((known) => known !== use), { ...use, window, running: use.running + 1 }];
  }, models);
}
