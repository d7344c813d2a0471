import { describe, expect, it } from 'vitest';
import { afterRetryAfterMs, backoffMs } from '../../../worker/core/route/backoff.ts';

const config = { backoff_base_ms: 100, backoff_max_ms: 2000 };
const almostOne = 1 - Number.EPSILON;

describe('backoff', () => {
  it.each([
    [0, 99],
    [1, 199],
    [2, 399],
    [4, 1599],
    [5, 1999],
    [1_000_000, 1999],
  ])('waits from 0 up to the doubled base: after %i retries at most %i ms', (retries, mostMs) => {
    expect(backoffMs(retries, () => 0, config)).toBe(0);
    expect(backoffMs(retries, () => almostOne, config)).toBe(mostMs);
  });

  it.each([
    [2000, 0, 2000],
    [2000, almostOne, 2099],
    [0.5, 0, 1],
    [-5, 0, 0],
  ])('never comes back before the time it was told: %d ms with random %d waits %i ms', (retryAfterMs, random, expected) => {
    expect(afterRetryAfterMs(retryAfterMs, () => random, config)).toBe(expected);
  });
});
