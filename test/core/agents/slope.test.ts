/** Memory over a long run: a line through samples, and how far the end lies above the beginning. */
import { describe, expect, it } from 'vitest';
import { growthOf } from '../../../bench/soak/slope.ts';

const samples = (bytesAt: (minute: number) => number) =>
  Array.from({ length: 31 }, (_, minute) => ({ atMs: minute * 60_000, bytes: bytesAt(minute) }));

describe('growth', () => {
  it('of level memory is nothing', () => {
    expect(growthOf(samples(() => 100e6))).toEqual({ bytesPerHour: 0, from: 100e6, to: 100e6 });
  });

  it('of a leak is its rate', () => {
    const growth = growthOf(samples((minute) => 100e6 + minute * 1e6));
    expect(growth?.bytesPerHour).toBeCloseTo(60e6, 0);
    expect((growth?.to ?? 0) - (growth?.from ?? 0)).toBeCloseTo(21e6, 0);
  });

  it('of a saw is next to nothing', () => {
    const growth = growthOf(samples((minute) => 100e6 + (minute % 3) * 10e6));
    expect(Math.abs(growth?.bytesPerHour ?? Infinity)).toBeLessThan(4e6);
  });

  it('of a few samples is not known', () => {
    expect(growthOf(samples(() => 1).slice(0, 5))).toBeNull();
  });
});
