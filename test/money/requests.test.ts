/** `/admin/requests` and `/stats/series` over HTTP: what was asked is there, whoever booked it, and adds up to `/stats`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import type { RequestDetail, RequestList, Series } from '../../shared/observed.ts';
import { codeOf, type MoneyLab, openLab, times } from './money-lab.ts';

let lab: MoneyLab;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab.stop());

const read = (path: string) => lab.admin('GET', path);
const list = async (query = ''): Promise<RequestList> => (await (await read(`/admin/requests${query}`)).json()) as RequestList;
const detail = async (id: string): Promise<RequestDetail> =>
  (await (await read(`/admin/requests/${id}`)).json()) as RequestDetail;
const series = async (range: string): Promise<Series> => (await (await read(`/stats/series?range=${range}`)).json()) as Series;

describe('a request', () => {
  test('has its record, whether the isolate or the key’s object books it', async () => {
    const { id: keyId, key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
    const agent = { 'x-agent-name': 'planner' };
    const free = await lab.ask(clientKey, { body: { model: 'auto' }, headers: { ...agent, 'x-request-id': 'seen-by-isolate' } });
    const metadata = JSON.parse(free.headers.get('x-routing-metadata') ?? '{}');
    await free.text();
    const ids = { 'x-request-id': 'seen-by-tenant', 'x-session-id': 'a-talk' };
    await (await lab.ask(key, { body: { model: 'large', stream: true }, headers: ids })).text();
    await lab.booked(keyId, 1);
    expect(await detail('seen-by-isolate')).toMatchObject({
      id: 'seen-by-isolate',
      agent: 'planner',
      requested_model: 'auto',
      served_model: 'qwen2.5-7b',
      score: metadata.score,
      reason: metadata.reason,
      ending: 'ok',
      stream: false,
      threshold: expect.any(Number),
      signals: expect.arrayContaining([{ name: 'length', value: expect.any(Number), weight: expect.any(Number) }]),
      attempts: [{ model: 'qwen2.5-7b', upstream: 'small', outcome: 'ok', completion_tokens: expect.any(Number) }],
    });
    const paid = await detail('seen-by-tenant');
    expect(paid).toMatchObject({ key_id: keyId, served_model: 'qwen2.5-32b', score: null, signals: [], stream: true });
    expect((await list('?session=a-talk')).requests.map(({ id }) => id)).toEqual(['seen-by-tenant']);
    const [attempt] = paid.attempts;
    expect(attempt?.cost_nano_usd).toBe(paid.cost_nano_usd);
    expect((attempt?.first_byte_ms ?? 0) <= (attempt?.ended_ms ?? 0) && (attempt?.ended_ms ?? 0) <= paid.latency_ms).toBe(true);
  });

  test('is found by its key, its model and its ending, page by page, the newest first', async () => {
    const { id: keyId, key } = await lab.makeKey({});
    for (const index of times(5, (number) => number)) {
      const text = index === 2 ? '[[fault:server-error;on=small]]' : '';
      await (await lab.ask(key, { text, headers: { 'x-request-id': `page-${keyId}-${index}` } })).text();
    }
    await lab.booked(keyId, 5);
    const numbers = (page: RequestList) => page.requests.map(({ id }) => Number(id.split('-').at(-1)));
    const first = await list(`?key_id=${keyId}&limit=2`);
    const second = await list(`?key_id=${keyId}&limit=2&before=${first.next}`);
    const third = await list(`?key_id=${keyId}&limit=2&before=${second.next}`);
    expect([numbers(first), numbers(second), numbers(third), third.next]).toEqual([[4, 3], [2, 1], [0], null]);
    expect(first.unrecorded).toBe(0);
    const fallen = await list(`?key_id=${keyId}&model=qwen2.5-32b`);
    expect(fallen.requests).toMatchObject([{ fallback_used: true, served_model: 'qwen2.5-32b', ending: 'ok' }]);
    expect((await detail(fallen.requests[0]?.id ?? '')).attempts.map(({ outcome }) => outcome)).toContain('server_error');
    expect((await list(`?key_id=${keyId}&ending=client_abort`)).requests).toEqual([]);
    expect(numbers(await list(`?id=page-${keyId}-3`))).toEqual([3]);
    expect(first).toMatchObject({ source: 'recent', log_down: false, oldest_at: expect.any(String) });
  });

  test.each([
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?before=yesterday', 'before'],
    ['?ending=lost', 'ending'],
    ['?from=yesterday', 'from'],
    ['?offset=2', 'offset'],
    ['?tier=small&tier=large', 'tier'],
    ['?model=', 'model'],
    [`?key_id=${'k'.repeat(129)}`, 'key_id'],
  ])('is not asked for by %s', async (query, param) => {
    const response = await read(`/admin/requests${query}`);
    expect([response.status, ((await response.json()) as { error: object }).error]).toEqual([
      400,
      expect.objectContaining({ code: 'invalid_value', param }),
    ]);
  });

  test('that nobody knows is a 404, and a client’s key sees none', async () => {
    const missing = await read('/admin/requests/never');
    expect([missing.status, await codeOf(missing)]).toEqual([404, 'not_found']);
    const asked = await fetch(`${lab.url}/admin/requests`, { headers: { authorization: `Bearer ${clientKey}` } });
    expect(asked.status).toBe(403);
  });
});

describe('the series', () => {
  test.each(['hour', 'day', 'week', 'month'])('of the %s adds up to the statistics', async (range) => {
    const { id, key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
    const refusals = async () => (await lab.stats()).totals.refused;
    const before = await refusals();
    await Promise.all(
      [lab.ask(key), lab.ask(clientKey, { body: { model: 'large' } })].map(async (asked) => (await asked).text()),
    );
    await (await lab.ask(clientKey, { body: { model: 'no-such-model' } })).text();
    await lab.booked(id, 1);
    // The isolate sends what it has counted together: the requests of the bootstrap key are there with the refusal.
    await until('the refusal is counted', async () => (await refusals()) > before);
    const [{ buckets }, stats] = await Promise.all([series(range), lab.stats()]);
    const sum = (of: (bucket: Series['buckets'][number]) => number) => buckets.reduce((total, bucket) => total + of(bucket), 0);
    expect({
      requests: sum(({ requests }) => requests),
      refused: sum(({ refused }) => refused),
      cost: sum(({ cost_nano_usd }) => cost_nano_usd),
      allLarge: sum(({ all_large_cost_nano_usd }) => all_large_cost_nano_usd),
      allSmall: sum(({ all_small_cost_nano_usd }) => all_small_cost_nano_usd),
      large: sum(({ routing }) => routing.large),
      largeModel: sum(({ models }) => models['qwen2.5-32b']?.requests ?? 0),
      firstBytes: sum(({ models }) => models['qwen2.5-32b']?.first_byte_ms.count ?? 0),
    }).toEqual({
      requests: stats.totals.requests,
      refused: stats.totals.refused,
      cost: stats.totals.cost_nano_usd,
      allLarge: stats.totals.all_large_cost_nano_usd,
      allSmall: stats.totals.all_small_cost_nano_usd,
      large: stats.routing_split.large.requests,
      largeModel: stats.models['qwen2.5-32b']?.requests,
      firstBytes: stats.models['qwen2.5-32b']?.first_byte_ms.count,
    });
    expect(stats.totals.requests).toBeGreaterThan(0);
  });

  test('has no other range', async () => {
    const response = await read('/stats/series?range=year');
    expect([response.status, await codeOf(response)]).toEqual([400, 'invalid_value']);
  });
});
