/** How a request is written for vLLM: what travels, under which name, and what never does. */
import { describe, expect, it } from 'vitest';
import type { ChatRequest, Message } from '../../../shared/chat.ts';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import type { EncodeOptions } from '../../../worker/core/upstreams/dialect.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { createVllm } from '../../../worker/core/upstreams/vllm.ts';

const vllm = createVllm(asItIs);
const encode = (request: ChatRequest, options: EncodeOptions) => vllm.encode(innerRequest(request), options).body;

const plain: EncodeOptions = {
  servedName: 'Served/Name',
  isStream: false,
  maxTokens: 100,
  cacheSalt: null,
  wantsLogprobs: false,
  hasGrammar: true,
  continueFrom: null,
};
const hello: ChatRequest = { model: 'auto', messages: [{ role: 'user', content: 'hello' }] };

describe('encode', () => {
  it('asks at one path, for streams and whole answers alike, with the key as a Bearer token', () => {
    for (const isStream of [true, false])
      expect(vllm.encode(innerRequest(hello), { ...plain, isStream }).path).toBe('/v1/chat/completions');
    expect(vllm.headers('sk-1')).toEqual({ authorization: 'Bearer sk-1' });
    expect(vllm.headers(null)).toEqual({});
  });

  it('asks for a whole answer by the served name with the limit that was decided', () => {
    expect(encode({ ...hello, max_tokens: 5, max_completion_tokens: 6 }, plain)).toEqual({
      model: 'Served/Name',
      messages: [{ role: 'user', content: 'hello' }],
      stream: false,
      max_tokens: 100,
    });
  });

  it('asks for usage with every stream, whatever the client wants of it', () => {
    const body = encode({ ...hello, stream: true, stream_options: { include_usage: false } }, { ...plain, isStream: true });
    expect(body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('passes on every parameter that vLLM reads', () => {
    const passed = {
      temperature: 0,
      top_p: 0.5,
      stop: ['a'],
      presence_penalty: 1,
      frequency_penalty: 1,
      seed: 0,
      logit_bias: { 1: 1 },
      logprobs: true,
      top_logprobs: 0,
      tools: [{ type: 'function', function: { name: 'f' } }],
      tool_choice: 'auto',
      parallel_tool_calls: false,
      response_format: { type: 'json_object' },
      reasoning_effort: 'low',
      top_k: -1,
      min_p: 0,
      repetition_penalty: 1,
      min_tokens: 0,
      ignore_eos: false,
      stop_token_ids: [1],
      allowed_token_ids: [1],
      bad_words: ['a'],
      include_stop_str_in_output: true,
      skip_special_tokens: false,
      spaces_between_special_tokens: false,
      add_generation_prompt: false,
      chat_template_kwargs: { enable_thinking: false },
    } satisfies Partial<ChatRequest>;
    expect(encode({ ...hello, ...passed }, plain)).toMatchObject(passed);
    expect(encode({ ...hello, n: 3 }, plain)['n']).toBe(3);
  });

  it('leaves out what is for the gateway alone', () => {
    const body = encode({ ...hello, user: 'u1', metadata: { agent: 'a' } }, plain);
    expect(Object.keys(body)).toEqual(['model', 'messages', 'stream', 'max_tokens']);
  });

  it('lets no field travel that nobody knows', () => {
    const hostile: ChatRequest = Object.assign({ ...hello }, { api_base: 'http://evil', cache_salt: 'other', guided_json: {} });
    expect(Object.keys(encode(hostile, plain))).toEqual(['model', 'messages', 'stream', 'max_tokens']);
  });

  it('writes the developer role as system', () => {
    const body = encode({ ...hello, messages: [{ role: 'developer', content: 'be brief', name: 'n' }] }, plain);
    expect(body['messages']).toEqual([{ role: 'system', content: 'be brief', name: 'n' }]);
  });

  it('has one system prompt where a conversation begins with several messages of it, and leaves later ones in their place', () => {
    const part = (text: string) => ({ type: 'text', text });
    const written = (...messages: readonly object[]) => encode({ ...hello, messages } as never, plain)['messages'];
    const user = { role: 'user', content: 'hi' };
    const late = { role: 'system', content: 'Now in French.' };
    expect(written({ role: 'system', content: 'A.' }, { role: 'developer', content: 'B.' }, user, late)).toEqual([
      { role: 'system', content: 'A.\n\nB.' },
      user,
      late,
    ]);
    expect(written({ role: 'system', content: [part('A.')] }, { role: 'system', content: 'B.' })).toEqual([
      { role: 'system', content: [part('A.'), part('B.')] },
    ]);
  });

  it.each([
    [{ reasoning_content: 'older' }, { reasoning: 'older' }],
    [{ reasoning: 'newer', reasoning_content: 'older' }, { reasoning: 'newer' }],
    [{ reasoning: 'newer' }, { reasoning: 'newer' }],
  ])('sends earlier reasoning as vLLM reads it: %j becomes %j', (fields, expected) => {
    const body = encode({ ...hello, messages: [{ role: 'assistant', content: 'x', ...fields }] }, plain);
    expect(body['messages']).toEqual([{ role: 'assistant', content: 'x', ...expected }]);
  });

  it('salts the prefix cache by tenant', () => {
    expect(encode(hello, { ...plain, cacheSalt: 'abc' })['cache_salt']).toBe('abc');
  });

  it('asks for logprobs of its own only where the client did not', () => {
    expect(encode(hello, { ...plain, wantsLogprobs: true })['logprobs']).toBe(true);
    expect(encode({ ...hello, logprobs: false }, plain)['logprobs']).toBe(false);
  });

  it('continues an answer from the text that the client has', () => {
    expect(encode(hello, { ...plain, continueFrom: 'Once upon' })).toMatchObject({
      messages: [
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: 'Once upon' },
      ],
      continue_final_message: true,
      add_generation_prompt: false,
    });
    expect(encode(hello, plain)).not.toHaveProperty('continue_final_message');
  });

  it('continues a message that the client began, and what broke off of it', () => {
    const begun: ChatRequest = {
      ...hello,
      messages: [...hello.messages, { role: 'assistant', content: [{ type: 'text', text: 'Once' }] }],
      continue_final_message: true,
    };
    expect(encode(begun, plain)).toMatchObject({ continue_final_message: true, add_generation_prompt: false });
    const resumed = encode(begun, { ...plain, continueFrom: ' upon' });
    expect(resumed['messages']).toEqual([...hello.messages, { role: 'assistant', content: 'Once upon' }]);
  });

  it.each([
    ['one choice, greedy', { n: 1, temperature: 0 }, 0],
    ['several choices, greedy: vLLM would refuse', { n: 2, temperature: 0 }, 0.01],
    ['several choices, as good as greedy', { n: 3, temperature: 1e-6 }, 0.01],
    ['several choices, sampled', { n: 2, temperature: 0.5 }, 0.5],
    ['several choices, without a temperature', { n: 2 }, undefined],
  ])('the temperature of %s', (_, fields, expected) => {
    expect(encode({ ...hello, ...fields }, plain)['temperature']).toBe(expected);
  });

  it('sends seeds that every server can read, the same for the same', () => {
    expect(encode({ ...hello, seed: -5 }, plain)['seed']).toBe(-5);
    for (const seed of [2 ** 63, -(2 ** 63), 2 ** 64 + 2 ** 20, 1e300]) {
      const sent = encode({ ...hello, seed }, plain)['seed'];
      expect(Number.isSafeInteger(sent)).toBe(true);
      expect(encode({ ...hello, seed }, plain)['seed']).toBe(sent);
    }
  });

  it('sends the client’s own field for a form, and not the same thing twice', () => {
    const format = { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } } as const;
    const outputs = { json: { type: 'object' }, disable_any_whitespace: true };
    const body = encode({ ...hello, response_format: format, structured_outputs: outputs }, plain);
    expect(body['structured_outputs']).toEqual(outputs);
    expect(body).not.toHaveProperty('response_format');
  });

  it('leaves out template arguments that are none, which some tokenizers refuse', () => {
    expect(encode({ ...hello, chat_template_kwargs: {} }, plain)).not.toHaveProperty('chat_template_kwargs');
  });

  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '' } } as const;
  it.each([
    ['that only thought has an empty text', { reasoning: 'hm' }, { content: '', reasoning: 'hm' }],
    ['that said nothing has an empty text', { content: null }, { content: '' }],
    ['without calls has no list of them', { content: 'x', tool_calls: [] }, { content: 'x' }],
    [
      'that only called keeps saying nothing, and calls with an object',
      { content: null, tool_calls: [call] },
      { content: null, tool_calls: [{ ...call, function: { name: 'f', arguments: '{}' } }] },
    ],
    ['that refused said so', { content: null, refusal: 'No.' }, { content: 'No.' }],
    [
      'that refused in parts said so',
      { content: [{ type: 'refusal', refusal: 'No.' }] },
      { content: [{ type: 'text', text: 'No.' }] },
    ],
  ] as const)('an assistant %s', (_, fields, expected) => {
    const body = encode({ ...hello, messages: [{ role: 'assistant', ...structuredClone(fields) } as Message] }, plain);
    expect(body['messages']).toEqual([{ role: 'assistant', ...expected }]);
  });

  it('a tool that found nothing has an empty text', () => {
    const body = encode({ ...hello, messages: [{ role: 'tool', tool_call_id: 'c', content: [] }] }, plain);
    expect(body['messages']).toEqual([{ role: 'tool', tool_call_id: 'c', content: '' }]);
  });

  const lister = { type: 'function', function: { name: 'f', parameters: { type: 'array', uniqueItems: true } } } as const;
  const reduced = { type: 'function', function: { name: 'f', parameters: { type: 'array' }, strict: true } };
  const other = { type: 'function', function: { name: 'g', parameters: { type: 'object' } } } as const;
  const bare = { type: 'function', function: { name: 'h' } } as const;
  const strictOther = { ...other, function: { ...other.function, strict: true } };
  it.each([
    ['every tool where one must be called', { tool_choice: 'required' }, [reduced, strictOther, bare]],
    ['the one that is named', { tool_choice: { type: 'function', function: { name: 'g' } } }, [lister, strictOther, bare]],
    ['none where none must be called', { tool_choice: 'auto' }, [lister, other, bare]],
    ['none without a choice', {}, [lister, other, bare]],
  ] as const)('makes strict %s', (_, choice, expected) => {
    const body = encode({ ...hello, tools: [lister, other, bare], ...structuredClone(choice) }, plain);
    expect(body['tools']).toEqual(expected);
  });

  it('makes no tool strict where the server has no grammar, the client says no, or the schema is not for grammars', () => {
    const tool_choice = 'required';
    expect(encode({ ...hello, tools: [other], tool_choice }, { ...plain, hasGrammar: false })['tools']).toEqual([other]);
    const free = { ...other, function: { ...other.function, strict: false } };
    expect(encode({ ...hello, tools: [free], tool_choice }, plain)['tools']).toEqual([free]);
    const odd = { type: 'function', function: { name: 'f', parameters: { type: 'object', pattern: '(?=a)' } } } as const;
    expect(encode({ ...hello, tools: [odd], tool_choice }, plain)['tools']).toEqual([odd]);
  });

  it.each([
    ['that is empty', {}, { type: 'object', properties: {} }],
    ['of words alone', { description: 'None.' }, { type: 'object', properties: {}, description: 'None.' }],
    ['of properties', { properties: { a: {} } }, { type: 'object', properties: { a: {} } }],
    ['with a type', { type: 'object' }, { type: 'object' }],
    ['of alternatives', { anyOf: [{ type: 'object' }] }, { anyOf: [{ type: 'object' }] }],
    ['that is a reference', { $ref: '#/$defs/a', $defs: { a: {} } }, { $ref: '#/$defs/a', $defs: { a: {} } }],
  ])('says of parameters %s that they are an object, unless they say so themselves', (_, parameters, expected) => {
    const tool = { type: 'function', function: { name: 'f', parameters } } as const;
    for (const tool_choice of ['required', 'auto'] as const)
      expect(encode({ ...hello, tools: [tool], tool_choice }, plain)['tools']).toMatchObject([
        { function: { name: 'f', parameters: expected } },
      ]);
  });

  it('keeps a client’s strict tool, and sends of its schema what grammars know', () => {
    const strict = { ...lister, function: { ...lister.function, strict: true } };
    expect(encode({ ...hello, tools: [strict] }, { ...plain, hasGrammar: false })['tools']).toEqual([reduced]);
  });

  it('sends of a format what grammars know, in either field', () => {
    const schema = { type: 'array', uniqueItems: true };
    const format = { type: 'json_schema', json_schema: { name: 'a', schema, strict: true } } as const;
    expect(encode({ ...hello, response_format: format }, plain)['response_format']).toEqual({
      type: 'json_schema',
      json_schema: { name: 'a', schema: { type: 'array' }, strict: true },
    });
    const outputs = { json: schema, whitespace_pattern: ' ' };
    expect(encode({ ...hello, structured_outputs: outputs }, plain)['structured_outputs']).toEqual({
      json: { type: 'array' },
      whitespace_pattern: ' ',
    });
  });

  it('changes nothing in the request', () => {
    const frozen = structuredClone({
      ...hello,
      messages: [
        { role: 'developer', content: 'a' },
        { role: 'assistant', reasoning_content: 'b' },
      ],
    } satisfies ChatRequest);
    const before = JSON.stringify(frozen);
    encode(frozen, { ...plain, continueFrom: 'x' });
    expect(JSON.stringify(frozen)).toBe(before);
  });
});
