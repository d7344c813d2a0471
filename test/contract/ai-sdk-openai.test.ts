/** Vercel's AI SDK through its own OpenAI provider, which speaks Responses and refers to stored items by their ids. */
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool } from 'ai';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import { clientKey, connect } from '../../infra/rig/connect.ts';

const addresses = inject('addresses');
const gateway = connect(addresses);
const provider = createOpenAI({ baseURL: `${addresses.url}/v1`, apiKey: clientKey });

const weather = tool({
  inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }),
  execute: async ({ city }) => `${city}: 12 degrees`,
});
const parallel = '[[call:get_weather {"city":"Oslo"}]][[call:get_weather {"city":"Rome"}]] Weather?';

beforeAll(() => gateway.resetState());

describe('the AI SDK on Responses', () => {
  test('streams text with usage and a finish reason', async () => {
    const result = streamText({ model: provider.responses('small'), prompt: 'Name three rivers.', maxRetries: 0 });
    expect(await result.text).not.toBe('');
    expect(await result.finishReason).toMatch(/^(stop|length)$/);
    expect((await result.usage).outputTokens).toBeGreaterThan(0);
  });

  test.each([true, false])('reads two parallel calls and goes on with their results (stored: %s)', async (store) => {
    const result = streamText({
      model: provider.responses('small'),
      prompt: parallel,
      tools: { get_weather: weather },
      stopWhen: stepCountIs(2),
      maxRetries: 0,
      providerOptions: { openai: { store } },
    });
    const steps = await result.steps;
    expect(steps[0]?.toolCalls.map((call) => call.input)).toEqual([{ city: 'Oslo' }, { city: 'Rome' }]);
    expect(steps[0]?.toolResults).toHaveLength(2);
    expect(await result.text).not.toBe('');
  });

  test('reads thinking as a summary', async () => {
    const result = await generateText({
      model: provider.responses('large'),
      prompt: '[[think:first the rivers]] Name a river.',
      maxRetries: 0,
      providerOptions: { openai: { reasoningSummary: 'auto', forceReasoning: true } },
    });
    expect(result.reasoningText).toContain('first the rivers');
    expect(result.text).not.toContain('first the rivers');
  });

  test('gets structured output', async () => {
    const Trip = z.object({ city: z.string(), days: z.int() });
    const whole = await generateText({
      model: provider.responses('small'),
      prompt: 'Plan a trip.',
      maxRetries: 0,
      output: Output.object({ schema: Trip }),
    });
    expect(Trip.safeParse(whole.output).success).toBe(true);
  });

  test('fails with a stream that breaks', async () => {
    const errors: unknown[] = [];
    const result = streamText({
      model: provider.responses('small'),
      prompt: 'Tell a long story. [[tokens:60]] [[fault:mid-error;after=12]]',
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
    });
    const finish = await Promise.resolve(result.finishReason).catch(() => 'error');
    expect(finish).toBe('error');
    expect(errors.length).toBeGreaterThan(0);
  });
});
