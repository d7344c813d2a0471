/** How answers of Anthropic's Messages API are read: whole, event by event, and the errors of both. */
import { describe, expect, it } from 'vitest';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { createAnthropic } from '../../../worker/core/upstreams/anthropic.ts';
import { dialects } from '../../../worker/core/upstreams/registry.ts';

const anthropic = createAnthropic(asItIs, {});
const usage = { input_tokens: 10, cache_creation_input_tokens: 4, cache_read_input_tokens: 6, output_tokens: 1 };
const start = {
  type: 'message_start',
  message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x', content: [], usage },
};
const block = (index: number, content_block: object) => ({ type: 'content_block_start', index, content_block });
const delta = (index: number, part: object) => ({ type: 'content_block_delta', index, delta: part });
const json = (index: number, partial_json: string) => delta(index, { type: 'input_json_delta', partial_json });
const end = (stop_reason: string, counts: object) => ({
  type: 'message_delta',
  delta: { stop_reason, stop_sequence: null },
  usage: counts,
});

/** What a stream says together, and where it fails. */
function readAll(...events: readonly unknown[]) {
  const read = anthropic.readStream?.() ?? anthropic.readChunk;
  const seen = {
    text: '',
    reasoning: '',
    calls: [] as unknown[],
    finish: null as string | null,
    usage: null as unknown,
    head: null as unknown,
    failure: null as unknown,
  };
  for (const event of events) {
    const chunk = read(event);
    if (!chunk.ok) return { ...seen, failure: chunk.failure.failure.code };
    const { choices, usage: counts, id, model } = chunk.value;
    expect(chunk.value.isPlainContent).toBe(false);
    if (id !== null) seen.head = { id, model };
    seen.usage = counts ?? seen.usage;
    for (const choice of choices) {
      seen.text += choice.delta.content ?? '';
      seen.reasoning += choice.delta.reasoning ?? '';
      seen.calls.push(...(choice.delta.tool_calls ?? []));
      seen.finish = choice.finishReason ?? seen.finish;
    }
  }
  return seen;
}

describe('a stream', () => {
  it('brings head, thinking, text, calls and the counts of the whole answer', () => {
    const seen = readAll(
      start,
      { type: 'ping' },
      block(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'Hm.' }),
      delta(0, { type: 'signature_delta', signature: 'Eq' }),
      { type: 'content_block_stop', index: 0 },
      block(1, { type: 'text', text: '' }),
      delta(1, { type: 'text_delta', text: 'I ' }),
      delta(1, { type: 'text_delta', text: 'look.' }),
      { type: 'content_block_stop', index: 1 },
      block(2, { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }),
      json(2, ''),
      json(2, '{"a":'),
      json(2, ' 1}'),
      { type: 'content_block_stop', index: 2 },
      block(3, { type: 'tool_use', id: 'toolu_2', name: 'g', input: {} }),
      json(3, ''),
      { type: 'content_block_stop', index: 3 },
      end('tool_use', { output_tokens: 31 }),
      { type: 'message_stop' },
    );
    expect(seen).toEqual({
      text: 'I look.',
      reasoning: 'Hm.',
      calls: [
        { index: 0, id: 'toolu_1', type: 'function', function: { name: 'f', arguments: '' } },
        { index: 0, function: { arguments: '{"a":' } },
        { index: 0, function: { arguments: ' 1}' } },
        { index: 1, id: 'toolu_2', type: 'function', function: { name: 'g', arguments: '' } },
        { index: 1, function: { arguments: '{}' } },
      ],
      finish: 'tool_use',
      usage: { promptTokens: 20, completionTokens: 31, cachedTokens: 6, cacheWriteTokens: 4, reasoningTokens: null },
      head: { id: 'msg_1', model: 'claude-x' },
      failure: null,
    });
  });

  it('counts no output before its end: what was relayed by then is the better count', () => {
    expect(readAll(start, delta(0, { type: 'text_delta', text: 'a' })).usage).toMatchObject({
      promptTokens: 20,
      completionTokens: undefined,
    });
  });

  it('takes later counts of the input for the better ones, and null for none', () => {
    const counts = { input_tokens: 3, cache_read_input_tokens: 0, cache_creation_input_tokens: null, output_tokens: 2 };
    expect(readAll(start, end('end_turn', counts)).usage).toMatchObject({
      promptTokens: 7,
      cachedTokens: 0,
      completionTokens: 2,
    });
  });

  it('keeps what compatible servers send at once, and each stream its own calls', () => {
    expect(
      readAll(block(0, { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }), { type: 'content_block_stop', index: 0 })
        .calls,
    ).toEqual([{ index: 0, id: 't', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }]);
    expect(readAll(block(0, { type: 'text', text: 'whole' })).text).toBe('whole');
    expect(readAll(json(0, '{}')).calls).toEqual([]);
  });

  it.each([
    [{ type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: {} } }],
    [{ type: 'vendor_event_of_next_year', data: 1 }],
    [block(0, { type: 'server_tool_use', id: 'x', name: 'web_search', input: {} })],
    [null],
  ])('skips what it does not know: %j', (event) => {
    expect(readAll(event)).toMatchObject({ text: '', calls: [], failure: null });
  });

  it.each([
    [delta(0, { type: 'text_delta' })],
    [{ type: 'content_block_delta', index: 0 }],
    ['half of something'],
    [{ choices: [{ index: 0, delta: { content: 'of another wire' } }] }],
  ])('breaks at what it cannot read: %j', (event) => {
    expect(readAll(start, event)).toMatchObject({ failure: 'upstream_invalid_answer' });
  });

  it.each([
    [{ type: 'overloaded_error', message: 'Overloaded' }, 'upstream_overloaded'],
    [{ type: 'api_error', message: 'Internal server error' }, 'upstream_error'],
    [
      { type: 'rate_limit_error', message: 'Number of request tokens has exceeded your per-minute rate limit' },
      'upstream_rate_limited',
    ],
    [{ type: 'authentication_error', message: 'invalid x-api-key' }, 'upstream_auth'],
    [{ type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' }, 'context_length_exceeded'],
  ])('breaks at an error: %j', (error, code) => {
    expect(readAll(start, { type: 'error', error })).toMatchObject({ failure: code });
  });

  it.each([
    ['{"type":"message_stop"}', true],
    ['{"type": "message_stop"}', true],
    ['{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":8}}', true],
    ['{"type":"message_delta","delta":{}}', false],
    ['[DONE]', false],
    ['{"type":"content_block_delta","delta":{"type":"text_delta","text":"{\\"type\\":\\"message_stop\\"}"}}', false],
  ])('ends at its mark: %s', (payload, isEnd) => {
    expect(anthropic.isEndMark(payload)).toBe(isEnd);
  });
});

