/** Text that mentions calls, quotes them or declares tools, and real calls inside code. */
import { describe, expect, it } from 'vitest';
import type { ToolFormatId } from '../../../shared/config.ts';
import type { DeclaredTool } from '../../../worker/core/tools/declared-tool.ts';
import { answer, options } from './answer.ts';
import { run } from './corpus.ts';

const tool = (name: string, properties: Record<string, unknown>): DeclaredTool => ({
  name,
  parameters: { type: 'object', properties },
});
const string = { type: 'string' };
const tools = [tool('get_weather', { city: string }), tool('search', { query: string }), tool('refresh', {})];
const call = '{"name": "get_weather", "arguments": {"city": "Paris"}}';
const unknown = '{"name": "no_such_tool", "arguments": {"a": 1}}';
const hermes = `<tool_call>${call}</tool_call>`;
const fence = '```';
const section = (name: string, args: string) =>
  `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>${name}<｜tool▁sep｜>${args}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`;

/** A whole call of each format with markers, of a tool that is declared and of one that is not. */
const marked: readonly (readonly [ToolFormatId, string, string])[] = [
  ['hermes', hermes, `<tool_call>${unknown}</tool_call>`],
  [
    'qwen3_xml',
    '<function=get_weather><parameter=city>Paris</parameter></function>',
    '<function=other><parameter=a>1</parameter></function>',
  ],
  ['mistral', `[TOOL_CALLS] [${call}]`, `[TOOL_CALLS] [${unknown}]`],
  ['mistral', '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}', '[TOOL_CALLS]other[ARGS]{"a": 1}'],
  ['deepseek', section('get_weather', '{"city": "Paris"}'), section('other', '{"a": 1}')],
];
const weather = [['get_weather', { city: 'Paris' }]];

describe('a marker that is quoted', () => {
  it.each<[ToolFormatId, string]>([
    ['hermes', 'Models write `<tool_call>{` and then JSON. Everything before it can be streamed.'],
    ['hermes', 'return f"<tool_call>{j}</tool_call>"'],
    ['hermes', '`<tool_call>{"name": "get_weather", "arguments": {"city": "Par` is all that came.'],
    ['hermes', 'Use <tool_call>{"name": ..., "arguments": ...}</tool_call> for every call.'],
    ['qwen3_xml', 'return f"<tool_call><function={name}>{args}</function></tool_call>"'],
    ['qwen3_xml', 'In this syntax, <function=get_weather> opens a call and </function> closes it.'],
    ['qwen3_xml', '`<function=get_weather><parameter=city>` opens a value that ends with `</parameter>`.'],
    ['mistral', 'return f"[TOOL_CALLS]{calls}"'],
    ['mistral', '`[TOOL_CALLS] [{"name": "get_weather", "arg` is cut.'],
    ['mistral', 'A name follows: [TOOL_CALLS]get_weather and so on.'],
    ['deepseek', 'return f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>{name}<｜tool▁sep｜>{args}"'],
    ['deepseek', '`<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"ci` is cut.'],
    ['pythonic', 'Write `[get_weather(city="Paris")]`, or [get_weather(city) for city in cities] in Python.'],
    ['pythonic', '`<|python_start|>[get_weather(` begins it.'],
    ['llama3_json', 'The tag `<|python_tag|>` is followed by `get_weather.call(city="` and so on.'],
    ['llama3_json', 'd = {"name": name, "arguments": args}'],
  ])('opens nothing, and the text arrives whole: %s %j', (format, text) => {
    for (const finish of ['stop', 'length'])
      expect(answer(text, { formats: [format], tools }, finish)).toMatchObject({ content: text, calls: [], isIncomplete: false });
  });

  it.each(marked)('in code, with an undeclared tool, is text: %s', (format, _declared, undeclared) => {
    for (const text of [`Use \`${undeclared}\` here.`, `\`${undeclared}\``, `${fence}xml\n${undeclared}\n${fence}`])
      expect(answer(text, { formats: [format], tools })).toMatchObject({ content: text, calls: [] });
  });

  it.each(marked)(
    'outside code, with an undeclared tool, is a call that an agent can answer: %s',
    (format, _declared, undeclared) => {
      expect(answer(undeclared, { formats: [format], tools }).calls).toHaveLength(1);
    },
  );

  it.each(['<name>', '{tool}', '...', 'your function', ''])('as the name of no function is a template: %j', (name) => {
    const text = `<tool_call>{"name": "${name}", "arguments": {"a": 1}}</tool_call>`;
    expect(answer(text, { formats: ['hermes'], tools })).toMatchObject({ content: text, calls: [] });
  });
});

