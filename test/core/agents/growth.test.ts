/** Cost and saturation at rates that nobody measured, from those that were. */
import { describe, expect, it } from 'vitest';
import { cloudflare, costOfMillion, type Deployment, fitRate, isolatesAt, saturatesAt } from '../../../bench/scale/growth.ts';

const deployment: Deployment = {
  perIsolate: 50,
  cpuMs: 10,
  rows: { perRequest: 2, perSecond: 1 },
  calls: { perRequest: 1, perSecond: 3 },
  awakeObjects: 8,
};

describe('what one isolate does', () => {
  it('is told apart into what a request and what a second takes', () => {
    const points = [2, 10, 40].map((perSecond) => ({ perSecond, countPerSecond: 3 + 0.5 * perSecond }));
    expect(fitRate(points).perRequest).toBeCloseTo(0.5, 9);
    expect(fitRate(points).perSecond).toBeCloseTo(3, 9);
  });

  it.each<[what: string, counts: readonly number[]]>([
    ['falls with the rate', [30, 20, 10]],
    ['grows faster than the rate', [1, 20, 200]],
    ['is nothing', [0, 0, 0]],
  ])('has no part below nothing, where a count %s', (_, counts) => {
    const { perRequest, perSecond } = fitRate(
      [2, 10, 40].map((rate, at) => ({ perSecond: rate, countPerSecond: counts[at] ?? 0 })),
    );
    expect([perRequest >= 0, perSecond >= 0]).toEqual([true, true]);
  });
});

describe('a million requests', () => {
  it('cost the sum of their parts', () => {
    const { requests, cpu, calls, rows, duration, all } = costOfMillion(1, deployment, cloudflare);
    expect([requests, cpu, calls, rows]).toEqual([0.3, 0.2, 0.6, 3]);
    expect(duration).toBeCloseTo(12.8, 9);
    expect(all).toBeCloseTo(16.9, 9);
  });

  it('cost no more at a higher rate, and never less than what each of them takes', () => {
    const all = [1, 10, 50, 100, 1000, 10_000].map((rate) => costOfMillion(rate, deployment, cloudflare).all);
    expect(all).toEqual(all.toSorted((a, b) => b - a));
    expect(all.at(-1)).toBeGreaterThan(0.3 + 0.2 + 0.15 + 2);
  });
});

describe('an object', () => {
  it('is full when the calls of all isolates come to its limit', () => {
    expect(saturatesAt({ perRequest: 1, perSecond: 0 }, 1, 1000, 50)).toBe(1000);
    expect(saturatesAt({ perRequest: 0, perSecond: 2 }, 4, 1000, 50)).toBe(100_000);
    expect(saturatesAt({ perRequest: 0, perSecond: 0 }, 1, 1000, 50)).toBeNull();
  });

  it('has at least one isolate before it', () => {
    expect([isolatesAt(1, 50), isolatesAt(51, 50), isolatesAt(10_000, 50)]).toEqual([1, 2, 200]);
  });
});
