/** How servers with OpenAI's wire are asked that are not vLLM: with the published fields, at their own paths. */
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/chat.ts';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import type { EncodeOptions, WireOptions } from '../../../worker/core/upstreams/dialect.ts';
import { createOpenAi } from '../../../worker/core/upstreams/openai.ts';

const plain: EncodeOptions = {
  servedName: 'some/model',
  isStream: false,
  maxTokens: 100,
  cacheSalt: 'salt',
  wantsLogprobs: false,
  hasGrammar: true,
  continueFrom: null,
};
const hello: ChatRequest = { model: 'auto', messages: [{ role: 'user', content: 'hello' }] };
const callOf = (request: object, wire: WireOptions = {}, options: Partial<EncodeOptions> = {}) =>
  createOpenAi(asItIs, wire).encode(innerRequest({ ...hello, ...request }), { ...plain, ...options });
const encode = (...asked: Parameters<typeof callOf>) => callOf(...asked).body;

describe('a call', () => {
  it('carries the key as a Bearer token, and none where there is none', () => {
    expect(createOpenAi(asItIs, {}).headers('sk')).toEqual({ authorization: 'Bearer sk' });
    expect(createOpenAi(asItIs, {}).headers(null)).toEqual({});
  });

  it.each([
    ['OpenAI and most servers', {}, '/v1'],
    ['Gemini', { base_path: '/v1beta/openai' }, '/v1beta/openai'],
    ['OpenRouter', { base_path: '/api/v1' }, '/api/v1'],
    ['a server at the root', { base_path: '' }, ''],
  ])('of %s goes to its path, and so do probes and vectors', (_, wire, base) => {
    const dialect = createOpenAi(asItIs, wire);
    expect(callOf({}, wire).path).toBe(`${base}/chat/completions`);
    expect(dialect.probe).toMatchObject({ models: { path: `${base}/models` }, load: null });
    const task = { kind: 'embedding', inputs: ['x'], truncateTokens: null, dimensions: null, encoding: 'float' } as const;
    expect(dialect.pooling?.encode(task, 'm')).toMatchObject({ value: { path: `${base}/embeddings` } });
  });

  it('has no list to look at where the server has none', () => {
    expect(createOpenAi(asItIs, { lists_models: false }).probe.models).toBeNull();
  });

  it('has no field that only vLLM has, whatever the client sent', () => {
    const own = { top_k: 5, min_p: 0.1, repetition_penalty: 1.1, chat_template_kwargs: { a: 1 }, add_generation_prompt: true };
    expect(encode({ ...own, user: 'me', metadata: { a: 'b' } })).toEqual({
      model: 'some/model',
      messages: hello.messages,
      stream: false,
      max_tokens: 100,
    });
  });

  it('has what the client set, under its published name', () => {
    const set = { temperature: 0, top_p: 0.5, n: 2, stop: ['a'], presence_penalty: 1, frequency_penalty: 1, seed: 7 };
    const more = { logit_bias: { 1: 1 }, logprobs: true, top_logprobs: 2, reasoning_effort: 'low' };
    expect(encode({ ...set, ...more })).toMatchObject({ ...set, ...more });
    expect(encode({}, {}, { wantsLogprobs: true })).toMatchObject({ logprobs: true });
    expect(encode({}, {}, { isStream: true })).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('names the limit, the system role and leaves out fields as the server wants it', () => {
    const wire: WireOptions = { max_tokens_field: 'max_completion_tokens', system_role: 'developer', omit: ['seed', 'stop'] };
    const body = encode({ seed: 1, stop: 'x', messages: [{ role: 'system', content: 'Be brief.' }] }, wire);
    expect(body).toMatchObject({ max_completion_tokens: 100, messages: [{ role: 'developer', content: 'Be brief.' }] });
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['max_tokens']));
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['seed']));
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['stop']));
  });

  it('names a tool only beside tools, and passes tools as the client wrote them', () => {
    const tools = [{ type: 'function', function: { name: 'f', strict: true, parameters: { type: 'object' } } }];
    const choice = { type: 'function', function: { name: 'f' } };
    expect(encode({ tools, tool_choice: choice, parallel_tool_calls: false })).toMatchObject({
      tools,
      tool_choice: choice,
      parallel_tool_calls: false,
    });
    expect(Object.keys(encode({ tool_choice: 'none', parallel_tool_calls: true }))).toEqual(Object.keys(encode({})));
  });

  it('says of a tool without arguments that they are an object, which the API demands', () => {
    expect(encode({ tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] })['tools']).toEqual([
      { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } },
    ]);
  });

  it('asks for a form by response_format, or in words where the server has no such thing', () => {
    const schema = { type: 'object', properties: { a: { type: 'string', minLength: 2 } } };
    const format = { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } };
    expect(encode({ response_format: format })).toMatchObject({ response_format: format });
    const told = encode({ response_format: format }, { json_schema: 'prompt' });
    expect(told).not.toHaveProperty('response_format');
    expect(told['messages']).toMatchObject([{ role: 'system', content: expect.stringContaining(JSON.stringify(schema)) }, {}]);
    expect(encode({ response_format: { type: 'text' } })).not.toHaveProperty('response_format');
  });
});