describe('a whole answer', () => {
  const message = {
    ...start.message,
    content: [
      { type: 'thinking', thinking: 'Hm.', signature: 'x' },
      { type: 'redacted_thinking', data: 'x' },
      { type: 'text', text: 'I ' },
      { type: 'text', text: 'look.' },
      { type: 'tool_use', id: 't', name: 'f', input: { a: [1] } },
    ],
    stop_reason: 'tool_use',
  };

  it('says the same as a stream', () => {
    expect(anthropic.readCompletion(message)).toEqual({
      ok: true,
      value: {
        id: 'msg_1',
        created: null,
        model: 'claude-x',
        choices: [
          {
            index: 0,
            delta: {
              content: 'I look.',
              reasoning: 'Hm.',
              tool_calls: [{ index: 0, id: 't', type: 'function', function: { name: 'f', arguments: '{"a":[1]}' } }],
              refusal: null,
            },
            finishReason: 'tool_use',
            logprobs: null,
          },
        ],
        usage: { promptTokens: 20, completionTokens: 1, cachedTokens: 6, cacheWriteTokens: 4, reasoningTokens: null },
      },
    });
  });

  it('is none where there is no message, or an error', () => {
    expect(anthropic.readCompletion({ a: 1 })).toMatchObject({ failure: { cause: 'invalid_answer' } });
    expect(anthropic.readCompletion({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })).toMatchObject(
      {
        failure: { cause: 'overload' },
      },
    );
  });
});

describe('its words', () => {
  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['refusal', 'content_filter'],
  ])('for an end: %s', (word, reason) => {
    expect(anthropic.readFinish(word)).toEqual({ kind: 'end', reason, isKnown: true });
  });

  it.each([
    [
      400,
      'invalid_request_error',
      'prompt is too long: 210000 tokens > 200000 maximum',
      'context_length',
      { promptTokens: 210_000, contextTokens: 200_000 },
    ],
    [
      400,
      'invalid_request_error',
      'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again',
      'context_length',
      { contextTokens: 200_000 },
    ],
    [
      400,
      'invalid_request_error',
      'max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for claude-x',
      'client',
      { maxCompletionTokens: 64_000 },
    ],
    [
      400,
      'invalid_request_error',
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.',
      'account',
      undefined,
    ],
    [400, 'invalid_request_error', 'messages.1.content.0: unexpected value', 'client', undefined],
    [401, 'authentication_error', 'invalid x-api-key', 'auth', undefined],
    [403, 'permission_error', 'Your API key does not have permission to use the specified resource.', 'auth', undefined],
    [404, 'not_found_error', 'model: claude-y', 'model_missing', undefined],
    [413, 'request_too_large', 'Request exceeds the maximum size', 'client', undefined],
    [
      429,
      'rate_limit_error',
      'This request would exceed your organization’s rate limit of 50,000 input tokens per minute',
      'rate_limited',
      undefined,
    ],
    [500, 'api_error', 'Internal server error', 'server_error', undefined],
    [504, 'timeout_error', 'Request timed out', 'gateway_error', undefined],
    [529, 'overloaded_error', 'Overloaded', 'overload', undefined],
  ])('for an error: %i %s %s', (status, type, words, cause, limit) => {
    const body = JSON.stringify({ type: 'error', error: { type, message: words }, request_id: 'req_1' });
    const head = { status, mediaType: 'application/json', retryAfter: '7', retryAfterExact: null };
    const failure = anthropic.readError(head, body, 0);
    expect(failure.cause).toBe(cause);
    if (limit !== undefined) expect(failure.limit).toMatchObject(limit);
    expect(failure.failure.retryAfterMs).toBe(['rate_limited', 'overload'].includes(cause) ? 7000 : undefined);
  });

  it('for its models: each by its name and by the alias that calls may use', () => {
    const list = {
      data: [
        { type: 'model', id: 'claude-haiku-4-5-20251001' },
        { type: 'model', id: 'claude-x' },
      ],
      has_more: false,
    };
    const { models } = anthropic.probe;
    expect(models?.read(JSON.stringify(list))?.map(({ name }) => name)).toEqual([
      'claude-haiku-4-5-20251001',
      'claude-haiku-4-5',
      'claude-x',
    ]);
    expect(models?.read('<html>')).toBeNull();
    expect(models?.read('{}')).toBeNull();
    expect(createAnthropic(asItIs, { lists_models: false }).probe.models).toBeNull();
  });
});

it('every dialect of the registry can be made for a server without options', () => {
  for (const create of Object.values(dialects)) expect(create(asItIs, {}).isEndMark('x')).toBe(false);
});
