/** A call that is not whole: whose fault it is, and what of the answer may be shown. */
import { describe, expect, it } from 'vitest';
import type { ToolFormatId } from '../../../shared/config.ts';
import type { UpstreamDelta } from '../../../worker/core/answer/answer-machine.ts';
import { answer, options } from './answer.ts';
import { run } from './corpus.ts';

const weather = '{"name": "get_weather", "arguments": {"city": "Paris"}}';

/** Each text breaks off inside a call of a declared tool. */
const cutCalls: readonly (readonly [ToolFormatId, string])[] = [
  ['hermes', '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Par'],
  ['hermes', '<tool_call>\n{"name": "get_weather"'],
  ['hermes', '<tool_call>\n{"arguments": {"city": "Paris"}, "name": "get_weather"'],
  ['hermes', '<tool_call>\n{"name": "get_weather", "arguments": {"city": ["a", {"b": 1'],
  ['json_fenced', '```json\n{"name": "get_weather", "arguments": {"city": "Par'],
  ['json_bare', '{"name": "get_weather", "arguments": {"city": "Par'],
  ['json_bare', '{"type": "function", "function": {"name": "get_weather", "arguments": {'],
  ['llama3_json', 'Sure. {"name": "get_weather", "parameters": {"city": "Par'],
  ['llama3_json', '<|python_tag|>get_weather.call(city="Par'],
  ['mistral', '[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Par'],
  ['mistral', '[TOOL_CALLS]get_weather[ARGS]{"city": "Par'],
  ['mistral', '[TOOL_CALLS]get_weather{"city": "Par'],
  ['pythonic', '[get_weather(city="Par'],
  ['pythonic', '<|python_start|>[get_weather('],
  ['qwen3_xml', '<tool_call>\n<function=get_weather>\n<parameter=city>\nPar'],
  ['qwen3_xml', '<function=get_weather>'],
  ['deepseek', '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Par'],
  ['deepseek', '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Par'],
];

function judged(text: string, formats: readonly ToolFormatId[], finish: string | null, emission: 'atomic' | 'early' = 'atomic') {
  const { content, calls, end } = run(options({ formats, emission }), [{ content: text }], finish);
  return { content, calls: calls.length, whole: end.calls.length, finish: end.finishReason, isBroken: end.hasBrokenCall };
}

describe('a call of a declared tool that is cut', () => {
  it.each(cutCalls)('is a broken answer if the model ended it by itself: %s %j', (format, text) => {
    for (const finish of ['stop', 'tool_calls'])
      expect(judged(text, [format], finish)).toMatchObject({ calls: 0, isBroken: true });
    expect(answer(text, { formats: [format] }, 'stop').content).not.toMatch(/tool_call|function=|TOOL|Par|get_weather/);
  });

  it.each(cutCalls)('is no fault if a limit ended it, and nothing of it is shown: %s %j', (format, text) => {
    for (const finish of ['length', 'content_filter']) {
      const seen = judged(text, [format], finish);
      expect(seen).toMatchObject({ calls: 0, isBroken: false, finish });
      expect(seen.content).not.toMatch(/tool_call|function=|TOOL|Par|get_weather/);
    }
  });

  it.each(cutCalls)('is broken in early emission, too: %s %j', (format, text) => {
    const seen = judged(text, [format], 'tool_calls', 'early');
    expect(seen).toMatchObject({ whole: 0, isBroken: true });
    expect(seen.finish === 'tool_calls' && seen.calls > 0).toBe(false);
  });

  it.each([
    ['hermes', `<tool_call>${weather}</tool_call>\n<tool_call>\n{"name": "search", "argum`],
    ['mistral', `[TOOL_CALLS] [${weather}, {"name": "search", "argum`],
    ['pythonic', '[get_weather(city="Paris"), search(q="a'],
    ['pythonic', '<|python_start|>[get_weather(city="Paris")'],
    ['json_fenced', `\`\`\`json\n[${weather},`],
    ['llama3_json', `${weather}; {"name": "search", "argum`],
    ['json_bare', `${weather}\n{"name": "search", "argum`],
    ['json_fenced', `\`\`\`json\n${weather}\n\`\`\`\n\`\`\`json\n{"name": "search", "argum`],
    [
      'deepseek',
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q',
    ],
  ] as const)('behind a whole one leaves that one whole: %s', (format, text) => {
    expect(judged(text, [format], 'stop')).toMatchObject({ calls: 1, content: '', isBroken: true });
    expect(judged(text, [format], 'length')).toMatchObject({ calls: 1, content: '', isBroken: false, finish: 'length' });
  });
});

describe('what breaks off before a declared name', () => {
  it.each([
    ['hermes', 'On it.\n<tool_call>\n{"name": "get_wea'],
    ['hermes', '<tool_call>{'],
    ['hermes', '<tool_call>{"name": "unknown", "arguments": {"a": 1'],
    ['mistral', '[TOOL_CALLS] [{"name": "unknown", "argu'],
    ['mistral', '[TOOL_CALLS]unknown{"a": 1'],
    ['qwen3_xml', '<function=unknown><parameter=a>1'],
    ['deepseek', '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>unknown<｜tool▁sep｜>{"a'],
    ['json_bare', '{"na'],
  ] as const)('is text as it came if the model ended by itself: %s %j', (format, text) => {
    expect(answer(text, { formats: [format] })).toMatchObject({ content: text, calls: [], finish: 'stop' });
    expect(judged(text, [format], 'stop').isBroken).toBe(false);
  });
});

describe('calls the server recognised itself', () => {
  const entry = (index: number, args: string): UpstreamDelta => ({
    tool_calls: [{ index, id: `c${index}`, function: { name: 'get_weather', arguments: args } }],
  });

  it.each(['stop', 'tool_calls'])('that are cut break the answer, whatever the tool (%s)', (finish) => {
    const outcome = run(options({ formats: [] }), [entry(0, '{"path":"a.txt","text":"half')], finish);
    expect(outcome).toMatchObject({ calls: [], end: { hasBrokenCall: true } });
  });

  it('that are cut by the token limit do not', () => {
    const outcome = run(options({ formats: [] }), [entry(0, '{}'), entry(1, '{"a": "ha')], 'length');
    expect(outcome).toMatchObject({ calls: [{ id: 'c0' }], end: { hasBrokenCall: false, finishReason: 'length' } });
  });

  it('that are announced and never come break it', () => {
    const finish = 'tool_calls';
    expect(run(options({ formats: [] }), [{ content: 'Hello!' }], finish).end.hasBrokenCall).toBe(true);
    expect(run(options(), [{ content: 'Hello!' }], finish).end.hasBrokenCall).toBe(true);
  });

  it('that are whole are fine under any finish reason', () => {
    for (const finish of ['stop', 'tool_calls', 'length'])
      expect(run(options({ formats: [] }), [entry(0, '{"a": 1}')], finish)).toMatchObject({
        calls: [{ arguments: '{"a": 1}' }],
        end: { hasBrokenCall: false },
      });
  });
});
