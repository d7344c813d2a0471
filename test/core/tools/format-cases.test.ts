import { describe, expect, it } from 'vitest';
import type { ToolFormatId } from '../../../shared/config.ts';
import { counter, run, textDeltas } from './corpus.ts';

type Calls = readonly (readonly [string, unknown])[];
type Case = readonly [what: string, text: string, content: string, calls: Calls];

const tools = [
  { name: 'search' },
  { name: 'refresh' },
  {
    name: 'typed',
    parameters: {
      properties: {
        n: { type: 'integer' },
        x: { type: 'number' },
        b: { type: 'boolean' },
        s: { type: 'string' },
        o: { type: 'object' },
        l: { type: ['array', 'null'] },
        u: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        any: {},
        r: { $ref: '#/$defs/Place' },
        m: { anyOf: [{ $ref: '#/$defs/Places' }, { type: 'null' }], default: null },
        k: { allOf: [{ $ref: '#/$defs/Kind' }] },
        lost: { $ref: '#/$defs/None' },
        loop: { $ref: '#/$defs/Loop' },
      },
      $defs: {
        Place: { type: 'object', properties: { city: { type: 'string' } } },
        Places: { type: 'array', items: { $ref: '#/$defs/Place' } },
        Kind: { type: 'integer', enum: [1, 2] },
        Loop: { $ref: '#/$defs/Loop' },
      },
    },
  },
];

const q: Calls = [['search', { q: 1 }]];
const none: Calls = [];
const json = '{"name": "search", "arguments": {"q": 1}}';

/**
 * What the corpus leaves open, and the reasons for each decision in its name. Every case runs whole and character by character.
 */
