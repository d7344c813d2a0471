/** A day of a hundred thousand requests in the ledger: every stretch of time right to the request, and what is stored bounded. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Day, replayDay } from '../../bench/ledger/day.ts';
import type { RequestList, Series } from '../../shared/observed.ts';
import { type MoneyLab, openLab } from './money-lab.ts';

let lab: MoneyLab;
let day: Day;

beforeAll(async () => {
  lab = await openLab();
  day = await replayDay(lab, 100_000);
}, 300_000);

afterAll(() => lab.stop());

const read = async <T>(path: string): Promise<T> => (await (await lab.admin('GET', path)).json()) as T;

describe('a day of traffic', () => {
  test.each(['hour', 'day', 'week', 'month'])('is right to the request in every stretch of the %s', async (range) => {
    const { buckets, bucket_seconds: seconds } = await read<Series>(`/stats/series?range=${range}`);
    const firstMs = Date.parse(buckets[0]?.at ?? '');
    const expected = buckets.map(() => ({ requests: 0, cost: 0, allSmall: 0, large: 0, fallbacks: 0, timeouts: 0, onLarge: 0 }));
    for (const entry of day.entries) {
      const bucket = expected[Math.floor((entry.atMs - firstMs) / (seconds * 1000))];
      if (bucket === undefined) continue;
      bucket.requests += 1;
      bucket.cost += entry.costNanoUsd;
      bucket.allSmall += entry.allSmallCostNanoUsd;
      bucket.large += entry.tier === 'large' ? 1 : 0;
      bucket.fallbacks += entry.fallbackUsed ? 1 : 0;
      bucket.timeouts += entry.ending === 'timeout' ? 1 : 0;
      bucket.onLarge += (entry.servedModel ?? entry.routedModel) === 'qwen2.5-32b' ? 1 : 0;
    }
    expect(
      buckets.map((bucket) => ({
        requests: bucket.requests,
        cost: bucket.cost_nano_usd,
        allSmall: bucket.all_small_cost_nano_usd,
        large: bucket.routing.large,
        fallbacks: bucket.fallbacks,
        timeouts: bucket.endings.timeout ?? 0,
        onLarge: bucket.models['qwen2.5-32b']?.requests ?? 0,
      })),
    ).toEqual(expected);
  });

  test('is whole in the statistics', async () => {
    const { totals } = await lab.stats();
    expect([totals.requests, totals.cost_nano_usd]).toEqual([
      100_000,
      day.entries.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
    ]);
  });

  test('leaves a bounded number of rows, each far below what a row may hold', () => {
    expect(day.tables['series']?.rows).toBeLessThan(500);
    expect(day.tables['requests']?.rows).toBeLessThanOrEqual(100);
    const sizes = Object.values(day.tables);
    expect(sizes.reduce((sum, { chars }) => sum + chars, 0)).toBeLessThan(15_000_000);
    expect(Math.max(...sizes.map(({ longest }) => longest))).toBeLessThan(500_000);
    // One for the sums, one for the minute, one for the records, one for each key of the batch.
    expect(day.rowsWritten / day.entries.length).toBeLessThan(1);
  });

  test('has the records of its newest requests, above all of those that something went wrong with, and counts the rest', async () => {
    const { requests, unrecorded } = await read<RequestList>('/admin/requests?limit=200');
    const ended = new Map(day.entries.map((entry) => [entry.requestId, entry]));
    for (const { id, cost_nano_usd: cost, latency_ms: latencyMs } of requests) {
      expect([cost, latencyMs]).toEqual([ended.get(id)?.costNanoUsd, ended.get(id)?.latencyMs]);
    }
    expect([requests.length, unrecorded]).toEqual([200, day.unrecorded]);
    const failed = await read<RequestList>('/admin/requests?ending=timeout&limit=5');
    const timedOut = day.entries.filter(({ ending }) => ending === 'timeout').map(({ requestId }) => requestId);
    expect(failed.requests.map(({ id }) => id)).toEqual(timedOut.slice(-5).toReversed());
  });
});
