/** How a request is written for Anthropic's Messages API, and what of a history is put straight for it. */
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/chat.ts';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { createAnthropic } from '../../../worker/core/upstreams/anthropic.ts';
import type { EncodeOptions, WireOptions } from '../../../worker/core/upstreams/dialect.ts';

const plain: EncodeOptions = {
  servedName: 'claude-x',
  isStream: false,
  maxTokens: 100,
  cacheSalt: 'salt',
  wantsLogprobs: true,
  hasGrammar: true,
  continueFrom: null,
};
const hello: ChatRequest = { model: 'auto', messages: [{ role: 'user', content: 'hello' }] };
const asked = [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }];
const encode = (request: object, wire: WireOptions = {}, options: Partial<EncodeOptions> = {}): Record<string, unknown> =>
  createAnthropic(asItIs, wire).encode(innerRequest({ ...hello, ...request }), { ...plain, ...options }).body;
const turns = (...messages: readonly object[]) => encode({ messages, tools })['messages'];
const tool = (name: string, parameters?: object) => ({ type: 'function', function: { name, ...(parameters && { parameters }) } });
const tools = [tool('f')];
const call = (id: string, text = '{"a":1}') => ({ id, type: 'function', function: { name: 'f', arguments: text } });

describe('a call', () => {
  it('goes to one path, with the version and the key in its own header', () => {
    const { headers, encode: write, probe } = createAnthropic(asItIs, {});
    expect(write(innerRequest(hello), plain).path).toBe('/v1/messages');
    expect(probe.models?.path).toBe('/v1/models?limit=1000');
    expect(headers('sk')).toEqual({ 'x-api-key': 'sk', 'anthropic-version': '2023-06-01' });
    expect(headers(null)).toEqual({ 'anthropic-version': '2023-06-01' });
    expect(createAnthropic(asItIs, { base_path: '/anthropic/v1' }).encode(innerRequest(hello), plain).path).toBe(
      '/anthropic/v1/messages',
    );
  });

  it('has a limit always, and nothing that this API does not know', () => {
    const foreign = {
      n: 1,
      seed: 1,
      logprobs: true,
      logit_bias: { 1: 1 },
      presence_penalty: 1,
      frequency_penalty: 1,
      min_p: 0.1,
      user: 'me',
    };
    expect(encode(foreign)).toEqual({ model: 'claude-x', max_tokens: 100, stream: false, messages: asked });
  });

  it.each([
    [{ temperature: 0.5, top_p: 0.9 }, { temperature: 0.5 }],
    [{ temperature: 1.7 }, { temperature: 1 }],
    [{ top_p: 0.9 }, { top_p: 0.9 }],
    [{ top_p: 1 }, {}],
    [{ stop: 'a' }, { stop_sequences: ['a'] }],
    [
      { stop: ['a', 'b'], top_k: 5 },
      { stop_sequences: ['a', 'b'], top_k: 5 },
    ],
    [{ stop: ['\n', 'a', ' \t'] }, { stop_sequences: ['a'] }],
    [{ stop: '\n\n' }, {}],
    [{ top_k: -1 }, {}],
  ])('has sampling within its range: %j', (request, fields) => {
    const { model: _, max_tokens: __, stream: ___, messages: ____, ...rest } = encode(request);
    expect(rest).toEqual(fields);
  });

  it.each([
    ['auto', undefined, { type: 'auto' }],
    ['required', false, { type: 'any', disable_parallel_tool_use: true }],
    ['none', false, { type: 'none' }],
    [{ type: 'function', function: { name: 'f' } }, true, { type: 'tool', name: 'f' }],
    [undefined, undefined, { type: 'auto' }],
  ])('has tools and the choice %j', (choice, parallel, written) => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    const body = encode({ tools: [tool('f', schema)], tool_choice: choice, parallel_tool_calls: parallel });
    expect(body).toMatchObject({ tools: [{ name: 'f', input_schema: schema }], tool_choice: written });
  });

  it('gives a tool without parameters an empty object, and none alternatives at the root', () => {
    const written = encode({ tools: [tool('f'), tool('g', { anyOf: [{ required: ['a'] }], properties: { a: {} } })] })['tools'];
    expect(written).toEqual([
      { name: 'f', input_schema: { type: 'object', properties: {} } },
      { name: 'g', input_schema: { type: 'object', properties: { a: {} } } },
    ]);
  });
});

