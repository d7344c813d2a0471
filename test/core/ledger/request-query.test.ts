import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../../shared/observed.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { conditionsOf, type RequestFilterId, requestFilterIds } from '../../../worker/core/ledger/request-filters.ts';
import { readCursor, readRequestQuery, writeCursor } from '../../../worker/core/ledger/request-query.ts';
import { linesOf } from '../../../worker/core/ledger/request-records.ts';
import { plainEntry } from './entry.ts';

const read = (query: string) => readRequestQuery(new URLSearchParams(query));

function recordOf(change: Partial<LedgerEntry>): RequestRecord {
  const [line] = linesOf([{ ...plainEntry, ...change }]).lines;
  return JSON.parse(line?.record ?? 'null');
}

/** A value that fits the first and not the second. */
const told: Readonly<Record<RequestFilterId, readonly [string, Partial<LedgerEntry>, Partial<LedgerEntry>]>> = {
  from: ['2026-11-29T10:00:00Z', { atMs: Date.UTC(2026, 10, 29, 10) }, { atMs: Date.UTC(2026, 10, 29, 10) - 1 }],
  to: ['2026-11-30', { atMs: Date.UTC(2026, 10, 30) - 1 }, { atMs: Date.UTC(2026, 10, 30) }],
  id: ['abc-', { requestId: 'abc-1' }, { requestId: 'xabc-1' }],
  key_id: ['key-9', { keyId: 'key-9' }, { keyId: 'key-99' }],
  agent: ['planner', { agent: 'planner' }, { agent: null }],
  session: ['talk.1', { session: 'talk.1' }, { session: 'talk.12' }],
  model: ['m"1', { servedModel: null, routedModel: 'm"1' }, { requestedModel: 'm"1' }],
  tier: ['large', { tier: 'large' }, { tier: null }],
  ending: ['timeout', { ending: 'timeout' }, { ending: 'ok' }],
  error_code: ['queue_full', { errorCode: 'queue_full' }, { errorCode: null }],
  status: ['503', { errorCode: 'queue_full', ending: 'upstream_error' }, { errorCode: 'queue_full', ending: 'client_abort' }],
  cache: ['shared', { cache: 'shared' }, { cache: 'hit' }],
  min_cost_usd: ['0.000002', { costNanoUsd: 2000 }, { costNanoUsd: 1999 }],
  min_latency_ms: ['1500', { latencyMs: 1500 }, { latencyMs: 1499 }],
};

describe('a filter of requests', () => {
  it.each(requestFilterIds)('%s lets through what fits and nothing else, as a record and in a statement', (id) => {
    const [value, fitting, other] = told[id];
    const query = read(new URLSearchParams({ [id]: value }).toString());
    if (!query.ok) throw new Error(query.failure.detail);
    const [condition] = conditionsOf(query.value.filters);
    expect([condition?.fits(recordOf(fitting)), condition?.fits(recordOf(other))]).toEqual([true, false]);
    if (condition?.mark !== null) expect(JSON.stringify(recordOf(fitting))).toContain(condition?.mark);
    const values: unknown[] = [];
    const text = condition?.where((bound) => `$${values.push(bound)}`) ?? '';
    expect(values.length).toBeGreaterThan(0);
    expect([...text.matchAll(/\$(\d+)/g)].every(([, number]) => Number(number) <= values.length)).toBe(true);
    expect(text).not.toContain(value);
  });

  it.each([
    ['from=yesterday', 'from'],
    ['from=2026-02-30', 'from'],
    ['from=2026-11-29T10:00:00', 'from'],
    ['to=2026-13-01', 'to'],
    ['from=2026-11-29&to=2026-11-29', 'to'],
    ['id=%27%20OR%201=1', 'id'],
    ['key_id=', 'key_id'],
    [`key_id=${'k'.repeat(129)}`, 'key_id'],
    ['agent=a%20b', 'agent'],
    ['session=%00', 'session'],
    ['model=', 'model'],
    ['tier=huge', 'tier'],
    ['ending=lost', 'ending'],
    ['error_code=oops', 'error_code'],
    ['status=100', 'status'],
    ['status=20', 'status'],
    ['cache=warm', 'cache'],
    ['min_cost_usd=-1', 'min_cost_usd'],
    ['min_cost_usd=1e3', 'min_cost_usd'],
    ['min_latency_ms=NaN', 'min_latency_ms'],
    ['min_latency_ms=9999999999', 'min_latency_ms'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['before=yesterday', 'before'],
    ['offset=3', 'offset'],
    ['tier=small&tier=large', 'tier'],
  ])('is not read from %s, and the mistake is named', (query, param) => {
    expect(read(query)).toMatchObject({ ok: false, failure: { param, detail: expect.any(String) } });
  });

  it.each([
    [{ ending: 'ok' }, 200],
    [{ ending: 'client_abort' }, 499],
    [{ ending: 'rejected', errorCode: 'upstream_rejected' }, 400],
    [{ ending: 'upstream_error', errorCode: 'upstream_error' }, 502],
    [{ ending: 'unknown' }, null],
  ] as const)('of the status takes %o for %s', (change, status) => {
    const fitting = [200, 400, 499, 502, 503].filter((wanted) =>
      conditionsOf({ status: String(wanted) }).every(({ fits }) => fits(recordOf(change))),
    );
    expect(fitting).toEqual(status === null ? [] : [status]);
  });
});

describe('a cursor', () => {
  it.each([
    { atMs: 1_795_237_946_123, id: 'r-1', place: null },
    { atMs: 0, id: 'a.b_c-d', place: { row: 12, index: 7 } },
  ])('reads as it was written: %o', (cursor) => {
    expect(readCursor(writeCursor(cursor))).toEqual(cursor);
  });

  it.each(['', 'x', '1', '1~', '~a', '1-2~a', '1.1~a', '1.1-9999~a', `${'9'.repeat(20)}~a`, '1~a b'])(
    'is nothing else: %s',
    (text) => {
      expect(readCursor(text)).toBeNull();
    },
  );
});
