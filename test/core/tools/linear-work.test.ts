import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolFormatId } from '../../../shared/config.ts';
import { createAnswerMachine } from '../../../worker/core/answer/answer-machine.ts';
import { counter } from './corpus.ts';
import { calledTools, formatSets, hostileText } from './fragments.ts';
import { countOperations } from './operations.ts';

const sizeChars = 6000;

/** `[what it is, how it begins, what it repeats]` */
const adversaries: readonly (readonly [string, string, string])[] = [
  ['plain prose', '', 'Plain words, some `code`, 1 < 2. '],
  ['false marker starts', '', '<tool_cal'],
  ['less-than signs', '', '<'],
  ['markers that open nothing', '', '<tool_call>'],
  ['markers that open and break', '', '<tool_call>{'],
  ['strings that swallow closing markers', '', '<tool_call>{"</tool_call>"x'],
  ['strings that swallow markers at every other quote', '<tool_call>{"', '</tool_call><tool_call>{":1,"'],
  ['closed regions without a call', '', '<tool_call>{"a":1}</tool_call>'],
  ['text behind unclosed calls', '', '<tool_call>{"name":"search","arguments":{}} x '],
  ['an endless string', '<tool_call>{"name":"search","arguments":{"q":"', 'x'],
  ['control characters to escape', '<tool_call>{"name":"search","arguments":{"q":"', '\n'],
  ['deep objects', '', '{"a":'],
  ['deep arrays', '', '['],
  ['opening braces', '', '{'],
  ['braces in strings', '', '{"'],
  ['objects in a row', '', '{"a":{"b":1}} '],
  ['bare calls in a row', '', '{"name":"search","arguments":{}}'],
  ['calls without arguments yet', '', '{"name":"search","arguments":'],
  ['backticks', '', '`'],
  ['inline code', '', '`a` '],
  ['fences', '', '```json\n{'],
  ['fences in strings', '', '```json\n{"a":"'],
  ['code blocks', '', '```json\n{"a":1}\n```\n'],
  ['white space', '', ' '],
  ['separators', '{"name":"search","arguments":{}}', '; '],
  ['Mistral markers', '', '[TOOL_CALLS]'],
  ['Mistral arrays', '', '[TOOL_CALLS] [{"'],
  ['Mistral names', '', '[TOOL_CALLS]a{'],
  ['a long name', '[TOOL_CALLS]', 'a'],
  ['Python calls', '', '[search(a='],
  ['Python strings in both quotes', '', '[search(a="x[search(b=\'y'],
  ['Python lists', '[search(a=', '['],
  ['Python list items', '[search(a=[', '1,'],
  ['Python arguments', '[search(', 'a=1,'],
  ['Python escapes', "[search(a='", 'x\\n'],
  ['built-in Python calls', '', '<|python_tag|>search.call(a='],
  ['XML functions', '', '<tool_call><function=a><parameter=b>'],
  ['XML values full of tags', '<function=a><parameter=b>', '<'],
  ['XML parameters', '<function=a>', '<parameter=b>1</parameter>'],
  ['DeepSeek sections', '', '<｜tool▁calls▁begin｜>'],
  ['DeepSeek strings', '', '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>a<｜tool▁sep｜>{"'],
  ['DeepSeek calls', '<｜tool▁calls▁begin｜>', '<｜tool▁call▁begin｜>a<｜tool▁sep｜>{x}<｜tool▁call▁end｜>'],
  ['DeepSeek calls without their section or end', '', '<｜tool▁call▁begin｜>a<｜tool▁sep｜>{} x'],
  ['DeepSeek calls without their end', '', '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>a<｜tool▁sep｜>{} x'],
  ['thoughts', '', '<think>'],
];

function costOf(formats: readonly ToolFormatId[], text: string, pieceChars: number): number {
  return countOperations(() => {
    const machine = createAnswerMachine({
      formats,
      tools: calledTools,
      toolChoice: 'auto',
      allowsParallelCalls: true,
      reasoning: 'think',
      emission: 'atomic',
      maxArgumentsBytes: 1_000_000,
      newCallId: counter(),
    });
    for (let at = 0; at < text.length; at += pieceChars) machine.feed({ content: text.slice(at, at + pieceChars) });
    machine.end('stop');
  });
}

describe.each(formatSets.map((formats) => [formats.join(', '), formats] as const))('%s', (_name, formats) => {
  it.each(adversaries)('does linear work on %s', (_what, begin, unit) => {
    for (const pieceChars of [sizeChars * 2, 7]) {
      const text = begin + unit.repeat(Math.ceil((2 * sizeChars) / unit.length));
      const half = costOf(formats, text.slice(0, sizeChars), pieceChars);
      const whole = costOf(formats, text.slice(0, 2 * sizeChars), pieceChars);
      expect(whole).toBeLessThan(half * 2.3 + 4000);
      expect(whole / (2 * sizeChars)).toBeLessThan(60 * formats.length + 120);
    }
  });
});

describe('any repetition', () => {
  it('costs twice as much when it is twice as long', () => {
    fc.assert(
      fc.property(hostileText, hostileText, fc.constantFrom(...formatSets), (begin, unit, formats) => {
        if (unit === '') return;
        const cost = (times: number) => costOf(formats, begin + unit.repeat(times), 1_000_000);
        const times = Math.ceil(1500 / unit.length);
        expect(cost(times * 2)).toBeLessThan(cost(times) * 2.5 + 6000);
      }),
      { numRuns: Number(process.env['RUNS'] ?? 300) },
    );
  });
});
