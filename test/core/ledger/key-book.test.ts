import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../../shared/records.ts';
import { aggregate, deltaOfReplay } from '../../../worker/core/ledger/aggregate.ts';
import { deltaOfBooking, unknownBooking } from '../../../worker/core/ledger/booking.ts';
import { dayOf } from '../../../worker/core/ledger/days.ts';
import { emptyDelta, type LedgerDelta, mergeDeltas, negated } from '../../../worker/core/ledger/delta.ts';
import { emptyBook, type KeyBook, sumKeyBooks } from '../../../worker/core/ledger/key-book.ts';
import { keyBreakdown, keyUsageWithin } from '../../../worker/core/ledger/stats.ts';
import { entryArbitrary, plainEntry } from './entry.ts';

const dayMs = 86_400_000;
const bookOf = ({ books = [] }: LedgerDelta): KeyBook => sumKeyBooks([emptyBook, ...books.map(([, book]) => book)]);
const usageOf = (book: KeyBook, from: string | null, to: string | null) => keyUsageWithin(emptyDelta, book, { from, to }).usage;

describe('what a key has used', () => {
  const agent = fc.constantFrom(null, 'planner', 'coder');
  const drawn = fc.array(fc.tuple(entryArbitrary(agent), fc.nat(12)), { maxLength: 25 });

  it('on some days is what ended on them, in all and by model, agent and day, in whatever batches it came', () => {
    fc.assert(
      fc.property(drawn, fc.nat(12), fc.nat(12), (list, a, b) => {
        const entries = list.map(([entry, day]): LedgerEntry => ({ ...entry, keyId: 'k', atMs: day * dayMs + 1000 }));
        const [from, to] = [dayOf(Math.min(a, b) * dayMs), dayOf(Math.max(a, b) * dayMs)];
        const book = entries.reduce((sum, entry) => sumKeyBooks([sum, bookOf(aggregate([entry]))]), emptyBook);
        const within = bookOf(aggregate(entries.filter(({ atMs }) => dayOf(atMs) >= from && dayOf(atMs) <= to)));
        for (const by of ['model', 'agent', 'day'] as const) {
          const rows = keyBreakdown(book, by, { from, to });
          const byName = (row: (typeof rows)[number]) => String(row[by]);
          const sorted = (list: typeof rows) => list.toSorted((x, y) => (byName(x) < byName(y) ? -1 : 1));
          expect(sorted(rows)).toEqual(sorted(keyBreakdown(within, by)));
        }
        expect(usageOf(book, from, to)).toEqual(usageOf(within, null, null));
      }),
      { numRuns: 50 },
    );
  }, 30_000);

  it('is open at an end that is not given', () => {
    const entries = [1, 2, 3].map((day) => ({ ...plainEntry, atMs: day * dayMs }));
    const book = bookOf(aggregate(entries));
    const requests = (from: string | null, to: string | null) => usageOf(book, from, to)?.requests;
    expect([requests('1970-01-03', null), requests(null, '1970-01-03'), requests('1970-01-05', null)]).toEqual([2, 2, 0]);
  });

  it('is kept for its newest forty days', () => {
    const entries = Array.from({ length: 50 }, (_, day) => ({ ...plainEntry, atMs: day * dayMs }));
    const book = bookOf(aggregate(entries));
    expect([book.day.length, book.within?.length, usageOf(book, null, null)?.requests]).toEqual([40, 40, 40]);
    expect(keyBreakdown(book, 'model')[0]?.requests).toBe(50);
  });

  it('counts answers from memory on their day, and takes back what was given up', () => {
    const unknown = deltaOfBooking(unknownBooking({ kind: 'request', entry: plainEntry }, dayMs, 700));
    const delta = mergeDeltas([deltaOfReplay('key-1', 'planner', dayMs), unknown, negated(unknown)]);
    const usage = usageOf(bookOf(delta), '1970-01-02', '1970-01-02');
    expect(usage).toMatchObject({ requests: 0, replayed: 1, cost_usd: 0, by_tier: { small: 0, large: 0, vision: 0 } });
  });

  it('of what was stored before days were kept apart is there as far as it was counted', () => {
    const { within: _within, ...stored } = bookOf(aggregate([{ ...plainEntry, atMs: dayMs }]));
    const old: KeyBook = { ...stored, day: stored.day.map(([day, counts]) => [day, counts.slice(0, 8)] as const) };
    const book = sumKeyBooks([old, bookOf(aggregate([{ ...plainEntry, atMs: dayMs }]))]);
    expect(usageOf(book, '1970-01-02', null)).toMatchObject({ requests: 2, by_tier: { small: 1 } });
    expect(keyBreakdown(book, 'model', { from: '1970-01-02', to: null })[0]?.requests).toBe(1);
  });
});
