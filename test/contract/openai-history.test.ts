/** What the official openai client returns goes back as history, whole as it is printed, and nothing of it is refused or remarked upon. */
import type OpenAI from 'openai';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import { connect, read } from '../../infra/rig/connect.ts';

const gateway = connect(inject('addresses'));
const { client } = gateway;
const ask = { role: 'user' as const, content: '[[call:get_weather {"city":"Oslo"}]] What is the weather?' };
const tool = zodFunction({ name: 'get_weather', parameters: z.object({ city: z.string() }) });

beforeAll(() => gateway.resetState());

/** Sends the history as plain JSON, so that what the client would leave out goes along as well. */
async function continueWith(answer: OpenAI.ChatCompletionMessage): Promise<unknown> {
  const results = (answer.tool_calls ?? []).map(({ id }) => ({ role: 'tool', tool_call_id: id, content: '12 degrees' }));
  const messages = [ask, answer, ...results, { role: 'user', content: 'Thanks. And tomorrow?' }];
  const response = await gateway.chat({ model: 'small', max_tokens: 20, messages });
  const body = await read<{ 'x-routing-metadata'?: { ignored?: unknown } }>(response);
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body['x-routing-metadata']?.ignored;
}

describe('a message of the openai client goes back', () => {
  test.each(['small', 'large'])('as create returns it (%s)', async (model) => {
    const { choices } = await client.chat.completions.create({ model, messages: [ask], tools: [tool] });
    expect(choices[0]?.message.tool_calls).toHaveLength(1);
    if (choices[0] !== undefined) expect(await continueWith(choices[0].message)).toBeUndefined();
  });

  test.each(['small', 'large'])('as the stream helper puts it together (%s)', async (model) => {
    const final = await client.chat.completions.stream({ model, messages: [ask], tools: [tool] }).finalChatCompletion();
    if (final.choices[0] !== undefined) expect(await continueWith(final.choices[0].message)).toBeUndefined();
  });

  test('as the parse helper returns it, with what it parsed', async () => {
    const { choices } = await client.chat.completions.parse({ model: 'small', messages: [ask], tools: [tool] });
    const { message } = choices[0] ?? {};
    expect(message?.tool_calls?.[0]).toMatchObject({ function: { parsed_arguments: { city: 'Oslo' } } });
    if (message !== undefined) expect(await continueWith(message)).toBeUndefined();
  });

  test('as the parse helper returns an answer in JSON', async () => {
    const { choices } = await client.chat.completions.parse({
      model: 'small',
      messages: [{ role: 'user', content: 'A size.' }],
      response_format: zodResponseFormat(z.object({ size: z.int() }), 'size'),
    });
    expect(choices[0]?.message.parsed?.size).toBeTypeOf('number');
    if (choices[0] !== undefined) expect(await continueWith(choices[0].message)).toBeUndefined();
  });

  test('as the Python client dumps it', async () => {
    const function_ = { name: 'get_weather', arguments: '{"city":"Oslo"}' };
    const dumped = {
      content: null,
      refusal: null,
      role: 'assistant' as const,
      annotations: null,
      audio: null,
      function_call: null,
      tool_calls: [{ id: 'call_1', function: function_, type: 'function' as const }],
    };
    expect(await continueWith(dumped as unknown as OpenAI.ChatCompletionMessage)).toBeUndefined();
  });
});