const cases: Readonly<Partial<Record<ToolFormatId, readonly Case[]>>> = {
  hermes: [
    [
      'a malformed call does not take the next one with it',
      `<tool_call>{bad}</tool_call><tool_call>${json}</tool_call>`,
      '<tool_call>{bad}</tool_call>',
      q,
    ],
    [
      'a string that never ends does not take the next call with it',
      `<tool_call>{"name": "x}</tool_call>\n<tool_call>${json}</tool_call>`,
      '<tool_call>{"name": "x}</tool_call>',
      q,
    ],
    ['text behind a call without its closing marker is content', `<tool_call>${json} Done.`, 'Done.', q],
    [
      'text behind it goes on up to the next call',
      `<tool_call>${json} then <tool_call>${json}</tool_call>`,
      'then',
      [...q, ...q],
    ],
    [
      'text between JSON and the closing marker makes the region malformed',
      `<tool_call>${json} oops</tool_call>`,
      `<tool_call>${json} oops</tool_call>`,
      none,
    ],
    [
      'two objects between one pair of markers are not JSON',
      `<tool_call>${json}${json}</tool_call>`,
      `<tool_call>${json}${json}</tool_call>`,
      none,
    ],
    [
      'one element that is no call spoils the array',
      `<tool_call>[${json}, 5]</tool_call>`,
      `<tool_call>[${json}, 5]</tool_call>`,
      none,
    ],
    ['an OpenAI wrapper is a call', `<tool_call>{"type": "function", "function": ${json}}</tool_call>`, '', q],
    ['a list under tool_calls is calls', `<tool_call>{"tool_calls": [${json}]}</tool_call>`, '', q],
    [
      'arguments that are an array are none',
      '<tool_call>{"name": "search", "arguments": [1]}</tool_call>',
      '<tool_call>{"name": "search", "arguments": [1]}</tool_call>',
      none,
    ],
    [
      'arguments in a string that holds no object are none',
      '<tool_call>{"name": "search", "arguments": "[1]"}</tool_call>',
      '<tool_call>{"name": "search", "arguments": "[1]"}</tool_call>',
      none,
    ],
    ['keys may be escaped', '<tool_call>{"n\\u0061me": "search", "arguments": {"q": 1}}</tool_call>', '', q],
    [
      'the first of two equal keys counts',
      '<tool_call>{"name": "search", "name": "x", "arguments": {"q": 1}, "parameters": {}}</tool_call>',
      '',
      q,
    ],
    ['two markers in a row open one region', `<tool_call><tool_call>${json}</tool_call>`, '<tool_call>', q],
    ['a closing marker that closes nothing is text', 'a </tool_call> b', 'a </tool_call> b', none],
    [
      'trailing commas and missing closers together are still repairs',
      '<tool_call>{"name": "search", "arguments": {"q": 1,</tool_call>',
      '',
      q,
    ],
    [
      'a missing quote is no repair',
      '<tool_call>{"name": "search", "arguments": {"q": "a}}</tool_call>',
      '<tool_call>{"name": "search", "arguments": {"q": "a}}</tool_call>',
      none,
    ],
  ],
  llama3_json: [
    ['a broken object does not take the next one with it', `{oops ${json}`, '{oops ', q],
    ['an object that is no call may stand before one', `{"a": {"b": []}} ${json}`, '{"a": {"b": []}} ', q],
    ['a call inside an object that is an answer is part of the answer', `{"a": ${json}}`, `{"a": ${json}}`, none],
    ['a call in a code block is text', `\`\`\`json\n${json}\n\`\`\``, `\`\`\`json\n${json}\n\`\`\``, none],
    ['behind a code block calls count again', `\`\`\`js\nf({a: 1})\n\`\`\`\n${json}`, '```js\nf({a: 1})\n```\n', q],
    ['a longer run closes a block', `\`\`\`js\nx\n\`\`\`\`\n${json}`, '```js\nx\n````\n', q],
    ['a lone backtick quotes its own line only', `press \` twice\n${json}`, 'press ` twice\n', q],
    ['three backticks in prose open no block', `Use \`\`\` for code, then\n${json}`, 'Use ``` for code, then\n', q],
    ['separators behind the last call are text', `${json}; and`, '; and', q],
    ['a separator before what is no call stays', `${json}; {"a": 1}`, '; {"a": 1}', q],
    ['a tag that opens nothing stays', '<|python_tag|>print(1)', '<|python_tag|>print(1)', none],
    [
      'a built-in call of an undeclared tool stays',
      '<|python_tag|>brave.call(query="x")',
      '<|python_tag|>brave.call(query="x")',
      none,
    ],
  ],
  mistral: [
    ['an empty array opens nothing', '[TOOL_CALLS] []', '[TOOL_CALLS] []', none],
    ['a single object is a call', `[TOOL_CALLS] ${json}`, '', q],
    ['a malformed region keeps its markers', '[TOOL_CALLS]search[ARGS]{bad} x', '[TOOL_CALLS]search[ARGS]{bad} x', none],
    [
      'an id without arguments opens nothing',
      '[TOOL_CALLS]search[CALL_ID]a1{"q": 1}',
      '[TOOL_CALLS]search[CALL_ID]a1{"q": 1}',
      none,
    ],
    ['a name and white space open nothing', '[TOOL_CALLS] see {"q": 1}', '[TOOL_CALLS] see {"q": 1}', none],
  ],
  pythonic: [
    [
      'a string between three quotes may have line breaks and quotes',
      `[search(q="""for x in 'ab':\n  print("x", "")\\n""", n=1), search(q='''"""''')]`,
      '',
      [
        ['search', { q: `for x in 'ab':\n  print("x", "")\n`, n: 1 }],
        ['search', { q: '"""' }],
      ],
    ],
    ['an empty string is none of three quotes', `[search(q="", n='', m="""""")]`, '', [['search', { q: '', n: '', m: '' }]]],
    ['a fourth quote is no literal', `[search(q="""a"""")]`, `[search(q="""a"""")]`, none],
    ['a dictionary key must be a string', '[search(q={1: 2})]', '[search(q={1: 2})]', none],
    ['parentheses around one value are no tuple', '[search(q=(1))]', '', q],
    [
      'empty containers, nested ones and trailing commas',
      "[search(a=[], b=(), c={}, d=[[1,], {'k': (2,),},],)]",
      '',
      [['search', { a: [], b: [], c: {}, d: [[1], { k: [2] }] }]],
    ],
    ['a point may stand bare in Python', '[search(a=.5, b=-1., c=1.e2)]', '', [['search', { a: 0.5, b: -1, c: 100 }]]],
    [
      'escapes as Python has them',
      String.raw`[search(a='\x41\101\u00e9\U0001F600\N\'', b="\q")]`,
      '',
      [['search', { a: "AAé😀\\N'", b: '\\q' }]],
    ],
    ['a name that is no literal', '[search(q=x)]', '[search(q=x)]', none],
    ['an expression', '[search(q=1+2)]', '[search(q=1+2)]', none],
    ['a prefixed string', '[search(q=f"x")]', '[search(q=f"x")]', none],
    ['joined strings', '[search(q="a" "b")]', '[search(q="a" "b")]', none],
    ['a call in a call', '[search(q=refresh())]', '[search(q=refresh())]', none],
    ['one undeclared name makes it all text', '[refresh(), other()]', '[refresh(), other()]', none],
    ['a call in backticks', '`[refresh()]`', '`[refresh()]`', none],
    ['code with an escape in brackets does not hide a call', "d['k'] = 1\n[refresh()]", "d['k'] = 1\n", [['refresh', {}]]],
    ['a lone end token stays', 'a <|python_end|>', 'a <|python_end|>', none],
  ],
  qwen3_xml: [
    [
      'values get the type their schema declares',
      '<function=typed><parameter=n>7</parameter><parameter=x>1.50</parameter><parameter=b>FALSE</parameter><parameter=s>7</parameter>' +
        '<parameter=o>{"a": 1,}</parameter><parameter=l>null</parameter><parameter=u>None</parameter><parameter=any>7</parameter><parameter=else>7</parameter></function>',
      '',
      [['typed', { n: 7, x: 1.5, b: false, s: '7', o: { a: 1 }, l: null, u: null, any: '7', else: '7' }]],
    ],
    [
      'values that do not convert stay strings',
      '<function=typed><parameter=n>01</parameter><parameter=b>yes</parameter><parameter=o>[1]</parameter><parameter=l>{}</parameter><parameter=u>1</parameter></function>',
      '',
      [['typed', { n: '01', b: 'yes', o: '[1]', l: '{}', u: '1' }]],
    ],
    [
      'values are typed by what their schemas refer to',
      '<function=typed><parameter=r>{"city": "Oslo"}</parameter><parameter=m>[{"city": "Oslo"}]</parameter><parameter=k>2</parameter>' +
        '<parameter=lost>{}</parameter><parameter=loop>{}</parameter></function>',
      '',
      [['typed', { r: { city: 'Oslo' }, m: [{ city: 'Oslo' }], k: 2, lost: '{}', loop: '{}' }]],
    ],
    [
      'two functions in one pair of markers',
      '<tool_call><function=refresh></function>\n<function=refresh></function></tool_call>',
      '',
      [
        ['refresh', {}],
        ['refresh', {}],
      ],
    ],
    [
      'a closing function tag missing',
      '<tool_call><function=search><parameter=q>1</parameter></tool_call>!',
      '!',
      [['search', { q: '1' }]],
    ],
    ['a closing parameter tag missing at the end', '<function=search><parameter=q>1</function>', '', [['search', { q: '1' }]]],
    [
      'text where parameters belong makes it malformed',
      '<tool_call><function=search>{"q": 1}</function></tool_call>.',
      '<tool_call><function=search>{"q": 1}</function></tool_call>.',
      none,
    ],
    ['JSON between the markers is another format', `<tool_call>${json}</tool_call>`, `<tool_call>${json}</tool_call>`, none],
    [
      'a parameter given twice keeps the last value',
      '<function=search><parameter=q>1</parameter><parameter=q>2</parameter></function>',
      '',
      [['search', { q: '2' }]],
    ],
  ],
  deepseek: [
    [
      'a malformed call does not take the next one with it',
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{bad}<｜tool▁call▁end｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": 1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{bad}<｜tool▁call▁end｜>',
      q,
    ],
    [
      'the last end token missing',
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": 1}<｜tool▁call▁end｜> Done.',
      'Done.',
      q,
    ],
    [
      'the call end token missing',
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": 1}<｜tool▁calls▁end｜> Done.',
      'Done.',
      q,
    ],
    [
      'closers missing before the token',
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": 1<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      '',
      q,
    ],
    [
      'text behind the JSON makes it malformed',
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": 1} x<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": 1} x<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      none,
    ],
    [
      'text behind a call without its end goes on up to the next section',
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": 1} then <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": 1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      'then',
      [...q, ...q],
    ],
    ['a section that opens no call', '<｜tool▁calls▁begin｜> is a token', '<｜tool▁calls▁begin｜> is a token', none],
  ],
  json_fenced: [
    [
      'a block that holds more than a call is text',
      `\`\`\`json\n${json}\n${json}\n\`\`\``,
      `\`\`\`json\n${json}\n${json}\n\`\`\``,
      none,
    ],
    [
      'the closing fence of another block opens nothing',
      `\`\`\`python\nx\n\`\`\`\n${json}`,
      `\`\`\`python\nx\n\`\`\`\n${json}`,
      none,
    ],
    ['a call behind another block', `\`\`\`python\nx = "{"\n\`\`\`\n\`\`\`json\n${json}\n\`\`\``, '```python\nx = "{"\n```\n', q],
    [
      'a fence in a block of another language is part of it',
      `\`\`\`text\n\`\`\`\`json\n${json}\n\`\`\``,
      `\`\`\`text\n\`\`\`\`json\n${json}\n\`\`\``,
      none,
    ],
    [
      'other names for the language',
      `\`\`\`tool_call\n${json}\n\`\`\`\n\`\`\`JSON\n${json}\`\`\` \`\`\`tool_code ${json}\`\`\``,
      '',
      [...q, ...q, ...q],
    ],
    ['longer words are other languages', `\`\`\`json5\n${json}\n\`\`\``, `\`\`\`json5\n${json}\n\`\`\``, none],
    ['closers missing before the fence', '```json\n{"name": "search", "arguments": {"q": 1\n```', '', q],
    [
      'a call without arguments is none without markers',
      '```json\n{"name": "refresh"}\n```',
      '```json\n{"name": "refresh"}\n```',
      none,
    ],
    ['inline backticks in prose do not hide a block', `Use \` and\n\`\`\`json\n${json}\n\`\`\``, 'Use ` and\n', q],
  ],
  json_bare: [
    ['white space may come first', `\n ${json}`, '', q],
    ['a row ends where something else begins', `${json} ${json} {"a": 1}`, '{"a": 1}', [...q, ...q]],
    ['null arguments are there', '{"name": "refresh", "arguments": null}', '', [['refresh', {}]]],
    ['a wrapper is a call', `{"type": "function", "function": ${json}}`, '', q],
    ['one element that is no call makes the array an answer', `[${json}, {"a": 1}]`, `[${json}, {"a": 1}]`, none],
    ['JSON that breaks is text', '{"name": "search", "arguments": {q: 1}}', '{"name": "search", "arguments": {q: 1}}', none],
    ['a call behind text is text', `. ${json}`, `. ${json}`, none],
  ],
};

describe.each(Object.entries(cases))('%s', (format, rows) => {
  it.each(rows)('%s', (_what, text, content, calls) => {
    const options = () => ({
      formats: [format as ToolFormatId],
      tools,
      toolChoice: 'auto' as const,
      allowsParallelCalls: true,
      reasoning: 'none' as const,
      emission: 'atomic' as const,
      maxArgumentsBytes: 10_000,
      newCallId: counter(),
    });
    const whole = run(options(), [{ content: text }], 'stop');
    expect(run(options(), textDeltas(text.split('')), 'stop')).toEqual(whole);
    expect(whole.calls.map(({ name, arguments: args }) => [name, JSON.parse(args) as unknown])).toEqual(calls);
    expect(calls.length === 0 ? whole.content : whole.content.trim()).toBe(calls.length === 0 ? content : content.trim());
    expect(whole.end.isIncomplete).toBe(false);
  });
});
