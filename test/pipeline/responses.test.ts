/** Responses through the whole Worker: stored, read again, gone on from, cancelled, broken; beside the cache, idempotency keys and shared calls. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientKey, createFakeApp, type FakeApp } from '../support/fakes/app.ts';
import type { GatewayOptions } from '../support/fakes/gateway.ts';
import { eventsIn, expectEvent, expectResponse, expectWellFormed } from '../core/surfaces/responses-schema.ts';
import { chunk, completion, done, goodStream, role, smallName, streamReply, text, usage, usageChunk } from './wire.ts';

const down = { kind: 'status', status: 503 } as const;
const tool = { type: 'function', name: 'look', parameters: { type: 'object' } };
const called = (id: string) => ({ index: 0, id, type: 'function', function: { name: 'look', arguments: '{"q":1}' } });

function open(script: GatewayOptions['script'], config: object = {}) {
  const app = createFakeApp({ script, last: down, config });
  return { app, ...callsOf(app) };
}

function callsOf(app: FakeApp) {
  const send = async (method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) => {
    const own = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json', ...headers };
    const response = await app.send(method, path, own, body === undefined ? undefined : JSON.stringify(body));
    return { status: response.status, headers: response.headers, text: await app.gateway.time.runUntil(response.text()) };
  };
  const create = (fields: object, headers: Readonly<Record<string, string>> = {}) =>
    send('POST', '/v1/responses', { model: 'small', max_output_tokens: 50, input: 'hello', ...fields }, headers);
  const get = async (path: string) => {
    const answer = await send('GET', path);
    return { ...answer, json: JSON.parse(answer.text) };
  };
  return { send, create, get };
}

const idIn = (stream: string): string => /"id":"(resp_[^"]+)"/.exec(stream)?.[1] ?? '';
const asked = ({ gateway }: FakeApp, call: number) => gateway.upstream.calls[call]?.body as { messages: unknown[] };

describe('a response', () => {
  it('is a whole answer of its published type, and the model server is asked for a chat', async () => {
    const { app, create } = open([completion('hi')]);
    const { status, text: body } = await create({ instructions: 'Be brief.' });
    expect(status).toBe(200);
    expectResponse(JSON.parse(body));
    expect(JSON.parse(body)).toMatchObject({ model: smallName, status: 'completed', output: [{ content: [{ text: 'hi' }] }] });
    expect(JSON.parse(body).usage).toMatchObject({ input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens });
    expect(asked(app, 0).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hello' },
    ]);
  });

  it('is a stream whose events are of their published types, without [DONE]', async () => {
    const call = chunk({ tool_calls: [called('c1')] });
    const { create } = open([streamReply(role, text('I '), text('look.'), call, chunk({}, 'tool_calls'), usageChunk, done)]);
    const { text: body, headers } = await create({ stream: true, tools: [tool], store: false });
    const events = eventsIn(body);
    for (const event of events) expectEvent(event);
    expectWellFormed(events);
    expect(headers.get('content-type')).toContain('text/event-stream');
    expect(body).not.toContain('[DONE]');
    expect(events.at(-1)?.['response']).toMatchObject({
      output: [{ type: 'message' }, { type: 'function_call', call_id: 'c1', name: 'look' }],
    });
  });

  it('has an error of OpenAI’s shape that names its own field', async () => {
    const { create } = open([]);
    const wrong = await create({ input: [{ role: 'user', content: [{ type: 'input_file' }] }] });
    expect([wrong.status, JSON.parse(wrong.text).error.param]).toEqual([400, 'input.0.content.0.type']);
    const long = await create({ input: 'word '.repeat(200_000) });
    expect([long.status, JSON.parse(long.text).error]).toMatchObject([400, { code: 'context_length_exceeded', param: 'input' }]);
  });

  it('of a model server that finds the prompt too long has that code too, whole and streamed', async () => {
    const words = "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens.";
    const refusal = {
      kind: 'status',
      status: 400,
      body: JSON.stringify({ object: 'error', message: words, type: 'BadRequestError', code: 400 }),
    } as const;
    const { create } = open([refusal, refusal]);
    for (const stream of [false, true]) {
      const { status, text: body } = await create({ stream, store: false });
      expect([status, JSON.parse(body).error]).toMatchObject([400, { code: 'context_length_exceeded', param: 'input' }]);
    }
  });

  it.each([
    ['is cut', [role, text('Bon')]],
    ['is reset', [role, text('Bon'), 'reset']],
    ['stalls', [role, text('Bon'), 'stall']],
    ['is broken', [role, text('Bon'), 'data: {"error":{"message":"engine died","code":500}}\n\n']],
  ] as const)('whose stream %s ends with its own error, and is never complete', async (_what, steps) => {
    const { create, get } = open([streamReply(...steps)]);
    const { status, text: body } = await create({ stream: true });
    const events = eventsIn(body);
    for (const event of events) expectEvent(event);
    expect(status).toBe(200);
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['error', 'response.failed']);
    expect(events.some(({ type }) => type.endsWith('.done') || type === 'response.completed')).toBe(false);
    const { json } = await get(`/v1/responses/${idIn(body)}`);
    expect(json).toMatchObject({ status: 'failed', output: [{ status: 'incomplete', content: [{ text: 'Bon' }] }] });
  });
});

describe('beside an answer', () => {
  it('a prompt is counted without one, with what it goes on from', async () => {
    const { app, create, send } = open([completion('I look.')]);
    const { id } = JSON.parse((await create({ input: 'word '.repeat(500) })).text);
    const count = async (body: object) => JSON.parse((await send('POST', '/v1/responses/input_tokens', body)).text);
    const [alone, all] = [await count({ input: 'Hi' }), await count({ input: 'Hi', previous_response_id: id })];
    expect(alone).toEqual({ object: 'response.input_tokens', input_tokens: expect.any(Number) });
    expect(all.input_tokens).toBeGreaterThan(alone.input_tokens + 400);
    expect((await count({})).error).toMatchObject({ code: 'missing_field', param: 'input' });
    expect((await count({ previous_response_id: 'resp_nobody' })).error.code).toBe('previous_response_not_found');
    expect([app.gateway.upstream.calls.length, app.gateway.ledger.entries.length]).toEqual([1, 1]);
  });

  it('a conversation is not shortened, and the client is told so', async () => {
    const { send } = open([]);
    const answer = await send('POST', '/v1/responses/compact', { input: [] });
    expect([answer.status, JSON.parse(answer.text).error]).toMatchObject([404, { code: 'not_found', param: null }]);
    expect(JSON.parse(answer.text).error.message).toContain('the client has to do it itself');
  });
});

describe('a stored response', () => {
  it.each([true, false])('is read again as it was (streamed: %s)', async (stream) => {
    const { create, get } = open([stream ? goodStream('Bon', 'jour') : completion('Bonjour')]);
    const { text: body } = await create({ stream });
    const first = stream ? eventsIn(body).at(-1)?.['response'] : JSON.parse(body);
    const { json } = await get(`/v1/responses/${first.id}`);
    expectResponse(json);
    expect(json).toEqual(first);
  });

  it('is streamed again from any event on, byte for byte: a thousand cuts', async () => {
    const call = chunk({ tool_calls: [called('c1')] });
    const words = ['The ', 'quick ', 'brown ', 'fox'].map(text);
    const { app, send, create } = open([
      streamReply(role, chunk({ reasoning: 'hm' }), ...words, call, chunk({}, 'tool_calls'), usageChunk, done),
    ]);
    const { text: whole } = await create({ stream: true, tools: [tool] });
    const id = idIn(whole);
    const frames = whole.split(/(?<=\n\n)/).filter((frame) => !frame.startsWith(':'));
    const bytes = frames.join('');
    const rest = new Map<number, string>();
    const after = async (seen: number): Promise<string> => {
      const known =
        rest.get(seen) ?? (await send('GET', `/v1/responses/${id}?stream=true${seen < 0 ? '' : `&starting_after=${seen}`}`)).text;
      rest.set(seen, known);
      return known;
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), async (at) => {
        // What a client has of a connection that broke there: its whole events.
        const end = bytes.slice(0, at).lastIndexOf('\n\n');
        const got = end < 0 ? '' : bytes.slice(0, end + 2);
        const seen = Number([...got.matchAll(/"sequence_number":(\d+)/g)].at(-1)?.[1] ?? -1);
        expect(got + (await after(seen))).toBe(bytes);
      }),
      { numRuns: 1000 },
    );
    expect(app.gateway.ledger.entries).toHaveLength(1);
    expect((await send('GET', `/v1/responses/${id}?stream=true&starting_after=999`)).status).toBe(400);
  });

  it('is gone on from: the model is shown the whole conversation, and the client sends what is new', async () => {
    const call = chunk({ tool_calls: [called('c1')] });
    const { app, create, get } = open([
      streamReply(role, call, chunk({}, 'tool_calls'), usageChunk, done),
      completion('Done.'),
      completion('Yes.'),
    ]);
    const first = idIn((await create({ stream: true, tools: [tool] })).text);
    const output = { type: 'function_call_output', call_id: 'c1', output: 'a cat' };
    const second = JSON.parse((await create({ previous_response_id: first, input: [output], tools: [tool] })).text);
    await create({ previous_response_id: second.id, input: 'Sure?' });
    expect(second).toMatchObject({ previous_response_id: first, status: 'completed' });
    expect(asked(app, 2).messages).toMatchObject([
      { role: 'user', content: 'hello' },
      { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'look', arguments: '{"q":1}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
      { role: 'assistant', content: 'Done.' },
      { role: 'user', content: 'Sure?' },
    ]);
    const { json } = await get(`/v1/responses/${second.id}/input_items?order=asc`);
    expect(json.data.map(({ type }: { type: string }) => type)).toEqual(['message', 'function_call', 'function_call_output']);
    const page = await get(`/v1/responses/${second.id}/input_items?limit=2`);
    expect(page.json).toMatchObject({ has_more: true, first_id: page.json.data[0].id });
    const next = await get(`/v1/responses/${second.id}/input_items?limit=2&after=${page.json.last_id}`);
    expect(next.json.data).toMatchObject([{ role: 'user', content: [{ type: 'input_text', text: 'hello' }] }]);
  });

  it('has items that can be referred to by their ids alone', async () => {
    const { app, create } = open([completion('Bonjour'), completion('Oui')]);
    const { output } = JSON.parse((await create({})).text);
    const input = [
      { role: 'user', content: 'hello' },
      { type: 'item_reference', id: output[0].id },
      { role: 'user', content: 'again' },
    ];
    await create({ input });
    expect(asked(app, 1).messages).toEqual([
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'Bonjour' },
      { role: 'user', content: 'again' },
    ]);
    const gone = await create({ input: [{ type: 'item_reference', id: 'msg_0_nobody' }] });
    expect([gone.status, JSON.parse(gone.text).error.param]).toEqual([404, 'input.0.id']);
  });

  it('is deleted, and is not there any more; those that went on from it are', async () => {
    const { send, create, get } = open([completion('a'), completion('b'), completion('c')]);
    const first = JSON.parse((await create({})).text).id;
    const second = JSON.parse((await create({ previous_response_id: first })).text).id;
    expect(JSON.parse((await send('DELETE', `/v1/responses/${first}`)).text)).toEqual({
      id: first,
      object: 'response.deleted',
      deleted: true,
    });
    expect((await get(`/v1/responses/${first}`)).status).toBe(404);
    const broken = await create({ previous_response_id: first });
    expect([broken.status, JSON.parse(broken.text).error]).toMatchObject([
      400,
      { code: 'previous_response_not_found', param: 'previous_response_id', type: 'invalid_request_error' },
    ]);
    expect((await create({ previous_response_id: second })).status).toBe(200);
  });

  it('is not there for another tenant, nor where it was not stored, nor under a made-up id', async () => {
    const { app, send, create, get } = open([completion('a'), completion('b')]);
    const kept = JSON.parse((await create({})).text).id;
    const passing = JSON.parse((await create({ store: false })).text);
    expect(passing.store).toBe(false);
    const { records } = app.gateway.kept;
    for (const [place, record] of Array.from(records)) {
      records.delete(place);
      records.set(place.replace('key-1', 'key-9'), record);
    }
    for (const id of [kept, passing.id, 'resp_nobody', 'nonsense']) {
      const { status, json } = await get(`/v1/responses/${id}`);
      expect([status, json.error.code]).toEqual([404, 'not_found']);
      for (const [method, path] of [
        ['DELETE', ''],
        ['POST', '/cancel'],
        ['GET', '/input_items'],
      ] as const)
        expect((await send(method, `/v1/responses/${id}${path}`, method === 'POST' ? {} : undefined)).status).toBe(404);
    }
  });

  it('is forgotten after its time', async () => {
    const { app, create, get } = open([completion('a')], { surfaces: { responses: { retention_ms: 60_000 } } });
    const { id } = JSON.parse((await create({})).text);
    expect((await get(`/v1/responses/${id}`)).status).toBe(200);
    await app.gateway.time.runUntil(app.gateway.time.sleep(60_001));
    expect((await get(`/v1/responses/${id}`)).status).toBe(404);
  });

  it('that has ended stays as it is when it is cancelled', async () => {
    const { send, create } = open([completion('a')]);
    const first = JSON.parse((await create({})).text);
    expect(JSON.parse((await send('POST', `/v1/responses/${first.id}/cancel`, {})).text)).toEqual(first);
  });

  it.each([
    ['stream', 'maybe'],
    ['starting_after', 'x'],
  ])('refuses a wrong %s by name', async (name, value) => {
    const { create, get } = open([completion('a')]);
    const { id } = JSON.parse((await create({})).text);
    const { status, json } = await get(`/v1/responses/${id}?${name}=${value}`);
    expect([status, json.error.param]).toEqual([400, name]);
  });
});

describe('beside what all wires have, a response', () => {
  it.each([true, false])(
    'is given again for its idempotency key, byte for byte, and paid once (streamed: %s)',
    async (stream) => {
      const { app, create } = open([stream ? goodStream('Bon', 'jour') : completion('Bonjour')]);
      const first = await create({ stream }, { 'idempotency-key': 'k' });
      const again = await create({ stream }, { 'idempotency-key': 'k' });
      expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
      expect(app.gateway.upstream.calls).toHaveLength(1);
      expect(app.gateway.ledger.entries).toHaveLength(1);
    },
  );

  it('can be gone on from under the id that an idempotency key gave it', async () => {
    const { create, get } = open([completion('a'), completion('b')]);
    const first = JSON.parse((await create({}, { 'idempotency-key': 'k' })).text);
    expect((await get(`/v1/responses/${first.id}`)).json).toEqual(first);
    expect((await create({ previous_response_id: first.id })).status).toBe(200);
  });

  it.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])(
    'is answered from the cache (kept of a stream: %s, given as one: %s), and a hit is stored like any other',
    async (first, second) => {
      const { app, create, get } = open([first ? goodStream('Bon', 'jour') : completion('Bonjour')], {
        cache: { enabled: true },
      });
      await create({ stream: first, temperature: 0, store: false });
      const hit = await create({ stream: second, temperature: 0 });
      expect([hit.headers.get('x-cache'), app.gateway.upstream.calls.length]).toEqual(['hit', 1]);
      const answer = second ? eventsIn(hit.text).at(-1)?.['response'] : JSON.parse(hit.text);
      expect(answer.output).toMatchObject([{ content: [{ text: 'Bonjour' }] }]);
      expect((await get(`/v1/responses/${answer.id}`)).json.output).toEqual(answer.output);
    },
  );

  it('shares a call with the same request at the same time', async () => {
    const { app, create } = open([goodStream('Bon', 'jour')], { cache: { enabled: true } });
    const fields = { stream: true, temperature: 0, store: false };
    const [one, other] = await Promise.all([create(fields), create(fields)]);
    expect(app.gateway.upstream.calls).toHaveLength(1);
    expect(idIn(one?.text ?? '')).not.toBe(idIn(other?.text ?? ''));
    for (const { text: body } of [one, other]) expectWellFormed(eventsIn(body));
  });

  it('is resumed like any stream', async () => {
    const { send, create } = open([goodStream('Bon', 'jour')]);
    const { text: body, headers } = await create({ stream: true, store: false }, { 'x-resumable': 'true' });
    const again = await send('GET', `/v1/streams/${headers.get('x-stream-id')}?after=4`);
    expect(body.endsWith(again.text)).toBe(true);
    expect(again.text.startsWith('id: 5\nevent: response.output_text.delta')).toBe(true);
  });

  it('is one stream where two calls make the answer', async () => {
    const { create } = open([streamReply(role, text('Once '), text('upon'), 'reset'), goodStream(' a time')], {
      routing: { rescue: { enabled: true, max_rescues: 1 } },
    });
    const events = eventsIn((await create({ stream: true, store: false })).text);
    expectWellFormed(events);
    expect(events.at(-1)?.['response']).toMatchObject({ output: [{ content: [{ text: 'Once upon a time' }] }] });
  });

  it('of a server that answers with JSON is a stream all the same', async () => {
    const { create } = open([completion('Bonjour')]);
    expectWellFormed(eventsIn((await create({ stream: true, store: false })).text));
  });
});
