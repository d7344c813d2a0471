import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedMessage } from '../../../shared/observed.ts';
import { aggregate } from '../../../worker/core/ledger/aggregate.ts';
import { addWaiting, feedText, feedWaitMs, isGone, isWaiting, nothingWaits } from '../../../worker/core/ledger/feed.ts';
import { passOnInMs } from '../../../worker/core/ledger/pass-on.ts';
import { entryArbitrary, plainEntry } from './entry.ts';

const { totals } = aggregate([plainEntry]);
const read = (text: string): FeedMessage => JSON.parse(text);

describe('a message of the feed', () => {
  const batch = fc.array(entryArbitrary(fc.constant(null)), { maxLength: 60 });

  it('has fifty requests at most, the oldest first, and the number of those that it leaves out', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 4 }), (batches) => {
        const waiting = batches.map(aggregate).reduce(addWaiting, nothingWaits);
        const ended = batches.reduce((sum, { length }) => sum + length, 0);
        const text = feedText(waiting, totals, []);
        const message = read(text);
        expect(isWaiting(waiting)).toBe(ended > 0);
        // Forty long records can already be more than one message takes.
        if (text.length < 20_000) expect(message.requests.length).toBe(Math.min(50, ended));
        expect(message.requests.length).toBeLessThanOrEqual(50);
        expect(message.requests.length + message.more).toBe(ended);
        const times = message.requests.map(({ at }) => at);
        expect(times).toEqual(times.toSorted());
      }),
      { numRuns: 30 },
    );
  });

  it('has the sums and the alerts that stand', () => {
    const alert = { code: 'escalation_rate', value: 0.2, limit: 0.1, window: '2026-11-29', sample: 60 } as const;
    const waiting = addWaiting(nothingWaits, aggregate([plainEntry]));
    const message = read(feedText(waiting, totals, [alert]));
    expect(message).toMatchObject({ type: 'requests', more: 0, alerts: [alert], requests: [{ id: 'r-1', cost_nano_usd: 1500 }] });
    expect(message.totals).toEqual({ requests: 1, succeeded: 1, cost_nano_usd: 1500, all_large_cost_nano_usd: 12_000 });
  });

  it('is bounded: of long records the newest are shown', () => {
    const entries = Array.from({ length: 50 }, (_, index) => ({
      ...plainEntry,
      atMs: index,
      requestId: `r-${index}`,
      reason: '\u2603"'.repeat(1000),
    }));
    const text = feedText(addWaiting(nothingWaits, aggregate(entries)), totals, []);
    expect(text.length).toBeLessThan(25_000);
    const { requests, more } = read(text);
    expect([requests.length + more, requests.at(-1)?.id]).toEqual([50, 'r-49']);
  });

  it('shows a request that was given up, and nothing of what only corrects a number', () => {
    expect(isWaiting(addWaiting(nothingWaits, { ...aggregate([]), refusals: [['invalid_json', 3]] }))).toBe(false);
  });
});

describe('the feed', () => {
  it('sends at once when it has sent nothing for a second, and waits for that second else', () => {
    expect([feedWaitMs(0, 5000), feedWaitMs(4000, 5000), feedWaitMs(4600, 5000), feedWaitMs(9000, 5000)]).toEqual([
      0, 0, 600, 1000,
    ]);
  });

  it('lets go of a socket that was not heard of for half a minute, or was sent too much meanwhile', () => {
    expect([isGone(0, 0, 30_000), isGone(0, 0, 30_001), isGone(0, 400_001, 1)]).toEqual([false, true, true]);
  });
});

describe('a shard', () => {
  it('passes on at once while somebody watches, and what comes after a quiet time', () => {
    expect(passOnInMs({ isWatched: true, lastMs: 9900, lines: 1 }, 10_000)).toBe(200);
    expect(passOnInMs({ isWatched: false, lastMs: 4000, lines: 1 }, 10_000)).toBe(200);
  });

  it('waits for its alarm otherwise, unless there is no room for another record', () => {
    expect(passOnInMs({ isWatched: false, lastMs: 9000, lines: 49 }, 10_000)).toBeNull();
    expect(passOnInMs({ isWatched: false, lastMs: 9500, lines: 50 }, 10_000)).toBe(500);
    expect(passOnInMs({ isWatched: false, lastMs: 8000, lines: 50 }, 10_000)).toBe(200);
  });
});
