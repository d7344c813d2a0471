import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatUsd,
  nanoUsdFromPicoUsd,
  nanoUsdFromUsd,
  percentile,
  percentileIndex,
  percentOf,
  picoUsdPerToken,
} from '../../../shared/units.ts';

describe('money', () => {
  it.each([
    [0.1, 100_000],
    [0.8, 800_000],
    [0.0375, 37_500],
    [0.000001, 1],
    [0, 0],
    [100_000, 100_000_000_000],
  ])('reads %d USD per million tokens as %d pico-USD per token', (usd, pico) => {
    expect(picoUsdPerToken(usd)).toBe(pico);
  });

  it('rounds pico-USD up to whole nano-USD and leaves whole ones alone', () => {
    expect([0, 1, 999, 1000, 1001, 100_000].map(nanoUsdFromPicoUsd)).toEqual([0, 1, 1, 1, 2, 100]);
  });

  it.each([
    [0, '0.00'],
    [100, '0.0000001'],
    [1_500_000_000, '1.50'],
    [-2_000_000_000, '-2.00'],
    [-1, '-0.000000001'],
    [12_345_678_901, '12.345678901'],
    [9_000_000_000_000_000, '9000000.00'],
  ])('writes %d nano-USD as %s', (nanoUsd, text) => {
    expect(formatUsd(nanoUsd)).toBe(text);
  });

  it('writes what reads back as the same amount', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9e15, max: 9e15 }), (nanoUsd) => {
        const text = formatUsd(nanoUsd);
        expect(text).toMatch(/^-?\d+\.\d{2,9}$/);
        expect(BigInt(text.replace('.', '') + '0'.repeat(9 - (text.split('.')[1]?.length ?? 0)))).toBe(BigInt(nanoUsd));
      }),
    );
  });

  it('keeps cents exact', () => {
    expect([0.01, 0.1, 0.29, 4.35, 1_000_000].map(nanoUsdFromUsd)).toEqual([1e7, 1e8, 2.9e8, 4.35e9, 1e15]);
  });
});

describe('shares and percentiles', () => {
  it('knows no share of nothing', () => {
    expect(percentOf(0, 0)).toBeNull();
    expect(percentOf(2, 3)).toBe(66.67);
  });

  it('takes the 31st of 60 values as P50 and the 58th as P95', () => {
    const values = Array.from({ length: 60 }, (_, index) => index + 1);
    expect(percentile(values, 50)).toBe(31);
    expect(percentile(values, 95)).toBe(58);
  });

  it.each([
    [0, 50, null],
    [1, 99, 0],
    [100, 100, 99],
    [100, 99, 99],
    [200, 99, 198],
    [3, 0, 0],
  ])('of %d values takes index for P%d: %s', (count, percent, index) => {
    expect(percentileIndex(count, percent)).toBe(index);
  });
});
