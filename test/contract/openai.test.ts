/** The official openai client's helpers against the gateway: stream helper, tools runner, zod structured outputs, reasoning, broken streams. */
import OpenAI, { APIError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import { connect } from '../../infra/rig/connect.ts';

const gateway = connect(inject('addresses'));
const { client } = gateway;

const weather: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
  },
};
const parallel = '[[call:get_weather {"city":"Oslo"}]][[call:get_weather {"city":"Rome"}]] What is the weather?';

beforeAll(() => gateway.resetState());

describe('the openai client', () => {
  test('reads text through the stream helper, with usage', async () => {
    const stream = client.chat.completions.stream({
      model: 'small',
      messages: [{ role: 'user', content: 'Name three rivers.' }],
      stream_options: { include_usage: true },
    });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.content).not.toBe('');
    expect(final.choices[0]?.finish_reason).toMatch(/^(stop|length)$/);
    expect((await stream.totalUsage()).completion_tokens).toBeGreaterThan(0);
  });

  test.each(['small', 'large'])('reads parallel tool calls of the %s model through the stream helper', async (model) => {
    const stream = client.chat.completions.stream({ model, messages: [{ role: 'user', content: parallel }], tools: [weather] });
    const final = await stream.finalChatCompletion();
    const calls = final.choices[0]?.message.tool_calls ?? [];
    expect(calls.map((call) => ('function' in call ? JSON.parse(call.function.arguments) : null))).toEqual([
      { city: 'Oslo' },
      { city: 'Rome' },
    ]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
    expect(final.choices[0]?.finish_reason).toBe('tool_calls');
    expect(final.choices[0]?.message.content ?? '').not.toContain('tool_call');
  });

  test.each([true, false])('runs a tool loop to its end with the tools runner (stream: %s)', async (stream) => {
    const asked: string[] = [];
    const tools = [
      {
        type: 'function' as const,
        function: {
          name: 'get_weather',
          parse: (text: string): { city: string } => JSON.parse(text),
          description: 'The weather of a city',
          parameters: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
          function: ({ city }: { city: string }) => {
            asked.push(city);
            return `${city}: 12 degrees, rain`;
          },
        },
      },
    ];
    const params = {
      model: 'small',
      messages: [{ role: 'user' as const, content: '[[call:get_weather {"city":"Oslo"}]] Weather in Oslo?' }],
      tools,
    };
    const content = stream
      ? await client.chat.completions.runTools({ ...params, stream: true }).finalContent()
      : await client.chat.completions.runTools({ ...params, stream: false }).finalContent();
    expect(asked).toEqual(['Oslo']);
    expect(content).not.toBe('');
  });

  test.each([true, false])('parses a zod structured output (stream: %s)', async (isStream) => {
    const Trip = z.object({ city: z.string(), days: z.int(), tags: z.array(z.string()), guide: z.object({ name: z.string() }) });
    const params = {
      model: 'small',
      messages: [{ role: 'user' as const, content: 'Plan a trip.' }],
      response_format: zodResponseFormat(Trip, 'trip'),
    };
    const final = isStream
      ? await client.chat.completions.stream(params).finalChatCompletion()
      : await client.chat.completions.parse(params);
    expect(Trip.safeParse(final.choices[0]?.message.parsed).success).toBe(true);
  });

  test.each([true, false])('gets JSON although the model wrapped it in a fence (stream: %s)', async (isStream) => {
    const Size = z.object({ size: z.int() });
    const params = {
      model: 'small',
      messages: [{ role: 'user' as const, content: 'A size. [[fault:code-fence]]' }],
      response_format: zodResponseFormat(Size, 'size'),
    };
    const final = isStream
      ? await client.chat.completions.stream(params).finalChatCompletion()
      : await client.chat.completions.parse(params);
    expect(Size.safeParse(final.choices[0]?.message.parsed).success).toBe(true);
  });

  test('sees reasoning apart from content', async () => {
    const stream = await client.chat.completions.create({
      model: 'large',
      stream: true,
      messages: [{ role: 'user', content: '[[think:first the rivers]] Name a river.' }],
    });
    let reasoning = '';
    let content = '';
    for await (const chunk of stream) {
      const delta: { content?: string | null; reasoning?: string } = chunk.choices[0]?.delta ?? {};
      reasoning += delta.reasoning ?? '';
      content += delta.content ?? '';
    }
    expect(reasoning).toContain('first the rivers');
    expect(content).not.toContain('first the rivers');
    expect(content).not.toContain('think>');
  });

  test('throws on a stream that breaks and cannot be rescued, after what came', async () => {
    const stream = await client.chat.completions.create({
      model: 'small',
      stream: true,
      n: 2,
      messages: [{ role: 'user', content: 'Tell a long story. [[tokens:60]] [[fault:mid-error;after=12]]' }],
    });
    let events = 0;
    const reading = (async () => {
      for await (const _ of stream) events += 1;
    })();
    await expect(reading).rejects.toBeInstanceOf(APIError);
    expect(events).toBeGreaterThan(2);
  });
});
