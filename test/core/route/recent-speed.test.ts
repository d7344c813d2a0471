import { describe, expect, it } from 'vitest';
import { leastSpeed, noteSpeed, type RecentSpeeds } from '../../../worker/core/route/recent-speed.ts';

const after = (...answers: readonly (readonly [tokens: number, tookMs: number, atMs: number])[]): RecentSpeeds =>
  answers.reduce<RecentSpeeds>((speeds, [tokens, tookMs, atMs]) => noteSpeed(speeds, tokens, tookMs, atMs), []);

describe('the speed of a model', () => {
  it('is that of its slowest recent answer', () => {
    expect(leastSpeed(after([100, 1000, 0], [30, 1000, 1000], [500, 1000, 2000]), 2000)).toBe(30);
  });

  it('is that of the fastest of answers that end together: what the isolate is late with is late for all', () => {
    const others = [
      [100, 1000, 0],
      [90, 1000, 1000],
    ] as const;
    expect(leastSpeed(after(...others, [5, 1000, 2000], [95, 1000, 2050], [7, 1000, 2099]), 2099)).toBe(90);
    expect(leastSpeed(after(...others, [5, 1000, 2000], [95, 1000, 2100]), 2100)).toBe(5);
  });

  it('is not known from fewer than three answers, together or not', () => {
    expect(leastSpeed(after([100, 1000, 0], [100, 1000, 0]), 0)).toBeNull();
    expect(leastSpeed(after([100, 1000, 0], [100, 1000, 1000]), 1000)).toBeNull();
    expect(leastSpeed(after([100, 1000, 0], [100, 1000, 0], [90, 1000, 0]), 0)).toBe(100);
  });

  it('is forgotten after two minutes', () => {
    const speeds = after([10, 1000, 0], [100, 1000, 5000], [100, 1000, 5000], [100, 1000, 5000]);
    expect(leastSpeed(speeds, 119_999)).toBe(10);
    expect(leastSpeed(speeds, 120_000)).toBe(100);
    expect(leastSpeed(speeds, 125_000)).toBeNull();
  });

  it('is that of the last eight times that answers ended', () => {
    const fast = Array.from({ length: 7 }, (_, index) => [100, 1000, 1000 + index * 100] as const);
    expect(leastSpeed(after([10, 1000, 0], ...fast), 1600)).toBe(10);
    expect(leastSpeed(after([10, 1000, 0], ...fast, [100, 1000, 1700]), 1700)).toBe(100);
  });

  it('is finite where no time has passed', () => {
    expect(leastSpeed(after([5, 0, 0], [5, 0, 0], [5, 0, 0]), 0)).toBe(5000);
  });
});
