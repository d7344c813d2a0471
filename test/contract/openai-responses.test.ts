/** The official openai client on the Responses API and on text completions: helpers, tools, stored answers, errors, broken streams. */
import OpenAI, { APIError, AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import { connect } from '../../infra/rig/connect.ts';
import { until } from '../../infra/rig/waiting.ts';

const gateway = connect(inject('addresses'));
const { client } = gateway;

const weather: OpenAI.Responses.FunctionTool = {
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
  strict: true,
};
const parallel = '[[call:get_weather {"city":"Oslo"}]][[call:get_weather {"city":"Rome"}]] What is the weather?';
const breaks = 'Tell a long story. [[tokens:60]] [[fault:mid-error;after=12]]';

beforeAll(() => gateway.resetState());

describe('the openai client on /v1/responses', () => {
  test('reads a whole answer with its usage', async () => {
    const response = await client.responses.create({ model: 'small', instructions: 'Be brief.', input: 'Name three rivers.' });
    expect(response.output_text).not.toBe('');
    expect([response.status, response.object]).toEqual(['completed', 'response']);
    expect(response.usage?.total_tokens).toBeGreaterThan(0);
  });

  test('reads text through the stream helper', async () => {
    const stream = client.responses.stream({ model: 'small', input: 'Name three rivers.' });
    let text = '';
    stream.on('response.output_text.delta', ({ delta }) => (text += delta));
    const final = await stream.finalResponse();
    expect(text).not.toBe('');
    expect(final.output_text).toBe(text);
    expect(final.usage?.output_tokens).toBeGreaterThan(0);
  });

  test.each(['small', 'large'])('reads parallel calls of the %s model through the stream helper', async (model) => {
    const final = await client.responses.stream({ model, input: parallel, tools: [weather] }).finalResponse();
    const calls = final.output.filter((item) => item.type === 'function_call');
    expect(calls.map((call) => JSON.parse(call.arguments))).toEqual([{ city: 'Oslo' }, { city: 'Rome' }]);
    expect(new Set(calls.map(({ call_id: id }) => id)).size).toBe(2);
  });

  test('goes on from a stored answer with the outputs of its calls, and reads, lists and deletes it', async () => {
    const first = await client.responses.create({
      model: 'small',
      input: '[[call:get_weather {"city":"Oslo"}]] Weather?',
      tools: [weather],
    });
    const call = first.output.find((item) => item.type === 'function_call');
    const output = { type: 'function_call_output' as const, call_id: call?.call_id ?? '', output: '12 degrees' };
    const second = await client.responses.create({
      model: 'small',
      previous_response_id: first.id,
      input: [output],
      tools: [weather],
    });
    expect(second.output_text).not.toBe('');
    const third = await client.responses.create({ model: 'small', previous_response_id: second.id, input: '[[say:Yes.]] Sure?' });
    expect(third.output_text).toBe('Yes.');
    expect((await client.responses.retrieve(second.id)).output).toEqual(second.output);
    const items = await client.responses.inputItems.list(second.id, { order: 'asc' });
    expect(items.data.map(({ type }) => type).slice(-2)).toEqual(['function_call', 'function_call_output']);
    await client.responses.delete(second.id);
    await expect(client.responses.retrieve(second.id)).rejects.toBeInstanceOf(NotFoundError);
  });

  test('streams a stored answer again from an event on', async () => {
    const created = await client.responses.create({ model: 'small', input: 'Name three rivers.', stream: true });
    const events = [];
    for await (const event of created) events.push(event);
    const id = events[0]?.type === 'response.created' ? events[0].response.id : '';
    for (const after of [0, 3, events.length - 2]) {
      const again = [];
      for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: after })) again.push(event);
      expect(again).toEqual(events.slice(after + 1));
    }
  });

  test.each([true, false])('parses a zod structured output (stream: %s)', async (isStream) => {
    const Trip = z.object({ city: z.string(), days: z.int(), tags: z.array(z.string()), guide: z.object({ name: z.string() }) });
    const params = { model: 'small', input: 'Plan a trip.', text: { format: zodTextFormat(Trip, 'trip') } };
    const final = isStream ? await client.responses.stream(params).finalResponse() : await client.responses.parse(params);
    expect(Trip.safeParse(final.output_parsed).success).toBe(true);
  });

  test('sees thinking as an item, and as a summary where it asks for one', async () => {
    const ask = (reasoning?: { summary: 'auto' }) =>
      client.responses.create({
        model: 'large',
        input: '[[think:first the rivers]] Name a river.',
        ...(reasoning === undefined ? {} : { reasoning }),
      });
    const [plain] = (await ask()).output;
    expect(plain?.type === 'reasoning' ? plain.content?.[0]?.text : '').toContain('first the rivers');
    const [short] = (await ask({ summary: 'auto' })).output;
    expect(short?.type === 'reasoning' ? short.summary[0]?.text : '').toContain('first the rivers');
  });

  test('classifies errors by class, code and field', async () => {
    const wrongKey = new OpenAI({ baseURL: client.baseURL, apiKey: 'pm_wrong', maxRetries: 0 });
    await expect(wrongKey.responses.create({ model: 'small', input: 'Hi' })).rejects.toBeInstanceOf(AuthenticationError);
    const failing = async (params: OpenAI.Responses.ResponseCreateParamsNonStreaming) =>
      client.responses.create(params).then(
        () => null,
        (error: unknown) =>
          error instanceof APIError ? { kind: error.constructor, code: error.code, param: error.param } : error,
      );
    expect(await failing({ model: 'small', input: 'Hi', temperature: -1 })).toEqual({
      kind: BadRequestError,
      code: 'invalid_value',
      param: 'temperature',
    });
    expect(await failing({ model: 'gpt-x', input: 'Hi' })).toEqual({
      kind: NotFoundError,
      code: 'model_not_found',
      param: 'model',
    });
    expect(await failing({ model: 'small', input: 'Hi', background: true })).toMatchObject({
      code: 'unsupported_parameter',
      param: 'background',
    });
    expect(await failing({ model: 'small', input: 'word '.repeat(60_000) })).toMatchObject({
      code: 'context_length_exceeded',
      param: 'input',
    });
    expect(await failing({ model: 'small', input: '[[fault:context-length]] Hi' })).toMatchObject({
      code: 'context_length_exceeded',
    });
    expect(await client.responses.inputTokens.count({ model: 'small', input: 'Hi' })).toEqual({
      object: 'response.input_tokens',
      input_tokens: expect.any(Number),
    });
    const previous = await failing({ model: 'small', input: 'Hi', previous_response_id: 'resp_nobody' });
    expect(previous).toMatchObject({ kind: BadRequestError, code: 'previous_response_not_found' });
  });

  test('throws on a stream that breaks, after what came; the stored answer has failed', async () => {
    const seen: OpenAI.Responses.ResponseStreamEvent[] = [];
    const reading = (async () => {
      for await (const event of await client.responses.create({ model: 'small', input: breaks, stream: true })) seen.push(event);
    })();
    await expect(reading).rejects.toBeInstanceOf(APIError);
    expect(seen.length).toBeGreaterThan(4);
    expect(seen.some(({ type }) => type === 'response.completed' || type.endsWith('.done'))).toBe(false);
    await expect(client.responses.stream({ model: 'small', input: breaks }).finalResponse()).rejects.toThrow();
    const id = seen[0]?.type === 'response.created' ? seen[0].response.id : '';
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
  });

  test('frees the model server when it lets go of a stream', async () => {
    const sinceMs = Date.now();
    const stream = await client.responses.create({
      model: 'small',
      input: '[[tokens:400]] [[pace:50]] Tell.',
      stream: true,
      store: false,
    });
    for await (const event of stream) if (event.type === 'response.output_text.delta') break;
    await until('the model server has heard of it', async () =>
      (await gateway.chatCalls()).some(({ ending, endedAtMs }) => ending === 'client_gone' && (endedAtMs ?? 0) >= sinceMs),
    );
  });

  test('cancels a stored answer that is under way', async () => {
    const stream = await client.responses.create({ model: 'small', input: '[[tokens:400]] [[pace:50]] Tell.', stream: true });
    let id = '';
    const reading = (async () => {
      for await (const event of stream) if (event.type === 'response.created') ({ id } = event.response);
    })().catch((error: unknown) => error);
    while (id === '') await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await client.responses.cancel(id)).status).toBe('cancelled');
    expect(await reading).toBeInstanceOf(APIError);
    expect((await client.responses.retrieve(id)).status).toBe('cancelled');
  });
});

