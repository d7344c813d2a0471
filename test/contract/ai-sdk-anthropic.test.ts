/** Vercel's AI SDK through its Anthropic provider. */
import { createAnthropic } from '@ai-sdk/anthropic';
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool } from 'ai';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import { clientKey, connect } from '../../infra/rig/connect.ts';

const addresses = inject('addresses');
const gateway = connect(addresses);
const provider = createAnthropic({ baseURL: `${addresses.url}/v1`, apiKey: clientKey });

const weather = tool({
  inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }),
  execute: async ({ city }) => `${city}: 12 degrees`,
});

beforeAll(() => gateway.resetState());

describe('the AI SDK by its Anthropic provider', () => {
  test('streams text with usage and a finish reason', async () => {
    const result = streamText({ model: provider('small'), prompt: 'Name three rivers.', maxRetries: 0 });
    expect(await result.text).not.toBe('');
    expect(await result.finishReason).toMatch(/^(stop|length)$/);
    expect((await result.usage).outputTokens).toBeGreaterThan(0);
  });

  test('reads two parallel tool calls, streamed, and goes on with their results', async () => {
    const result = streamText({
      model: provider('small'),
      prompt: '[[call:get_weather {"city":"Oslo"}]][[call:get_weather {"city":"Rome"}]] Weather?',
      tools: { get_weather: weather },
      stopWhen: stepCountIs(2),
      maxRetries: 0,
    });
    const steps = await result.steps;
    expect(steps[0]?.toolCalls.map((call) => call.input)).toEqual([{ city: 'Oslo' }, { city: 'Rome' }]);
    expect(steps[0]?.toolResults).toHaveLength(2);
    expect(await result.text).not.toBe('');
  });

  test('reads reasoning apart from text', async () => {
    const result = await generateText({
      model: provider('large'),
      prompt: '[[think:first the rivers]] Name a river.',
      maxRetries: 0,
    });
    expect(result.reasoningText).toContain('first the rivers');
    expect(result.text).not.toContain('first the rivers');
  });

  test('gets an object', async () => {
    const Trip = z.object({ city: z.string(), days: z.int() });
    const output = Output.object({ schema: Trip });
    const result = await generateText({ model: provider('small'), prompt: 'A trip.', output, maxRetries: 0 });
    expect(Trip.safeParse(result.output).success).toBe(true);
  });
});
