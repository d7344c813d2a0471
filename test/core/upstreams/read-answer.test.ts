/** Reading vLLM's chunks and whole answers: every fixture, every variant that was seen, and what must not be believed. */
import { describe, expect, it } from 'vitest';
import { vllm } from '../../../worker/core/upstreams/vllm.ts';
import { fixtureNames, payloadsOf, readFixture } from '../relay/stream-fixtures.ts';

const chunk = (choices: unknown, fields: object = {}) => ({ id: 'c1', created: 1, model: 'm', choices, ...fields });
const delta = (fields: object, choice: object = {}) => chunk([{ index: 0, delta: fields, finish_reason: null, ...choice }]);

describe('readChunk', () => {
  it.each(fixtureNames)('understands every event of %s', (name) => {
    const payloads = payloadsOf(readFixture(name)).filter((payload) => payload !== '[DONE]');
    const read = payloads.map((payload) => vllm.readChunk(JSON.parse(payload)));
    expect(read.length).toBeGreaterThan(0);
    expect(read.filter((one) => one === null)).toEqual([]);
    expect(read.filter((one) => one?.ok === false)).toHaveLength(name === 'vllm-midstream-error.sse' ? 1 : 0);
  });

  it.each([
    ['null', null],
    ['a string', 'data'],
    ['an array', []],
    ['an object without choices', { id: 'c1' }],
    ['choices that are no list', chunk({})],
    ['a choice that is null', chunk([null])],
    ['a choice without delta', chunk([{ index: 0, finish_reason: null }])],
    ['a delta that is text', chunk([{ index: 0, delta: 'x' }])],
    ['an index of -1', delta({ content: 'x' }, { index: -1 })],
    ['an index of 2^32', delta({ content: 'x' }, { index: 2 ** 32 })],
    ['an index with a fraction', delta({ content: 'x' }, { index: 0.5 })],
    ['an index that is text', delta({ content: 'x' }, { index: '0' })],
  ])('is no chunk: %s', (_, payload) => {
    expect(vllm.readChunk(payload)).toBeNull();
  });

  it('reads content in parts: text, and thinking', () => {
    const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] };
    const chunk = vllm.readChunk(delta({ content: [thinking, { type: 'text', text: 'four' }] }));
    expect(chunk).toMatchObject({ ok: true, value: { choices: [{ delta: { content: 'four', reasoning: 'hm' } }] } });
    expect(vllm.readChunk(delta({ content: [{ type: 'text', text: 'x' }] }))).toMatchObject({ value: { isPlainContent: false } });
  });

  it.each([
    ['a number', 5],
    ['parts of another kind', [{ type: 'image_url', image_url: { url: 'x' } }]],
    ['a text part without text', [{ type: 'text' }]],
  ])('is a failure, since what it says would be missing: content that is %s', (_, content) => {
    expect(vllm.readChunk(delta({ content }))).toMatchObject({
      ok: false,
      failure: { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' },
    });
  });

  it.each([
    ['no delta', { index: 0, finish_reason: 'stop' }],
    ['a delta that is null', { index: 0, delta: null, finish_reason: 'stop' }],
  ])('reads the end of a choice that has %s', (_, choice) => {
    const read = vllm.readChunk(chunk([choice]));
    expect(read?.ok === true && read.value.choices[0]).toMatchObject({ finishReason: 'stop', delta: { content: null } });
  });

  it.each([
    ['role and empty content', { role: 'assistant', content: '' }, true],
    ['content', { content: 'x' }, true],
    ['content null', { content: null }, true],
    ['nothing', {}, true],
    ['an empty list of calls', { content: 'x', tool_calls: [] }, true],
    ['calls', { tool_calls: [{ index: 0, function: { arguments: '{' } }] }, false],
    ['reasoning', { reasoning: 'hm' }, false],
    ['reasoning by its older name', { reasoning_content: 'hm' }, false],
  ])('says whether the bytes may pass: %s', (_, fields, expected) => {
    const read = vllm.readChunk(delta(fields));
    expect(read?.ok === true && read.value.isPlainContent).toBe(expected);
  });

  it.each([
    ['a finish reason', chunk([{ index: 0, delta: { content: '' }, finish_reason: 'stop' }])],
    ['usage', chunk([{ index: 0, delta: { content: 'x' } }], { usage: { prompt_tokens: 1 } })],
    ['no choices', chunk([])],
    ['a choice without index', chunk([{ delta: { content: 'x' } }])],
    ['an index that is null', chunk([{ index: null, delta: { content: 'x' } }])],
  ])('the bytes may not pass with %s', (_, payload) => {
    const read = vllm.readChunk(payload);
    expect(read?.ok === true && read.value.isPlainContent).toBe(false);
  });

  it('reads both names of reasoning, and a server that sends both once', () => {
    const either = [{ reasoning: 'hm' }, { reasoning_content: 'hm' }, { reasoning: '', reasoning_content: 'hm' }];
    for (const fields of [...either, { reasoning: 'hm', reasoning_content: 'hm' }]) {
      const read = vllm.readChunk(delta(fields));
      expect(read?.ok === true && read.value.choices[0]?.delta.reasoning).toBe('hm');
    }
  });

  it('takes an empty finish reason for none', () => {
    const read = vllm.readChunk(delta({ content: 'x' }, { finish_reason: '' }));
    expect(read?.ok === true && read.value.choices[0]?.finishReason).toBeNull();
  });

  it('takes a choice without index for the first', () => {
    const read = vllm.readChunk(chunk([{ delta: { content: 'x' } }]));
    expect(read?.ok === true && read.value.choices[0]?.index).toBe(0);
  });

  it.each([
    [
      'the code of the HTTP status',
      { message: 'too long: maximum context length', code: 400 },
      'context_length_exceeded',
      'context_length',
    ],
    ['a rate limit', { message: 'slow down', code: 429 }, 'upstream_rate_limited', 'rate_limited'],
    ['no code', { message: 'boom' }, 'upstream_error', 'server_error'],
    ['a code that is text', { message: 'boom', code: 'internal' }, 'upstream_error', 'server_error'],
    ['a code that is no error', { message: 'boom', code: 200 }, 'upstream_error', 'server_error'],
    ['an empty object', {}, 'upstream_error', 'server_error'],
    ['text', 'boom', 'upstream_error', 'server_error'],
  ])('reads an error event with %s', (_, error, code, cause) => {
    expect(vllm.readChunk({ error })).toMatchObject({ ok: false, failure: { failure: { code }, cause } });
  });

  it('reads the error of older releases, whose fields are at the root', () => {
    const error = { object: 'error', message: 'no such tool', type: 'BadRequestError', param: null, code: 400 };
    expect(vllm.readChunk(error)).toMatchObject({
      ok: false,
      failure: { failure: { code: 'upstream_rejected' }, cause: 'client' },
    });
  });

  it('takes an error that is null for none', () => {
    expect(vllm.readChunk({ ...delta({ content: 'x' }), error: null })).toMatchObject({ ok: true });
  });
});

