/** Budgets and limits of keys that ask for vectors: the worst case is reserved before the first call, and settled once with what it cost. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { labOverrides } from '../../infra/rig/configs.ts';
import { type Lab, startLab } from '../../infra/rig/lab.ts';
import { poolingServers } from '../../infra/rig/pooling-servers.ts';
import { until } from '../../infra/rig/waiting.ts';
import { countBy, times } from './money-lab.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ on: inject('bundle'), overrides: labOverrides, direct: poolingServers });
});

afterAll(() => lab.stop());

const nanoUsdPerToken = 20;

async function embed(key: string, input: unknown): Promise<{ status: number; code: string | null; promptTokens: number }> {
  const response = await fetch(`${lab.url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'bge-small-en', input }),
  });
  const body = JSON.parse(await response.text());
  return { status: response.status, code: body.error?.code ?? null, promptTokens: body.usage?.prompt_tokens ?? 0 };
}

async function costOf(keyId: string, requests: number): Promise<number> {
  await until('all are booked', async () => ((await lab.stats()).keys[keyId]?.requests ?? 0) >= requests);
  return (await lab.stats()).keys[keyId]?.cost_nano_usd ?? Number.NaN;
}

describe('a budget', () => {
  test('is not passed by requests at once, and what is booked is what the server counted', async () => {
    const input = times(40, (i) => `text number ${i}`);
    // Every byte of a text may be a token, and a template adds some: five such requests fit.
    const worst = input.reduce((sum, text) => sum + text.length + 4, 0) * nanoUsdPerToken;
    const limitNanoUsd = worst * 5;
    const { id, key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: limitNanoUsd / 1e9 }] });
    await lab.control('embedder', { fault: 'slow-headers;ms=700' });
    const answers = await Promise.all(times(20, () => embed(key, input)));
    await lab.control('embedder', { fault: null });
    expect(countBy(answers.map(({ code }) => String(code)))).toEqual({ null: 5, concurrency_limit_exceeded: 15 });
    const counted = answers.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
    expect(await costOf(id, 5)).toBe(counted * nanoUsdPerToken);
    expect(counted * nanoUsdPerToken).toBeLessThan(limitNanoUsd);
    // What was reserved and not spent is free again.
    expect((await embed(key, input)).status).toBe(200);
  });

  test('that has no room for a whole batch refuses it before any call', async () => {
    const { key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 0.000_01 }] });
    lab.fleet.model('embedder').clearLog();
    expect(
      await embed(
        key,
        times(500, (i) => `a rather long text of number ${i}`),
      ),
    ).toMatchObject({ status: 429, code: 'budget_exceeded' });
    expect(
      lab.fleet
        .model('embedder')
        .log()
        .filter(({ path }) => path === '/v1/embeddings'),
    ).toEqual([]);
  });
});

test('a batch is one request of a key’s rate, however many calls it takes', async () => {
  const { key } = await lab.makeKey({ limits: { requests_per_minute: 2 } });
  const batch = times(200, (i) => `text ${i}`);
  const answers = [await embed(key, batch), await embed(key, batch), await embed(key, batch)];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
});

test('a key without the model, or without the scope, gets no vectors', async () => {
  const other = await lab.makeKey({ allowed_models: ['qwen2.5-7b'] });
  expect((await embed(other.key, 'a')).code).toBe('model_not_allowed');
  for (const scope of ['usage', 'chat', 'classify', 'rag']) {
    const { key } = await lab.makeKey({ scopes: [scope] });
    expect([scope, (await embed(key, 'a')).code]).toEqual([scope, 'forbidden']);
  }
  const embedder = await lab.makeKey({ scopes: ['embeddings'] });
  expect((await embed(embedder.key, 'a')).status).toBe(200);
  const chat = { model: 'small', messages: [{ role: 'user', content: 'a' }] };
  expect((await lab.chat(chat, {}, { key: embedder.key })).status).toBe(403);
});
