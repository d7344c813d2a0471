/** The days of the chart on a key's own page. */
import { describe, expect, it } from 'vitest';
import { stretchFrom } from '../../../worker/dashboard/data/format.ts';
import { costByDay } from '../../../worker/dashboard/usage/usage-answer.ts';
import type { KeyBreakdown } from '../../../shared/records.ts';

const used = (...days: readonly (readonly [string, number])[]): KeyBreakdown =>
  days.map(([day, cost_usd]) => ({ day, cost_usd }) as unknown as KeyBreakdown[number]);
const named = (rows: KeyBreakdown, from: string, to: string): string[] =>
  costByDay(rows, { from, to }).map(({ day, costUsd }) => `${day.slice(5)} ${costUsd}`);

describe('the days of a range', () => {
  const rows = used(['2026-02-28', 2], ['2026-02-26', 1]);
  it.each([
    [
      'are all there, also those on which nothing was used',
      '2026-02-25',
      '2026-03-01',
      ['02-25 0', '02-26 1', '02-27 0', '02-28 2', '03-01 0'],
    ],
    ['begin with the first one in use where the range is open', '', '2026-02-28', ['02-26 1', '02-27 0', '02-28 2']],
    ['end with the last one in use where the range is open', '2026-02-27', '', ['02-27 0', '02-28 2']],
    ['are those in use where the range is open on both sides', '', '', ['02-26 1', '02-27 0', '02-28 2']],
    ['are only those in use where there are years of them', '2019-01-01', '2026-03-01', ['02-26 1', '02-28 2']],
  ])('%s', (_, from, to, expected) => expect(named(rows, from, to)).toEqual(expected));

  it('are none where nothing was used', () => expect(named([], '2026-02-25', '2026-03-01')).toEqual([]));
  it('may be one', () => expect(named(used(['2026-02-28', 2]), '', '')).toEqual(['02-28 2']));
  it('leave out what is no day', () => expect(named(used(['other', 5], ['2026-02-28', 2]), '', '')).toEqual(['02-28 2']));
});

describe('where a stretch of a chart begins', () => {
  it('is the same day in every time zone where it is a whole one', () => {
    expect(stretchFrom('2026-11-30T00:00:00.000Z', 86_400)).toBe('30 Nov');
    expect(stretchFrom('2026-11-30T23:59:59.000Z', 86_400)).toBe('30 Nov');
  });
  it('has a time where it is shorter', () => expect(stretchFrom('2026-11-30T12:00:00.000Z', 3600)).toMatch(/\d\d:\d\d$/));
});
