import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aggregate } from '../../../worker/core/ledger/aggregate.ts';
import { scoresByBucket, dayOf, maxDays } from '../../../worker/core/ledger/days.ts';
import { emptyDelta, type LedgerDelta, mergeDelta, mergeDeltas } from '../../../worker/core/ledger/delta.ts';
import { plainEntry } from './entry.ts';

const dayMs = 86_400_000;
const start = Date.UTC(2026, 10, 21);
const on = (day: number, score = 0.1) =>
  aggregate([{ ...plainEntry, atMs: start + day * dayMs, scored: { version: 'v', score } }]);
const daysIn = (delta: LedgerDelta) => (delta.days ?? []).map(([day]) => day);

describe('the day', () => {
  it.each([
    [start, '2026-11-21'],
    [start - 1, '2026-11-20'],
    [start + dayMs - 1, '2026-11-21'],
  ])('of %i is %s', (atMs, day) => expect(dayOf(atMs)).toBe(day));
});

describe('a score', () => {
  it.each([
    [0, 0],
    [0.049, 0],
    [0.05, 1],
    [0.6, 12],
    [0.999, 19],
    [1, 19],
  ])('of %d lies in bucket %i of twenty', (score, bucket) => expect(scoresByBucket([score]).indexOf(1)).toBe(bucket));

  it('is counted under its day and classifier, and not at all when the client chose the model', () => {
    const delta = mergeDeltas([on(0, 0.1), on(0, 0.12), on(0, 0.97), aggregate([{ ...plainEntry, atMs: start, scored: null }])]);
    expect(delta.days).toEqual([['2026-11-21', { scores: [['v', scoresByBucket([0.1, 0.12, 0.97])]], judged: [] }]]);
    expect(scoresByBucket([0.1, 0.12, 0.97])).toEqual([0, 0, 2, ...Array.from({ length: 16 }, () => 0), 1]);
  });
});

describe('judged answers', () => {
  it('are counted under the model that was judged, over all time and by day', () => {
    const judged = (isEscalated: boolean) => ({ ...plainEntry, atMs: start, judged: { model: 'small-model', isEscalated } });
    const delta = aggregate([judged(true), judged(false), judged(false), { ...plainEntry, atMs: start }]);
    const expected = [['small-model', [3, 1]]];
    expect(delta.judged).toEqual(expected);
    expect(delta.days?.[0]?.[1].judged).toEqual(expected);
  });
});

describe('the newest days', () => {
  it(`are kept, ${maxDays} of them, whatever order they come in`, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 40 }), (days) => {
        const wanted = [...new Set(days)].sort((a, b) => b - a).slice(0, maxDays);
        const together = mergeDeltas(days.map((day) => on(day)));
        const oneByOne = days.reduce((sum, day) => mergeDelta(sum, on(day)), emptyDelta);
        expect(daysIn(together)).toEqual(wanted.map((day) => dayOf(start + day * dayMs)));
        expect(oneByOne.days).toEqual(together.days);
      }),
    );
  });

  it('keep their sums in any grouping', () => {
    const some = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 1, noNaN: true })), {
      maxLength: 12,
    });
    const deltaOf = (pairs: readonly (readonly [number, number])[]) => mergeDeltas(pairs.map(([day, score]) => on(day, score)));
    fc.assert(
      fc.property(some, some, some, (x, y, z) => {
        const [a, b, c] = [deltaOf(x), deltaOf(y), deltaOf(z)];
        expect(mergeDelta(mergeDelta(a, b), c)).toEqual(mergeDelta(a, mergeDelta(b, c)));
      }),
    );
  });

  it('are missing in what an earlier version counted, which is merged as it is', () => {
    const { days: _days, judged: _judged, ...earlier } = aggregate([plainEntry]);
    expect(mergeDelta(earlier, on(0))).toMatchObject({ totals: { requests: 2 }, days: on(0).days });
  });

  it('tell eight classifiers apart and count further ones together', () => {
    const versions = Array.from({ length: 12 }, (_, at) => ({ ...plainEntry, scored: { version: `v${at}`, score: 0.5 } }));
    const scores = aggregate(versions).days?.[0]?.[1].scores ?? [];
    expect(scores.map(([version]) => version).at(-1)).toBe('other');
    expect(scores).toHaveLength(9);
    expect(scores.at(-1)?.[1][10]).toBe(4);
  });
});
