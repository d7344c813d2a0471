/** The Worker as it is deployed, inside workerd: a request is sent with the right credentials and leaves its trace in the objects. */
import { reset, SELF } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Stats } from '../../shared/records.ts';
import { until } from '../../infra/rig/waiting.ts';
import { edgeBindings } from './bindings.ts';
import { type FakeUpstreams, fakeUpstreams } from './fake-upstreams.ts';

let upstreams: FakeUpstreams;

beforeEach(() => {
  upstreams = fakeUpstreams();
});

afterEach(() => reset());

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
