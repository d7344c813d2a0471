import { describe, expect, it } from 'vitest';
import { createAnswerMachine } from '../../../worker/core/answer/answer-machine.ts';
import { options } from './answer.ts';
import { run, textDeltas } from './corpus.ts';

describe('limits', () => {
  const filler = (chars: number) => 'x'.repeat(chars);
  const call = (chars: number) => `<tool_call>{"name": "search", "arguments": {"q": "${filler(chars)}"}}</tool_call>`;

  it.each([
    ['a call within the limit', call(80), 100, false],
    ['a call over it by a little', call(95), 100, true],
    ['a call far over it', call(9000), 100, true],
    ['bytes, not characters', `<tool_call>{"name": "search", "arguments": {"q": "${'é'.repeat(50)}"}}</tool_call>`, 100, true],
    [
      'bytes of characters beyond the BMP',
      `<tool_call>{"name": "search", "arguments": {"q": "${'😀'.repeat(20)}"}}</tool_call>`,
      100,
      false,
    ],
  ])('%s', (_what, text, maxArgumentsBytes, overflow) => {
    for (const deltas of [[{ content: `${text} after` }], textDeltas(`${text} after`.split(''))]) {
      const { calls, content, end } = run(options({ maxArgumentsBytes }), deltas, 'stop');
      expect([calls.length, content, end.overflow, end.isIncomplete]).toEqual(
        overflow ? [0, '', true, true] : [1, ' after', false, false],
      );
      expect(end.finishReason).toBe(overflow ? 'stop' : 'tool_calls');
    }
  });

  it('keeps no more of an endless call than the limit allows, and tells the caller while it still comes in', () => {
    const machine = createAnswerMachine(options({ maxArgumentsBytes: 1000 }));
    machine.feed({ content: '<tool_call>{"name": "search", "arguments": {"q": "' });
    let fed = 0;
    while (!machine.hasOverflowed() && fed < 100_000) {
      machine.feed({ content: filler(100) });
      fed += 100;
    }
    expect(fed).toBeLessThan(6000);
    expect(machine.feed({ content: '"}}</tool_call> text' })).toEqual([]);
  });

  it('shows a JSON answer that grows too long to be a call', () => {
    const text = `{"answer": "${filler(9000)}", "name": "search", "arguments": {}}`;
    for (const deltas of [[{ content: text }], textDeltas(text.split(''))]) {
      expect(run(options({ maxArgumentsBytes: 100 }), deltas, 'stop')).toMatchObject({
        content: text,
        calls: [],
        end: { overflow: false },
      });
    }
  });
});
