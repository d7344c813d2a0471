/** Anthropic's Messages in front of the whole pipeline: answers, broken streams, refusals at every door, kept answers, token counts. */
import { describe, expect, it } from 'vitest';
import { readMessageStream } from '../support/messages-events.ts';
import type { BodyStep, Reply } from '../support/fakes/fake-upstream.ts';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';
import type { GatewayOptions } from '../support/fakes/gateway.ts';
import { chunk, completion, done, goodStream, role, smallName, streamReply, text, usage, usageChunk } from './wire.ts';

const json = { 'content-type': 'application/json' };
const withKey = { ...json, 'x-api-key': clientKey };
const hello = { model: 'small', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] };
const streamed = { ...hello, stream: true };
const alone = { routing: { chains: { 'qwen2.5-7b': [] } } };

function appOf(script: readonly Reply[], options: Partial<GatewayOptions> = {}) {
  const app = createFakeApp({ script, last: { kind: 'status', status: 503 }, ...options });
  const send = async (body: object, headers: Record<string, string> = {}, path = '/v1/messages') => {
    const response = await app.send('POST', path, { ...withKey, ...headers }, JSON.stringify(body));
    return { status: response.status, headers: response.headers, text: await app.gateway.time.runUntil(response.text()) };
  };
  return { ...app, ask: send };
}

describe('a message', () => {
  it('comes whole', async () => {
    const { ask } = appOf([completion('Bonjour')]);
    const answer = await ask(hello);
    expect([answer.status, answer.headers.get('request-id')]).toEqual([200, answer.headers.get('x-request-id')]);
    expect(JSON.parse(answer.text)).toMatchObject({
      id: 'msg_up',
      model: smallName,
      content: [{ type: 'text', text: 'Bonjour' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 11, output_tokens: 3 },
    });
  });

  it.each([
    ['in its place', {}, { role: 'system', content: 'Plan only.' }],
    ['to a model whose template refuses that, in the user’s turn', { late_system: 'user' }, null],
  ])('has instructions in the middle of the conversation %s, for the answer as for the count', async (_, model, late) => {
    const turns = [...hello.messages, { role: 'assistant', content: 'Hi.' }, { role: 'system', content: 'Plan only.' }];
    const messages = [...turns, { role: 'user', content: 'Go on.' }];
    const { ask, gateway } = appOf([completion('Plan')], {
      config: { models: { 'qwen2.5-7b': model } },
      count: { kind: 'json', body: { count: 31, max_model_len: 8192, tokens: [] } },
    });
    await ask({ ...hello, messages });
    await ask({ model: 'small', messages }, {}, '/v1/messages/count_tokens');
    const sent =
      late === null
        ? [...turns.slice(0, 2), { role: 'user', content: '<system>\nPlan only.\n</system>\n\nGo on.' }]
        : [...turns.slice(0, 2), late, { role: 'user', content: 'Go on.' }];
    expect([gateway.upstream.calls[0]?.body, gateway.upstream.counts[0]?.body]).toMatchObject([
      { messages: sent },
      { messages: sent },
    ]);
  });

  it.each(['x', ''])('of no tokens has its prompt read, and shows nothing of the token that is made: "%s"', async (made) => {
    const whole = completion(made);
    const cut: Reply = JSON.parse(JSON.stringify(whole).replace('"stop"', '"length"'));
    const { ask, gateway } = appOf([cut]);
    const answer = await ask({ ...hello, max_tokens: 0 });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([200, { content: [], stop_reason: 'max_tokens' }]);
    expect(gateway.upstream.calls).toMatchObject([{ body: { max_tokens: 1 } }]);
  });

  it('comes as a stream, and nothing of the server’s wire gets into it', async () => {
    const { ask } = appOf([goodStream('Bon', 'jour')]);
    const answer = await ask(streamed);
    const read = readMessageStream(answer.text);
    expect(read).toMatchObject({ faults: [], isWhole: true, message: { content: [{ type: 'text', text: 'Bonjour' }] } });
    expect(answer.text).not.toMatch(/chat\.completion|\[DONE\]|chatcmpl/);
  });

  it.each([false, true])('names the stop sequence that the server met (stream: %s)', async (isStream) => {
    const stopped = { index: 0, finish_reason: 'stop', stop_reason: 'END', logprobs: null };
    const whole: Reply = {
      kind: 'json',
      body: {
        id: 'c',
        model: smallName,
        created: 1,
        choices: [{ ...stopped, message: { role: 'assistant', content: 'So' } }],
        usage,
      },
    };
    const last = chunk({}, 'stop', { choices: [{ ...stopped, delta: {} }] });
    const { ask } = appOf([isStream ? streamReply(role, text('So'), last, usageChunk, done) : whole]);
    const answer = await ask({ ...hello, stream: isStream, stop_sequences: ['END'] });
    const message: unknown = isStream ? readMessageStream(answer.text).message : JSON.parse(answer.text);
    expect(message).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' });
  });

  it('takes names that agents have fixed', async () => {
    const { ask, gateway } = appOf([completion('a'), completion('b')]);
    expect((await ask({ ...hello, model: 'claude-haiku-4-5-20251001' })).status).toBe(200);
    expect((await ask({ ...hello, model: 'claude-sonnet-4-6' })).status).toBe(200);
    expect(gateway.ledger.entries.map(({ requestedModel, isForced }) => [requestedModel, isForced])).toEqual([
      ['claude-haiku-4-5-20251001', true],
      ['claude-sonnet-4-6', false],
    ]);
  });
});

describe('a stream that breaks', () => {
  const thinking = chunk({ reasoning_content: 'hm' });
  it.each<readonly [string, readonly BodyStep[]]>([
    ['is cut', [role, text('Bon')]],
    ['is reset', [role, text('Bon'), 'reset']],
    ['stalls', [role, text('Bon'), 'stall']],
    ['holds an error', [role, text('Bon'), 'data: {"error":{"message":"x","code":500}}\n\n', done]],
    ['is cut in its thinking', [role, thinking]],
    [
      'is cut in a call',
      [role, chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'look', arguments: '{"q' } }] })],
    ],
  ])('%s: it ends with an error event, and never with message_stop', async (_, steps) => {
    const { ask, gateway } = appOf([streamReply(...steps)], { config: alone });
    const answer = await ask({ ...streamed, tools: [{ name: 'look' }] });
    if (answer.status === 200) {
      const read = readMessageStream(answer.text);
      expect([read.faults, read.isWhole]).toEqual([[], false]);
      expect(read.error).toMatchObject({ type: expect.stringMatching(/^(api|timeout|overloaded)_error$/) });
    } else expect(JSON.parse(answer.text)).toMatchObject({ type: 'error', error: { type: expect.any(String) } });
    expect(gateway.entry().ending).toMatch(/^(upstream_error|timeout)$/);
  });

  it('before it begins has the status of its failure', async () => {
    const answer = await appOf([]).ask(streamed);
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([503, { type: 'error', error: { type: 'overloaded_error' } }]);
  });
});

