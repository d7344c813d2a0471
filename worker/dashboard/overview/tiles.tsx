/** The range in six numbers. */
import type { LatencyStats, Stats } from '../../../shared/records.ts';
import type { SeriesBucket } from '../../../shared/observed.ts';
import { count, duration, nanoUsd, percent, short } from '../data/format.ts';
import { sumBuckets } from '../data/series-sums.ts';
import { Tile } from '../parts/tile.tsx';
import { sinceWords } from './since-words.ts';

interface TilesProps {
  readonly buckets: readonly SeriesBucket[];
  readonly stats: Stats | null;
}

export function Tiles({ buckets, stats }: TilesProps) {
  const sums = sumBuckets(buckets);
  const saved = sums.allLargeNanoUsd - sums.costNanoUsd;
  const failed = sums.requests - sums.succeeded;
  return (
    <dl class="tiles">
      <Tile
        title="Saved"
        isMain
        value={nanoUsd(saved)}
        note={sums.allLargeNanoUsd === 0 ? 'nothing spent' : `${percent(saved, sums.allLargeNanoUsd)} less than all-large`}
        curve={buckets.map((bucket) => bucket.all_large_cost_nano_usd - bucket.cost_nano_usd)}
      />
      <Tile
        title="Cost"
        value={nanoUsd(sums.costNanoUsd)}
        note={`all-large ${nanoUsd(sums.allLargeNanoUsd)}`}
        curve={buckets.map((bucket) => bucket.cost_nano_usd)}
      />
      <Tile
        title="Requests"
        value={short(sums.requests)}
        note={`${count(failed)} not answered, ${count(sums.refused)} refused`}
        curve={buckets.map((bucket) => bucket.requests)}
      />
      <Tile
        title="Tokens"
        value={short(sums.promptTokens + sums.completionTokens)}
        note={`${short(sums.promptTokens)} in, ${short(sums.completionTokens)} out`}
        curve={buckets.map((bucket) => bucket.prompt_tokens + bucket.completion_tokens)}
      />
      <Tile
        title="Latency P95"
        value={duration(stats?.latency_ms.p95 ?? null)}
        note={others(stats?.latency_ms)}
        foot={stats === null ? '' : sinceWords(stats)}
      />
      <Tile
        title="First token P95"
        value={duration(stats?.first_byte_ms.p95 ?? null)}
        note={others(stats?.first_byte_ms)}
        foot={stats === null ? '' : sinceWords(stats)}
      />
    </dl>
  );
}

function others(latency: LatencyStats | undefined): string {
  return latency === undefined || latency.count === 0 ? '' : `P50 ${duration(latency.p50)}, P99 ${duration(latency.p99)}`;
}