describe('a conversation', () => {
  const history = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look.' },
        { type: 'image_url', image_url: { url: 'https://x.example/a.png' } },
      ],
    },
    {
      role: 'assistant',
      content: '',
      reasoning: 'Hm.',
      tool_calls: [{ id: 'functions.f:0', type: 'function', function: { name: 'f', arguments: '' } }],
    },
    {
      role: 'tool',
      tool_call_id: 'functions.f:0',
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
    },
    { role: 'assistant', content: null, refusal: 'No.' },
  ];

  it('keeps its images, calls and results, and loses what vendors refuse', () => {
    expect(encode({ messages: history })['messages']).toEqual([
      history[0],
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'functions.f:0', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'functions.f:0', content: 'ab' },
      { role: 'assistant', content: 'No.' },
    ]);
  });

  it('signs its calls as Gemini wants it, where the server is said to', () => {
    const signature = { google: { thought_signature: 'skip_thought_signature_validator' } };
    const signed = encode({ messages: history }, { signs_calls: true })['messages'];
    expect(signed).toMatchObject([{}, { tool_calls: [{ extra_content: signature }] }, {}, {}]);
    expect(JSON.stringify(encode({ messages: history }))).not.toContain('extra_content');
  });

  it('shows the images of results behind all results of a turn', () => {
    const image = { type: 'image_url', image_url: { url: 'https://x.example/a.png' } };
    const inner = innerRequest(hello);
    const results = ['1', '2'].map(
      (id) => ({ role: 'tool', tool_call_id: id, content: [{ type: 'text', text: id }, image] }) as const,
    );
    const messages = createOpenAi(asItIs, {}).encode(
      { ...inner, messages: [...inner.messages, ...results] as typeof inner.messages },
      plain,
    ).body['messages'];
    expect(messages).toEqual([
      { role: 'user', content: 'hello' },
      { role: 'tool', tool_call_id: '1', content: '1' },
      { role: 'tool', tool_call_id: '2', content: '2' },
      { role: 'user', content: [image, image] },
    ]);
  });

  it('ends with what is to be continued, for models that can', () => {
    expect(encode({}, {}, { continueFrom: 'Once' })['messages']).toEqual([
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'Once' },
    ]);
  });
});

describe('what comes back', () => {
  const { readCompletion, readChunk, probe } = createOpenAi(asItIs, {});
  const answer = (usage: object) => ({ choices: [{ index: 0, message: { content: 'a' }, finish_reason: 'stop' }], usage });
  const usageIn = (usage: object) => {
    const read = readCompletion(answer(usage));
    return read.ok ? read.value.usage : null;
  };

  it.each([
    [
      'OpenAI',
      {
        prompt_tokens: 10,
        completion_tokens: 7,
        total_tokens: 17,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 5 },
      },
      { completionTokens: 7, cachedTokens: 4, reasoningTokens: 5 },
    ],
    [
      'Gemini: thinking only in the total',
      { prompt_tokens: 20, completion_tokens: 198, total_tokens: 623 },
      { promptTokens: 20, completionTokens: 603 },
    ],
    ['Gemini: nothing but thinking', { prompt_tokens: 21, completion_tokens: 0, total_tokens: 81 }, { completionTokens: 60 }],
    [
      'DeepSeek',
      { prompt_tokens: 10, completion_tokens: 1, prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 4 },
      { cachedTokens: 6 },
    ],
    ['Moonshot', { prompt_tokens: 10, completion_tokens: 1, cached_tokens: 3 }, { cachedTokens: 3 }],
    [
      'OpenRouter',
      {
        prompt_tokens: 10,
        completion_tokens: 1,
        total_tokens: 11,
        prompt_tokens_details: { cached_tokens: 2, cache_write_tokens: 5 },
      },
      { cachedTokens: 2, cacheWriteTokens: 5 },
    ],
    ['a total that cannot be', { prompt_tokens: 10, completion_tokens: 5, total_tokens: 3 }, { completionTokens: 5 }],
    ['no count of the completion', { prompt_tokens: 10, total_tokens: 30 }, { completionTokens: undefined }],
  ])('has the counts of %s', (_, usage, counts) => {
    expect(usageIn(usage)).toMatchObject(counts);
  });

  it.each([
    [
      'OpenRouter, in the middle of a stream',
      {
        id: 'gen-1',
        provider: 'x',
        error: { code: 429, message: 'Rate limited' },
        choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
      },
      'upstream_rate_limited',
    ],
    ['SGLang', { error: { message: 'The request is aborted', type: 'abort', code: 500 } }, 'upstream_error'],
    [
      'OpenAI',
      { error: { message: 'The server had an error', type: 'server_error', code: null, param: null } },
      'upstream_error',
    ],
    ['Gemini', { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }, 'upstream_overloaded'],
  ])('is an error of %s, whatever its status was', (_, payload, code) => {
    expect(readChunk(payload)).toMatchObject({ ok: false, failure: { failure: { code } } });
    expect(readCompletion(payload)).toMatchObject({ ok: false, failure: { failure: { code } } });
  });

  it('lists Gemini’s models under the names that calls have, too', () => {
    expect(probe.models?.read('{"data":[{"id":"models/gemini-x"},{"id":"other"}]}')?.map(({ name }) => name)).toEqual([
      'models/gemini-x',
      'gemini-x',
      'other',
    ]);
    expect(probe.models?.read('<html>')).toBeNull();
  });
});
