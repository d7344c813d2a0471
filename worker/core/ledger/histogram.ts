/**
 * A mergeable histogram of durations: log-spaced buckets, so that percentiles over any number of isolates and shards stay within a
 * stated error. Plain JSON; empty buckets take no room.
 */
import { percentileIndex } from '../../../shared/units.ts';

export interface Histogram {
  readonly count: number;
  readonly sumMs: number;
  /** Bucket number and how many fell into it, ascending, no zero counts. At most `maxBucket` + 1 entries. */
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
}

/** Upper edges grow by 5 % a bucket; the middle of a bucket is at most 2.44 % from every value in it. */
const growth = 1.05;
/** The bucket of one hour, the longest timeout the configuration allows. Longer durations are counted there. */
const maxBucket = Math.ceil(Math.log(3_600_000) / Math.log(growth));

export const emptyHistogram: Histogram = { count: 0, sumMs: 0, buckets: [] };

/** The bucket of a duration: 0 for up to 1 ms, else the n for which 1.05^(n-1) < ms ≤ 1.05^n. */
export function bucketOf(durationMs: number): number {
  if (!(durationMs > 1)) return 0;
  return Math.min(maxBucket, Math.ceil(Math.log(durationMs) / Math.log(growth)));
}

/** A histogram of these durations, each rounded to whole milliseconds so that sums stay integers. */
export function histogramOf(durationsMs: readonly number[]): Histogram {
  if (durationsMs.length === 0) return emptyHistogram;
  const counts = new Map<number, number>();
  let sumMs = 0;
  for (const durationMs of durationsMs) {
    const wholeMs = Math.max(0, Math.round(durationMs));
    const bucket = bucketOf(wholeMs);
    sumMs += wholeMs;
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return { count: durationsMs.length, sumMs, buckets: inOrder(counts) };
}

function inOrder(counts: ReadonlyMap<number, number>): Histogram['buckets'] {
  return [...counts].sort(([a], [b]) => a - b);
}

/** Adds any number of histograms; their order and grouping do not matter. */
export function sumHistograms(histograms: readonly Histogram[]): Histogram {
  const counts = new Map<number, number>();
  let sumMs = 0;
  let total = 0;
  for (const histogram of histograms) {
    total += histogram.count;
    sumMs += histogram.sumMs;
    for (const [bucket, count] of histogram.buckets) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  }
  return { count: total, sumMs, buckets: inOrder(counts) };
}

/**
 * The percentile by `shared/units.ts`' convention, in milliseconds, at most 2.44 % off the exact one for durations up to one
 * hour; `null` when empty. Durations of up to 1 ms read as 1.
 */
export function quantileMs(histogram: Histogram, percent: number): number | null {
  const index = percentileIndex(histogram.count, percent);
  if (index === null) return null;
  let seen = 0;
  for (const [bucket, count] of histogram.buckets) {
    seen += count;
    if (seen > index) return bucket === 0 ? 1 : (2 * growth ** bucket) / (growth + 1);
  }
  return null;
}

/** The longest duration of a bucket, in the whole milliseconds that are counted: counting buckets up to it counts the durations up to it. */
export function longestOfMs(bucket: number): number {
  return bucket === 0 ? 1 : Math.floor(growth ** bucket);
}
