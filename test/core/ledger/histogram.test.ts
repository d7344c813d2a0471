import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentile } from '../../../shared/units.ts';
import {
  bucketOf,
  emptyHistogram,
  histogramOf,
  quantileMs,
  sumHistograms,
  type Histogram,
} from '../../../worker/core/ledger/histogram.ts';

const merge = (...histograms: Histogram[]) => sumHistograms(histograms);
const oneByOne = (durations: readonly number[]): Histogram => sumHistograms(durations.map((duration) => histogramOf([duration])));
const durations = fc.array(fc.integer({ min: 1, max: 3_600_000 }), { minLength: 1, maxLength: 200 });

describe('histogram', () => {
  it('reads every percentile within the stated error of the exact one', () => {
    fc.assert(
      fc.property(durations, fc.integer({ min: 0, max: 100 }), (values, percent) => {
        const exact =
          percentile(
            [...values].sort((a, b) => a - b),
            percent,
          ) ?? Number.NaN;
        const read = quantileMs(oneByOne(values), percent) ?? Number.NaN;
        expect(Math.abs(read - exact) / exact).toBeLessThan(0.02441);
      }),
    );
  });

  it('merges to the same histogram in any order and grouping', () => {
    fc.assert(
      fc.property(durations, durations, durations, (x, y, z) => {
        const [a, b, c] = [oneByOne(x), oneByOne(y), oneByOne(z)] as [Histogram, Histogram, Histogram];
        expect(merge(a, b)).toEqual(merge(b, a));
        expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)));
        expect(merge(a, b)).toEqual(oneByOne([...x, ...y]));
      }),
    );
  });

  it('is empty without values, and knows no percentile then', () => {
    expect(quantileMs(emptyHistogram, 50)).toBeNull();
    expect(merge(emptyHistogram, emptyHistogram)).toEqual(emptyHistogram);
  });

  it.each([0, -5, Number.NaN, 0.4, 1])('counts %d ms in the first bucket', (durationMs) => {
    expect(bucketOf(durationMs)).toBe(0);
  });

  it('counts whatever is longer than an hour in the last of 311 buckets', () => {
    expect(bucketOf(3_600_000)).toBe(310);
    expect(bucketOf(1e15)).toBe(310);
    expect(bucketOf(Number.POSITIVE_INFINITY)).toBe(310);
  });

  it('never gives a longer duration a lower bucket', () => {
    let last = 0;
    for (let durationMs = 1; durationMs < 50_000; durationMs += 1) {
      const bucket = bucketOf(durationMs);
      expect(bucket).toBeGreaterThanOrEqual(last);
      last = bucket;
    }
  });
});
