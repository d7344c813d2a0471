/** The cache's key: whatever can change an answer changes it, whatever cannot does not, and no two tenants share one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cacheKeyText, type CacheScope } from '../../../worker/core/kept/cache-key.ts';
import { chatSurface } from '../../../worker/core/surfaces/chat/chat-surface.ts';
import { configWith } from '../../support/fakes/config.ts';

const config = configWith();
const scope: CacheScope = { tenantId: 'tenant', modelId: 'qwen2.5-7b', strategy: 'cost', isJudged: false };

function keyOf(body: object, on: Partial<CacheScope> = {}, by = config): string {
  const read = chatSurface.read(JSON.stringify(body), by);
  if (!read.ok) throw new Error(JSON.stringify(read.failure));
  return cacheKeyText(read.value.request, { ...scope, ...on }, by);
}

const text = fc.string({ minLength: 1, maxLength: 12 });
const tool = { type: 'function', function: { name: 'find', parameters: { type: 'object', properties: {} } } };

/** For every field that a client may set, two values that ask for different things. */
const changing: Readonly<Record<string, readonly [object, object]>> = {
  messages: [{ messages: [{ role: 'user', content: 'one' }] }, { messages: [{ role: 'user', content: 'two' }] }],
  'the role of a message': [
    {
      messages: [
        { role: 'system', content: 'x' },
        { role: 'user', content: 'y' },
      ],
    },
    {
      messages: [
        { role: 'user', content: 'x' },
        { role: 'user', content: 'y' },
      ],
    },
  ],
  'where one message ends': [
    {
      messages: [
        { role: 'user', content: 'ab' },
        { role: 'user', content: 'c' },
      ],
    },
    {
      messages: [
        { role: 'user', content: 'a' },
        { role: 'user', content: 'bc' },
      ],
    },
  ],
  'the name of a message': [
    { messages: [{ role: 'user', content: 'x', name: 'ann' }] },
    { messages: [{ role: 'user', content: 'x', name: 'bob' }] },
  ],
  'a picture': [
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }] }] },
    {
      messages: [
        {
          role: 'user',
          content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } }],
        },
      ],
    },
  ],
  tools: [{ tools: [tool] }, { tools: [{ ...tool, function: { ...tool.function, description: 'finds' } }] }],
  'the order of a schema': [
    { response_format: schema({ a: { type: 'string' }, b: { type: 'string' } }) },
    { response_format: schema({ b: { type: 'string' }, a: { type: 'string' } }) },
  ],
  tool_choice: [
    { tools: [tool], tool_choice: 'auto' },
    { tools: [tool], tool_choice: 'none' },
  ],
  parallel_tool_calls: [
    { tools: [tool], parallel_tool_calls: true },
    { tools: [tool], parallel_tool_calls: false },
  ],
  response_format: [{ response_format: { type: 'json_object' } }, { response_format: { type: 'text' } }],
  structured_outputs: [{ structured_outputs: { regex: 'a' } }, { structured_outputs: { regex: 'b' } }],
  max_tokens: [{ max_tokens: 10 }, { max_tokens: 11 }],
  n: [{ n: 1 }, { n: 2 }],
  temperature: [{ temperature: 0 }, { temperature: 0.1 }],
  top_p: [{ top_p: 0.5 }, { top_p: 0.6 }],
  presence_penalty: [{ presence_penalty: 0.5 }, { presence_penalty: 0.6 }],
  frequency_penalty: [{ frequency_penalty: 0.5 }, { frequency_penalty: 0.6 }],
  seed: [{ seed: 1 }, { seed: 2 }],
  logit_bias: [{ logit_bias: { 5: 1 } }, { logit_bias: { 5: 2 } }],
  stop: [{ stop: ['a'] }, { stop: ['a', 'b'] }],
  logprobs: [{ logprobs: true }, { logprobs: false }],
  top_logprobs: [
    { logprobs: true, top_logprobs: 1 },
    { logprobs: true, top_logprobs: 2 },
  ],
  reasoning_effort: [{ reasoning_effort: 'low' }, { reasoning_effort: 'high' }],
  top_k: [{ top_k: 1 }, { top_k: 2 }],
  min_p: [{ min_p: 0.1 }, { min_p: 0.2 }],
  repetition_penalty: [{ repetition_penalty: 1.1 }, { repetition_penalty: 1.2 }],
  min_tokens: [{ min_tokens: 1 }, { min_tokens: 2 }],
  ignore_eos: [{ ignore_eos: true }, { ignore_eos: false }],
  stop_token_ids: [{ stop_token_ids: [1] }, { stop_token_ids: [2] }],
  allowed_token_ids: [{ allowed_token_ids: [1] }, { allowed_token_ids: [2] }],
  bad_words: [{ bad_words: ['a'] }, { bad_words: ['b'] }],
  include_stop_str_in_output: [{ include_stop_str_in_output: true }, { include_stop_str_in_output: false }],
  skip_special_tokens: [{ skip_special_tokens: true }, { skip_special_tokens: false }],
  spaces_between_special_tokens: [{ spaces_between_special_tokens: true }, { spaces_between_special_tokens: false }],
  chat_template_kwargs: [
    { chat_template_kwargs: { enable_thinking: true } },
    { chat_template_kwargs: { enable_thinking: false } },
  ],
  continue_final_message: [
    {
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: 'y' },
      ],
      continue_final_message: true,
    },
    {
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: 'y' },
      ],
    },
  ],
};

