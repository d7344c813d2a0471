/** The OpenAI Agents SDK for JavaScript in its own mode, Responses: runs with tools to their end, streamed and whole. */
import { Agent, run, setTracingDisabled, tool, OpenAIResponsesModel } from '@openai/agents';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import { connect } from '../../infra/rig/connect.ts';

const gateway = connect(inject('addresses'));
const asked: string[] = [];

function toolNamed(name: string) {
  return tool({
    name,
    description: `The ${name} of a city`,
    parameters: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      asked.push(`${name} ${city}`);
      return `${city}: 12`;
    },
  });
}

function agent(options: object = {}) {
  // The client of the repository is the one that the SDK brings, in the same version or one of its own.
  const model = new OpenAIResponsesModel(gateway.client as never, 'small');
  return new Agent({
    name: 'guide',
    instructions: 'Use the tools.',
    model,
    tools: [toolNamed('get_weather'), toolNamed('get_time')],
    ...options,
  });
}

const both = '[[call:get_weather {"city":"Oslo"}]][[call:get_time {"city":"Rome"}]] What is it like?';

beforeAll(async () => {
  setTracingDisabled(true);
  await gateway.resetState();
});

describe('the OpenAI Agents SDK', () => {
  test('runs two tools to the end', async () => {
    asked.length = 0;
    const result = await run(agent(), both);
    expect(asked.toSorted()).toEqual(['get_time Rome', 'get_weather Oslo']);
    expect(result.finalOutput).not.toBe('');
    expect(result.rawResponses).toHaveLength(2);
    expect(result.rawResponses[0]?.usage.totalTokens).toBeGreaterThan(0);
  });

  test('runs them streamed, and goes on from the answer that is stored', async () => {
    asked.length = 0;
    const streamed = await run(agent(), both, { stream: true });
    let text = '';
    for await (const chunk of streamed.toTextStream()) text += chunk;
    await streamed.completed;
    expect(asked).toHaveLength(2);
    expect(text.endsWith(String(streamed.finalOutput))).toBe(true);
    const next = await run(agent({ tools: [] }), '[[say:Yes.]] Sure?', { previousResponseId: streamed.lastResponseId ?? '' });
    expect(next.finalOutput).toBe('Yes.');
  });

  test('fills a structured output', async () => {
    const Trip = z.object({ city: z.string(), days: z.number() });
    const result = await run(agent({ tools: [], outputType: Trip }), 'Plan a trip.');
    expect(Trip.safeParse(result.finalOutput).success).toBe(true);
  });

  test('fails with a stream that breaks', async () => {
    const running = (async () => {
      const streamed = await run(agent({ tools: [] }), 'Tell a long story. [[tokens:60]] [[fault:mid-error;after=12]]', {
        stream: true,
      });
      for await (const _ of streamed);
      await streamed.completed;
    })();
    await expect(running).rejects.toThrow();
  });
});
