/** Single requests out of a real PostgreSQL: what its statements find is what the same filters find among records, page by page. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noPostgres, type PostgresServer, startPostgres } from '../../infra/postgres/server.ts';
import type { RequestDetail, RequestRecord } from '../../shared/observed.ts';
import { endingIds, type LedgerEntry } from '../../shared/records.ts';
import { statusOf } from '../../worker/core/ledger/ending.ts';
import { conditionsOf, type RequestFilters } from '../../worker/core/ledger/request-filters.ts';
import { readCursor, type RequestCursor } from '../../worker/core/ledger/request-query.ts';
import { linesOf } from '../../worker/core/ledger/request-records.ts';
import type { RequestsPort } from '../../worker/core/ports.ts';
import { createLoggedRequests } from '../../worker/io/logged-requests.ts';
import { createPostgres } from '../../worker/io/postgres.ts';
import { entryArbitrary } from '../core/ledger/entry.ts';

const firstDayMs = Date.UTC(2026, 10, 20);
const dayMs = 86_400_000;
const days = 4;
const requests = 300;

/** The columns of a row by which it differs from its record. */
interface Row extends Omit<RequestDetail, 'id' | 'at' | 'stream'> {
  readonly id: string;
  readonly ended_at: string;
  readonly request_id: string;
  readonly is_stream: boolean;
  readonly http_status: number | null;
}

const insert = `insert into pointsman.requests
select (jsonb_populate_record(null::pointsman.requests, $1::jsonb || row)).*
from jsonb_array_elements($2::jsonb) as row`;
/** What no record has. */
const besides = {
  tenant_id: 't',
  kind: 'chat',
  is_forced: false,
  is_estimated: false,
  cached_tokens: 0,
  reasoning_tokens: 0,
  all_small_cost_nano_usd: 0,
  cache_saved_nano_usd: 0,
  gpu_ms: 0,
  gpu_cost_nano_usd: 0,
};

function rowOf(entry: LedgerEntry, id: string): Row {
  const [line] = linesOf([entry]).lines;
  const { id: requestId, at, stream, ...record }: RequestRecord = JSON.parse(line?.record ?? '');
  const detail = JSON.parse(line?.detail ?? '');
  const status = statusOf(entry.ending, entry.errorCode);
  return { ...record, ...detail, id, ended_at: at, request_id: requestId, is_stream: stream, http_status: status };
}

function recordOf({
  id: _id,
  ended_at: at,
  request_id: id,
  is_stream: stream,
  http_status: _status,
  ...row
}: Row): RequestRecord {
  const { threshold: _t, confidence: _c, signals: _s, attempts: _a, prompt: _p, answer: _w, ...record } = row;
  return { ...record, id, at, stream };
}

const entries = fc
  .sample(entryArbitrary(fc.constantFrom(null, 'planner', 'coder')), { numRuns: requests, seed: 7 })
  // Some end in the same millisecond, and days are all used.
  .map((entry, at) => ({ ...entry, requestId: `r-${at % 250}`, atMs: firstDayMs + Math.floor(at / 3) * 3_000_000 }));
const rows = entries.map((entry, at) => rowOf(entry, `run-${String(at).padStart(4, '0')}`));
const newestFirst = rows.toSorted((a, b) => b.ended_at.localeCompare(a.ended_at) || b.id.localeCompare(a.id));