describe('a whole call of a declared tool in code', () => {
  it.each(marked)('is a call where it stands alone: %s', (format, declared) => {
    const alone = `${fence}xml\n${declared}\n${fence}`;
    expect(answer(alone, { formats: [format], tools }).calls).toEqual(weather);
    expect(answer(`\`${declared}\``, { formats: [format], tools }).calls).toEqual(weather);
  });

  it.each(marked)('is a call at the end of the message: %s', (format, declared) => {
    const text = `Let me look that up.\n\n${fence}\n${declared}\n${fence}\n`;
    expect(answer(text, { formats: [format], tools })).toMatchObject({ calls: weather, finish: 'tool_calls' });
  });

  it.each(marked)('is a call at its beginning, whatever follows: %s', (format, declared) => {
    const text = `${fence}\n${declared}\n${fence}\nI will report back.`;
    expect(answer(text, { formats: [format], tools }).calls).toEqual(weather);
  });

  it.each(marked)('is an example between text before and text behind it: %s', (format, declared) => {
    const text = `The model writes\n\n${fence}xml\n${declared}\n${fence}\n\nand waits for the result.`;
    expect(answer(text, { formats: [format], tools })).toMatchObject({ content: text, calls: [] });
    const span = `\`${declared}\` is what it writes.`;
    expect(answer(span, { formats: [format], tools })).toMatchObject({ content: span, calls: [] });
  });

  it('counts in a row as one, up to the end of the message', () => {
    const row = `On it.\n${fence}\n${hermes}\n${hermes}\n${fence}\n${fence}xml\n${hermes}\n${fence}`;
    expect(answer(row, { formats: ['hermes'], tools }).calls).toHaveLength(3);
    const explained = `${row}\nThree calls at once.`;
    expect(answer(explained, { formats: ['hermes'], tools })).toMatchObject({ content: explained, calls: [] });
  });

  it('is text without its closing marker', () => {
    const text = `${fence}\n<tool_call>${call}\n${fence}`;
    expect(answer(text, { formats: ['hermes'], tools })).toMatchObject({ content: text, calls: [] });
  });

  it('stands in a transcript with the turns around it, and is text then', () => {
    const text = `${fence}\nuser: Weather?\nassistant: ${hermes}\ntool: 12\n${fence}`;
    expect(answer(text, { formats: ['hermes'], tools })).toMatchObject({ content: text, calls: [] });
  });
});

describe('a fenced call', () => {
  const block = `${fence}json\n${call}\n${fence}`;
  const formats: readonly ToolFormatId[] = ['hermes', 'json_fenced', 'json_bare'];

  it.each([
    [`${block}`, weather],
    [`Let me look.\n\n${block}\n`, weather],
    [`${block}\n\nI will report back.`, weather],
    [`Let me look.\n\n${block}\n\n${block}`, [...weather, ...weather]],
    [`First ${block} and then ${block} done.`, [...weather, ...weather]],
  ])('comes first, last, in a row or inside a sentence: %j', (text, calls) => {
    expect(answer(text, { formats, tools }).calls).toEqual(calls);
  });

  it.each([
    `A call looks like this:\n\n${block}\n\nThe name must be declared.`,
    `Two of them:\n\n${block}\n\n${block}\n\nNote the fences.`,
    `Compare\n${block}\nwith\n${fence}json\n{"name": "get_weather"}\n${fence}`,
  ])('is an example inside prose that explains: %j', (text) => {
    expect(answer(text, { formats, tools })).toMatchObject({ content: text, calls: [] });
  });

  it('behind text is shown with the end, and what is cut behind it breaks the answer', () => {
    const cut = `Both.\n${block}\n${fence}json\n{"name": "search", "arguments": {"query": "x`;
    const { calls, end } = run(options({ formats, tools }), [{ content: cut }], 'stop');
    expect([calls.length, end.hasBrokenCall]).toEqual([1, true]);
  });
});

describe('a declaration', () => {
  const schema = '{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}';

  it.each<[string, ToolFormatId, string]>([
    ['a JSON Schema', 'json_bare', `{"name": "get_weather", "parameters": ${schema}}`],
    [
      'a JSON Schema, its keys the other way round',
      'json_bare',
      `{"name": "get_weather", "parameters": {"properties": {}, "type": "object"}}`,
    ],
    ['a JSON Schema that says only that it is an object', 'json_bare', '{"name": "refresh", "parameters": {"type": "object"}}'],
    ['a JSON Schema in capitals', 'json_bare', '{"name": "refresh", "parameters": {"type": "OBJECT", "properties": {}}}'],
    ['the schema first', 'json_bare', `{"parameters": ${schema}, "name": "get_weather"}`],
    ['a schema for each argument', 'json_bare', '{"name": "get_weather", "parameters": {"city": {"type": "string"}}}'],
    ['a list', 'json_bare', `[{"name": "get_weather", "parameters": ${schema}}]`],
    ['a wrapper', 'json_bare', `{"type": "function", "function": {"name": "get_weather", "parameters": ${schema}}}`],
    ['a fence', 'json_fenced', `${fence}json\n{"name": "get_weather", "parameters": ${schema}}\n${fence}`],
    ['JSON in prose', 'llama3_json', `It is declared as {"name": "get_weather", "parameters": ${schema}} here.`],
    ['markers', 'hermes', `<tool_call>{"name": "get_weather", "parameters": ${schema}}</tool_call>`],
    ['markers and an unknown name', 'hermes', `<tool_call>{"name": "other", "parameters": ${schema}}</tool_call>`],
    ['a control token', 'mistral', `[TOOL_CALLS] [{"name": "get_weather", "arguments": ${schema}}]`],
    ['a control token and a name', 'mistral', `[TOOL_CALLS]get_weather${schema}`],
    ['a section', 'deepseek', section('get_weather', schema)],
  ])('is no call: %s', (_what, format, text) => {
    expect(answer(text, { formats: [format], tools })).toMatchObject({ content: text, calls: [], finish: 'stop' });
  });

  it.each([
    [
      'its schema has these arguments',
      { type: string, properties: { type: 'object' } },
      `{"type": "object", "properties": {"a": {"type": "string"}}}`,
    ],
    ['an argument may be such an object', { city: { type: 'object' } }, '{"city": {"type": "string"}}'],
    ['one of its arguments is called type', { type: string }, '{"type": "object"}'],
  ])('is a call where %s', (_what, properties, args) => {
    const text = `{"name": "define", "arguments": ${args}}`;
    expect(answer(text, { formats: ['json_bare'], tools: [tool('define', properties)] }).calls).toEqual([
      ['define', JSON.parse(args)],
    ]);
  });
});

