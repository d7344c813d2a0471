/** Vercel's AI SDK through its OpenAI-compatible provider. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool } from 'ai';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import { clientKey, connect } from '../../infra/rig/connect.ts';

const addresses = inject('addresses');
const gateway = connect(addresses);
const provider = createOpenAICompatible({
  name: 'pointsman',
  baseURL: `${addresses.url}/v1`,
  apiKey: clientKey,
  includeUsage: true,
  supportsStructuredOutputs: true,
});

const weather = tool({
  inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }),
  execute: async ({ city }) => `${city}: 12 degrees`,
});

beforeAll(() => gateway.resetState());

describe('the AI SDK', () => {
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

  test('gets structured output, whole and streamed', async () => {
    const Trip = z.object({ city: z.string(), days: z.int() });
    const whole = await generateText({
      model: provider('small'),
      prompt: 'A trip.',
      output: Output.object({ schema: Trip }),
      maxRetries: 0,
    });
    expect(Trip.safeParse(whole.output).success).toBe(true);
    const streamed = streamText({
      model: provider('small'),
      prompt: 'A trip.',
      output: Output.object({ schema: Trip }),
      maxRetries: 0,
    });
    expect(Trip.safeParse(await streamed.output).success).toBe(true);
  });

  test('reports a stream that breaks as an error, not as an answer', async () => {
    const errors: unknown[] = [];
    const result = streamText({
      model: provider('small'),
      prompt: 'Say exactly this. [[tokens:40]] [[call:get_weather {"city":"Oslo"}]] [[fault:mid-error;after=6]]',
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
      providerOptions: { pointsman: { logprobs: true } },
    });
    await result.consumeStream({ onError: (error) => void errors.push(error) });
    const finish = await Promise.resolve(result.finishReason).catch(() => 'error');
    expect(errors.length > 0 || finish === 'error').toBe(true);
  });
});
