/** Bodies that must pass, and what of them travels on. */
import { describe, expect, it } from 'vitest';
import { parseChatRequest } from '../../../worker/core/surfaces/chat/chat-request.ts';
import { bodyWith, hello, image, limits, nested, timesOf, userParts, weather } from './chat-bodies.ts';

const unchanged: (readonly [string, Record<string, unknown>])[] = [
  ['one user message', bodyWith()],
  ['a model', bodyWith({ model: 'Qwen/Qwen2.5-7B-Instruct' })],
  [
    'every role',
    {
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'developer', content: [{ type: 'text', text: 'use metric units' }] },
        { role: 'user', content: 'weather?', name: 'ann' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '{"t":21}' },
        { role: 'assistant', content: [{ type: 'text', text: '21 °C' }] },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }], refusal: 'no' },
        { role: 'assistant', content: '', reasoning: 'hm', reasoning_content: 'hm' },
        { role: 'user', content: 'thanks' },
      ],
    },
  ],
  ['an assistant message without content', { messages: [hello, { role: 'assistant' }, hello] }],
  ['an empty user message', { messages: [{ role: 'user', content: '' }] }],
  ['text and image parts', image('https://images.example.com/a.png?size=large#top')],
  ['an image on the https port', image('https://images.example.com:443/a.png')],
  ['an image with a detail', userParts({ type: 'image_url', image_url: { url: 'https://images.example.com', detail: 'low' } })],
  ['an embedded png', image(`data:image/png;base64,${'iVBORw0KGgo'.repeat(1000)}`)],
  [
    'an embedded jpeg, webp and gif',
    userParts(
      ...['jpeg', 'webp', 'gif'].map((kind) => ({ type: 'image_url', image_url: { url: `data:image/${kind};base64,AAAA` } })),
    ),
  ],
  [
    'every sampling parameter at its lower edge',
    bodyWith({
      temperature: 0,
      top_p: 0.0001,
      top_k: -1,
      min_p: 0,
      repetition_penalty: 0.0001,
      presence_penalty: -2,
      frequency_penalty: -2,
      n: 1,
      max_tokens: 1,
      min_tokens: 0,
      seed: -5,
      logprobs: true,
      top_logprobs: 0,
      logit_bias: { 0: -100 },
      stop: 'a',
    }),
  ],
  [
    'every sampling parameter at its upper edge',
    bodyWith({
      temperature: 2,
      top_p: 1,
      top_k: 1_000_000,
      min_p: 1,
      repetition_penalty: 2,
      presence_penalty: 2,
      frequency_penalty: 2,
      n: 4,
      max_tokens: 16_384,
      max_completion_tokens: 16_384,
      seed: Number.MAX_SAFE_INTEGER,
      logprobs: true,
      top_logprobs: 20,
      logit_bias: { 9999999: 100 },
      stop: ['a', 'b', 'c', 'd'],
    }),
  ],
  ['a stream with usage', bodyWith({ stream: true, stream_options: { include_usage: true } })],
  ['tools with every tool_choice: auto', bodyWith({ tools: [weather], tool_choice: 'auto', parallel_tool_calls: false })],
  ['tools with every tool_choice: none', bodyWith({ tools: [weather], tool_choice: 'none' })],
  ['tools with every tool_choice: required', bodyWith({ tools: [weather], tool_choice: 'required' })],
  [
    'tools with every tool_choice: named',
    bodyWith({ tools: [weather], tool_choice: { type: 'function', function: { name: 'get_weather' } } }),
  ],
  [
    'a tool without parameters',
    bodyWith({ tools: [{ type: 'function', function: { name: 'now', description: '', strict: false } }] }),
  ],
  ['128 tools', bodyWith({ tools: timesOf(128, 0).map((_, i) => ({ type: 'function', function: { name: `f.${i}` } })) })],
  ['response_format text', bodyWith({ response_format: { type: 'text' } })],
  ['response_format json_object', bodyWith({ response_format: { type: 'json_object' } })],
  [
    'response_format json_schema',
    bodyWith({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' }, strict: true } } }),
  ],
  ['metadata, user and reasoning effort', bodyWith({ metadata: { agent: 'billing' }, user: 'u1', reasoning_effort: 'low' })],
  ['template arguments', bodyWith({ chat_template_kwargs: { enable_thinking: false, budget: 5, style: 'a' } })],
  [
    'text of many scripts, emoji and control characters',
    { messages: [{ role: 'user', content: '日本語 عربى 🏳️‍🌈 e\u0301 \u0000\u2028 \ud800' }] },
  ],
  ['2,000 messages', { messages: timesOf(2000, hello) }],
  ['64 content parts', userParts(...timesOf(64, { type: 'text', text: 'x' }))],
];

describe('a good body', () => {
  it.each(unchanged)('passes unchanged: %s', (_, body) => {
    expect(parse(body).request).toEqual({ model: 'auto', ...body });
  });

  it('passes at 64 levels of nesting', () => {
    const tool = `{"type":"function","function":{"name":"f","parameters":{"a":${nested(59)}}}}`;
    expect(parse(`{"messages":[{"role":"user","content":"x"}],"tools":[${tool}]}`).request.tools).toHaveLength(1);
  });

  it('passes with 200,000 brackets inside a text', () => {
    const content = '[{"\\'.repeat(50_000);
    expect(parse(bodyWith({ messages: [{ role: 'user', content }] })).request.messages[0]?.content).toBe(content);
  });
});

describe('what does not travel on', () => {
  it('unknown fields are dropped and named', () => {
    const { request, ignored } = parse(bodyWith({ temprature: 1, api_base: 'https://evil.example', model: 'auto' }));
    expect(ignored).toEqual(['temprature', 'api_base']);
    expect(Object.keys(request).sort()).toEqual(['messages', 'model']);
  });

  it('unknown fields inside messages and tools are dropped', () => {
    const { request } = parse({
      messages: [{ ...hello, cache_control: {} }],
      tools: [{ ...weather, extra: 1, function: { ...weather.function, extra: 1 } }],
    });
    expect(request).toEqual({ model: 'auto', messages: [hello], tools: [weather] });
  });

  it('fields that change nothing here are dropped in silence', () => {
    const { request, ignored } = parse(
      bodyWith({ store: true, service_tier: 'auto', verbosity: 'low', modalities: ['text'], functions: null }),
    );
    expect(ignored).not.toContain('store');
    expect(request).toEqual({ model: 'auto', messages: [hello] });
  });

  it('at most 20 unknown names of 64 characters are told', () => {
    const body = bodyWith(Object.fromEntries(timesOf(50, 0).map((_, i) => [`${i}-${'x'.repeat(100)}`, 1])));
    const { ignored } = parse(body);
    expect(ignored).toHaveLength(20);
    expect(Math.max(...ignored.map((name) => name.length))).toBe(64);
  });

  it('a key given twice is read once, and the last one counts', () => {
    const { request } = parse(
      '{"model":"small","messages":[{"role":"system","role":"user","content":"a","content":"b"}],"model":"large"}',
    );
    expect(JSON.stringify(request)).toBe('{"model":"large","messages":[{"role":"user","content":"b"}]}');
  });

  it('keys such as __proto__ and constructor leave no pollution', () => {
    const { request } = parse(`{
      "messages":[{"role":"user","content":"x","__proto__":{"polluted":1}}],
      "__proto__":{"polluted":1,"stream":true}, "constructor":{"prototype":{"polluted":1}}, "prototype":{"polluted":1},
      "metadata":{"__proto__":"a","constructor":"b"},
      "logit_bias":{"__proto__":{"polluted":1}},
      "tools":[{"type":"function","function":{"name":"f","parameters":{"__proto__":{"polluted":1},"constructor":{"polluted":1}}}}]
    }`);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(Reflect.get([], 'polluted')).toBeUndefined();
    expect(Reflect.get(request, 'polluted')).toBeUndefined();
    expect(request.stream).toBeUndefined();
    expect(Object.getPrototypeOf(request.metadata ?? {})).toBe(Object.prototype);
    expect(Object.getPrototypeOf(request.tools?.[0]?.function.parameters ?? {})).toBe(Object.prototype);
  });
});

function parse(body: unknown) {
  const result = parseChatRequest(typeof body === 'string' ? body : JSON.stringify(body), limits);
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}