describe('arguments that are no object', () => {
  it.each<[ToolFormatId, string, string]>([
    ['hermes', '<tool_call>{"name": "get_weather", "arguments": [1]}', '</tool_call>'],
    ['hermes', '<tool_call>{"name": "get_weather", "arguments": "Paris"}', '</tool_call>'],
    ['hermes', '<tool_call>[{"name": "get_weather", "arguments": 5}]', '</tool_call>'],
    ['deepseek', '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>["Paris"]', '<｜tool▁call▁end｜>'],
  ])('make the region text once it is closed, and leak nothing when cut in the closing tag: %s %j', (format, begin, closing) => {
    const whole = `${begin}\n${closing}`;
    expect(answer(whole, { formats: [format], tools })).toMatchObject({ content: whole, calls: [] });
    for (let at = 1; at < closing.length; at += 1) {
      const cut = `On it. ${begin}\n${closing.slice(0, at)}`;
      expect(answer(cut, { formats: [format], tools }, 'length')).toMatchObject({
        content: 'On it. ',
        calls: [],
        finish: 'length',
      });
      expect(run(options({ formats: [format], tools }), [{ content: cut }], 'stop')).toMatchObject({
        content: 'On it. ',
        end: { hasBrokenCall: true },
      });
    }
  });

  it.each<[ToolFormatId, string, string]>([
    ['hermes', `<tool_call>${call}`, '</tool_call>'],
    ['qwen3_xml', '<tool_call><function=get_weather><parameter=city>Paris</parameter></function>', '</tool_call>'],
    ['deepseek', section('get_weather', '{"city": "Paris"}').replace('<｜tool▁calls▁end｜>', ''), '<｜tool▁calls▁end｜>'],
  ])('are no matter for a good call cut in its closing tag, of which nothing leaks either: %s', (format, begin, closing) => {
    for (let at = 2; at < closing.length; at += 1)
      expect(answer(begin + closing.slice(0, at), { formats: [format], tools }, 'length')).toMatchObject({
        content: '',
        calls: weather,
      });
  });
});

describe('a JSON answer', () => {
  it.each([
    `{"calls": [${call}]}`,
    `{"a": {"b": ${call}}}`,
    `{"name": "search", "results": [${call}]}`,
    `{"id": 7, "kind": "log", "entry": ${call}} and more {"a": 1}.`,
  ])('keeps the calls it speaks of: %j', (text) => {
    for (const formats of [['llama3_json'], ['json_bare'], ['llama3_json', 'json_fenced', 'json_bare']] as const)
      expect(answer(text, { formats, tools })).toMatchObject({ content: text, calls: [] });
  });

  it('does not keep a call that follows it', () => {
    expect(answer(`{"a": [1, {"b": 2}]} ${call}`, { formats: ['llama3_json'], tools }).calls).toEqual(weather);
    expect(answer(`{"a": 1, oops} ${call}`, { formats: ['llama3_json'], tools }).calls).toEqual(weather);
  });

  it('is told from a call by what no call has, in any order of keys', () => {
    expect(answer('{"arguments": {"city": "Paris"}, "name": "get_weather"}', { formats: ['json_bare'], tools }).calls).toEqual(
      weather,
    );
    expect(
      answer(
        '{"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}, "x": 1}',
        {
          formats: ['json_bare'],
          tools,
        },
      ).calls,
    ).toEqual(weather);
    expect(
      answer('{"name": "get_weather", "arguments": {"city": "Paris"}, "why": "asked"}', { formats: ['json_bare'], tools }).calls,
    ).toEqual(weather);
  });
});
