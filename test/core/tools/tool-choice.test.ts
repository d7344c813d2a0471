import { describe, expect, it } from 'vitest';
import type { AnswerMachineOptions } from '../../../worker/core/answer/answer-machine.ts';
import { answer } from './answer.ts';

describe('tool_choice', () => {
  const anyFormats: AnswerMachineOptions['formats'][] = [
    [],
    ['hermes'],
    ['hermes', 'json_fenced', 'json_bare'],
    ['mistral'],
    ['llama3_json'],
  ];
  const rows = anyFormats.map((formats) => ({ formats, list: formats.join(', ') }));

  it.each(rows)('required: reads the array of name and parameters, whatever the formats ($list)', ({ formats }) => {
    const text = '[{"name": "search", "parameters": {"q": "a"}}, {"name": "get_weather", "parameters": {}}]';
    expect(answer(text, { formats, toolChoice: 'required' }).calls).toEqual([
      ['search', { q: 'a' }],
      ['get_weather', {}],
    ]);
  });

  it.each(rows)('named: reads the arguments alone, whatever the formats ($list)', ({ formats }) => {
    expect(answer(' {"q": {"name": "x"}}\n', { formats, toolChoice: { name: 'search' } })).toEqual({
      content: '',
      reasoning: '',
      calls: [['search', { q: { name: 'x' } }]],
      finish: 'tool_calls',
      isIncomplete: false,
    });
  });

  it.each([
    ['{"name": "search", "arguments": {"q": 1}}', [['search', { q: 1 }]], ''],
    ['{"name": "Alice", "arguments": {"q": 1}}', [['search', { name: 'Alice', arguments: { q: 1 } }]], ''],
    ['<tool_call>{"name": "search", "arguments": {"q": 1}}</tool_call>', [['search', { q: 1 }]], ''],
    ['{"q": 1} and words', [], '{"q": 1} and words'],
    ['{"q": 1}{"q": 2}', [], '{"q": 1}{"q": 2}'],
    ['[{"q": 1}]', [], '[{"q": 1}]'],
    ['words', [], 'words'],
    ['{"q": nope}', [], '{"q": nope}'],
  ])('named: %j', (text, calls, content) => {
    expect(answer(text, { toolChoice: { name: 'search' } })).toMatchObject({ calls, content });
  });

  it('named: arguments that are cut are no call and no content', () => {
    expect(answer('{"q": "a', { toolChoice: { name: 'search' } }, 'length')).toMatchObject({
      calls: [],
      content: '',
      isIncomplete: true,
      finish: 'length',
    });
  });
});