/** Rows that set more than the field that they are named for, and would undo each other. */
const needsMore = new Set([
  'tool_choice',
  'parallel_tool_calls',
  'tools',
  'top_logprobs',
  'logprobs',
  'continue_final_message',
  'structured_outputs',
  'n',
]);

function reversed(body: object): object {
  return Object.fromEntries(Object.entries(body).toReversed());
}

const hello = { messages: [{ role: 'user', content: 'hello' }] };

function schema(properties: object): object {
  return { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object', properties } } };
}

describe('the key of a request', () => {
  it.each(Object.entries(changing))('changes with %s', (_, [one, other]) => {
    expect(keyOf({ ...hello, ...one })).not.toBe(keyOf({ ...hello, ...other }));
    expect(keyOf({ ...hello, ...one })).toBe(keyOf({ ...hello, ...one }));
  });

  it('changes with whatever is set where nothing was', () => {
    for (const [one, other] of Object.values(changing)) {
      for (const set of [one, other]) {
        const before = { ...hello, ...('messages' in set ? { messages: hello.messages } : {}) };
        const isDefault = JSON.stringify(set) === '{"n":1}' || 'messages' in set;
        if (!isDefault) expect(keyOf({ ...before, ...set })).not.toBe(keyOf(before));
      }
    }
  });

  it.each<readonly [string, object]>([
    ['stream', { stream: true, stream_options: { include_usage: true } }],
    ['user', { user: 'ann' }],
    ['metadata', { metadata: { trace: '1' } }],
    ['null', { temperature: null, tools: null, stop: null }],
    ['an empty list', { tools: [], stop: [] }],
    ['a field that is dropped', { prompt_cache_key: 'x', store: true }],
    ['one choice', { n: 1 }],
    ['the model’s name where it leads to the same model', { model: 'qwen2.5-7b' }],
  ])('does not change with %s', (_, fields) => {
    expect(keyOf({ ...hello, ...fields })).toBe(keyOf(hello));
  });

  it.each<readonly [string, object, object]>([
    ['max_tokens under its other name', { max_tokens: 7 }, { max_completion_tokens: 7 }],
    ['one stop sequence as a list', { stop: 'x' }, { stop: ['x'] }],
  ])('is the same for %s', (_, one, other) => {
    expect(keyOf({ ...hello, ...one })).toBe(keyOf({ ...hello, ...other }));
  });

  it('changes with any one field of a request with many, and with nothing else', () => {
    const names = Object.keys(changing).filter((name) => /^[a-z_]+$/.test(name) && !needsMore.has(name));
    const chosen = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 8 });
    const harmless = fc.record(
      { user: text, stream: fc.boolean(), metadata: fc.dictionary(text, text, { maxKeys: 2 }), store: fc.boolean() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(chosen, fc.nat(), harmless, harmless, (fields, seed, some, others) => {
        const of = (which: 0 | 1): object => Object.assign({}, hello, ...fields.map((name) => changing[name]?.[which]));
        const one = of(0);
        const changed = fields[seed % fields.length] ?? '';
        const other = Object.assign({}, one, changing[changed]?.[1]);
        expect(keyOf({ ...some, ...one })).toBe(keyOf({ ...reversed(one), ...others }));
        expect(keyOf({ ...some, ...one })).not.toBe(keyOf({ ...some, ...other }));
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on the order of fields, however deep', () => {
    const part = fc.record({ text });
    const body = fc.record({
      first: text,
      second: text,
      part,
      seed: fc.nat(),
      topP: fc.double({ min: 0.1, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(body, ({ first, second, part: { text: said }, seed, topP }) => {
        const one = {
          messages: [
            { role: 'user', content: [{ type: 'text', text: said }] },
            {
              role: 'assistant',
              content: first,
              tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: second } }],
            },
            { role: 'tool', tool_call_id: 'c', content: second },
          ],
          seed,
          top_p: topP,
        };
        const other = {
          top_p: topP,
          seed,
          messages: [
            { content: [{ text: said, type: 'text' }], role: 'user' },
            {
              tool_calls: [{ function: { arguments: second, name: 'f' }, type: 'function', id: 'c' }],
              content: first,
              role: 'assistant',
            },
            { content: second, tool_call_id: 'c', role: 'tool' },
          ],
        };
        expect(keyOf(one)).toBe(keyOf(other));
      }),
    );
  });

  it('is never the same for two texts, two tenants or two models, whatever they are called', () => {
    const asked = fc.record({ tenantId: text, modelId: fc.constantFrom('qwen2.5-7b', 'qwen2.5-32b'), said: text });
    fc.assert(
      fc.property(asked, asked, (one, other) => {
        const key = ({ tenantId, modelId, said }: typeof one) =>
          keyOf({ messages: [{ role: 'user', content: said }] }, { tenantId, modelId });
        const isSame = one.tenantId === other.tenantId && one.modelId === other.modelId && one.said === other.said;
        expect(key(one) === key(other)).toBe(isSame);
      }),
      { numRuns: 500 },
    );
  });

  it('changes with the strategy, and with whether answers are judged', () => {
    expect(keyOf(hello, { strategy: 'quality' })).not.toBe(keyOf(hello));
    expect(keyOf(hello, { isJudged: true })).not.toBe(keyOf(hello));
  });

  it.each<readonly [string, object]>([
    ['served under another name', { models: { 'qwen2.5-7b': { served_name: 'Qwen/Qwen3-8B' } } }],
    ['read by other tool formats', { models: { 'qwen2.5-7b': { tool_formats: [] } } }],
    ['served by another dialect or server', { models: { 'qwen2.5-7b': { upstreams: ['large'] } } }],
    ['given another version by the operator', { cache: { version: '2' } }],
    ['treated otherwise when its calls are invalid', { routing: { tools: { invalid_arguments: 'repair' } } }],
    ['given another default length', { limits: { default_completion_tokens: 100 } }],
  ])('changes when the model is %s', (_, patch) => {
    expect(keyOf(hello, {}, configWith(patch))).not.toBe(keyOf(hello));
  });

  it('is the same when only a price changes', () => {
    const patch = { models: { 'qwen2.5-7b': { price: { input_per_million_usd: 5 } } } };
    expect(keyOf(hello, {}, configWith(patch))).toBe(keyOf(hello));
  });
});
