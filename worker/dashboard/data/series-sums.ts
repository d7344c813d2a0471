/** Sums over the stretches of a time series: what tiles and legends show beside the curves. */
import type { SeriesBucket } from '../../../shared/observed.ts';

export interface SeriesSums {
  readonly requests: number;
  readonly succeeded: number;
  readonly refused: number;
  readonly costNanoUsd: number;
  readonly allLargeNanoUsd: number;
  readonly allSmallNanoUsd: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly fallbacks: number;
  readonly escalations: number;
  readonly rescues: number;
  readonly cacheHits: number;
}

export function sumBuckets(buckets: readonly SeriesBucket[]): SeriesSums {
  const sum = (read: (bucket: SeriesBucket) => number): number => buckets.reduce((total, bucket) => total + read(bucket), 0);
  return {
    requests: sum((bucket) => bucket.requests),
    succeeded: sum((bucket) => bucket.succeeded),
    refused: sum((bucket) => bucket.refused),
    costNanoUsd: sum((bucket) => bucket.cost_nano_usd),
    allLargeNanoUsd: sum((bucket) => bucket.all_large_cost_nano_usd),
    allSmallNanoUsd: sum((bucket) => bucket.all_small_cost_nano_usd),
    promptTokens: sum((bucket) => bucket.prompt_tokens),
    completionTokens: sum((bucket) => bucket.completion_tokens),
    fallbacks: sum((bucket) => bucket.fallbacks),
    escalations: sum((bucket) => bucket.escalations),
    rescues: sum((bucket) => bucket.rescues),
    cacheHits: sum((bucket) => bucket.cache_hits),
  };
}

/** Each value with all before it: 1, 2, 3 → 1, 3, 6. */
export function runningTotal(values: readonly number[]): number[] {
  let total = 0;
  return values.map((value) => (total += value));
}
