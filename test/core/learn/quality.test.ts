/** What routing gives up, from answers graded side by side. */
import { describe, expect, it } from 'vitest';
import { type PairSums, qualityOf } from '../../../worker/core/learn/quality.ts';

const sumsOf = (values: readonly number[], shownSmall = values.length): PairSums => ({
  pairs: values.length,
  shownSmall,
  givenUp: values.reduce((sum, value) => sum + value, 0),
  givenUpSquared: values.reduce((sum, value) => sum + value * value, 0),
});

describe('the quality given up', () => {
  it('is the mean of what the large model would have been better, with the interval of a mean', () => {
    const quality = qualityOf(sumsOf([...Array.from({ length: 50 }, () => 1), ...Array.from({ length: 50 }, () => 0)], 80));
    expect(quality).toMatchObject({ pairs: 100, shownSmall: 80, givenUp: { value: 0.5 } });
    expect(quality?.givenUp.low).toBeCloseTo(0.5 - 1.96 * Math.sqrt(25 / 99 / 100), 9);
    expect(quality?.givenUp.high).toBeCloseTo(0.5 + 1.96 * Math.sqrt(25 / 99 / 100), 9);
  });

  it('has no width where every pair says the same, whatever rounding makes of the squares', () => {
    expect(qualityOf(sumsOf(Array.from({ length: 30 }, () => 0.1)))?.givenUp.low).toBeCloseTo(0.1, 6);
  });

  it('is below 0 where the small model was better', () => {
    expect(qualityOf(sumsOf(Array.from({ length: 12 }, (_, at) => (at % 2 === 0 ? -1 : 0))))?.givenUp.value).toBe(-0.5);
  });

  it('is not told of a handful', () => {
    expect(qualityOf(sumsOf([1, 0, 1]))).toBeNull();
  });
});
