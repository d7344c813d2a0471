/** The official Anthropic client against the gateway: messages, the stream helper, tools, token counts, errors by class, abort, broken streams. */
import Anthropic, { APIError, APIUserAbortError, AuthenticationError, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { clientKey, connect } from '../../infra/rig/connect.ts';

const addresses = inject('addresses');
const gateway = connect(addresses);
const client = new Anthropic({ baseURL: addresses.url, apiKey: clientKey, maxRetries: 0 });

const tools: Anthropic.Tool[] = [
  {
    name: 'get_weather',
    description: 'The weather of a city',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
  },
];
const parallel = '[[call:get_weather {"city":"Oslo"}]][[call:get_weather {"city":"Rome"}]] What is the weather?';
const ask = (content: string, model = 'small') => ({ model, max_tokens: 200, messages: [{ role: 'user' as const, content }] });

beforeAll(() => gateway.resetState());

describe('the Anthropic client', () => {
  test('reads a whole message, with a key as x-api-key and as Bearer', async () => {
    const bearer = new Anthropic({ baseURL: addresses.url, apiKey: null, authToken: clientKey, maxRetries: 0 });
    for (const one of [client, bearer]) {
      const message = await one.messages.create({
        ...ask('Name a river.', 'claude-haiku-4-5'),
        system: [{ type: 'text', text: 'Be brief.' }],
      });
      expect(message).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn' });
      expect(message.content[0]?.type === 'text' && message.content[0].text).toBeTruthy();
      expect(message.usage.input_tokens).toBeGreaterThan(0);
      expect(message.usage.output_tokens).toBeGreaterThan(0);
      expect(message._request_id).toBeTruthy();
    }
  });

  test('streams the same through its helper', async () => {
    const seen: string[] = [];
    const stream = client.messages.stream(ask('Name three rivers.')).on('text', (text) => seen.push(text));
    const final = await stream.finalMessage();
    expect(seen.length).toBeGreaterThan(1);
    expect(await stream.finalText()).toBe(seen.join(''));
    expect(final.stop_reason).toBe('end_turn');
    expect(final.usage.output_tokens).toBeGreaterThan(0);
  });

  test.each(['small', 'large'])('reads parallel calls of the %s model, whole and streamed', async (model) => {
    const whole = await client.messages.create({ ...ask(parallel, model), tools });
    const streamed = await client.messages.stream({ ...ask(parallel, model), tools }).finalMessage();
    for (const { content, stop_reason: why } of [whole, streamed]) {
      const calls = content.filter((block) => block.type === 'tool_use');
      expect([why, calls.map(({ name, input }) => [name, input])]).toEqual([
        'tool_use',
        [
          ['get_weather', { city: 'Oslo' }],
          ['get_weather', { city: 'Rome' }],
        ],
      ]);
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
    }
  });

  test('goes on with the results of two calls in one turn, one of which failed', async () => {
    const first = await client.messages.create({ ...ask(parallel), tools });
    const results = first.content.flatMap((block, i): Anthropic.ToolResultBlockParam[] =>
      block.type === 'tool_use'
        ? [{ type: 'tool_result', tool_use_id: block.id, content: [{ type: 'text', text: '12 degrees' }], is_error: i > 0 }]
        : [],
    );
    expect(results).toHaveLength(2);
    const last = await client.messages.create({
      ...ask(''),
      tools,
      messages: [
        { role: 'user', content: parallel },
        { role: 'assistant', content: first.content },
        { role: 'user', content: [...results, { type: 'text', text: '[[tokens:12]] Which is warmer?' }] },
      ],
    });
    expect(last).toMatchObject({ stop_reason: 'end_turn' });
  });

  test('sees thinking as a block of its own, with a signature, and sends it back', async () => {
    const asked = ask('[[think:first the rivers]] Name a river.', 'large');
    const thinking = { type: 'enabled', budget_tokens: 1024 } as const;
    const final = await client.messages.stream({ ...asked, thinking }).finalMessage();
    const [first] = final.content;
    expect(first).toMatchObject({ type: 'thinking', thinking: expect.stringContaining('first the rivers') });
    expect(first?.type === 'thinking' && first.signature).toBeTruthy();
    const again = await client.messages.create({
      ...asked,
      thinking: { type: 'disabled' },
      messages: [
        ...asked.messages,
        { role: 'assistant', content: final.content },
        { role: 'user', content: '[[think:hm]] And another.' },
      ],
    });
    expect(again.content.map(({ type }) => type)).toEqual(['text']);
  });

  test('gets an answer of the schema that it asked for', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
    const message = await client.messages.create({
      ...ask('A trip.'),
      output_config: { format: { type: 'json_schema', schema } },
    });
    const [block] = message.content;
    expect(JSON.parse(block?.type === 'text' ? block.text : '')).toMatchObject({ city: expect.any(String) });
  });

  test('counts tokens, and more of them for a longer prompt', async () => {
    const short = await client.messages.countTokens({ model: 'small', messages: [{ role: 'user', content: 'hello' }] });
    const long = await client.messages.countTokens({
      model: 'small',
      messages: [{ role: 'user', content: 'hello '.repeat(100) }],
      tools,
    });
    expect(short.input_tokens).toBeGreaterThan(0);
    expect(long.input_tokens).toBeGreaterThan(short.input_tokens + 90);
  });

  test('lists models with their limits', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toContain('auto');
    const model = await client.models.retrieve('claude-sonnet-4-6');
    expect(model.max_input_tokens).toBeGreaterThan(1000);
    expect(model.max_tokens).toBeGreaterThan(1000);
  });

  test('classifies errors, and knows their request', async () => {
    const wrongKey = new Anthropic({ baseURL: addresses.url, apiKey: 'pointsman-wrong-key-0000', maxRetries: 0 });
    const unauthorised = await wrongKey.messages.create(ask('Hi')).catch((error: unknown) => error);
    expect(unauthorised).toBeInstanceOf(AuthenticationError);
    expect(unauthorised).toMatchObject({
      type: 'authentication_error',
      errorCode: 'invalid_api_key',
      requestID: expect.any(String),
    });
    await expect(client.messages.create(ask('Hi', 'gpt-x'))).rejects.toBeInstanceOf(NotFoundError);
    const invalid = await client.messages.create({ ...ask('Hi'), max_tokens: -1 }).catch((error: unknown) => error);
    expect(invalid).toBeInstanceOf(BadRequestError);
    expect((invalid as APIError).message).toContain('max_tokens');
    expect(await client.messages.create({ ...ask('Hi'), max_tokens: 0 })).toMatchObject({
      content: [],
      stop_reason: 'max_tokens',
    });
    const tooLong = await client.messages.create(ask('word '.repeat(60_000))).catch((error: unknown) => error);
    expect((tooLong as APIError).apiMessage).toMatch(/^prompt is too long: \d+ tokens > \d+ maximum$/);
    const batches = await client.messages.batches.list().catch((error: unknown) => error);
    expect(batches).toBeInstanceOf(NotFoundError);
    expect(batches).toMatchObject({ type: 'not_found_error' });
  });

  test.each(['mid-error', 'mid-reset', 'eof', 'cut-json'])(
    'throws on a stream that breaks by %s and cannot be finished',
    async (fault) => {
      // Thinking was shown, so no other model can go on with it.
      const stream = client.messages.stream(
        ask(`[[think:a long thought]] Tell. [[tokens:60]] [[fault:${fault};after=24]]`, 'large'),
      );
      let events = 0;
      stream.on('streamEvent', () => (events += 1));
      await expect(stream.finalMessage()).rejects.toBeInstanceOf(APIError);
      expect(events).toBeGreaterThan(3);
    },
  );

  test('aborts', async () => {
    const stream = client.messages.stream(ask('Tell a long story. [[tokens:400]] [[pace:20]]'));
    stream.on('text', () => stream.abort());
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(APIUserAbortError);
  });
});
