/** What legal clients send and must get through: nulls, histories as their libraries print them, other spellings, what vLLM alone knows. */
import { describe, expect, it } from 'vitest';
import { parseChatRequest } from '../../../worker/core/surfaces/chat/chat-request.ts';
import { bodyWith, hello, limits, toolNamed, weather } from './chat-bodies.ts';

/** An answer as `model_dump()` of the Python client prints it. */
const dumped = {
  content: null,
  refusal: null,
  role: 'assistant',
  annotations: [],
  audio: null,
  function_call: null,
  tool_calls: [{ id: 'call_1', function: { arguments: '{"city":"Oslo"}', name: 'get_weather' }, type: 'function', index: 0 }],
  parsed: null,
};
const rich = {
  model: 'auto',
  messages: [
    { role: 'system', content: [{ type: 'text', text: 'be brief' }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'look' },
        { type: 'image_url', image_url: { url: 'https://a.example/a.png' } },
      ],
    },
    { role: 'assistant', content: 'x', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] },
    { role: 'tool', content: '4', tool_call_id: 'c' },
  ],
  stream: true,
  stream_options: { include_usage: true },
  tools: [weather],
  tool_choice: { type: 'function', function: { name: 'get_weather' } },
  response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { const: null } } },
};

describe('null is absent', () => {
  const optional = [
    'temperature',
    'tools',
    'tool_choice',
    'function_call',
    'functions',
    'audio',
    'name',
    'refusal',
    'annotations',
    'reasoning',
    'description',
    'parameters',
    'strict',
    'detail',
    'include_usage',
    'stop',
    'guided_json',
    'unheard_of',
  ];

  it.each(optional)('whatever object "%s" stands in', (key) => {
    const plain = parse(rich);
    for (const body of withNullIn(rich, key)) expect(parse(body)).toEqual(plain);
  });

  it('for the model as well, which is then chosen', () => {
    expect(parse(bodyWith({ model: null })).request.model).toBe('auto');
  });

  it('but not inside a client’s own JSON, nor where an assistant said nothing', () => {
    const parameters = { type: 'object', default: null, properties: { a: { enum: [null, 1] } } };
    const { request } = parse({
      messages: [hello, { role: 'assistant', content: null, tool_calls: dumped.tool_calls }],
      tools: [{ type: 'function', function: { name: 'f', parameters } }],
      chat_template_kwargs: { enable_thinking: null },
    });
    expect(request.tools?.[0]?.function.parameters).toEqual(parameters);
    expect(request.chat_template_kwargs).toEqual({ enable_thinking: null });
    expect(request.messages[1]).toHaveProperty('content', null);
  });
});

describe('a history', () => {
  it('passes as the Python client prints it, without a word about its fields', () => {
    const { request, ignored } = parse({ messages: [hello, dumped, { role: 'tool', tool_call_id: 'call_1', content: '12' }] });
    expect(ignored).toEqual([]);
    expect(request.messages[1]).toEqual({
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }],
    });
  });

  it.each([
    ['an id of 3,000 characters', { id: 'x'.repeat(3000) }],
    ['an id of any characters', { id: 'functions.get weather:0 é\n' }],
    ['an empty id', { id: '' }],
    ['a name that no tool has', { function: { name: 'läs in – nu!', arguments: '{}' } }],
    ['arguments that are no JSON', { function: { name: 'f', arguments: '{"a":' } }],
    ['arguments that are empty', { function: { name: 'f', arguments: '' } }],
  ])('may hold a call with %s', (_, fields) => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' }, ...fields };
    const { request } = parse({ messages: [hello, { role: 'assistant', content: null, tool_calls: [call] }] });
    expect(request.messages[1]).toMatchObject({ tool_calls: [call] });
  });

  it.each([
    ['as an object', { name: 'f', arguments: { a: [1, null] } }, '{"a":[1,null]}'],
    ['left out', { name: 'f' }, '{}'],
    ['null', { name: 'f', arguments: null }, '{}'],
  ])('may hold arguments %s: they become text', (_, called, expected) => {
    const { request } = parse({ messages: [hello, { role: 'assistant', tool_calls: [{ id: 'c', function: called }] }] });
    expect(request.messages[1]).toMatchObject({ tool_calls: [{ type: 'function', function: { arguments: expected } }] });
  });

  it.each([
    ['two user turns one after the other', [hello, hello]],
    ['a tool result without its call', [{ role: 'tool', tool_call_id: 'x'.repeat(300), content: '' }, hello]],
    ['an assistant that only thought', [hello, { role: 'assistant', reasoning: 'hm' }, hello]],
    ['an assistant that said nothing', [hello, { role: 'assistant', content: '' }, hello]],
    ['an empty list of calls', [hello, { role: 'assistant', content: 'x', tool_calls: [] }]],
    ['an assistant first', [{ role: 'assistant', content: 'hi' }, hello]],
    ['a name of 300 characters with spaces', [{ ...hello, name: 'Ann '.repeat(75) }]],
    ['an empty tool result', [{ role: 'tool', tool_call_id: 'a', content: [] }]],
    [
      'an image in a tool result',
      [{ role: 'tool', tool_call_id: 'a', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }],
    ],
  ])('may have %s', (_, messages) => {
    expect(parse({ messages }).request.messages).toEqual(messages);
  });
});