describe('the form of an answer', () => {
  const format = (schema: object) => ({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } });

  it('is a constraint where Claude’s grammar can express it, without bounds and closed', () => {
    const schema = { type: 'object', properties: { a: { type: 'string', minLength: 1 }, b: { const: null } }, required: ['a'] };
    expect(encode(format(schema))['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: { a: { type: 'string' }, b: { const: null } },
          required: ['a'],
          additionalProperties: false,
        },
      },
    });
  });

  it.each([
    ['open objects', { type: 'object', properties: {}, additionalProperties: true }],
    ['objects by no key', { type: 'object' }],
    ['itself', { type: 'object', properties: { a: { $ref: '#' } } }],
  ])('is asked for in words where it is made of %s', (_, schema) => {
    const body = encode(format(schema));
    expect(body).not.toHaveProperty('output_config');
    expect(body['system']).toContain(JSON.stringify(schema));
  });

  it('is asked for in words where the server is said to have no grammar, and for any object', () => {
    const schema = { type: 'object', properties: {} };
    expect(encode(format(schema), { json_schema: 'prompt' })['system']).toContain('JSON Schema');
    expect(encode({ response_format: { type: 'json_object' } })['system']).toContain('one JSON object');
    expect(encode({ response_format: { type: 'text' } })).not.toHaveProperty('system');
  });
});

describe('thinking', () => {
  const body = (request: object, wire: WireOptions, maxTokens = 20_000) => encode(request, wire, { maxTokens });

  it.each([
    [{}, { reasoning_effort: 'high' }, undefined],
    [{ thinking: 'budget' }, {}, undefined],
    [{ thinking: 'budget' }, { reasoning_effort: 'none' }, undefined],
    [{ thinking: 'budget' }, { reasoning_effort: 'high' }, { type: 'enabled', budget_tokens: 10_000 }],
    [{ thinking: 'budget' }, { reasoning_effort: 'low' }, { type: 'enabled', budget_tokens: 2048 }],
    [{ thinking: 'adaptive' }, { reasoning_effort: 'medium' }, { type: 'adaptive' }],
    [{ thinking: 'budget' }, { reasoning_effort: 'high', tools, tool_choice: 'required' }, undefined],
    [
      { thinking: 'budget' },
      {
        reasoning_effort: 'high',
        messages: [
          ...hello.messages,
          { role: 'assistant', tool_calls: [call('c')] },
          { role: 'tool', tool_call_id: 'c', content: 'x' },
        ],
      },
      undefined,
    ],
  ] as const)('by %j and %j', (wire, request, thinking) => {
    expect(body(request, wire)['thinking']).toEqual(thinking);
  });

  it('leaves no sampling beside it, and nothing that is too small for it', () => {
    expect(body({ reasoning_effort: 'low', temperature: 0.2, top_k: 3 }, { thinking: 'budget' })).not.toHaveProperty(
      'temperature',
    );
    expect(body({ reasoning_effort: 'low' }, { thinking: 'budget' }, 1500)).not.toHaveProperty('thinking');
    expect(body({ reasoning_effort: 'low' }, { thinking: 'adaptive' })['output_config']).toEqual({ effort: 'low' });
  });
});

