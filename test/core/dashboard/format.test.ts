/** How the pages write numbers: enough digits to tell something, never more. */
import { describe, expect, it } from 'vitest';
import { count, duration, nanoUsd, percent, short, span, usd } from '../../../worker/dashboard/data/format.ts';

describe('money', () => {
  it.each([
    [null, '–'],
    [0, '$0'],
    [0.0000001, '$0.0000001'],
    [0.000012345, '$0.0000123'],
    [0.0713, '$0.0713'],
    [0.57, '$0.57'],
    [0.6, '$0.60'],
    [12.345, '$12.35'],
    [999.999, '$1,000.00'],
    [12_345.6, '$12,346'],
    [-0.5, '-$0.50'],
  ])('%s USD is %s', (value, text) => expect(usd(value)).toBe(text));

  it('nano-USD are the same', () => expect(nanoUsd(71_300_000)).toBe(usd(0.0713)));
});

describe('durations', () => {
  it.each([
    [null, '–'],
    [0.4, '0 ms'],
    [999.4, '999 ms'],
    [1234, '1.23 s'],
    [12_340, '12.3 s'],
    [125_000, '2 min 5 s'],
  ])('%s ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

  it.each([
    [-5, '0 s'],
    [59_000, '59 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
    [200_000_000, '2 d'],
  ])('%s ms ago is %s', (ms, text) => expect(span(ms)).toBe(text));
});

describe('counts and shares', () => {
  it.each([
    [9999, '9,999', '9,999'],
    [12_345, '12,345', '12.3K'],
    [7_000_000, '7,000,000', '7M'],
  ])('%s is %s, and %s where there is little room', (value, long, brief) => {
    expect([count(value), short(value)]).toEqual([long, brief]);
  });

  it.each([
    [0, 0, '–'],
    [0, 9, '0 %'],
    [1, 200, '0.5 %'],
    [2, 3, '67 %'],
  ])('%s of %s is %s', (part, all, text) => expect(percent(part, all)).toBe(text));
});
