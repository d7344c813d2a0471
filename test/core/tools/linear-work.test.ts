import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReasoningId, ToolFormatId } from '../../../shared/config.ts';
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
  [
    'DSML invokes that quote each other',
    '<｜DSML｜invoke name="a"><｜DSML｜parameter name="b" string="true">',
    '<｜DSML｜invoke name="a">\n',
  ],
  [
    'DSML ends that end nothing',
    '<｜DSML｜invoke name="a"><｜DSML｜parameter name="b" string="true">',
    '</｜DSML｜parameter> \n',
  ],
  ['DSML parameters in a value', '<｜DSML｜invoke name="search"><｜DSML｜parameter name="a">', '<｜DSML｜parameter name="a">'],
  ['GLM names', '', '<tool_call>search '],
  ['GLM values', '<tool_call>search', '<arg_key>a</arg_key><arg_value>b</arg_value>'],
  ['Kimi sections', '', '<|tool_calls_section_begin|>'],
  ['Kimi calls', '', '<|tool_call_begin|>functions.a:0<|tool_call_argument_begin|>{"'],
  ['Kimi K3 tags', '', '<|open|>call tool="a" index="1"<|sep|><|open|>argument key="k"<|sep|>'],
  ['Harmony headers', '', '<|start|>assistant<|channel|>commentary to='],
  ['Harmony messages', '', '<|channel|>commentary to=functions.a<|message|>{"'],
  ['Gemma calls', '', '<|tool_call>call:a{b:'],
  ['Gemma strings', '<|tool_call>call:a{', 'b:<|"|>x<|"|>,'],
];

function costOf(formats: readonly ToolFormatId[], text: string, pieceChars: number, reasoning: ReasoningId = 'think'): number {
  return countOperations(() => {
    const machine = createAnswerMachine({
      formats,
      tools: calledTools,
      toolChoice: 'auto',
      allowsParallelCalls: true,
      reasoning,
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

describe.each(['harmony', 'kimi_k3', 'mistral_think', 'gemma4'] as const)('reasoning %s', (reasoning) => {
  it.each([
    ['boundaries', '', '<|end|><|start|>assistant<|channel|>analysis<|message|>a'],
    ['ends that end nothing', '<|channel|>analysis<|message|>', '<|end|> '],
    ['headers that never end', '', '<|channel|>analysis '],
    ['calls', '', '<|start|>assistant<|channel|>commentary to=a<|message|>{"a":1}<|call|>'],
    ['sections', '', '<|close|>think<|sep|> '],
    ['openings', '', '<|open|>response<|sep|>'],
    ['fences', '', '```'],
    ['quoted tags on one line', '[THINK]', '`[/THINK]` '],
    ['tags of Gemma', '<|channel>thought\n', '"<channel|>" '],
  ])('does linear work on %s', (_what, begin, unit) => {
    for (const pieceChars of [sizeChars * 2, 7]) {
      const text = begin + unit.repeat(Math.ceil((2 * sizeChars) / unit.length));
      const cost = (chars: number) => costOf([], text.slice(0, chars), pieceChars, reasoning);
      expect(cost(2 * sizeChars)).toBeLessThan(cost(sizeChars) * 2.3 + 4000);
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
