/** What the ledger keeps by time, as the JSON of `GET /stats/series`. */
import type { RangeId, Series, SeriesBucket } from '../../../shared/observed.ts';
import { endingIds } from '../../../shared/records.ts';
import { seriesCountIds, type SeriesCountId, type SeriesParts, type SeriesSums, startOf, sumSeries } from './series.ts';
import { byName, latencyStats } from './stats.ts';

/** How long each range's stretches are and how many of them it shows, the one that has begun included. */
const ranges: Readonly<Record<RangeId, { readonly seconds: number; readonly count: number }>> = {
  hour: { seconds: 60, count: 60 },
  day: { seconds: 900, count: 96 },
  week: { seconds: 3600, count: 168 },
  month: { seconds: 21_600, count: 124 },
};

/** When the first of a range's stretches begins. */
export function rangeFrom(range: RangeId, nowMs: number): number {
  const { seconds, count } = ranges[range];
  return startOf(nowMs, seconds) - (count - 1) * seconds * 1000;
}

/** @param parts of any length up to the range's own, from `rangeFrom` on */
export function toSeries(range: RangeId, parts: SeriesParts, nowMs: number): Series {
  const { seconds, count } = ranges[range];
  const fromMs = rangeFrom(range, nowMs);
  const groups = Map.groupBy(parts, ([startMs]) => startOf(startMs, seconds));
  const buckets = Array.from({ length: count }, (_, index) => {
    const startMs = fromMs + index * seconds * 1000;
    return toBucket(startMs, sumSeries((groups.get(startMs) ?? []).map(([, sums]) => sums)));
  });
  return { range, bucket_seconds: seconds, buckets };
}

function toBucket(startMs: number, { counts, endings, models }: SeriesSums): SeriesBucket {
  const count = (id: SeriesCountId): number => counts[seriesCountIds.indexOf(id)] ?? 0;
  const ended = new Map<string, number>(endings);
  return {
    at: new Date(startMs).toISOString(),
    requests: count('requests'),
    succeeded: count('succeeded'),
    refused: count('refused'),
    cost_nano_usd: count('costNanoUsd'),
    all_large_cost_nano_usd: count('allLargeCostNanoUsd'),
    all_small_cost_nano_usd: count('allSmallCostNanoUsd'),
    prompt_tokens: count('promptTokens'),
    completion_tokens: count('completionTokens'),
    routing: { small: count('small'), large: count('large'), vision: count('vision') },
    endings: Object.fromEntries(endingIds.flatMap((id) => ((ended.get(id) ?? 0) === 0 ? [] : [[id, ended.get(id)]]))),
    fallbacks: count('fallbacks'),
    escalations: count('escalations'),
    rescues: count('rescues'),
    cache_hits: count('cacheHits'),
    models: byName(models, ({ requests, costNanoUsd, latency, firstByte }) => ({
      requests,
      cost_nano_usd: costNanoUsd,
      latency_ms: latencyStats(latency),
      first_byte_ms: latencyStats(firstByte),
    })),
  };
}
