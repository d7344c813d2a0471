/**
 * What tokens cost: prices are normalised once at load, and all later arithmetic is in integers. Knows nothing of models or price sources.
 */
import type { Usage } from '../../../shared/usage.ts';
import type { ModelConfig } from '../../../shared/config.ts';
import { nanoUsdFromPicoUsd, percentOf, picoUsdPerToken } from '../../../shared/units.ts';
import { rememberedByObject } from '../text/remembered.ts';

/** A model's price in integer pico-USD per token. */
export interface NormalisedPrice {
  readonly inputPicoUsd: number;
  readonly cachedInputPicoUsd: number;
  readonly outputPicoUsd: number;
  readonly cacheWritePicoUsd: number;
}

/** Turns a configured price (USD per million tokens) into integers, once. */
export const normalisePrice = rememberedByObject((price: ModelConfig['price']): NormalisedPrice => ({
  inputPicoUsd: picoUsdPerToken(price.input_per_million_usd),
  cachedInputPicoUsd: picoUsdPerToken(price.cached_input_per_million_usd),
  outputPicoUsd: picoUsdPerToken(price.output_per_million_usd),
  cacheWritePicoUsd: picoUsdPerToken(price.cache_write_per_million_usd ?? price.input_per_million_usd),
}));

/**
 * The price of one attempt's tokens in integer nano-USD, never negative, rounded up once over the whole sum.
 *
 * Cached prompt tokens have their own price and are part of `promptTokens`, so they are subtracted first (billing them twice is the
 * classic mistake); so are those that were written into a cache. Unknown cached tokens count as zero. Reasoning tokens are part of
 * `completionTokens` and have no separate price.
 */
export function priceUsage(price: NormalisedPrice, usage: Usage): number {
  const promptTokens = Math.max(0, usage.promptTokens);
  const cachedTokens = Math.min(promptTokens, Math.max(0, usage.cachedTokens ?? 0));
  const writtenTokens = Math.min(promptTokens - cachedTokens, Math.max(0, usage.cacheWriteTokens ?? 0));
  const completionTokens = Math.max(0, usage.completionTokens);
  return nanoUsdFromPicoUsd(
    (promptTokens - cachedTokens - writtenTokens) * price.inputPicoUsd +
      cachedTokens * price.cachedInputPicoUsd +
      writtenTokens * price.cacheWritePicoUsd +
      completionTokens * price.outputPicoUsd,
  );
}

export interface Savings {
  /** Negative when routing cost more than the large model alone would have. */
  readonly nanoUsd: number;
  /** Of the all-large cost; `null` when that is 0. */
  readonly percent: number | null;
}

/** Savings against sending everything to the large model. */
export function savings(costNanoUsd: number, allLargeCostNanoUsd: number): Savings {
  const nanoUsd = allLargeCostNanoUsd - costNanoUsd;
  return { nanoUsd, percent: percentOf(nanoUsd, allLargeCostNanoUsd) };
}
