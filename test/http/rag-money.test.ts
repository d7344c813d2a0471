/** What documents and answers from them cost a key, what keys with limits and idempotency keys get, and what a failure says. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { poolingServers } from '../../infra/rig/pooling-servers.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { until } from '../../infra/rig/waiting.ts';

let rig: Rig;
const text = 'The harbour of Bergen opens at nine in the morning.';
const query = 'When does the harbour of Bergen open?';

beforeAll(async () => {
  rig = await startRig({ on: inject('bundle'), direct: poolingServers.filter(({ kind }) => kind !== 'classifier') });
});

afterAll(() => rig.stop());

async function send(key: string, path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  const own = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers };
  return fetch(`${rig.url}${path}`, { method: 'POST', headers: own, body: JSON.stringify(body) });
}

test('a query is booked as its embedding and its chat, with a reranking as three', async () => {
  const { id, key } = await rig.makeKey();
  await send(key, '/v1/rag/documents', { id: 'port', text });
  await send(key, '/v1/rag/documents', { id: 'port', text });
  expect((await send(key, '/v1/rag/query', { query })).status).toBe(200);
  expect(await (await send(key, '/v1/rag/query', { query, rerank: true })).json()).toMatchObject({
    'x-rag-metadata': { rerank_model: 'bge-reranker' },
    sources: [{ document_id: 'port' }],
  });
  await until('all of them are booked', async () => (await rig.stats()).keys[id]?.requests === 1 + 2 + 3);
});

test('a key whose budget is used up is refused before anything is embedded', async () => {
  const { key } = await rig.makeKey({ budgets: [{ period: 'day', limit_usd: 0 }] });
  for (const [path, body] of [
    ['/v1/rag/documents', { text }],
    ['/v1/rag/query', { query }],
  ] as const) {
    const response = await send(key, path, body);
    expect([response.status, await response.json()]).toMatchObject([429, { error: { code: 'budget_exceeded' } }]);
  }
});

test('a key that may use one chat model alone asks documents all the same', async () => {
  const { key } = await rig.makeKey({ allowed_models: ['qwen2.5-7b'] });
  expect((await send(key, '/v1/rag/documents', { id: 'port', text })).status).toBe(200);
  expect(await (await send(key, '/v1/rag/query', { query })).json()).toMatchObject({
    'x-routing-metadata': { model_id: 'qwen2.5-7b' },
    sources: [{ document_id: 'port' }],
  });
});

test.each([false, true])('the same idempotency key gives the same answer with its sources (stream: %s)', async (stream) => {
  const { key } = await rig.makeKey();
  await send(key, '/v1/rag/documents', { id: 'port', text });
  const once = async () => (await send(key, '/v1/rag/query', { query, stream }, { 'idempotency-key': `again-${stream}` })).text();
  const first = await once();
  const second = await once();
  expect(first).toContain('"document_id":"port"');
  expect(second.replace(/"x-rag-metadata":\{[^}]*\}/g, '')).toBe(first.replace(/"x-rag-metadata":\{[^}]*\}/g, ''));
  const other = await send(key, '/v1/rag/query', { query: 'Another one?', stream }, { 'idempotency-key': `again-${stream}` });
  expect(await other.json()).toMatchObject({ error: { code: 'idempotency_mismatch' } });
});

test.each([
  ['embedder', 'bge-small-en'],
  ['reranker', 'bge-reranker'],
])('a query that fails at the %s says which model was asked', async (server, modelId) => {
  const { key } = await rig.makeKey();
  await send(key, '/v1/rag/documents', { id: 'port', text });
  await rig.control(server, { down: true });
  const response = await send(key, '/v1/rag/query', { query: `${query} By the ${server}?`, rerank: true });
  await rig.control(server, { down: false });
  const routing = { model_id: modelId };
  expect(await response.json()).toMatchObject({ error: { type: 'upstream_error' }, 'x-routing-metadata': routing });
  expect(JSON.parse(response.headers.get('x-routing-metadata') ?? '')).toMatchObject(routing);
});
