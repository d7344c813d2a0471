/** The stand-in's wire against the project's vLLM fixtures: the same keys, in the same order, through the same phases. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelServer } from '../../../infra/standin/server.ts';
import { startModelServer } from '../../../infra/standin/server.ts';
import type { ModelServerOptions } from '../../../infra/standin/options.ts';
import type { Parsed } from './chat-client.ts';
import { ask, user } from './chat-client.ts';

const fixture = (name: string) => readFileSync(`${import.meta.dirname}/fixtures/vllm-${name}`, 'utf8');

const tool = (name: string) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
});
const weather = { tools: [tool('get_weather'), tool('refresh'), tool('a'), tool('b')] };
const paris = 'x [[say:]][[call:get_weather {"city": "Paris"}]]';

/** Keys in order with the kinds of their values; equal neighbours in arrays count once. */
function shape(value: Parsed): string {
  if (Array.isArray(value)) return `[${collapse(value.map(shape)).join(',')}]`;
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return `{${Object.entries(value)
    .map(([key, member]) => `${key}:${key === 'finish_reason' ? String(member) : shape(member)}`)
    .join(',')}}`;
}

function collapse(items: string[]): string[] {
  return items.filter((item, index) => item !== items[index - 1]);
}

function phases(sse: string): string[] {
  const payloads = sse
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.replace(/^data: /, ''));
  return collapse(payloads.map((payload) => (payload === '[DONE]' ? payload : shape(JSON.parse(payload)))));
}

const rows: { file: string; options?: Partial<ModelServerOptions>; body: object }[] = [
  { file: 'text-usage.sse', body: { ...user('x [[say:Bonjour 🌍!]]'), stream_options: { include_usage: true } } },
  {
    file: 'text-continuous-usage.sse',
    body: {
      ...user('x [[say:One two three]]'),
      max_tokens: 2,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    },
  },
  {
    file: 'hermes-tool-call.sse',
    options: { toolParser: 'hermes' },
    body: { ...user('x [[say:Let me check.\n]][[call:get_weather {"city": "Paris"}]]'), ...weather },
  },
  {
    file: 'hermes-empty-args-dropped.sse',
    options: { toolParser: 'hermes' },
    body: { ...user('x [[say:]][[call:refresh {}]]'), ...weather },
  },
  {
    file: 'hermes-parallel-one-delta.sse',
    options: { toolParser: 'hermes', tokensPerChunk: 500 },
    body: { ...user('x [[say:]][[call:a {"city": "x"}]][[call:b {"city": "y"}]]'), ...weather },
  },
  {
    file: 'named-tool-choice.sse',
    body: { ...user('x [[say:]]'), ...weather, tool_choice: { type: 'function', function: { name: 'get_weather' } } },
  },
  { file: 'tool-call-length.sse', options: { toolParser: 'hermes' }, body: { ...user(paris), ...weather, max_tokens: 19 } },
  { file: 'raw-markup-in-content.sse', body: { ...user(paris), ...weather } },
  {
    file: 'reasoning.sse',
    options: { reasoningParser: true, finishesWithLastDelta: true },
    body: user('x [[think:I should greet.]][[say:Hello.]]'),
  },
  {
    file: 'reasoning-content-legacy.sse',
    options: { reasoningParser: true, finishesWithLastDelta: true, reasoningField: 'reasoning_content' },
    body: user('x [[think:I should greet.]][[say:Hello.]]'),
  },
  { file: 'logprobs.sse', body: { ...user('x [[say:Yes é]]'), logprobs: true, top_logprobs: 2 } },
  { file: 'midstream-error.sse', body: user('x [[fault:mid-error;after=3]]') },
  { file: 'cut-no-done.sse', body: user('x [[fault:eof;after=3]]') },
];

describe('a stream of the stand-in', () => {
  it.each(rows)('has the keys and phases of vllm-$file', async ({ file, options = {}, body }) => {
    const server = await startModelServer(options);
    const answer = await ask(server.url, { stream: true, ...body });
    await server.close();
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(phases(answer.text)).toEqual(phases(fixture(file)));
  });
});

