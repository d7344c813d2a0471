import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { driftOf, stabilityIndex } from '../../../worker/core/ledger/drift.ts';

const spread = (low: number, high: number) => Array.from({ length: 20 }, (_, at) => (at < 10 ? low : high));

describe('the population stability index', () => {
  // By hand: shares 0.5/0.5 against 0.7/0.3 give 0.2·ln(7/5) + 0.2·ln(5/3) = 0.16946.
  it('is the sum of differences times log ratios', () => {
    expect(stabilityIndex([500_000, 500_000], [700_000, 300_000])).toBeCloseTo(0.16946, 4);
  });

  it('is 0 for equal spreads, whatever their size, and the same both ways', () => {
    const counts = fc.array(fc.nat(1000), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        expect(stabilityIndex(a, a)).toBe(0);
        expect(stabilityIndex(a, b)).toBeCloseTo(stabilityIndex(b, a), 12);
        expect(stabilityIndex(a, b)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('takes an empty bucket for a rare one', () => {
    expect(stabilityIndex([100, 0], [0, 100])).toBeGreaterThan(1);
    expect(Number.isFinite(stabilityIndex([100, 0], [0, 100]))).toBe(true);
  });
});

describe('drift', () => {
  it.each([
    ['the same spread', spread(500, 500), 'stable', 0],
    ['a tenth of the requests moved', spread(550, 450), 'stable', 0.01],
    ['a fifth of the weight moved', spread(700, 300), 'moderate', 0.169],
    ['most of it moved', spread(900, 100), 'shifted', 0.878],
  ])('reads %s', (_, counts, reading, psi) => {
    const drift = driftOf(spread(500, 500), counts);
    expect(drift?.reading).toBe(reading);
    expect(drift?.psi).toBeCloseTo(psi, 2);
  });

  it('has no reading while chance alone could show so much', () => {
    // Nine degrees of freedom: 9 · (1/100 + 1/10000) = 0.091.
    expect(driftOf(spread(500, 500), spread(10, 0))).toMatchObject({ by_chance: expect.closeTo(0.0909, 4), reading: null });
    expect(driftOf(spread(500, 500), spread(20, 0))?.reading).toBe('shifted');
  });

  it('is unknown without requests or without a reference', () => {
    expect(driftOf(spread(0, 0), spread(5, 5))).toBeNull();
    expect(driftOf(spread(5, 5), [])).toBeNull();
    expect(driftOf([], spread(5, 5))).toBeNull();
  });

  it('shows by chance what chance shows: two samples of one spread', () => {
    // A fixed sequence of uniform numbers plays chance.
    let state = 7;
    const uniform = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
    const sample = () => {
      const counts = spread(0, 0);
      for (let i = 0; i < 1000; i += 1) {
        const bucket = Math.floor(uniform() * 20);
        counts[bucket] = (counts[bucket] ?? 0) + 1;
      }
      return counts;
    };
    const drifts = Array.from({ length: 200 }, () => driftOf(sample(), sample())?.psi ?? 1);
    const mean = drifts.reduce((sum, psi) => sum + psi, 0) / drifts.length;
    expect(mean).toBeGreaterThan(0.016);
    expect(mean).toBeLessThan(0.02);
    expect(driftOf(sample(), sample())?.by_chance).toBeCloseTo(0.018, 12);
  });
});
