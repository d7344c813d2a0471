/** LangChain's ChatOpenAI. */
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import { clientKey, connect } from '../../infra/rig/connect.ts';

const addresses = inject('addresses');
const gateway = connect(addresses);
const chat = (model: string, fields: Record<string, unknown> = {}) =>
  new ChatOpenAI({ model, apiKey: clientKey, maxRetries: 0, configuration: { baseURL: `${addresses.url}/v1` }, ...fields });

const weather = tool(({ city }: { city: string }) => `${city}: 12 degrees`, {
  name: 'get_weather',
  description: 'The weather of a city',
  schema: z.object({ city: z.string() }),
});

beforeAll(() => gateway.resetState());

describe('LangChain', () => {
  test('streams text and joins it', async () => {
    let text = '';
    for await (const chunk of await chat('small').stream('Name three rivers.')) text += chunk.text;
    expect(text).not.toBe('');
  });

  test('reads parallel tool calls, whole and streamed', async () => {
    const bound = chat('small').bindTools([weather]);
    const prompt = '[[call:get_weather {"city":"Oslo"}]][[call:get_weather {"city":"Rome"}]] Weather?';
    const whole = await bound.invoke(prompt);
    expect(whole.tool_calls?.map(({ args }) => args)).toEqual([{ city: 'Oslo' }, { city: 'Rome' }]);
    let joined: Awaited<ReturnType<typeof bound.invoke>> | undefined;
    for await (const chunk of await bound.stream(prompt)) joined = joined === undefined ? chunk : joined.concat(chunk);
    expect(joined?.tool_calls?.map(({ args }) => args)).toEqual([{ city: 'Oslo' }, { city: 'Rome' }]);
  });

  test('gets structured output', async () => {
    const Trip = z.object({ city: z.string(), days: z.number() });
    const answer = await chat('small').withStructuredOutput(Trip, { method: 'jsonSchema', name: 'trip' }).invoke('A trip.');
    expect(Trip.safeParse(answer).success).toBe(true);
  });

  test('throws on a stream that breaks and cannot be rescued', async () => {
    const broken = (async () => {
      const model = chat('small', { logprobs: true });
      for await (const _ of await model.stream('A long story. [[tokens:60]] [[fault:mid-error;after=10]]')) continue;
    })();
    await expect(broken).rejects.toThrow();
  });
});