describe('a refusal', () => {
  it.each<readonly [string, string, string, Record<string, string>, string | undefined, number, string]>([
    ['no key', 'POST', '/v1/messages', json, '{}', 401, 'authentication_error'],
    [
      'a wrong key',
      'POST',
      '/v1/messages',
      { ...json, 'x-api-key': 'pointsman-nobody-knows-it' },
      '{}',
      401,
      'authentication_error',
    ],
    ['no key to count', 'POST', '/v1/messages/count_tokens', json, '{}', 401, 'authentication_error'],
    ['a path below', 'POST', '/v1/messages/batches', withKey, '{}', 404, 'not_found_error'],
    ['another method', 'GET', '/v1/messages', withKey, undefined, 405, 'invalid_request_error'],
    ['another type', 'POST', '/v1/messages', { ...withKey, 'content-type': 'text/plain' }, '{}', 415, 'invalid_request_error'],
    [
      'a body that is too large',
      'POST',
      '/v1/messages',
      { ...withKey, 'content-length': '99999999' },
      '{}',
      413,
      'request_too_large',
    ],
    ['no JSON', 'POST', '/v1/messages', withKey, '{', 400, 'invalid_request_error'],
    [
      'no max_tokens',
      'POST',
      '/v1/messages',
      withKey,
      JSON.stringify({ ...hello, max_tokens: undefined }),
      400,
      'invalid_request_error',
    ],
    ['no such model', 'POST', '/v1/messages', withKey, JSON.stringify({ ...hello, model: 'gpt-x' }), 404, 'not_found_error'],
  ])('of %s has Anthropic’s body, with the request’s id', async (_, method, path, headers, body, status, type) => {
    const { send } = appOf([]);
    const response = await send(method, path, headers, body);
    const answer = JSON.parse(await response.text());
    expect([response.status, answer.type, answer.error.type]).toEqual([status, 'error', type]);
    expect(answer.request_id).toBe(response.headers.get('request-id'));
    expect(response.headers.get('x-should-retry')).toBe('false');
  });

  it('of a prompt that the gateway finds too long has the sentence that agents compact on', async () => {
    const { ask } = appOf([], { config: alone });
    const answer = await ask({ ...hello, messages: [{ role: 'user', content: 'word '.repeat(60_000) }] });
    expect([answer.status, JSON.parse(answer.text).error.message]).toEqual([
      400,
      expect.stringMatching(/^prompt is too long: \d+ tokens > 32768 maximum$/),
    ]);
  });

  it.each([
    [
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
      'prompt is too long: 9000 tokens > 8192 maximum',
    ],
    [
      "This model's maximum context length is 8192 tokens. However, you requested 8500 tokens (8000 in the messages, 500 in the completion).",
      'input length and `max_tokens` exceed context limit: 8000 + 500 > 8192, decrease input length or `max_tokens` and try again',
    ],
    ['prompt is too long: 9000 tokens > 8192 maximum', 'prompt is too long: 9000 tokens > 8192 maximum'],
  ])('of one that the model server finds too long has it as well: %s', async (message, told) => {
    const body = JSON.stringify({ object: 'error', message, type: 'BadRequestError', code: 400 });
    const { ask } = appOf([{ kind: 'status', status: 400, body }], { config: alone });
    const answer = await ask({ ...hello, max_tokens: 500 });
    expect([answer.status, JSON.parse(answer.text).error]).toMatchObject([400, { type: 'invalid_request_error', message: told }]);
  });
});

