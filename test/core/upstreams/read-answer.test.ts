/** Reading vLLM's chunks and whole answers: every fixture, every variant that was seen, and what must not be believed. */
import { describe, expect, it } from 'vitest';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { createVllm } from '../../../worker/core/upstreams/vllm.ts';
import { fixtureNames, payloadsOf, readFixture } from '../answer/stream-fixtures.ts';

const vllm = createVllm(asItIs);

const chunk = (choices: unknown, fields: object = {}) => ({ id: 'c1', created: 1, model: 'm', choices, ...fields });
const delta = (fields: object, choice: object = {}) => chunk([{ index: 0, delta: fields, finish_reason: null, ...choice }]);

describe('readChunk', () => {
  it.each(fixtureNames)('understands every event of %s', (name) => {
    const payloads = payloadsOf(readFixture(name)).filter((payload) => payload !== '[DONE]');
    const read = payloads.map((payload) => vllm.readChunk(JSON.parse(payload)));
    expect(read.length).toBeGreaterThan(0);
    expect(read.filter((one) => !one.ok)).toHaveLength(name === 'vllm-midstream-error.sse' ? 1 : 0);
  });

  it.each([
    ['null', null],
    ['a number', 5],
    ['an empty text', ' '],
    ['an empty list', []],
    ['an object without choices', { id: 'c1' }],
    ['an event of another kind', { type: 'ping' }],
    ['choices that are null', chunk(null)],
    ['a choice that is null', chunk([null])],
    ['a choice that is empty', chunk([{}])],
    ['a choice without delta', chunk([{ index: 0, finish_reason: null }])],
    ['an empty list where the delta should be', chunk([{ index: 0, delta: [] }])],
    ['a choice at -1', delta({ content: 'x' }, { index: -1 })],
    ['a choice at 2^32', delta({ content: 'x' }, { index: 2 ** 32 })],
  ])('finds nothing of the answer in %s', (_, payload) => {
    const read = vllm.readChunk(payload);
    expect(read).toMatchObject({ ok: true, value: { isPlainContent: false } });
    for (const choice of read.ok ? read.value.choices : [])
      expect(choice).toMatchObject({
        delta: { content: null, reasoning: null, tool_calls: null, refusal: null },
        finishReason: null,
      });
  });

  it.each([
    ['a text', 'ros.'],
    ['a list', [delta({ content: 'x' })]],
    ['choices that are no list', chunk({ 0: { delta: { content: 'x' } } })],
    ['a choice that is text', chunk(['x'])],
    ['a delta that is text', chunk([{ index: 0, delta: 'x' }])],
    ['a message that is text', chunk([{ index: 0, message: 'x' }])],
    ['an index with a fraction', delta({ content: 'x' }, { index: 0.5 })],
    ['an index that is a word', delta({ content: 'x' }, { index: 'first' })],
    ['content that is a number', delta({ content: 5 })],
    ['content that is true', delta({ content: true })],
    ['a part that is a number', delta({ content: [{ type: 'text', text: 'a' }, 5] })],
  ])('is a failure, since what it says would be missing: %s', (_, payload) => {
    expect(vllm.readChunk(payload)).toMatchObject({
      ok: false,
      failure: { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' },
    });
  });

  it('reads the usage of a chunk whose choices are odd', () => {
    for (const choices of [null, undefined, [], [{}], [null], [{ index: 0, delta: {}, finish_reason: null }]]) {
      expect(vllm.readChunk({ ...chunk(choices), usage: { prompt_tokens: 5 } })).toMatchObject({
        ok: true,
        value: { usage: { promptTokens: 5 } },
      });
    }
  });

  it.each<[string, unknown, object]>([
    [
      'text and thinking',
      [
        { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
        { type: 'text', text: 'four' },
      ],
      { content: 'four', reasoning: 'hm' },
    ],
    ['thinking as a text', [{ type: 'thinking', thinking: 'hm' }], { content: null, reasoning: 'hm' }],
    [
      'text beside parts of other kinds',
      [
        { type: 'reference', reference_ids: [1] },
        { type: 'text', text: 'a' },
        { type: 'image_url', image_url: { url: 'x' } },
        { type: 'text', text: 'b' },
      ],
      { content: 'ab' },
    ],
    ['parts of other kinds alone', [{ type: 'reference', reference_ids: [1] }], { content: null }],
    ['text under another name', [{ type: 'output_text', text: 'a', annotations: [] }], { content: 'a' }],
    ['text as a value', [{ type: 'text', text: { value: 'a', annotations: [] } }], { content: 'a' }],
    ['bare texts', ['a', 'b'], { content: 'ab' }],
    ['one part that is no list', { type: 'text', text: 'a' }, { content: 'a' }],
    ['a refusal', [{ type: 'refusal', refusal: 'No.' }], { content: null, refusal: 'No.' }],
    ['a text part without text', [{ type: 'text' }], { content: null }],
  ])('reads content in parts: %s', (_, content, expected) => {
    expect(vllm.readChunk(delta({ content }))).toMatchObject({
      ok: true,
      value: { isPlainContent: false, choices: [{ delta: expected }] },
    });
    expect(vllm.readCompletion({ choices: [{ message: { content } }] })).toMatchObject({
      value: { choices: [{ delta: expected }] },
    });
  });

  it.each<[string, object, object]>([
    ['a message instead of a delta', { message: { role: 'assistant', content: 'a' } }, { content: 'a' }],
    ['a message beside a delta that is null', { delta: null, message: { content: 'a' } }, { content: 'a' }],
    ['a bare text', { text: 'a' }, { content: 'a' }],
    [
      'the one call that there once was',
      { delta: { function_call: { name: 'f', arguments: '{' } } },
      { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{' } }] },
    ],
    ['an index as text', { index: '0', delta: { content: 'a' } }, { content: 'a' }],
    ['thinking under a third name', { delta: { thinking: 'hm' } }, { reasoning: 'hm' }],
    ['a refusal', { delta: { refusal: 'No.' } }, { refusal: 'No.' }],
  ])('reads %s, and the bytes may not pass', (_, choice, expected) => {
    const read = vllm.readChunk(chunk([{ index: 0, finish_reason: null, ...choice }]));
    expect(read).toMatchObject({ ok: true, value: { isPlainContent: false, choices: [{ index: 0, delta: expected }] } });
  });

  it('takes a head that is empty for none', () => {
    expect(vllm.readChunk({ ...chunk([]), id: '', model: '', created: 0 })).toMatchObject({
      value: { id: null, model: null, created: null },
    });
  });

  it.each([
    ['no delta', { index: 0, finish_reason: 'stop' }],
    ['a delta that is null', { index: 0, delta: null, finish_reason: 'stop' }],
  ])('reads the end of a choice that has %s', (_, choice) => {
    const read = vllm.readChunk(chunk([choice]));
    expect(read.ok && read.value.choices[0]).toMatchObject({ finishReason: 'stop', delta: { content: null } });
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
    expect(read.ok && read.value.isPlainContent).toBe(expected);
  });

  it.each([
    ['a finish reason', chunk([{ index: 0, delta: { content: '' }, finish_reason: 'stop' }])],
    ['an empty finish reason', chunk([{ index: 0, delta: { content: 'x' }, finish_reason: '' }])],
    ['usage', chunk([{ index: 0, delta: { content: 'x' } }], { usage: { prompt_tokens: 1 } })],
    ['no choices', chunk([])],
    ['a choice without index', chunk([{ delta: { content: 'x' } }])],
    ['an index that is null', chunk([{ index: null, delta: { content: 'x' } }])],
  ])('the bytes may not pass with %s', (_, payload) => {
    const read = vllm.readChunk(payload);
    expect(read.ok && read.value.isPlainContent).toBe(false);
  });

  it('reads both names of reasoning, and a server that sends both once', () => {
    const either = [{ reasoning: 'hm' }, { reasoning_content: 'hm' }, { reasoning: '', reasoning_content: 'hm' }];
    for (const fields of [...either, { reasoning: 'hm', reasoning_content: 'hm' }]) {
      const read = vllm.readChunk(delta(fields));
      expect(read.ok && read.value.choices[0]?.delta.reasoning).toBe('hm');
    }
  });

  it.each([
    ['nothing', '', null],
    ['null as a word', 'null', null],
    ['false', false, null],
    ['a word', 'eos', 'eos'],
    ['an object with its kind', { type: 'length', length: 16 }, 'length'],
    ['a number', 2, '2'],
  ])('reads a finish reason that is %s', (_, reason, expected) => {
    const read = vllm.readChunk(delta({ content: 'x' }, { finish_reason: reason }));
    expect(read.ok && read.value.choices[0]?.finishReason).toBe(expected);
  });

  it('takes a choice without index for the first', () => {
    const read = vllm.readChunk(chunk([{ delta: { content: 'x' } }]));
    expect(read.ok && read.value.choices[0]?.index).toBe(0);
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

  it.each([null, '', false])('takes an error that is %j for none', (error) => {
    expect(vllm.readChunk({ ...delta({ content: 'x' }), error })).toMatchObject({ ok: true });
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
        usage: { promptTokens: 1 },
        choices: [
          {
            index: 0,
            delta: { content: 'hi', reasoning: null, tool_calls: null, refusal: null },
            finishReason: 'stop',
            logprobs: null,
          },
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
    expect(vllm.readCompletion(body)).toEqual({
      ok: false,
      failure: { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' },
    });
  });

  it('reads the error in the place of an answer', () => {
    expect(vllm.readCompletion({ error: { message: 'slow down', code: 429 } })).toMatchObject({
      ok: false,
      failure: { failure: { code: 'upstream_rate_limited' }, cause: 'rate_limited' },
    });
  });

  it('reads a refusal', () => {
    const read = vllm.readCompletion({ choices: [{ message: { content: null, refusal: 'No.' } }] });
    expect(read).toMatchObject({ value: { choices: [{ delta: { content: null, refusal: 'No.' } }] } });
  });
});