describe('no stricter than the servers behind', () => {
  it.each([
    ['any reasoning effort of vLLM', { reasoning_effort: 'max' }],
    ['a temperature above 2', { temperature: 3.5 }],
    ['a repetition penalty above 2', { repetition_penalty: 5 }],
    [
      'any JSON in the template’s arguments',
      { chat_template_kwargs: { a: { b: [1, null, { c: true }] }, ['k'.repeat(100)]: 1 } },
    ],
    [
      'free text in metadata',
      { metadata: { agent: 'The billing agent (EU)', tags: ['a'], count: 5, ['k'.repeat(100)]: 'v'.repeat(2000) } },
    ],
    ['a user of 1,000 characters', { user: 'u'.repeat(1000) }],
    ['a tool with a space in its name', { tools: [toolNamed('get weather')] }],
    ['a tool named in another script', { tools: [toolNamed('天気を調べる')] }],
    ['a tool name of 256 characters', { tools: [toolNamed('mcp__'.padEnd(256, 'x'))] }],
    ['more tokens than any model here has room for', { max_tokens: 200_000, max_completion_tokens: 128_000 }],
    ['no alternatives without logprobs', { top_logprobs: 0 }],
    [
      'a detail that is newer than this',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/a.png', detail: 'original' } }] },
        ],
      },
    ],
    ['stop tokens and forbidden words', { stop_token_ids: [1, 2], bad_words: ['a'], allowed_token_ids: [0, 151_000] }],
    [
      'what a stop leaves in the text',
      { include_stop_str_in_output: true, skip_special_tokens: false, spaces_between_special_tokens: false },
    ],
    [
      'a final message to continue',
      { messages: [hello, { role: 'assistant', content: 'Once' }], continue_final_message: true, add_generation_prompt: false },
    ],
  ])('takes %s', (_, fields) => {
    expect(parse(bodyWith(fields)).request).toEqual({ model: 'auto', ...bodyWith(fields) });
  });

  it('takes seeds of 64 bits', () => {
    expect(parse('{"messages":[{"role":"user","content":"x"}],"seed":9223372036854775807}').request.seed).toBe(2 ** 63);
  });

  it('reads metadata that could be an agent’s name as one, and says when it could not', () => {
    expect(parse(bodyWith({ metadata: { agent: 'billing' } })).ignored).toEqual([]);
    expect(parse(bodyWith({ metadata: { agent: 'The billing agent' } })).ignored).toEqual(['metadata.agent']);
    expect(parse(bodyWith({ metadata: { agent: null } })).ignored).toEqual([]);
    expect(parse(bodyWith({ metadata: { agent: 7 } })).ignored).toEqual(['metadata.agent']);
  });
});