describe('a kept message', () => {
  const told = (answer: { readonly text: string }) => answer.text.replaceAll(': ping\n\n', '');

  it('is given again for its idempotency key, whole and streamed, and paid for once', async () => {
    for (const body of [hello, streamed]) {
      const { ask, gateway } = appOf([goodStream('Bon', 'jour')]);
      const [first, again] = [await ask(body, { 'idempotency-key': 'k-1' }), await ask(body, { 'idempotency-key': 'k-1' })];
      expect([again.status, again.headers.get('idempotent-replayed'), told(again)]).toEqual([200, 'true', told(first)]);
      expect(gateway.upstream.calls).toHaveLength(1);
    }
  });

  it('is not given to another wire under the same key', async () => {
    const { ask } = appOf([completion('a'), completion('b')]);
    await ask(hello, { 'idempotency-key': 'k-1' });
    const other = await ask(hello, { 'idempotency-key': 'k-1' }, '/v1/chat/completions');
    expect([other.status, JSON.parse(other.text).error.code]).toEqual([400, 'idempotency_mismatch']);
  });

  it('can be picked up behind every event, byte for byte', async () => {
    const calls = chunk({
      tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'look', arguments: '{"q":1}' } }],
    });
    const steps = [
      role,
      chunk({ reasoning_content: 'hm' }),
      text('Bon'),
      text('jour'),
      calls,
      chunk({}, 'tool_calls'),
      usageChunk,
      done,
    ];
    const { ask, send, gateway } = appOf([streamReply(...steps)]);
    const first = await ask({ ...streamed, tools: [{ name: 'look' }] }, { 'x-resumable': 'true' });
    const id = first.headers.get('x-stream-id') ?? '';
    const events = told(first).split(/(?<=\n\n)/);
    expect(events.length).toBeGreaterThan(10);
    expect(readMessageStream(told(first))).toMatchObject({ faults: [], isWhole: true, message: { stop_reason: 'tool_use' } });
    for (const after of events.keys()) {
      const rest = await send('GET', `/v1/streams/${id}?after=${after}`, withKey);
      expect(await gateway.time.runUntil(rest.text())).toBe(events.slice(after).join(''));
    }
    const nothing = await send('GET', `/v1/streams/${id}?after=${events.length}`, withKey);
    expect(nothing.status).toBe(204);
  });

  it('answers from the cache, in the words of whichever wire asks', async () => {
    const { ask, gateway } = appOf([completion('Bonjour')], { config: { cache: { enabled: true } } });
    const fixed = { ...hello, temperature: 0 };
    const first = await ask(fixed);
    const [whole, stream] = [await ask(fixed), await ask({ ...fixed, stream: true })];
    expect([first, whole, stream].map(({ headers }) => headers.get('x-cache'))).toEqual(['miss', 'hit', 'hit']);
    expect(JSON.parse(whole.text).content).toEqual(JSON.parse(first.text).content);
    expect(readMessageStream(stream.text)).toMatchObject({
      faults: [],
      isWhole: true,
      message: { content: JSON.parse(first.text).content },
    });
    const chat = await ask(fixed, {}, '/v1/chat/completions');
    expect([chat.headers.get('x-cache'), JSON.parse(chat.text).choices[0].message.content]).toEqual(['hit', 'Bonjour']);
    expect(gateway.upstream.calls).toHaveLength(1);
  });
});

describe('a count of tokens', () => {
  const { max_tokens: _, ...uncounted } = hello;
  const path = '/v1/messages/count_tokens';

  it('is the model server’s own', async () => {
    const { ask, gateway } = appOf([], { count: { kind: 'json', body: { count: 31, max_model_len: 8192, tokens: [] } } });
    const answer = await ask({ ...uncounted, tools: [{ name: 'look' }] }, {}, path);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { input_tokens: 31 }]);
    expect([gateway.upstream.calls.length, gateway.ledger.entries.length]).toEqual([0, 0]);
    expect(gateway.upstream.counts[0]?.body).toMatchObject({ tools: [{ type: 'function', function: { name: 'look' } }] });
  });

  it('is estimated where the server cannot count, and where there are images', async () => {
    const { ask } = appOf([]);
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } };
    const seeing = [{ role: 'user', content: [image, { type: 'text', text: '?' }] }];
    const [plain, seen] = [await ask(uncounted, {}, path), await ask({ model: 'auto', messages: seeing }, {}, path)];
    for (const answer of [plain, seen]) expect(JSON.parse(answer.text).input_tokens).toBeGreaterThan(5);
  });

  it('names the field of a wrong body', async () => {
    const answer = await appOf([]).ask({ model: 'small' }, {}, path);
    expect([answer.status, JSON.parse(answer.text).error.details.param]).toEqual([400, 'messages']);
  });
});
