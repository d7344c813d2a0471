/**
 * The limits that a key has for single models. What a request takes of a model stands with its lease: a place is free again when the
 * lease ends, however it ends, and tokens are given back to the window that they were taken from, or not at all.
 */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { Lease, LeaseState } from './leases.ts';
import { emptyRate, rateFailure, type RateLimits, type RateState, takeRequest } from './rate.ts';

export interface ModelLimit extends RateLimits {
  readonly modelId: string;
  readonly maxConcurrent: number | null;
}

/** What a lease has taken of a model: tokens, in the window that opened then. */
export type ModelHold = readonly [modelId: string, tokens: number, windowStartMs: number | null];

/** One for each limited model that was used; no more than a minute of it counts. */
export type ModelWindows = readonly (readonly [modelId: string, window: RateState])[];

export interface ModelUse {
  readonly windows: ModelWindows;
  readonly leases: LeaseState;
}

/** Takes a model's place and tokens for a request that has a lease, or says why not. A model that it has already costs nothing more. */
export function takeModel(
  { windows, leases }: ModelUse,
  request: { readonly id: string; readonly estimatedTokens: number },
  limit: ModelLimit,
  nowMs: number,
): Result<ModelUse, Failure> {
  const { modelId, maxConcurrent } = limit;
  const own = leases.find(({ id }) => id === request.id);
  if (own !== undefined && hasModel(own, modelId)) return ok({ windows, leases });
  const running = leases.filter((lease) => lease.expiresAtMs > nowMs && hasModel(lease, modelId)).length;
  // Without a lease the place could not be given back.
  if (own === undefined || (maxConcurrent !== null && running >= maxConcurrent)) {
    return fail({ code: 'concurrency_limit_exceeded', detail: `No place is free for ${modelId}.` });
  }
  const before = windows.find(([id]) => id === modelId)?.[1] ?? emptyRate;
  const { state, verdict } = takeRequest(before, request, limit, nowMs);
  if (!verdict.isAllowed) return fail(rateFailure(verdict, ` for ${modelId}`));
  // Leases know ids and reservations; here only the sums are kept.
  const window = { ...state, reserved: [], recentIds: [] };
  const hold: ModelHold = [modelId, Math.max(0, Math.ceil(request.estimatedTokens)), state.windowStartMs];
  return ok({
    windows: [...windows.filter(([id]) => id !== modelId), [modelId, window]],
    leases: leases.map((lease) => (lease === own ? { ...lease, models: [...(lease.models ?? []), hold] } : lease)),
  });
}

/** Replaces what a lease reserved by the tokens really used, in windows that are still the same. Models not named used none. */
export function settleModels(
  windows: ModelWindows,
  lease: Lease,
  used: readonly (readonly [modelId: string, tokens: number])[],
): ModelWindows {
  return windows.map(([modelId, window]) => {
    const hold = lease.models?.find(([id, , startMs]) => id === modelId && startMs === window.windowStartMs);
    if (hold === undefined) return [modelId, window];
    const tokens = used.reduce((sum, [id, count]) => (id === modelId ? sum + count : sum), window.tokens - hold[1]);
    return [modelId, { ...window, tokens }];
  });
}

function hasModel({ models }: Lease, modelId: string): boolean {
  return models?.some(([id]) => id === modelId) ?? false;
}