describe.skipIf(noPostgres() !== null)(`requests in PostgreSQL (${noPostgres() ?? 'found'})`, () => {
  let server: PostgresServer;
  let logged: RequestsPort;
  const time = { nowMs: Date.now() };
  const lines: string[] = [];
  const log = { write: (_level: string, event: string) => void lines.push(event) };

  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } });
    const day = (at: number) => new Date(firstDayMs + at * dayMs).toISOString().slice(0, 10);
    await server.query('select pointsman.make_request_partitions($1::date, $2::date)', [day(0), day(days)]);
    await server.query(insert, [JSON.stringify(besides), JSON.stringify(rows)]);
    logged = createLoggedRequests(createPostgres(server.url), { now: () => time.nowMs }, log);
  });
  afterAll(() => server.stop());

  async function readAll(filters: RequestFilters, limit: number): Promise<RequestRecord[]> {
    const read: RequestRecord[] = [];
    for (let before: RequestCursor | null = null; ;) {
      const page = await logged.list({ filters, limit, before, isRecent: false });
      read.push(...page.requests);
      if (page.next === null) return read;
      expect(page.requests).toHaveLength(limit);
      before = readCursor(page.next);
      expect(before).not.toBeNull();
    }
  }

  const fitting = (filters: RequestFilters): RequestRecord[] => {
    const conditions = conditionsOf(filters);
    return newestFirst.map(recordOf).filter((record) => conditions.every(({ fits }) => fits(record)));
  };

  it('are all there as they were recorded, the newest first, and say how far back they go', async () => {
    const page = await logged.list({ filters: {}, limit: 200, before: null, isRecent: false });
    expect(page).toMatchObject({ source: 'log', log_down: false, oldest_at: newestFirst.at(-1)?.ended_at, unrecorded: 0 });
    expect(page.requests).toEqual(newestFirst.slice(0, 200).map(recordOf));
  });

  it('are found by every combination of filters as records are, in pages of any size', async () => {
    const filters = fc.record(
      {
        from: fc.constantFrom('2026-11-21', '2026-11-22T05:30:00+05:30'),
        to: fc.constantFrom('2026-11-23', '2026-11-24T00:00:00.001Z'),
        id: fc.constantFrom('r-1', 'r-24', 'nobody'),
        key_id: fc.constantFrom('key-1', `k' or '1'='1`),
        agent: fc.constantFrom('planner', 'nobody'),
        session: fc.constantFrom('talk-1', 'talk-2'),
        model: fc.constantFrom('small-model', 'large-model'),
        tier: fc.constantFrom('small', 'vision'),
        ending: fc.constantFrom(...endingIds),
        error_code: fc.constantFrom('queue_full', 'invalid_value'),
        status: fc.constantFrom('200', '400', '499', '502', '503'),
        cache: fc.constantFrom('hit', 'bypass'),
        min_cost_usd: fc.constantFrom('0', '0.0005'),
        min_latency_ms: fc.constantFrom('1', '200000.5'),
      },
      { requiredKeys: [] },
    );
    // Of fourteen filters at once nothing fits: a few are taken of each.
    const few = fc.tuple(filters, fc.nat(), fc.integer({ min: 0, max: 3 })).map(([all, from, count]) => {
      const list = Object.entries(all);
      return Object.fromEntries(list.map((_, at) => list[(at + from) % list.length] ?? ['id', 'r-1']).slice(0, count));
    });
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(few, fc.integer({ min: 20, max: 200 }), async (wanted: RequestFilters, limit) => {
        const expected = fitting(wanted);
        seen += expected.length;
        expect(await readAll(wanted, limit)).toEqual(expected);
      }),
      { numRuns: 60, seed: 3 },
    );
    expect(seen).toBeGreaterThan(1000);
  });

  it('turn pages at the same place while others end', async () => {
    const first = await logged.list({ filters: {}, limit: 10, before: null, isRecent: false });
    const late = { ...newestFirst[0], id: 'run-9999', request_id: 'late' };
    await server.query(insert, [JSON.stringify(besides), JSON.stringify([late])]);
    const second = await logged.list({ filters: {}, limit: 10, before: readCursor(first.next ?? ''), isRecent: false });
    expect(second.requests).toEqual(newestFirst.slice(10, 20).map(recordOf));
    await server.query(`delete from pointsman.requests where id = 'run-9999'`);
  });

  it('go on from a page of the newest requests by its time', async () => {
    const [tenth] = newestFirst.slice(9);
    const before = { atMs: Date.parse(tenth?.ended_at ?? ''), id: tenth?.request_id ?? '', place: { row: 3, index: 1 } };
    const page = await logged.list({ filters: {}, limit: 5, before, isRecent: false });
    const older = newestFirst.filter(({ ended_at: at }) => Date.parse(at) < before.atMs);
    expect(page.requests).toEqual(older.slice(0, 5).map(recordOf));
  });

  it('are told with their attempts, the newer one of an id that was used twice', async () => {
    const twice = newestFirst.filter(({ request_id: id }) => id === 'r-3');
    expect(twice).toHaveLength(2);
    const found = await logged.find('r-3');
    expect(found).toMatchObject(twice.slice(0, 1).map(recordOf)[0] ?? {});
    const { threshold, confidence, signals, attempts, prompt, answer } = twice[0] ?? {};
    expect(found).toMatchObject({ threshold, confidence, signals, attempts, prompt, answer });
    expect(await logged.find('never')).toBeNull();
  });

  it('fail at once for a while when the server has not answered, and are there again', async () => {
    const any = { filters: {}, limit: 5, before: null, isRecent: false };
    await server.kill();
    for (let round = 0; round < 2; round += 1) await expect(logged.list(any)).rejects.toThrow('the log does not answer');
    await expect(logged.find('r-3')).rejects.toThrow('has not answered lately');
    await server.start();
    await expect(logged.list(any)).rejects.toThrow('has not answered lately');
    time.nowMs += 60_000;
    expect((await logged.list(any)).requests).toHaveLength(5);
    expect(lines).toContain('request_log_unavailable');
  });
});
