/** Near a limit the model server counts the prompt: it is refused exactly, or the room is used exactly; and nothing depends on it. */
import { describe, expect, it } from 'vitest';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';
import { createGateway, type GatewayOptions } from '../support/fakes/gateway.ts';
import { completion, smallName } from './wire.ts';

const room = 8192;
const alone = { routing: { chains: { 'qwen2.5-7b': [] } } };
const prompt = (words: number) => ({ model: 'small', messages: [{ role: 'user', content: 'word '.repeat(words) }] });
/** Estimated between 6,000 and 11,000. */
const near = prompt(7500);
const counted = (count: number) =>
  ({ kind: 'json', body: { count, max_model_len: room, tokens: [], token_strs: null } }) as const;

function gatewayOf(options: Partial<GatewayOptions>) {
  const gateway = createGateway({ script: [completion('hi')], config: alone, ...options });
  gateway.health.probe('small', [{ name: smallName, contextTokens: room }]);
  return gateway;
}

describe('a prompt near the limit', () => {
  it('is refused by its count before a model runs, and the refusal tells the count', async () => {
    const gateway = gatewayOf({ count: counted(room) });
    expect(await gateway.ask(near)).toMatchObject({ code: 'context_length_exceeded', param: 'messages' });
    expect([gateway.upstream.calls.length, gateway.upstream.counts.length]).toEqual([0, 1]);
  });

  it('is told how many tokens it has, without a guess in the words', async () => {
    const { gateway, send } = createFakeApp({ script: [], config: alone, count: counted(room) });
    gateway.health.probe('small', [{ name: smallName, contextTokens: room }]);
    const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };
    const answer = await send('POST', '/v1/chat/completions', headers, JSON.stringify(near));
    const { error } = (await answer.json()) as { error: { message: string } };
    expect([answer.status, error.message]).toEqual([
      400,
      expect.stringContaining(`maximum context length is ${room} tokens. However, your messages resulted in ${room} tokens.`),
    ]);
  });

  it.each([
    [room - 1, 1],
    [room - 100, 100],
    [5000, room - 5000],
  ])('of %i tokens gets all the room that is left: %i', async (count, left) => {
    const gateway = gatewayOf({ count: counted(count) });
    await gateway.ask({ ...near, max_tokens: room });
    expect(gateway.upstream.calls[0]?.body['max_tokens']).toBe(left);
  });

  it('that seems far too long and is not, is answered', async () => {
    const gateway = gatewayOf({ count: counted(6000) });
    expect(await gateway.ask(prompt(13_000))).toMatchObject({ kind: 'json' });
    expect(gateway.upstream.calls[0]?.body['max_tokens']).toBe(room - 6000);
  });

  it('is counted as the template sees it, tools included, under the server’s name of the model', async () => {
    const gateway = gatewayOf({ count: counted(6000) });
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }];
    await gateway.ask({ ...near, tools, temperature: 0, max_tokens: 5000 });
    const [call] = gateway.upstream.counts;
    expect(call?.body).toMatchObject({ model: smallName, messages: near.messages, tools });
    expect(Object.keys(call?.body ?? {}).toSorted()).toEqual(['messages', 'model', 'tools']);
  });

  it.each([
    ['is not there', { kind: 'status', status: 404 }],
    ['fails', { kind: 'status', status: 500 }],
    ['cannot be reached', { kind: 'refuse' }],
    ['is slow', { kind: 'json', body: { count: 3000, max_model_len: room }, afterMs: 10_000 }],
    ['is no count', { kind: 'json', body: { count: -1 } }],
    ['is no JSON', { kind: 'status', status: 200, body: '<html>' }],
  ] as const)('is estimated where the count %s, and the server is left alone for a minute', async (_, count) => {
    const gateway = gatewayOf({ script: [], last: completion('hi'), count });
    const first = gateway.ask(near);
    await gateway.time.advance(300);
    expect(await first).toMatchObject({ kind: 'json' });
    expect(gateway.health.statuses()).toMatchObject({ 'qwen2.5-7b@small': 'up' });
    await gateway.ask(near);
    expect(gateway.upstream.counts).toHaveLength(1);
    await gateway.time.advance(60_000);
    const third = gateway.ask(near);
    await gateway.time.advance(300);
    await third;
    expect(gateway.upstream.counts).toHaveLength(2);
    expect(gateway.upstream.calls).toHaveLength(3);
  });
});

describe('no count is asked for', () => {
  it.each([
    ['a short prompt', prompt(10), {}],
    ['a short prompt with a limit as large as the context', { ...prompt(300), max_tokens: room }, {}],
    ['a prompt that surely fits with its answer', { ...prompt(4000), max_tokens: 100 }, {}],
    ['a prompt that is far too long', prompt(60_000), {}],
    ['where it is switched off', near, { limits: { count_prompt_ms: 0 } }],
  ])('%s', async (_, body, config) => {
    const gateway = gatewayOf({ count: counted(1), config: { ...alone, ...config } });
    await gateway.ask(body);
    expect(gateway.upstream.counts).toEqual([]);
  });
});
