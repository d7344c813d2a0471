/** What of a stream says nothing, what cannot be done without, and what ends it. */
import { describe, expect, it } from 'vitest';
import { answerWith, chunkOf, replay, streamOf } from './replay.ts';

const role = chunkOf({ role: 'assistant', content: '' });
const text = (content: string, index = 0): string => chunkOf({ content }, { index });
const stop = (index = 0): string => chunkOf({}, { index, finish: 'stop' });

describe('events that are no chunks', () => {
  it.each([
    ['an empty event', ''],
    ['null', 'null'],
    ['a number', '5'],
    ['an empty array', '[]'],
    ['an object of another kind', '{"event":"ping"}'],
    ['choices that are null', '{"choices":null}'],
    ['a choice that is empty', '{"choices":[{}]}'],
    ['a choice at -1', chunkOf({ content: 'x' }, { index: -1 })],
    ['a choice at 2^32', chunkOf({ content: 'x' }, { index: 2 ** 32 })],
  ])('say nothing: %s', (_, payload) => {
    const view = replay([streamOf(role, text('a'), payload, text('b'), payload, stop(), payload, '[DONE]')]);
    expect(view).toMatchObject({ isComplete: true, problem: null, choices: { 0: { content: 'ab', finishReason: 'stop' } } });
  });

  it('are never shown', () => {
    expect(answerWith().feed('{"event":"ping"}')).toEqual({ kind: 'events', events: [] });
  });
});

describe('an event that cannot be read', () => {
  it.each([
    ['JSON that breaks off', '{"choices":['],
    ['the rest of some JSON', 'ent":"b"}}]}'],
    ['text', 'garbage'],
    ['a JSON string', '"b"'],
    ['content of another type', chunkOf({ content: 5 })],
    ['an object in the place of choices', '{"choices":{"delta":{"content":"b"}}}'],
  ])('breaks the answer, for it may have held a piece of it: %s', (_, payload) => {
    for (const options of [{}, { formats: ['hermes' as const], tools: ['f'] }]) {
      const view = replay([streamOf(role, text('Pay 1'), payload, text('ros.'), stop(), '[DONE]')], options);
      expect(view).toMatchObject({
        problem: 'upstream_invalid_answer',
        isComplete: false,
        choices: { 0: { content: 'Pay 1', finishReason: null } },
      });
    }
  });

  it('is none when only a control character stands raw in its text', () => {
    const raw = text('a\nb\tc').replace('\\n', '\n').replace('\\t', '\t');
    const view = replay([streamOf(role, raw, raw, raw, stop(), '[DONE]')]);
    expect(view).toMatchObject({ isComplete: true, choices: { 0: { content: 'a\nb\tca\nb\tca\nb\tc' } } });
  });
});

describe('finish reasons', () => {
  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['content_filter', 'content_filter'],
    ['end_turn', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content_filter'],
    ['whatever', 'stop'],
  ])('%s ends an answer as %s', (finish, shown) => {
    for (const formats of [[], ['hermes' as const]]) {
      const view = replay([streamOf(role, text('a'), chunkOf({}, { finish }))], { formats, tools: ['f'] });
      expect(view).toMatchObject({ isComplete: true, problem: null, choices: { 0: { content: 'a', finishReason: shown } } });
    }
  });

  it.each([
    ['abort', 'upstream_truncated'],
    ['error', 'upstream_truncated'],
    ['cancelled', 'upstream_truncated'],
    ['repetition', 'upstream_degenerate'],
  ])('%s means that it broke off, and is not shown', (finish, problem) => {
    const view = replay([streamOf(role, text('a'), chunkOf({}, { finish }), '[DONE]')]);
    expect(view).toMatchObject({ problem, isComplete: false, choices: { 0: { content: 'a', finishReason: null } } });
  });

  it('may carry the last piece', () => {
    expect(replay([streamOf(role, text('a'), chunkOf({ content: 'b' }, { finish: 'stop' }))]).choices[0]).toMatchObject({
      content: 'ab',
      finishReason: 'stop',
    });
  });
});
