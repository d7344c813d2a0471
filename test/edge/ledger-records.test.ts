/** What the ledger root keeps by time and of single requests, inside workerd: through evictions, at its bounds, and after a reset. */
import { abortAllDurableObjects, env, evictDurableObject, reset, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test } from 'vitest';
import type { RequestList } from '../../shared/observed.ts';
import type { LedgerEntry } from '../../shared/records.ts';
import { aggregate } from '../../worker/core/ledger/aggregate.ts';
import { findRecord, pageOf } from '../../worker/core/ledger/record-pages.ts';
import { readCursor } from '../../worker/core/ledger/request-query.ts';
import { linesOf } from '../../worker/core/ledger/request-records.ts';
import { rangeFrom, toSeries } from '../../worker/core/ledger/series-view.ts';
import { RecordStore } from '../../worker/objects/record-store.ts';
import { plainEntry } from '../core/ledger/entry.ts';

const root = () => env.LEDGER.getByName('root');

afterEach(() => reset());

describe('what is kept by time and of single requests', () => {
  const entriesAt = (atMs: number, ids: readonly string[]) => ids.map((requestId) => ({ ...plainEntry, atMs, requestId }));
  const send = (sequence: number, entries: readonly LedgerEntry[]) =>
    root().book({ senderId: 'isolate-a', sequence, createdAtMs: Date.now() + sequence, delta: aggregate(entries) });
  const page = async (before: string | null = null): Promise<RequestList> => {
    const wanted = { filters: {}, limit: 3, before: before === null ? null : readCursor(before), isRecent: false };
    return JSON.parse(await root().requests(wanted));
  };
  const series = async (): Promise<number[]> => {
    const parts = JSON.parse(await root().series(rangeFrom('hour', Date.now())));
    return toSeries('hour', parts, Date.now()).buckets.map(({ requests }) => requests);
  };

  test('survives an eviction in the middle: the next batch joins the same minute and the same row', async () => {
    const atMs = Date.now();
    await send(1, entriesAt(atMs, ['r-1', 'r-2']));
    await evictDurableObject(root());
    await send(2, entriesAt(atMs, ['r-3', 'r-4']));
    await abortAllDurableObjects();
    await send(2, entriesAt(atMs, ['r-3', 'r-4']));
    expect((await series()).reduce((sum, count) => sum + count, 0)).toBe(4);
    const first = await page();
    const second = await page(first.next);
    expect([...first.requests, ...second.requests].map(({ id }) => id)).toEqual(['r-4', 'r-3', 'r-2', 'r-1']);
    expect(second.next).toBeNull();
    await runInDurableObject(root(), (_, state) => {
      expect(state.storage.sql.exec('SELECT count(*) AS rows FROM requests').one()).toEqual({ rows: 1 });
      expect(state.storage.sql.exec('SELECT count(*) AS rows FROM series').one()).toEqual({ rows: 1 });
    });
    expect(JSON.parse((await root().request('r-3')) ?? 'null')).toMatchObject({ id: 'r-3', attempts: [] });
    expect(await root().request('r-5')).toBeNull();
  });

  test('is a ring of the newest requests, one row written for a batch', async () => {
    await runInDurableObject(root(), (_, { storage }) => {
      const store = new RecordStore(storage.sql);
      let written = 0;
      for (let batch = 0; batch < 300; batch += 1) {
        const before = storage.sql.exec('SELECT total_changes() AS changes').one();
        store.add(
          linesOf(
            entriesAt(
              batch,
              Array.from({ length: 50 }, (__, index) => `${batch}-${index}`),
            ),
          ).lines,
        )?.();
        written += Number(storage.sql.exec('SELECT total_changes() AS changes').one()['changes']) - Number(before['changes']);
      }
      const kept = pageOf(store.from(null), { filters: {}, limit: 10_000, before: null, isRecent: false });
      expect(kept.requests).toHaveLength(5000);
      expect([kept.requests[0]?.id, kept.requests.at(-1)?.id]).toEqual(['299-49', '200-0']);
      expect(findRecord(store.from(null), '199-49')).toBeNull();
      expect(written).toBe(300);
      expect(storage.sql.databaseSize).toBeLessThan(8_000_000);
    });
  });

  test('goes with a reset', async () => {
    await send(1, entriesAt(Date.now(), ['r-1']));
    await root().reset();
    expect([await page(), await root().request('r-1')]).toEqual([
      { requests: [], source: 'recent', log_down: false, oldest_at: null, next: null, unrecorded: 0 },
      null,
    ]);
    expect((await series()).every((count) => count === 0)).toBe(true);
    await send(2, entriesAt(Date.now(), ['r-2']));
    expect((await page()).requests.map(({ id }) => id)).toEqual(['r-2']);
  });
});
