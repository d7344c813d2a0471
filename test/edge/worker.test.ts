/** The Worker as it is deployed, inside workerd: every route answers, and a request leaves its trace in the objects. */
import { reset, SELF } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Stats } from '../../shared/records.ts';
import { parseStream } from '../../infra/rig/read-stream.ts';
import { until } from '../../infra/rig/waiting.ts';
import { edgeBindings } from './bindings.ts';
import { type FakeUpstreams, fakeUpstreams } from './fake-upstreams.ts';

let upstreams: FakeUpstreams;

beforeEach(() => {
  upstreams = fakeUpstreams();
});

afterEach(() => reset());

describe('open paths', () => {
  test.each(['/livez', '/readyz', '/health'])('%s answers 200', async (path) => {
    const response = await SELF.fetch(`https://gateway.test${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
    await response.text();
  });

  test('a path that does not exist has the headers of every answer', async () => {
    const response = await SELF.fetch('https://gateway.test/nowhere');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'not_found', param: null } });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
  });
});

describe('a chat', () => {
  test('whole: routed, sent with the upstream key and the service token, counted', async () => {
    const response = await ask({});
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      choices: [{ message: { content: 'Hello there' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
      'x-routing-metadata': { model_id: 'qwen2.5-7b', tier: 'small', attempts: 1 },
    });
    const call = upstreams.requests.find(({ path }) => path === '/v1/chat/completions');
    expect(call?.server).toBe('small');
    expect(Object.fromEntries(call?.headers ?? [])).toMatchObject({
      authorization: `Bearer ${edgeBindings.UPSTREAM_API_KEY}`,
      'cf-access-client-id': edgeBindings.ACCESS_CLIENT_ID,
      'cf-access-client-secret': edgeBindings.ACCESS_CLIENT_SECRET,
    });
    await until('it is counted', async () => (await stats()).totals.requests === 1);
    expect((await stats()).totals).toMatchObject({
      requests: 1,
      succeeded: 1,
      tokens: { total: 9, estimated: 0 },
      cost_nano_usd: 900,
    });
  });

  test('streamed: the same words, one finish, [DONE]', async () => {
    const stream = parseStream(await (await ask({ stream: true, stream_options: { include_usage: true } })).text());
    expect(stream).toMatchObject({ text: 'Hello there', finishReasons: ['stop'], isDone: true, errors: [], unreadable: [] });
    expect(stream.usage).toMatchObject({ total_tokens: 9 });
    expect(stream.metadata).toMatchObject({ model_id: 'qwen2.5-7b', fallback_used: false });
  });

  test('with the first model out of reach: the other one answers, asked with its own key', async () => {
    upstreams.fail('small', 'unreachable');
    const response = await ask({});
    expect(await response.json()).toMatchObject({ 'x-routing-metadata': { model_id: 'qwen2.5-32b', fallback_used: true } });
    const ownKeys = { small: edgeBindings.UPSTREAM_API_KEY, large: edgeBindings.LARGE_SERVER_CREDENTIAL };
    for (const [server, key] of Object.entries(ownKeys)) {
      const calls = upstreams.requests.filter((request) => request.server === server);
      expect(new Set(calls.map(({ headers }) => headers.get('authorization')))).toEqual(new Set([`Bearer ${key}`]));
    }
  });

  test('with nothing in reach: an error in the envelope', async () => {
    upstreams.fail('small', 'unreachable');
    upstreams.fail('large', new Response('error code: 1033', { status: 530 }));
    const response = await ask({});
    expect(response.status).toBe(502);
    expect(Object.keys(((await response.json()) as { error: object }).error).toSorted()).toEqual([
      'code',
      'message',
      'param',
      'type',
    ]);
  });

  test('without a key: 401, and nothing is sent', async () => {
    const response = await SELF.fetch('https://gateway.test/v1/chat/completions', { method: 'POST' });
    expect(response.status).toBe(401);
    expect(upstreams.requests.filter(({ path }) => path === '/v1/chat/completions')).toEqual([]);
  });
});

describe('operations', () => {
  test.each(['/stats', '/router/info'])('%s opens to the admin token and to no client key', async (path) => {
    const status = async (token: string) => {
      const response = await SELF.fetch(`https://gateway.test${path}`, { headers: { authorization: `Bearer ${token}` } });
      await response.text();
      return response.status;
    };
    expect([
      await status(edgeBindings.ADMIN_TOKEN),
      await status(edgeBindings.BOOTSTRAP_API_KEY),
      await status('nobody-knows-this'),
    ]).toEqual([200, 403, 401]);
  });

  test('the models are listed for a key', async () => {
    const headers = { authorization: `Bearer ${edgeBindings.BOOTSTRAP_API_KEY}` };
    const response = await SELF.fetch('https://gateway.test/v1/models', { headers });
    const { data } = (await response.json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(expect.arrayContaining(['qwen2.5-7b', 'qwen2.5-32b', 'auto']));
  });
});

function ask(body: Readonly<Record<string, unknown>>): Promise<Response> {
  return SELF.fetch('https://gateway.test/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${edgeBindings.BOOTSTRAP_API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'small', max_tokens: 20, messages: [{ role: 'user', content: 'hi' }], ...body }),
  });
}

async function stats(): Promise<Stats> {
  const headers = { authorization: `Bearer ${edgeBindings.ADMIN_TOKEN}` };
  return (await SELF.fetch('https://gateway.test/stats', { headers })).json();
}