describe('an error of the stand-in', () => {
  let server: ModelServer;
  beforeAll(async () => {
    server = await startModelServer({ apiKey: 'k', maxModelLen: 8192 });
  });
  afterAll(() => server.close());

  const known: { status: number; when: string; body: Parsed }[] = JSON.parse(fixture('error-bodies.json'));
  const recorded = (when: string) => known.find((row) => row.when.startsWith(when));
  const authorized = { authorization: 'Bearer k' };

  it.each([
    { when: 'request body does not validate', body: {}, headers: authorized },
    { when: 'empty tools array', body: { ...user('x'), tools: [] }, headers: authorized },
    { when: 'missing or wrong bearer token', body: user('x'), headers: { authorization: 'Bearer wrong' } },
    { when: 'model name unknown', body: { ...user('x'), model: 'nope' }, headers: authorized },
    { when: 'engine error before the first byte', body: user('x [[fault:server-error]]'), headers: authorized },
    { when: 'queue limit reached', body: user('x [[fault:unavailable]]'), headers: authorized },
  ])('is word for word the recorded one: $when', async ({ when, body, headers }) => {
    const answer = await ask(server.url, body, { headers });
    expect([answer.status, answer.json]).toEqual([recorded(when)?.status, recorded(when)?.body]);
  });

  it('names the context length and both parts of a request that is too long', async () => {
    const answer = await ask(server.url, { ...user('word '.repeat(6137)), max_tokens: 2048 }, { headers: authorized });
    expect([answer.status, answer.json]).toEqual([400, recorded('prompt + max_tokens')?.body]);
  });

  it('is a plain detail for an unknown route', async () => {
    const response = await fetch(`${server.url}/v1/nothing`, { headers: authorized });
    expect([response.status, await response.json()]).toEqual([404, recorded('route unknown')?.body]);
  });

  it.each([
    ['top_logprobs without logprobs', { ...user('x'), top_logprobs: 2 }],
    ['tool_choice without tools', { ...user('x'), tool_choice: 'required' }],
    [
      'continue_final_message without an assistant at the end',
      { ...user('x'), continue_final_message: true, add_generation_prompt: false },
    ],
    ['continue_final_message with a generation prompt', { ...user('x'), continue_final_message: true }],
    [
      'an image for a text model',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:x' } }] }] },
    ],
    ['a body that is no JSON', '{"messages": ['],
  ])('is a 400 in the envelope for %s', async (_name, body) => {
    const answer = await ask(server.url, body, { headers: authorized });
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.json.error)).toEqual(['message', 'type', 'param', 'code']);
  });
});

describe('the other routes', () => {
  it('answer without a key, but the model list does not', async () => {
    const server = await startModelServer({ apiKey: 'k', servedName: 'some/model', maxModelLen: 4096 });
    const get = (path: string, headers = {}) => fetch(`${server.url}${path}`, { headers });
    const statuses = await Promise.all(
      ['/health', '/version', '/metrics', '/v1/models'].map(async (path) => (await get(path)).status),
    );
    const models = await (await get('/v1/models', { authorization: 'Bearer k' })).json();
    const metrics = await (await get('/metrics')).text();
    const tokens = await fetch(`${server.url}/tokenize`, { method: 'POST', body: JSON.stringify({ prompt: 'one two' }) });
    const counted: Parsed = await tokens.json();
    await server.close();
    expect(statuses).toEqual([200, 200, 200, 401]);
    expect(models).toMatchObject({ object: 'list', data: [{ id: 'some/model', owned_by: 'vllm', max_model_len: 4096 }] });
    for (const name of ['num_requests_running', 'num_requests_waiting', 'kv_cache_usage_perc', 'generation_tokens_total']) {
      expect(metrics).toContain(`vllm:${name}{model_name="some/model",engine="0"} 0`);
    }
    expect(counted).toMatchObject({ count: 2, max_model_len: 4096 });
    expect(counted.tokens).toHaveLength(2);
  });
});