describe('other spellings', () => {
  it.each(['stop', 'tools', 'stop_token_ids', 'bad_words', 'functions', 'modalities', 'metadata', 'logit_bias', 'documents'])(
    'an empty list as %s is none',
    (field) => {
      expect(parse(bodyWith({ [field]: [] }))).toEqual(parse(bodyWith()));
    },
  );

  it.each(['auto', 'none', 'required', toolNamed('f')])('with an empty list of tools the choice %j means nothing', (choice) => {
    const body = bodyWith({ tools: [], tool_choice: choice, parallel_tool_calls: false });
    expect(parse(body)).toEqual(parse(bodyWith()));
  });

  it('a tool and a choice may leave out that they are functions', () => {
    const { request } = parse(
      bodyWith({ tools: [{ type: null, function: { name: 'f' } }], tool_choice: { function: { name: 'f' } } }),
    );
    expect(request).toMatchObject({ tools: [toolNamed('f')], tool_choice: toolNamed('f') });
  });

  it.each(['json_object', 'json_schema'])('a schema beside the type %s is a schema', (type) => {
    const schema = { type: 'object' };
    expect(parse(bodyWith({ response_format: { type, schema } })).request.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', schema },
    });
  });

  it.each([
    [
      'a schema',
      { json: { type: 'object' } },
      { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
    ],
    [
      'a schema as text',
      { json: '{"type":"object"}' },
      { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
    ],
    ['any object', { json_object: true }, { type: 'json_object' }],
  ])('structured_outputs with %s is read like response_format', (_, outputs, format) => {
    expect(parse(bodyWith({ structured_outputs: outputs })).request.response_format).toEqual(format);
  });

  it('parts of the newer API’s types are text', () => {
    const body = {
      messages: [
        { role: 'user', content: [{ type: 'input_text', text: 'a' }] },
        { role: 'assistant', content: [{ type: 'output_text', text: 'b', annotations: [] }] },
      ],
    };
    const { request, ignored } = parse(body);
    expect(request.messages.map(({ content }) => content)).toEqual([
      [{ type: 'text', text: 'a' }],
      [{ type: 'text', text: 'b' }],
    ]);
    expect(ignored).toEqual([]);
  });

  it('structured_outputs may say what they are not', () => {
    const outputs = { json: null, json_object: false, choice: null, regex: 'a+' };
    expect(parse(bodyWith({ structured_outputs: outputs })).request.structured_outputs).toEqual({ regex: 'a+' });
  });

  it('structured_outputs with a regex, choices or a grammar travels as it is', () => {
    for (const outputs of [
      { regex: 'a+' },
      { choice: ['yes', 'no'] },
      { grammar: 'root ::= "a"', disable_any_whitespace: true },
    ]) {
      expect(parse(bodyWith({ structured_outputs: outputs })).request.structured_outputs).toEqual(outputs);
    }
  });

  it.each([
    ['functions', []],
    ['function_call', 'none'],
    ['modalities', ['text']],
    ['best_of', 1],
    ['use_beam_search', false],
    ['echo', false],
    ['length_penalty', 1],
    ['include_reasoning', true],
    ['repeat_penalty', 1],
    ['return_token_ids', false],
    ['extra_body', {}],
    ['extra_body', { tags: ['a'] }],
  ])('%s: %j asks for nothing', (field, value) => {
    expect(parse(bodyWith({ [field]: value }))).toEqual(parse(bodyWith()));
  });
});

describe('what was dropped', () => {
  it('is named wherever it stands, each kind once', () => {
    const { ignored } = parse({
      messages: [
        { ...hello, cache_control: {} },
        { ...hello, cache_control: {} },
        { role: 'assistant', content: [{ type: 'text', text: 'a', citations: [] }] },
      ],
      stream_options: { include_usage: true, foo: 1 },
      tools: [{ type: 'function', function: { name: 'f', foo: 1 } }],
      verbosity: 'low',
      temprature: 1,
    });
    expect(ignored.toSorted()).toEqual([
      'messages[0].cache_control',
      'messages[2].content[0].citations',
      'stream_options.foo',
      'temprature',
      'tools[0].function.foo',
      'verbosity',
    ]);
  });

  it('is nothing that stands in a client’s own JSON', () => {
    const schema = { type: 'object', properties: { functions: { 'x-note': 1 } } };
    const { ignored } = parse(
      bodyWith({
        tools: [{ type: 'function', function: { name: 'f', parameters: schema } }],
        metadata: { prompt: 'a' },
        chat_template_kwargs: { think: true },
      }),
    );
    expect(ignored).toEqual([]);
  });
});

/** The body once for each object in it, with that object's `key` null; objects that have it keep it. */
function withNullIn(body: object, key: string): object[] {
  const count = JSON.stringify(body).split('{').length - 1;
  return Array.from({ length: count }, (_, nth) => {
    let at = 0;
    let isOpaque = false;
    const copy = JSON.parse(JSON.stringify(body), (name, value: unknown) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      const isHere = at === nth;
      at += 1;
      if (isHere && (name === 'schema' || name === 'parameters')) isOpaque = true;
      return isHere && !isOpaque && !Object.hasOwn(value, key) ? { ...value, [key]: null } : value;
    }) as object;
    return copy;
  });
}

function parse(body: unknown) {
  const result = parseChatRequest(typeof body === 'string' ? body : JSON.stringify(body), limits);
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}