describe('the openai client on /v1/completions', () => {
  test('reads text, whole and streamed, with its usage', async () => {
    const whole = await client.completions.create({ model: 'small', prompt: '[[say:Hello.]] Hi', n: 2, echo: true });
    expect(whole.choices.map(({ text, finish_reason: why }) => [text, why])).toEqual([
      ['[[say:Hello.]] HiHello.', 'stop'],
      ['[[say:Hello.]] HiHello.', 'stop'],
    ]);
    let text = '';
    let tokens = 0;
    for await (const chunk of await client.completions.create({
      model: 'small',
      prompt: ['[[say:Hello.]] Hi'],
      stream: true,
      stream_options: { include_usage: true },
    })) {
      text += chunk.choices[0]?.text ?? '';
      tokens = chunk.usage?.total_tokens ?? tokens;
    }
    expect([text, tokens > 0]).toEqual(['Hello.', true]);
  });

  test('throws on a stream that breaks, and on what is refused by name', async () => {
    const reading = (async () => {
      for await (const _ of await client.completions.create({ model: 'small', prompt: breaks, stream: true, n: 2 }));
    })();
    await expect(reading).rejects.toBeInstanceOf(APIError);
    await expect(client.completions.create({ model: 'small', prompt: [1, 2] })).rejects.toMatchObject({ param: 'prompt' });
    await expect(client.completions.create({ model: 'small', prompt: 'a', suffix: 'b' })).rejects.toMatchObject({
      param: 'suffix',
    });
  });
});
