/** Sums over a time series, the pause before a socket is tried again, and the bounded list of requests. */
import { describe, expect, it } from 'vitest';
import type { RequestRecord, SeriesBucket } from '../../../shared/observed.ts';
import { pauseBefore } from '../../../worker/dashboard/data/pause-before.ts';
import { keptRequests, withRequests } from '../../../worker/dashboard/data/seen-requests.ts';
import { runningTotal, sumBuckets } from '../../../worker/dashboard/data/series-sums.ts';

const bucket: SeriesBucket = {
  at: '2026-11-29T08:00:00.000Z',
  requests: 1,
  succeeded: 2,
  refused: 3,
  cost_nano_usd: 4,
  all_large_cost_nano_usd: 5,
  all_small_cost_nano_usd: 6,
  prompt_tokens: 7,
  completion_tokens: 8,
  routing: { small: 1, large: 0, vision: 0 },
  endings: {},
  fallbacks: 9,
  escalations: 10,
  rescues: 11,
  cache_hits: 12,
  models: {},
};

describe('a time series', () => {
  it('is summed field by field', () => {
    const sums = sumBuckets([bucket, bucket]);
    expect(Object.values(sums).toSorted((a, b) => a - b)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]);
    expect(sums).toMatchObject({ requests: 2, costNanoUsd: 8, allSmallNanoUsd: 12, cacheHits: 24 });
    expect(sumBuckets([]).requests).toBe(0);
  });

  it('runs up to its total', () => expect(runningTotal([1, 0, 2])).toEqual([1, 1, 3]));
});

describe('the requests that the page keeps', () => {
  const request = (id: string, second: number): RequestRecord =>
    ({ id, at: new Date(second * 1000).toISOString() }) as Partial<RequestRecord> as RequestRecord;

  it('are the newest first, each once', () => {
    const before = withRequests([], [request('a', 1), request('c', 3)]);
    expect(withRequests(before, [request('b', 2), request('a', 1)]).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(withRequests(before, [request('a', 1)])).toBe(before);
  });

  it('are a bounded number, however many come', () => {
    let kept: readonly RequestRecord[] = [];
    for (let round = 0; round < 200; round += 1) {
      kept = withRequests(
        kept,
        Array.from({ length: 50 }, (_, index) => request(`${round}-${index}`, round * 50 + index)),
      );
    }
    expect(kept).toHaveLength(keptRequests);
    expect(kept[0]?.id).toBe('199-49');
  });
});

describe('a socket that broke', () => {
  it('is tried again after a doubling pause of at most half a minute, never at once', () => {
    expect([1, 2, 3, 4, 9].map((failures) => pauseBefore(failures, 1))).toEqual([1000, 2000, 4000, 8000, 30_000]);
    expect(pauseBefore(1, 0)).toBe(500);
  });
});
