/** The stand-in counts at `/tokenize` what it then says of the prompt in its usage, and the gateway's dialect reads it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../../infra/standin/server.ts';
import { vllmCounting } from '../../../worker/core/upstreams/vllm-counting.ts';

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer({ maxModelLen: 4096 });
});
afterAll(() => server.close());

const post = (path: string, body: object) =>
  fetch(`${server.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Name a river, please. Und noch einen – “bitte”!' },
];

test('what is counted is what the answer’s usage says', async () => {
  const { usage } = (await (await post('/v1/chat/completions', { messages, max_tokens: 4 })).json()) as {
    usage: { prompt_tokens: number };
  };
  const counted = vllmCounting.read(await (await post('/tokenize', { messages })).text());
  expect(counted).toEqual({ tokens: usage.prompt_tokens, contextTokens: 4096 });
});

test('what is no request is refused, and the refusal is no count', async () => {
  for (const body of [{ messages: [] }, { messages, model: 'nobody' }]) {
    const refused = await post('/tokenize', body);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(vllmCounting.read(await refused.text())).toBeNull();
  }
});

test('llama.cpp takes one text apart, and a conversation is none', async () => {
  const llama = await startModelServer({ flavour: 'llama-cpp' });
  const tokens = async (body: object): Promise<unknown> => {
    const response = await fetch(`${llama.url}/tokenize`, { method: 'POST', body: JSON.stringify(body) });
    return JSON.parse(await response.text());
  };
  expect([await tokens({ content: 'Hello there' }), await tokens({ messages })]).toEqual([
    { tokens: [0, 1, 2, 3] },
    { tokens: [] },
  ]);
  expect(vllmCounting.read(JSON.stringify(await tokens({ messages })))).toBeNull();
  await llama.close();
});
