/** `GET /v1/usage`: a key sees what it has used itself, its limits and what is left of its budgets; and nothing of anyone else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, type MadeKey, type MoneyLab, openLab, times } from './money-lab.ts';

let lab: MoneyLab;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab.stop());

const read = (key: string) => fetch(`${lab.url}/v1/usage`, { headers: { authorization: `Bearer ${key}` } });
const usageOf = async (key: string) => (await (await read(key)).json()) as Record<string, unknown>;
const time = expect.stringMatching(/^20\d\d-\d\d-\d\dT.*Z$/);
const noTokens = { prompt: 0, completion: 0, cached: 0, reasoning: 0, estimated: 0, total: 0 };

describe('a key’s usage', () => {
  test('has the shape that is documented', async () => {
    const { id, key } = await lab.makeKey({
      limits: { requests_per_minute: 60, models: { large: { max_concurrent: 2 } } },
      budgets: [
        { period: 'day', limit_usd: 1 },
        { agent: 'planner', period: 'month', limit_usd: 2, when_exhausted: 'cheap_tier' },
      ],
    });
    await (await lab.ask(key)).text();
    await (await lab.ask(key, { body: { model: 'large' }, headers: { 'x-agent-name': 'planner' } })).text();
    const costNanoUsd = await lab.booked(id, 2);
    await lab.settled(id);
    const { keys } = await lab.stats();
    const response = await read(key);
    const body = (await response.json()) as Record<string, unknown>;
    const noLimit = { requests_per_minute: null, tokens_per_minute: null, max_concurrent: null };
    expect([response.status, response.headers.get('x-ratelimit-remaining-requests')]).toEqual([200, '58']);
    expect(body).toEqual({
      object: 'usage',
      key_id: id,
      since: time,
      usage: {
        requests: 2,
        succeeded: 2,
        replayed: 0,
        tokens: keys[id]?.tokens,
        cost_usd: costNanoUsd / 1e9,
        gpu_seconds: expect.any(Number),
        by_tier: { small: 1, large: 1, vision: 0 },
      },
      limits: {
        ...noLimit,
        requests_per_minute: 60,
        models: { 'qwen2.5-32b': { ...noLimit, max_concurrent: 2 } },
      },
      budgets: [
        {
          period: 'day',
          limit_usd: 1,
          when_exhausted: 'refuse',
          spent_usd: costNanoUsd / 1e9,
          reserved_usd: 0,
          remaining_usd: (1e9 - costNanoUsd) / 1e9,
          resets_at: time,
        },
        {
          agent: 'planner',
          period: 'month',
          limit_usd: 2,
          when_exhausted: 'cheap_tier',
          spent_usd: expect.any(Number),
          reserved_usd: 0,
          remaining_usd: expect.any(Number),
          resets_at: expect.stringMatching(/-01T00:00:00\.000Z$/),
        },
      ],
    });
    const { budgets } = body as { budgets: { spent_usd: number; remaining_usd: number }[] };
    const [whole, planner] = budgets;
    expect(planner?.spent_usd).toBeGreaterThan(0);
    expect(planner?.spent_usd).toBeLessThan(whole?.spent_usd ?? 0);
    expect(keys[id]?.tokens.total).toBeGreaterThan(0);
    expect(JSON.stringify(body)).not.toMatch(/"[a-z]+[A-Z]\w*":/);
  });

  test('of a running request is what its budget has reserved', async () => {
    const { id, key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
    const running = await lab.ask(key, { paceMs: 100, body: { stream: true } });
    const { reservedNanoUsd } = await lab.held(id);
    const { usage, budgets } = await usageOf(key);
    expect(usage).toMatchObject({ requests: 0, tokens: noTokens, cost_usd: 0 });
    expect(budgets).toMatchObject([{ spent_usd: 0, reserved_usd: reservedNanoUsd / 1e9 }]);
    await running.text();
  });

  test('tells estimated tokens apart', async () => {
    const { id, key } = await lab.makeKey();
    await (await lab.ask(key, { text: '[[fault:no-usage]]', body: { stream: true } })).text();
    await lab.booked(id, 1);
    const { usage } = (await usageOf(key)) as { usage: { tokens: { estimated: number; total: number } } };
    expect(usage.tokens.estimated).toBeGreaterThan(0);
    expect(usage.tokens.estimated).toBe(usage.tokens.total);
  });

  test('is its own: another key’s requests are not in it, a rotated key begins at zero and shares its budgets', async () => {
    const one = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
    const other = await lab.makeKey();
    await Promise.all(times(3, async () => (await lab.ask(one.key)).text()));
    const costNanoUsd = await lab.booked(one.id, 3);
    expect(await usageOf(other.key)).toMatchObject({ key_id: other.id, usage: { requests: 0, cost_usd: 0 }, budgets: [] });
    await lab.settled(one.id);
    const fresh = (await (await lab.admin('POST', `/admin/keys/${one.id}/rotate`, {})).json()) as MadeKey;
    expect(await usageOf(fresh.key)).toMatchObject({
      key_id: fresh.id,
      usage: { requests: 0 },
      budgets: [{ spent_usd: costNanoUsd / 1e9 }],
    });
  });

  test('asks for nothing that a client says: there is no way to name another key', async () => {
    const [one, other] = [await lab.makeKey(), await lab.makeKey()];
    const headers = { authorization: `Bearer ${one.key}`, 'x-agent-name': other.id, 'x-session-id': other.id };
    for (const query of [`?key_id=${other.id}`, `?tenant_id=${other.id}`]) {
      expect(await (await fetch(`${lab.url}/v1/usage${query}`, { headers })).json()).toMatchObject({ key_id: one.id });
    }
    expect((await fetch(`${lab.url}/v1/usage/${other.id}`, { headers })).status).toBe(404);
  });
});

describe('who may read it', () => {
  test('a key with the scope, which is one that every key has unless it was made without', async () => {
    const { key } = await lab.makeKey({ scopes: ['chat'] });
    const response = await read(key);
    expect([response.status, await codeOf(response)]).toEqual([403, 'forbidden']);
    expect((await read((await lab.makeKey({ scopes: ['usage'] })).key)).status).toBe(200);
  });

  test('nobody without a key, and nobody with a revoked one', async () => {
    expect((await fetch(`${lab.url}/v1/usage`)).status).toBe(401);
    const { id, key } = await lab.makeKey();
    await lab.admin('POST', `/admin/keys/${id}/revoke`, {});
    expect((await read(key)).status).toBe(401);
  });
});

test.each(['LEDGER', 'TENANT'])('without the %s object: 503 that says to come back', async (binding) => {
  const { key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
  await lab.wire(binding, { loseRequest: 1 });
  const response = await read(key);
  await lab.wire(binding, null);
  expect([response.status, await codeOf(response), response.headers.get('retry-after')]).toEqual([503, 'state_unavailable', '1']);
});

interface Answer {
  readonly usage?: { readonly requests: number };
  readonly groups?: readonly object[];
  readonly error?: { readonly code: string; readonly param: string };
}

describe('the usage of some days', () => {
  const of = async (key: string, query: string) => {
    const response = await fetch(`${lab.url}/v1/usage?${query}`, { headers: { authorization: `Bearer ${key}` } });
    return [response.status, (await response.json()) as Answer] as const;
  };
  const today = () => new Date().toISOString().slice(0, 10);

  test('has what ended on them, in all and by model, agent and day', async () => {
    const { id, key } = await lab.makeKey({});
    const headers = { 'x-agent-name': 'planner' };
    for (const model of ['small', 'small', 'large']) await (await lab.ask(key, { body: { model }, headers })).text();
    const costNanoUsd = await lab.booked(id, 3);
    const [, now] = await of(key, `from=${today()}&to=${today()}&group_by=model`);
    expect(now).toMatchObject({ from: today(), to: today(), group_by: 'model' });
    expect(now.usage).toMatchObject({
      requests: 3,
      succeeded: 3,
      cost_usd: costNanoUsd / 1e9,
      by_tier: { small: 2, large: 1 },
    });
    expect(now.groups).toMatchObject([
      { model: 'qwen2.5-32b', requests: 1 },
      { model: 'qwen2.5-7b', requests: 2 },
    ]);
    expect((await of(key, `from=${today()}&group_by=agent`))[1].groups).toMatchObject([{ agent: 'planner', requests: 3 }]);
    const [, before] = await of(key, 'to=2026-01-01&group_by=day');
    expect([before.usage?.requests, before.groups]).toEqual([0, []]);
    expect((await of(key, 'group_by=day'))[1].usage?.requests).toBe(3);
  });

  test.each([
    ['from=yesterday', 'from'],
    ['from=2026-13-01', 'from'],
    ['from=2026-02-30', 'from'],
    ['to=2026-1-1', 'to'],
    ['to=', 'to'],
    ['from=2026-11-02&to=2026-11-01', 'to'],
  ])('is not asked for by %s', async (query, param) => {
    const { key } = await lab.makeKey({});
    const [status, body] = await of(key, query);
    expect([status, body.error?.code, body.error?.param]).toEqual([400, 'invalid_value', param]);
  });
});
