/** An answer that repeats itself without end is broken where the guard says so, whatever the model repeats and whoever reads it. */
import { describe, expect, it } from 'vitest';
import { chunkOf, replay, type ReplayOptions, streamOf } from './replay.ts';

const guarded: ReplayOptions = { maxRepeatedTokens: 256 };
const role = chunkOf({ role: 'assistant' });
const said = (delta: object, times = 2000): readonly string[] => Array.from({ length: times }, () => chunkOf(delta));
const call = (args: string) => ({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: args } }] });

describe('an answer that runs away', () => {
  it.each<readonly [what: string, delta: object, options: ReplayOptions]>([
    ['text that passes', { content: '!' }, {}],
    ['text that is read', { content: '!' }, { passesPayloads: false }],
    ['text in which calls are looked for', { content: 'no ' }, { formats: ['hermes'], tools: ['f'] }],
    ['reasoning', { reasoning: 'Wait, no. ' }, {}],
    ['reasoning in the text', { content: 'hm ' }, { reasoning: 'think_open' }],
    ['the arguments of a call', call('{"a":'), {}],
    ['a refusal', { refusal: 'no ' }, {}],
  ])('breaks in %s', (_, delta, options) => {
    const view = replay([streamOf(role, ...said(delta), chunkOf({}, { finish: 'stop' }), '[DONE]')], { ...guarded, ...options });
    expect(view).toMatchObject({ problem: 'upstream_degenerate', isComplete: false });
    expect(view.contentEvents).toBeLessThanOrEqual(256);
    expect(Object.values(view.choices).every(({ finishReason }) => finishReason === null)).toBe(true);
  });

  it('breaks in any one of several choices', () => {
    const mixed = Array.from({ length: 400 }, (_, at) => [
      chunkOf({ content: `${at} ` }),
      chunkOf({ content: 'la ' }, { index: 1 }),
    ]);
    const view = replay([streamOf(role, chunkOf({ role: 'assistant' }, { index: 1 }), ...mixed.flat())], { ...guarded, n: 2 });
    expect(view.problem).toBe('upstream_degenerate');
  });

  it('goes on where the request asked for it, and where nobody minds', () => {
    const stream = [streamOf(role, ...said({ content: 'la ' }), chunkOf({}, { finish: 'stop' }), '[DONE]')];
    expect(replay(stream, { ...guarded, mayRepeat: () => true })).toMatchObject({ problem: null, isComplete: true });
    expect(replay(stream)).toMatchObject({ problem: null, isComplete: true });
  });
});