describe('a conversation', () => {
  const text = (words: string) => ({ type: 'text', text: words });

  it('has one system prompt apart, wherever its parts stood', () => {
    const body = encode({
      messages: [{ role: 'system', content: 'A.' }, hello.messages[0], { role: 'developer', content: [text('B.')] }],
    });
    expect(body).toMatchObject({ system: 'A.\n\nB.', messages: asked });
    expect(encode({ messages: [{ role: 'system', content: 'A.' }] })).toMatchObject({
      messages: [{ role: 'user', content: [text('A.')] }],
    });
  });

  it('has turns that alternate', () => {
    expect(turns({ role: 'user', content: 'a' }, { role: 'user', content: 'b' })).toEqual([
      { role: 'user', content: [text('a'), text('b')] },
    ]);
    expect(turns({ role: 'assistant', content: 'a' }, { role: 'user', content: 'b' })).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: [text('a')] },
      { role: 'user', content: [text('b')] },
    ]);
  });

  it('ends with the user, unless the model is to go on behind its own words', () => {
    const begun = [...hello.messages, { role: 'assistant', content: 'Once ' }];
    expect(encode({ messages: begun })['messages']).toMatchObject([{ role: 'user' }, { role: 'assistant' }, { role: 'user' }]);
    expect(encode({ messages: begun, continue_final_message: true })['messages']).toMatchObject([
      { role: 'user' },
      { content: [text('Once')] },
    ]);
    expect(encode({}, {}, { continueFrom: 'Once upon ' })['messages']).toMatchObject([
      { role: 'user' },
      { content: [text('Once upon')] },
    ]);
  });

  it('has images by value and by address', () => {
    const image = (url: string) => ({ type: 'image_url', image_url: { url } });
    expect(turns({ role: 'user', content: [image('data:image/jpg;base64,AAA='), image('https://x.example/a.png')] })).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AAA=' } },
          { type: 'image', source: { type: 'url', url: 'https://x.example/a.png' } },
        ],
      },
    ]);
  });

  it('has each result behind its call, first in its turn, parallel ones together', () => {
    expect(
      turns(
        hello.messages[0] ?? {},
        { role: 'assistant', content: 'I look.', tool_calls: [call('a'), call('functions.f:1', '')] },
        { role: 'tool', tool_call_id: 'functions.f:1', content: '' },
        { role: 'tool', tool_call_id: 'a', content: 'A' },
        { role: 'user', content: 'And?' },
      ),
    ).toEqual([
      ...asked,
      {
        role: 'assistant',
        content: [
          text('I look.'),
          { type: 'tool_use', id: 'a', name: 'f', input: { a: 1 } },
          { type: 'tool_use', id: 'functions_f_1', name: 'f', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'functions_f_1' },
          { type: 'tool_result', tool_use_id: 'a', content: [text('A')] },
          text('And?'),
        ],
      },
    ]);
  });

  it('has no id twice: calls that a server numbers anew with every answer get ids of their own, and so do their results', () => {
    const result = (id: string, content: string) => ({ role: 'tool', tool_call_id: id, content });
    const written: unknown = turns(
      hello.messages[0] ?? {},
      { role: 'assistant', content: null, tool_calls: [call('c_0'), call('c_0'), call('c_0_2')] },
      result('c_0', 'A'),
      result('c_0', 'B'),
      result('c_0_2', 'C'),
      { role: 'assistant', content: null, tool_calls: [call('c_0')] },
      result('c_0', 'D'),
    );
    const uses = (...ids: readonly string[]) => ({ content: ids.map((id) => ({ type: 'tool_use', id })) });
    const results = (...pairs: readonly (readonly [id: string, words: string])[]) => ({
      content: pairs.map(([id, words]) => ({ type: 'tool_result', tool_use_id: id, content: [text(words)] })),
    });
    expect(written).toMatchObject([
      ...asked,
      uses('c_0', 'c_0_2', 'c_0_2_2'),
      results(['c_0', 'A'], ['c_0_2', 'B'], ['c_0_2_2', 'C']),
      uses('c_0_3'),
      results(['c_0_3', 'D']),
    ]);
  });

  it('says of a result that the tool failed', () => {
    const inner = innerRequest({
      model: 'auto',
      messages: [
        { role: 'user', content: 'hello' },
        { role: 'assistant', tool_calls: [call('a') as never] },
      ],
    });
    const failed = (content: string) => ({ role: 'tool', tool_call_id: 'a', content, is_error: true }) as const;
    const blocks = ['No such file.', ''].map(
      (content) =>
        createAnthropic(asItIs, {}).encode({ ...inner, messages: [...inner.messages, failed(content)] }, plain).body['messages'],
    );
    expect(blocks).toMatchObject([
      [{}, {}, { content: [{ type: 'tool_result', is_error: true, content: [text('No such file.')] }] }],
      [{}, {}, { content: [{ type: 'tool_result', is_error: true, content: [text('Error.')] }] }],
    ]);
  });

  it('gives a call that nobody answered a result, and makes a result that nobody called for text', () => {
    expect(
      turns(
        hello.messages[0] ?? {},
        { role: 'assistant', tool_calls: [call('a')] },
        { role: 'tool', tool_call_id: 'b', content: 'B' },
      ),
    ).toMatchObject([{}, {}, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', is_error: true }, text('B')] }]);
    expect(turns(hello.messages[0] ?? {}, { role: 'assistant', tool_calls: [call('a')] })).toMatchObject([
      {},
      {},
      { role: 'user' },
    ]);
  });

  it('loses nothing of arguments that are no object', () => {
    const calls = ['not json', '[1]', '"x"'].map((one, at) => call(`c${at}`, one));
    expect(turns(hello.messages[0] ?? {}, { role: 'assistant', tool_calls: calls })).toMatchObject([
      {},
      { content: [{ input: { arguments: 'not json' } }, { input: { arguments: [1] } }, { input: { arguments: 'x' } }] },
      {},
    ]);
  });

  it('has no text of white space, no thinking of others, and a turn for whoever said nothing', () => {
    expect(turns({ role: 'user', content: ' ' }, { role: 'assistant', content: '', reasoning: 'Hm.' })).toEqual([
      { role: 'user', content: [text('(no text)')] },
    ]);
    expect(
      turns(hello.messages[0] ?? {}, { role: 'assistant', content: null, refusal: 'No.' }, { role: 'user', content: 'Why?' }),
    ).toMatchObject([{}, { role: 'assistant', content: [text('No.')] }, {}]);
  });

  it('keeps the tools of its calls where the client offers none any more', () => {
    const messages = [
      ...hello.messages,
      { role: 'assistant', tool_calls: [call('a')] },
      { role: 'tool', tool_call_id: 'a', content: 'A' },
    ];
    expect(encode({ messages })).toMatchObject({
      tools: [{ name: 'f', input_schema: { type: 'object' } }],
      tool_choice: { type: 'none' },
    });
  });
});
