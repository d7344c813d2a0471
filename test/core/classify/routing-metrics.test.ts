/** The metrics of the routing bench on cases worked out by hand, and the choice of a threshold. */
import { describe, expect, it } from 'vitest';
import { chooseThreshold, type Scored } from '../../../bench/routing/choose-threshold.ts';
import { bootstrap, callsToRecover, gapWeightedApgr, macroF1, routerCurve, shareOf } from '../../../bench/routing/metrics.ts';

const small = [0, 0, 1, 1];
const large = [1, 1, 1, 1];

const apgr = (slice: Parameters<typeof gapWeightedApgr>[0][number]): number => gapWeightedApgr([slice]);

describe('APGR', () => {
  it.each([
    ['0.75 for the router that sends the two that need it first', [4, 3, 2, 1], 0.75],
    ['0.25 for the one that sends them last', [1, 2, 3, 4], 0.25],
    ['0.5 where all scores are equal, for then all enter together', [7, 7, 7, 7], 0.5],
  ])('is %s', (_, score, expected) => expect(apgr({ small, large, score })).toBeCloseTo(expected, 12));
  it('exceeds 1 for an oracle where the large model loses some', () => {
    expect(apgr({ small: [0, 1], large: [1, 1], score: [2, 1] })).toBeLessThan(1);
    expect(apgr({ small: [0, 0, 1], large: [1, 1, 0], score: [3, 2, 1] })).toBeGreaterThan(1);
  });
  it('is read off the curve from all-small to all-large', () => {
    expect(routerCurve({ small, large, score: [4, 3, 2, 1] })).toEqual({
      share: [0, 0.25, 0.5, 0.75, 1],
      quality: [0.5, 0.75, 1, 1, 1],
    });
  });
  it('counts a resample as often as it names a prompt', () => {
    expect(routerCurve({ small, large, score: [4, 3, 2, 1] }, [0, 0, 0, 2]).quality).toEqual([0.25, 1, 1, 1, 1]);
  });
  it('weighs slices by their gap', () => {
    const good = { small, large, score: [4, 3, 2, 1] };
    const flat = { small: [0, 1], large: [1, 0], score: [1, 1] };
    expect(gapWeightedApgr([good, flat])).toBeCloseTo(0.75, 12);
  });
});

describe('CPT', () => {
  it('is the smallest share that recovers the target', () =>
    expect(callsToRecover([{ small, large, score: [4, 3, 2, 1] }], 0.5)).toBeCloseTo(0.25, 3));
});

describe('macro-F1', () => {
  const row = (isLarge: boolean, saidLarge: boolean) => ({ isLarge, saidLarge });
  it('is 1 without mistakes', () => expect(macroF1([row(true, true), row(false, false)])).toBe(1));
  it('is a third when everything is called small and half is large', () =>
    expect(macroF1([row(true, false), row(false, false)])).toBeCloseTo(1 / 3, 12));
});

describe('intervals', () => {
  it('hold the value and repeat for one seed', () => {
    const values = [0, 1, 1, 0, 1, 1, 1, 0, 1, 1];
    const mean = (samples?: readonly ArrayLike<number>[]): number => {
      const picks = samples === undefined ? values.map((_, at) => at) : Array.from(samples[0] ?? []);
      return picks.reduce((sum, at) => sum + (values[at] ?? 0), 0) / picks.length;
    };
    const interval = bootstrap([10], mean);
    expect(interval.low).toBeLessThanOrEqual(interval.value);
    expect(interval.high).toBeGreaterThanOrEqual(interval.value);
    expect(bootstrap([10], mean)).toEqual(interval);
  });
  it('are wide for few rows', () => expect(shareOf(5, 5).low).toBeLessThan(0.6));
});

describe('chooseThreshold', () => {
  const scored: Scored[] = [0.9, 0.7, 0.5, 0.3].map((score, at) => ({ score, tokens: 100, gain: at < 2 ? 0.5 : 0 }));
  it.each([
    ['a share of large', { kind: 'large' as const, value: 0.5 }, { threshold: 0.7, large: 0.5 }],
    ['all to large', { kind: 'large' as const, value: 1 }, { threshold: 0.3, large: 1 }],
    ['none to large', { kind: 'large' as const, value: 0 }, { threshold: 1, large: 0 }],
    ['the lowest threshold within a cost', { kind: 'cost' as const, value: 0.6 }, { threshold: 0.7, large: 0.5 }],
    ['the highest threshold that keeps the quality', { kind: 'quality' as const, value: 1 }, { threshold: 0.7, large: 0.5 }],
  ])('meets %s', (_, target, expected) => expect(chooseThreshold(scored, target, 8)).toMatchObject(expected));
  it('finds nothing for an impossible cost or an empty file', () => {
    expect(chooseThreshold(scored, { kind: 'cost', value: 0.01 }, 8)).toBeNull();
    expect(chooseThreshold([], { kind: 'large', value: 0.5 }, 8)).toBeNull();
  });
});
