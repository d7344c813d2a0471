/** Statistics that say what happened, once: shadows, feedback, replays, resets, and a key's own view along its dimensions. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import { type MoneyLab, openLab, sum, times } from './money-lab.ts';

const budgets = [{ period: 'day', limit_usd: 1 }];
let lab: MoneyLab;

beforeAll(async () => {
  lab = await openLab({
    routing: {
      experiments: {
        split: { enabled: true, arms: { only: { weight: 1 } }, shadow: { model: 'qwen2.5-32b', share: 1 } },
      },
    },
  });
});

afterAll(() => lab.stop());

/** Small enough a question for the small tier. */
const routed = { body: { model: 'auto' } };

async function usageOf(key: string, by: string): Promise<{ groups: readonly Record<string, unknown>[] }> {
  const response = await fetch(`${lab.url}/v1/usage?group_by=${by}`, { headers: { authorization: `Bearer ${key}` } });
  return (await response.json()) as { groups: readonly Record<string, unknown>[] };
}

describe('a shadow run', () => {
  test('reserves and is booked like any call: to the key, its budget and the model, and to no request', async () => {
    const { id, key } = await lab.makeKey({ budgets });
    await (await lab.ask(key, { ...routed, paceMs: 20 })).text();
    const stats = () => lab.stats();
    await until('the shadow has run', async () => ((await stats()).keys[id]?.cost_nano_usd ?? 0) > 10_000);
    const { spentNanoUsd } = await lab.settled(id);
    const booked = (await stats()).keys[id];
    expect(booked).toMatchObject({ requests: 1, cost_nano_usd: spentNanoUsd });
    const ran = lab.calls().slice(-2);
    expect(ran.map(({ server }) => server)).toEqual(['small', 'large']);
    const burnt = sum(ran.map(({ usage }) => (usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0)));
    expect(booked?.tokens.total).toBe(burnt);
    expect((await stats()).shadows['qwen2.5-7b|qwen2.5-32b']).toMatchObject({ cost_nano_usd: expect.any(Number) });
  });

  test('passes no budget, the deployment’s neither: without room it does not run, and the client has its answer', async () => {
    const limitNanoUsd = 2_000_000;
    const own = await openLab({
      limits: { budgets: [{ period: 'day', limit_usd: limitNanoUsd / 1e9, when_exhausted: 'refuse' }] },
      routing: {
        experiments: {
          split: { enabled: true, arms: { only: { weight: 1 } }, shadow: { model: 'qwen2.5-32b', share: 1 } },
        },
      },
    });
    const asked = { body: { model: 'auto', max_tokens: 300 }, tokens: 250 };
    const statuses: number[] = [];
    for (let index = 0; index < 12; index += 1) {
      const response = await own.ask((await own.makeKey()).key, asked);
      statuses.push(response.status);
      await response.text();
      await own.settled('deployment');
    }
    const { spentNanoUsd } = await own.held('deployment');
    expect(statuses).toContain(200);
    expect(spentNanoUsd).toBeLessThanOrEqual(limitNanoUsd);
    await until('the ledger agrees', async () => (await own.stats()).totals.cost_nano_usd === spentNanoUsd);
    await own.stop();
  });
});

describe('feedback', () => {
  const rate = async (key: string, requestId: string, score: number) => {
    const response = await fetch(`${lab.url}/v1/feedback`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ request_id: requestId, score }),
    });
    return (await response.json()) as { counted?: boolean; replaced?: boolean; arm?: string };
  };

  test('counts once for a request and key; a later one takes its place', async () => {
    const { key } = await lab.makeKey();
    const before = (await lab.stats()).feedback['split:only']?.count ?? 0;
    const answer = await lab.ask(key, { ...routed, headers: { 'x-request-id': 'rated-once' } });
    await answer.text();
    await until('it may be rated', async () => (await rate(key, 'rated-once', 1)).counted === true);
    for (const score of [0.2, 0.9, 0.5]) expect(await rate(key, 'rated-once', score)).toMatchObject({ replaced: true });
    await until('it is counted', async () => ((await lab.stats()).feedback['split:only']?.count ?? 0) === before + 1);
    await until('the last one stands', async () => (await lab.stats()).feedback['split:only']?.mean_score === 0.5);
    const stranger = await lab.makeKey();
    expect((await rate(stranger.key, 'rated-once', 0)).counted).toBeUndefined();
  });
});

