/** Every recorded and written stream: what a client sees of it, whole and cut at every byte. */
import { describe, expect, it } from 'vitest';
import { readUsage } from '../../../worker/core/upstreams/read-answer.ts';
import { bytesOf, type ClientView, replay, type ReplayOptions } from './replay.ts';
import { fixtureNames, readFixture, readThirdParty, thirdPartyNames } from './stream-fixtures.ts';

const hermes: ReplayOptions = { formats: ['hermes', 'json_fenced', 'json_bare'], tools: ['get_weather', 'refresh', 'a', 'b'] };
const trusting: ReplayOptions = { formats: [] };

interface Expected {
  readonly content?: string;
  readonly reasoning?: string;
  readonly calls?: readonly (readonly [name: string, args: string])[];
  readonly finishReason: string | null;
  readonly problem?: string;
  readonly usage?: object;
  readonly logprobs?: number;
}

const weather = [['get_weather', '{"city": "Paris"}']] as const;
const usage = (prompt_tokens: number, completion_tokens: number) => ({
  prompt_tokens,
  completion_tokens,
  total_tokens: prompt_tokens + completion_tokens,
});

/** By file; both kinds of machine must agree, except on markup in the text, which only one of them reads. */
const expected: Record<string, Expected> = {
  'vllm-cut-no-done.sse': { content: 'partial ans', finishReason: null },
  'vllm-hermes-empty-args-dropped.sse': { calls: [['refresh', '{}']], finishReason: 'tool_calls' },
  'vllm-hermes-parallel-one-delta.sse': {
    calls: [
      ['a', '{"x": 1}'],
      ['b', '{}'],
    ],
    finishReason: 'tool_calls',
  },
  'vllm-hermes-tool-call.sse': { content: 'Let me check.\n', calls: weather, finishReason: 'tool_calls' },
  'vllm-logprobs.sse': { content: 'Yes é', finishReason: 'stop', logprobs: 3 },
  'vllm-midstream-error.sse': { content: 'partial answer', finishReason: null, problem: 'upstream_error' },
  'vllm-named-tool-choice.sse': { calls: weather, finishReason: 'tool_calls' },
  'vllm-raw-markup-in-content.sse': { calls: weather, finishReason: 'tool_calls' },
  'vllm-reasoning-content-legacy.sse': { content: 'Hello.', reasoning: 'I should greet.', finishReason: 'stop' },
  'vllm-reasoning.sse': { content: 'Hello.', reasoning: 'I should greet.', finishReason: 'stop' },
  'vllm-text-continuous-usage.sse': { content: 'One two', finishReason: 'length', usage: usage(21, 3) },
  'vllm-text-usage.sse': { content: 'Bonjour 🌍!', finishReason: 'stop', usage: usage(21, 5) },
  'vllm-tool-call-length.sse': { finishReason: 'length' },
};

describe.each(fixtureNames)('%s', (name) => {
  const bytes = bytesOf(readFixture(name));
  const row = expected[name];

  it.each([
    ['a machine that reads calls in text', hermes],
    ['one that trusts the server', trusting],
  ] as const)('shows what it should through %s', (_, options) => {
    const view = replay([bytes], options);
    const choice = view.choices[0];
    if (options === trusting && name === 'vllm-raw-markup-in-content.sse') {
      expect(choice).toMatchObject({
        content: expect.stringMatching(/^<tool_call>[^]*<\/tool_call>$/),
        calls: [],
        finishReason: 'stop',
      });
      return;
    }
    expect(choice).toMatchObject({
      role: 'assistant',
      content: row?.content ?? '',
      reasoning: row?.reasoning ?? '',
      finishReason: row?.finishReason,
    });
    expect(choice?.calls.map((call) => [call.name, call.arguments])).toEqual(row?.calls ?? []);
    expect(new Set(choice?.calls.map((call) => call.id)).size).toBe(row?.calls?.length ?? 0);
    expect(choice?.logprobs).toHaveLength(row?.logprobs ?? 0);
    expect(view).toMatchObject({
      problem: row?.problem ?? null,
      usage: readUsage(row?.usage),
      isComplete: row?.finishReason != null,
    });
  });

  it.each([
    ['a machine that reads calls in text', hermes, 1],
    ['one that trusts the server', trusting, 5],
  ] as const)('is the same however its bytes are cut, through %s', (_, options, step) => {
    const whole = essence(replay([bytes], options));
    for (let cut = 1; cut < bytes.length; cut += step) {
      expect(essence(replay([bytes.subarray(0, cut), bytes.subarray(cut)], options))).toBe(whole);
    }
    expect(essence(replay(piecesOf(bytes, 1), options))).toBe(whole);
    expect(essence(replay(piecesOf(bytes, 7), options))).toBe(whole);
  });

  it('is never complete without its last finish reason', () => {
    const withoutEnd = bytes.subarray(0, Math.max(0, readFixture(name).search(/data: [^\n]*"finish_reason":"/)));
    const view = replay([withoutEnd], trusting);
    expect(view.isComplete).toBe(false);
  });
});

describe.skipIf(thirdPartyNames.length === 0)('streams of other servers (POINTSMAN_DATA_DIR)', () => {
  it.each(thirdPartyNames)('%s is understood to its end, and the same however it is cut', (name) => {
    const bytes = bytesOf(readThirdParty(name));
    const view = replay([bytes], trusting);
    expect(view).toMatchObject({ isComplete: true, problem: null, choices: { 0: { role: 'assistant' } } });
    const whole = essence(view);
    const step = Math.max(1, Math.floor(bytes.length / 40));
    for (let cut = 1; cut < bytes.length; cut += step) {
      expect(essence(replay([bytes.subarray(0, cut), bytes.subarray(cut)], trusting))).toBe(whole);
    }
    expect(essence(replay(piecesOf(bytes, 1), trusting))).toBe(whole);
  });
});

function essence(view: ClientView): string {
  return JSON.stringify(view);
}

function piecesOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}
