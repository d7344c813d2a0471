/**
 * What a whole request cost, over every attempt that produced tokens, beside what the same answer would have cost on the large model and
 * on the small one: the two ends between which routing moves.
 */
import type { Usage } from '../../../shared/usage.ts';
import type { AttemptUsage } from '../../../shared/records.ts';
import { priceUsage, type NormalisedPrice } from './price.ts';

export interface BilledAttempt {
  /** Configured model id. */
  readonly model: string;
  readonly price: NormalisedPrice;
  readonly usage: Usage;
  /** Milliseconds of its GPU's time, and what an hour of that card costs, in nano-USD; null without a configured card. */
  readonly gpu: { readonly usedMs: number; readonly hourNanoUsd: number } | null;
  /** See `AttemptUsage`. */
  readonly isPartOfAnswer: boolean;
}

const hourMs = 3_600_000;

export interface RequestCost {
  readonly attemptUsages: readonly AttemptUsage[];
  readonly costNanoUsd: number;
  readonly allLargeCostNanoUsd: number;
  readonly allSmallCostNanoUsd: number;
  readonly isEstimated: boolean;
}

/**
 * Prices a request. Attempts come in the order they were made. Without a model of a tier (`null`) what everything would have cost there
 * equals the cost, so that no saving is claimed. A request without attempts (a cache hit, a refusal by the model server) costs 0 either way: what a cache
 * saves is not the router's merit.
 */
export function requestCost(
  attempts: readonly BilledAttempt[],
  prices: { readonly large: NormalisedPrice | null; readonly small: NormalisedPrice | null },
): RequestCost {
  const attemptUsages = attempts.map(usageOf);
  const costNanoUsd = attemptUsages.reduce((sum, attempt) => sum + attempt.costNanoUsd, 0);
  const answer = answerUsage(attemptUsages);
  const costOn = (price: NormalisedPrice | null): number =>
    price === null ? costNanoUsd : answer === null ? 0 : priceUsage(price, answer);
  return {
    attemptUsages,
    costNanoUsd,
    allLargeCostNanoUsd: costOn(prices.large),
    allSmallCostNanoUsd: costOn(prices.small),
    isEstimated: attemptUsages.some(({ usage }) => usage.isEstimated),
  };
}

function usageOf({ model, price, usage, gpu, isPartOfAnswer }: BilledAttempt): AttemptUsage {
  const costNanoUsd = priceUsage(price, usage);
  if (gpu === null) return { model, usage, costNanoUsd, isPartOfAnswer };
  const gpuMs = Math.round(gpu.usedMs);
  const gpuNanoUsd = Math.round((gpu.usedMs * gpu.hourNanoUsd) / hourMs);
  return { model, usage, costNanoUsd, gpuMs, gpuNanoUsd, isPartOfAnswer };
}

/**
 * The tokens of the answer as one model would have produced it in one go: the prompt of its first part (a continuation reads the
 * beginning again, which only a rescue needs) and the completions of all parts. When no attempt became part of an answer the last one
 * stands for it. `null` without attempts.
 */
export function answerUsage(attempts: readonly Pick<AttemptUsage, 'usage' | 'isPartOfAnswer'>[]): Usage | null {
  const [only] = attempts;
  if (attempts.length === 1 && only !== undefined) return only.usage;
  const parts = attempts.filter(({ isPartOfAnswer }) => isPartOfAnswer);
  const used = parts.length > 0 ? parts : attempts.slice(-1);
  const first = used[0];
  if (first === undefined) return null;
  const reasoning = used.map(({ usage }) => usage.reasoningTokens);
  return {
    promptTokens: first.usage.promptTokens,
    completionTokens: used.reduce((sum, { usage }) => sum + usage.completionTokens, 0),
    cachedTokens: first.usage.cachedTokens,
    reasoningTokens: reasoning.every((tokens) => tokens === null)
      ? null
      : reasoning.reduce<number>((sum, tokens) => sum + (tokens ?? 0), 0),
    isEstimated: used.some(({ usage }) => usage.isEstimated),
  };
}