describe('a replay', () => {
  test('carries the routing of the answer that it repeats, and is counted as a replay and as nothing else', async () => {
    const { id, key } = await lab.makeKey();
    const ask = () => lab.ask(key, { body: { model: 'small' }, headers: { 'idempotency-key': 'again' } });
    const first = await ask();
    const text = await first.text();
    const replays: Response[] = [];
    await until('it is kept', async () => {
      const response = await ask();
      if (response.status === 200) replays.push(response);
      return response.status === 200;
    });
    const again = replays[0];
    expect(await again?.text()).toBe(text);
    const metadata = JSON.parse(again?.headers.get('x-routing-metadata') ?? '{}') as Record<string, unknown>;
    expect(metadata).toMatchObject({ model_id: 'qwen2.5-7b', attempts: 1 });
    await until('it is counted', async () => (await lab.stats()).keys[id]?.replayed === 1);
    expect((await lab.stats()).keys[id]).toMatchObject({ requests: 1, replayed: 1 });
  });
});

describe('a key’s own usage', () => {
  test('by model, agent and day adds up to the whole, and has no other key’s', async () => {
    const one = await lab.makeKey({ budgets });
    const other = await lab.makeKey();
    const ask = async (key: string, model: string, agent: string) =>
      (await lab.ask(key, { body: { model }, headers: { 'x-agent-name': agent } })).text();
    await Promise.all([ask(one.key, 'small', 'planner'), ask(one.key, 'large', 'planner'), ask(one.key, 'small', 'writer')]);
    await ask(other.key, 'small', 'stranger');
    const costNanoUsd = await lab.booked(one.id, 3);
    for (const [by, names] of [
      ['model', ['qwen2.5-32b', 'qwen2.5-7b']],
      ['agent', ['planner', 'writer']],
      ['day', [new Date().toISOString().slice(0, 10)]],
    ] as const) {
      const { groups } = await usageOf(one.key, by);
      expect(groups.map((row) => String(row[by])).toSorted()).toEqual(names);
      expect(sum(groups.map((row) => Number(row['requests'])))).toBe(3);
      expect(Math.round(sum(groups.map((row) => Number(row['cost_usd']))) * 1e9)).toBe(costNanoUsd);
    }
    const wrong = await fetch(`${lab.url}/v1/usage?group_by=key`, { headers: { authorization: `Bearer ${one.key}` } });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: { param: 'group_by' } }]);
  });

  test('a key with many agents has twenty and others, and another’s name stays its own', async () => {
    const many = await lab.makeKey();
    const few = await lab.makeKey();
    const ask = async (key: string, agent: string) =>
      (await lab.ask(key, { body: { model: 'small' }, headers: { 'x-agent-name': agent } })).text();
    await Promise.all(times(240, (index) => ask(many.key, `flood-${index}`)));
    await ask(few.key, 'harbour-master');
    await lab.booked(many.id, 240);
    await lab.booked(few.id, 1);
    const { agents } = await lab.stats();
    expect(agents['harbour-master']?.requests).toBe(1);
    expect(Object.keys(agents).filter((name) => name.startsWith('flood-')).length).toBeLessThanOrEqual(20);
    expect((await usageOf(many.key, 'agent')).groups.length).toBeLessThanOrEqual(21);
  });
});

describe('a reset', () => {
  test('begins at nothing: what has ended, wherever it was counted, is not in the new statistics', async () => {
    const plain = await lab.makeKey();
    const budgeted = await lab.makeKey({ budgets });
    const wave = () => Promise.all(times(12, async (index) => (await lab.ask(index % 2 ? plain.key : budgeted.key)).text()));
    await wave();
    await lab.settled(budgeted.id);
    expect((await lab.admin('POST', '/admin/stats/reset')).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 7000));
    const { totals, keys } = await lab.stats();
    expect([totals.requests, totals.cost_nano_usd, Object.keys(keys)]).toEqual([0, 0, []]);
    expect((await usageOf(plain.key, 'model')).groups).toEqual([]);
    await wave();
    expect(await lab.booked(plain.id, 6)).toBeGreaterThan(0);
    expect(await lab.booked(budgeted.id, 6)).toBeGreaterThan(0);
  });
});