describe('readCompletion', () => {
  const message = { role: 'assistant', content: 'hi', tool_calls: [] };

  it('reads a whole answer with its many nulls', () => {
    const body = {
      id: 'c1',
      created: 5,
      model: 'm',
      choices: [
        { index: 0, message: { ...message, reasoning: null, function_call: null }, finish_reason: 'stop', logprobs: null },
      ],
      usage: { prompt_tokens: 1 },
    };
    expect(vllm.readCompletion(body)).toEqual({
      ok: true,
      value: {
        id: 'c1',
        created: 5,
        model: 'm',
        usage: { prompt_tokens: 1 },
        choices: [
          { index: 0, delta: { content: 'hi', reasoning: null, tool_calls: null }, finishReason: 'stop', logprobs: null },
        ],
      },
    });
  });

  it('needs neither id nor usage', () => {
    expect(vllm.readCompletion({ choices: [{ message }] })).toMatchObject({
      ok: true,
      value: { id: null, created: null, model: null, usage: null },
    });
  });

  it.each([
    ['null', null],
    ['a string', 'hi'],
    ['an array', [{ message }]],
    ['no choices', {}],
    ['choices null', { choices: null }],
    ['an empty list of choices', { choices: [] }],
    ['a choice without message', { choices: [{ index: 0 }] }],
    [
      'one bad choice among good ones',
      {
        choices: [
          { index: 0, message },
          { index: 1, message: null },
        ],
      },
    ],
    ['content that is a number', { choices: [{ message: { content: 5 } }] }],
    ['an index out of range', { choices: [{ index: 64, message }] }],
    ['the shape of a stream', { choices: [{ index: 0, delta: { content: 'x' } }] }],
  ])('is no answer: %s', (_, body) => {
    expect(vllm.readCompletion(body)).toEqual({ ok: false, failure: { code: 'upstream_invalid_answer' } });
  });
});
