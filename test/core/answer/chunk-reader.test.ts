/** The reader that compares instead of parsing must say of every payload what parsing says. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChunkReader } from '../../../worker/core/answer/chunk-reader.ts';
import { fail, ok } from '../../../shared/result.ts';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import type { ChunkChoice, Dialect } from '../../../worker/core/upstreams/dialect.ts';
import { parseLenient } from '../../../worker/core/upstreams/lenient-json.ts';
import { unreadable } from '../../../worker/core/upstreams/transport-failure.ts';
import { createVllm } from '../../../worker/core/upstreams/vllm.ts';
import { fixtureNames, payloadsOf, readFixture } from './stream-fixtures.ts';

const vllm = createVllm(asItIs);

function parsed(payload: string): ReturnType<Dialect['readChunk']> {
  if (payload === '') return vllm.readChunk(null);
  const read = parseLenient(payload);
  if (read === null) return fail(unreadable);
  const chunk = vllm.readChunk(read.value);
  return chunk.ok && read.isRepaired ? ok({ ...chunk.value, isPlainContent: false }) : chunk;
}

/** vLLM with a count of the payloads that were parsed. */
function counted(): { dialect: Dialect; parses: () => number } {
  let parses = 0;
  const readChunk: Dialect['readChunk'] = (payload) => {
    parses += 1;
    return vllm.readChunk(payload);
  };
  return { dialect: { ...vllm, readChunk }, parses: () => parses };
}

function chunk(content: string, { index = 0, created = 1, logprobs = null as unknown } = {}): string {
  const choices = [{ index, delta: { content }, logprobs, finish_reason: null, token_ids: null }];
  return JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created, model: 'm', choices });
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '\n', 'u', '0', '{', '}', ',', ':', 'content', '\u2028', '\ud83d'),
    maxLength: 6,
  }),
);

const payload = fc.oneof(
  { weight: 6, arbitrary: text.map((content) => chunk(content)) },
  { weight: 2, arbitrary: fc.tuple(text, fc.nat(3)).map(([content, index]) => chunk(content, { index })) },
  { weight: 1, arbitrary: fc.tuple(text, fc.nat(3)).map(([content, created]) => chunk(content, { created })) },
  { weight: 1, arbitrary: text.map((content) => chunk(content, { logprobs: { content: [{ token: content, logprob: -1 }] } })) },
  { weight: 1, arbitrary: text.map((content) => JSON.stringify(JSON.parse(chunk(content)), null, 1).replaceAll('\n', '')) },
  // Text put in as it is: often no longer JSON, or JSON of another shape.
  { weight: 3, arbitrary: text.map((content) => chunk('@').replace('@', () => content)) },
  { weight: 1, arbitrary: fc.constantFrom('', '{}', 'null', '{"error":{"message":"x","code":500}}', chunk('a').slice(0, -1)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        '","tool_calls":[{"index":0,"function":{"name":"f"}}],"x":"',
        '"},"finish_reason":"stop","y":{"z":"',
        'a"}}]}',
      )
      .map((content) => chunk('@').replace('@', () => content)),
  },
);

describe('chunks of an answer', () => {
  it('read the same as parsed, whatever came before them', () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 20 }), (payloads) => {
        const { read } = createChunkReader(vllm);
        for (const each of payloads) expect(read(each)).toEqual(parsed(each));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(fixtureNames)('of %s read the same as parsed', (name) => {
    const { read } = createChunkReader(vllm);
    for (const each of payloadsOf(readFixture(name))) expect(read(each)).toEqual(parsed(each));
  });

  it('that differ in their text alone are not parsed again', () => {
    const { dialect, parses } = counted();
    const { read } = createChunkReader(dialect);
    for (const content of ['one', ' two', '\n', ' "three"', ' 4', ' fünf', ' 🌍']) read(chunk(content));
    // The first two, and the proof that the second was cut at the right place.
    expect(parses()).toBe(3);
  });

  it('of four choices that take turns are not parsed again', () => {
    const { dialect, parses } = counted();
    const { read } = createChunkReader(dialect);
    for (let i = 0; i < 40; i += 1) read(chunk(`word${i}`, { index: i % 4 }));
    expect(parses()).toBe(9);
  });

  it('are skimmed only where reading them gives a text and nothing else', () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 20 }), (payloads) => {
        const { read, skim } = createChunkReader(vllm);
        for (const each of payloads) {
          const skimmed: ChunkChoice[] = [];
          const isTaken = skim(each, (_like, index, content) => {
            const delta = { content, reasoning: null, tool_calls: null, refusal: null };
            return skimmed.push({ index, delta, finishReason: null, logprobs: null }) > 0;
          });
          const whole = read(each);
          if (isTaken) expect(whole.ok && whole.value).toMatchObject({ choices: skimmed, usage: null });
          else expect(skimmed).toEqual([]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('are skimmed from the third on', () => {
    const { read, skim } = createChunkReader(vllm);
    for (const content of ['one', ' two']) read(chunk(content));
    const texts: string[] = [];
    for (const content of [' three', ' "4"', '\n', ' fünf', ' 🌍', 'x'.repeat(100)]) {
      expect(skim(chunk(content), (_like, _index, text) => texts.push(text) > 0)).toBe(true);
    }
    expect(texts).toEqual([' three', ' "4"', '\n', ' fünf', ' 🌍', 'x'.repeat(100)]);
  });

  it('that always differ otherwise cost at most a few parses more', () => {
    const { dialect, parses } = counted();
    const { read } = createChunkReader(dialect);
    for (let created = 0; created < 1000; created += 1) read(chunk('word', { created }));
    expect(parses()).toBeLessThanOrEqual(1008);
  });
});
