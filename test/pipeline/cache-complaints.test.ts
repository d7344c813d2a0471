/** What users of other gateways' caches have reported, tried on this one; the list with its sources is in decision 17. */
import { describe, expect, it } from 'vitest';
import type { FoundAnswer } from '../../worker/core/kept/cached-answer.ts';
import { createGateway, type GatewayOptions } from '../support/fakes/gateway.ts';
import { chunk, completion, done, hello, readEvents, role, streamReply, text } from './wire.ts';

const ask = { ...hello, temperature: 0 };
const streamed = { ...ask, stream: true, stream_options: { include_usage: true } };
const caching = (options: GatewayOptions, cache: object = {}) =>
  createGateway({ ...options, config: { ...options.config, cache: { enabled: true, ...cache } } });

const detailed = {
  prompt_tokens: 20,
  completion_tokens: 9,
  total_tokens: 29,
  prompt_tokens_details: { cached_tokens: 16 },
  completion_tokens_details: { reasoning_tokens: 5 },
};
const usageOf = (usage: object) => chunk({}, null, { usage, choices: [] });
const thinking = streamReply(
  role,
  chunk({ reasoning_content: 'Let me ' }),
  chunk({ reasoning_content: 'see.' }),
  text('Par'),
  text('is.'),
  chunk({}, 'stop'),
  usageOf(detailed),
  done,
);

function reasoningIn(events: readonly string[]): string {
  return events
    .filter((event) => event !== '[DONE]')
    .flatMap((event) => JSON.parse(event).choices)
    .map(({ delta }) => delta?.reasoning_content ?? '')
    .join('');
}

describe('a streamed hit', () => {
  it('has the reasoning and every detail of the usage that the original had', async () => {
    const gateway = caching({ script: [thinking] });
    const [original, again] = [await gateway.ask(streamed), await gateway.ask(streamed)];
    expect(again.metadata?.cache).toBe('hit');
    expect(reasoningIn(again.events)).toBe('Let me see.');
    expect(reasoningIn(again.events)).toBe(reasoningIn(original.events));
    const [told, toldAgain] = [readEvents(original.events), readEvents(again.events)];
    expect(toldAgain.usage).toMatchObject({ completion_tokens_details: { reasoning_tokens: 5 } });
    expect({ ...toldAgain, metadata: null }).toEqual({ ...told, metadata: null });
  });

  it('has no usage where none was asked for, and all of it for the next one that asks', async () => {
    const gateway = caching({ script: [thinking] });
    expect(readEvents((await gateway.ask({ ...ask, stream: true })).events).usage).toBeNull();
    expect(readEvents((await gateway.ask({ ...ask, stream: true })).events).usage).toBeNull();
    expect(readEvents((await gateway.ask(streamed)).events).usage).toMatchObject({ completion_tokens: 9 });
    expect(gateway.upstream.calls).toHaveLength(1);
  });
});

describe('the key', () => {
  const tool = (name: string) => ({ type: 'function', function: { name, parameters: { type: 'object' } } });

  it('tells other tools, other schemas and no tools apart', async () => {
    const gateway = caching({ script: [], last: completion('{"a":1}') }, { allow: ['tools'] });
    const schema = (property: string) => ({
      type: 'json_schema',
      json_schema: { name: 'x', schema: { type: 'object', properties: { [property]: { type: 'number' } } } },
    });
    const bodies = [
      ask,
      { ...ask, tools: [tool('books')] },
      { ...ask, tools: [tool('news')] },
      { ...ask, response_format: schema('a') },
      { ...ask, response_format: schema('b') },
    ];
    for (const body of bodies) expect((await gateway.ask(body)).metadata?.cache).toBe('miss');
    for (const body of bodies) expect((await gateway.ask(body)).metadata?.cache).toBe('hit');
  });

  it('does not change when the same request is asked a third and a fourth time', async () => {
    const gateway = caching({ script: [completion('{"a":1}')] });
    const body = { ...ask, response_format: { type: 'json_object' }, max_tokens: 50 };
    await gateway.ask(body);
    for (let time = 0; time < 3; time += 1) expect((await gateway.ask(body)).metadata?.cache).toBe('hit');
  });
});

describe('the books', () => {
  it('count a hit’s tokens and cost as nothing, however often it is given', async () => {
    const gateway = caching({ script: [completion('Paris.')] });
    for (let time = 0; time < 5; time += 1) await gateway.ask(ask);
    const [first, ...hits] = gateway.ledger.entries;
    expect(first?.attemptUsages).toHaveLength(1);
    expect(hits.map(({ attemptUsages, costNanoUsd, attempts }) => [attemptUsages.length, costNanoUsd, attempts])).toEqual(
      hits.map(() => [0, 0, 0]),
    );
  });
});

describe('what was kept and does not fit any more', () => {
  const stale = (change: Partial<FoundAnswer>): FoundAnswer => ({
    answer: {
      head: { id: 'a', created: 1, model: 'm' },
      choices: [{ index: 0, content: 'old', reasoning: '', refusal: '', calls: [], logprobs: [], finishReason: 'stop' }],
    },
    usage: { promptTokens: 1, completionTokens: 1, cachedTokens: null, reasoningTokens: null, isEstimated: false },
    modelId: 'qwen2.5-7b',
    keptAtMs: 0,
    level: 'isolate',
    ...change,
  });

  it.each([
    ['of a model that is not configured any more', { modelId: 'retired' }],
    ['of a time long ago', { keptAtMs: -3_600_001 }],
  ])('%s is a miss', async (_, change) => {
    const found = { get: async () => stale(change), put: () => undefined };
    const gateway = caching({ script: [completion('new')], change: (deps) => ({ ...deps, answers: found }) });
    expect(JSON.parse((await gateway.ask(ask)).text).choices[0].message.content).toBe('new');
  });
});
