/** The answer machine's own rules: what it skips, what it refuses, what makes an answer whole. */
import { describe, expect, it } from 'vitest';
import type { ResponseFormat } from '../../../shared/chat.ts';
import { isComplete } from '../../../worker/core/answer/answer.ts';
import { answerWith, bytesOf, chunkOf, replay, streamOf } from './replay.ts';

const role = chunkOf({ role: 'assistant', content: '' });
const text = (content: string, index = 0): string => chunkOf({ content }, { index });
const stop = (index = 0): string => chunkOf({}, { index, finish: 'stop' });

describe('choices that were not asked for', () => {
  it('are not shown and make nothing whole', () => {
    const view = replay([streamOf(role, text('a'), text('b', 1), stop(1), '[DONE]')]);
    expect(Object.keys(view.choices)).toEqual(['0']);
    expect(view.isComplete).toBe(false);
  });

  it('do not take the others with them', () => {
    const both = JSON.stringify({
      choices: [
        { index: 0, delta: { content: 'a' } },
        { index: 1, delta: { content: 'b' } },
      ],
    });
    expect(replay([streamOf(role, both, stop(), '[DONE]')]).choices[0]?.content).toBe('a');
  });

  it('alone are no answer', () => {
    const fed = answerWith().feedCompletion({
      id: null,
      created: null,
      model: null,
      usage: null,
      choices: [{ index: 3, delta: { content: 'x', reasoning: null, tool_calls: null }, finishReason: 'stop', logprobs: null }],
    });
    expect(fed).toMatchObject({ kind: 'broken', problem: { failure: { code: 'upstream_invalid_answer' } } });
  });
});

describe('the role', () => {
  const roleless = (fields: object) =>
    JSON.stringify({ id: 'c', choices: [{ delta: { content: 'a' }, finish_reason: null, ...fields }] });

  it.each([
    ['passing', []],
    ['being read', ['hermes']],
  ] as const)('is said once for a server that never says it, the text %s', (_, formats) => {
    const payloads = [roleless({ index: 0 }), roleless({ index: 0 }), stop(), '[DONE]'];
    const view = replay([streamOf(...payloads)], { formats: [...formats], tools: ['f'] });
    expect(view.choices[0]).toMatchObject({ role: 'assistant', content: 'aa', finishReason: 'stop' });
  });

  it('is said for each choice', () => {
    const view = replay([streamOf(roleless({ index: 0 }), roleless({ index: 1 }), stop(), stop(1), '[DONE]')], { n: 2 });
    expect([view.choices[0]?.role, view.choices[1]?.role]).toEqual(['assistant', 'assistant']);
  });

  it('comes with an index for a server that sends neither', () => {
    const view = replay([streamOf(roleless({}), roleless({}), stop(), '[DONE]')]);
    expect(view.choices).toMatchObject({ 0: { role: 'assistant', content: 'aa' } });
    expect(Object.keys(view.choices)).toEqual(['0']);
  });
});

describe('several choices', () => {
  const begun = [0, 1, 2].map((index) => chunkOf({ role: 'assistant', content: '' }, { index }));

  it('come apart however they are interleaved', () => {
    const view = replay(
      [
        streamOf(
          ...begun,
          text('a', 2),
          text('b', 0),
          text('c', 1),
          text('d', 2),
          stop(1),
          text('e', 0),
          stop(0),
          stop(2),
          '[DONE]',
        ),
      ],
      { n: 3 },
    );
    expect([0, 1, 2].map((index) => view.choices[index]?.content)).toEqual(['be', 'c', 'ad']);
    expect(view.isComplete).toBe(true);
  });

  it('are whole only when every one of them has ended', () => {
    expect(replay([streamOf(...begun, stop(0), stop(2), '[DONE]')], { n: 3 }).isComplete).toBe(false);
  });

  it('are not whole when one of them has not even begun and the stream breaks off', () => {
    expect(replay([streamOf(...begun.slice(0, 2), stop(0), stop(1))], { n: 3 }).isComplete).toBe(false);
  });

  it('are whole when the server ignores n and says that there is no more', () => {
    expect(replay([streamOf(role, text('a'), stop(), '[DONE]')], { n: 3 }).isComplete).toBe(true);
  });
});

describe('errors in a stream', () => {
  it.each([
    [{ error: { message: 'boom at /opt/x', code: 500 } }, 'upstream_error'],
    [{ error: 'boom' }, 'upstream_error'],
    [{ error: { message: 'maximum context length is 5', code: 400 } }, 'context_length_exceeded'],
    [{ ...JSON.parse(stop()), error: { message: 'boom' } }, 'upstream_error'],
  ])('%j ends it as %s', (payload, problem) => {
    const view = replay([streamOf(role, text('a'), JSON.stringify(payload), stop(), '[DONE]')]);
    expect(view).toMatchObject({ problem, isComplete: false, choices: { 0: { content: 'a', finishReason: null } } });
  });
});

describe('usage', () => {
  it('is the last that came, in continuous mode too', () => {
    const running = [1, 2, 3].map((count) =>
      chunkOf({ content: 'x' }, { usage: { prompt_tokens: 5, completion_tokens: count } }),
    );
    const view = replay([streamOf(role, ...running, stop(), '[DONE]')]);
    expect(view.usage).toEqual({ promptTokens: 5, completionTokens: 3 });
    expect(view.choices[0]?.content).toBe('xxx');
  });

  it('of the server is not passed on inside chunks', () => {
    const answer = answerWith();
    answer.feed(role);
    expect(answer.feed(chunkOf({ content: 'x' }, { usage: { prompt_tokens: 5 } }))).toMatchObject({
      kind: 'events',
      events: [{ kind: 'text', text: 'x' }],
    });
  });
});

describe('the size limit', () => {
  it.each([
    ['text that passes', (size: number) => [text('x'.repeat(size))], {}],
    ['text that is read', (size: number) => [text('x'.repeat(size))], { formats: ['hermes'], tools: ['f'] }],
    ['reasoning', (size: number) => [chunkOf({ reasoning: 'x'.repeat(size) })], {}],
    [
      'tool arguments',
      (size: number) => [chunkOf({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: 'x'.repeat(size) } }] })],
      {},
    ],
    ['many small pieces', (size: number) => Array.from({ length: size }, () => text('x')), {}],
  ] as const)('ends an answer that grows beyond it: %s', (_, grow, options) => {
    const limited = { ...options, formats: [...('formats' in options ? options.formats : [])], maxAnswerChars: 1000 };
    expect(replay([streamOf(role, ...grow(1001), stop())], limited)).toMatchObject({
      problem: 'upstream_too_large',
      isComplete: false,
    });
    expect(replay([streamOf(role, ...grow(500), chunkOf({}, { finish: 'length' }))], limited)).toMatchObject({ problem: null });
  });

  it('counts log probabilities that are kept', () => {
    const tokens = Array.from({ length: 100 }, () =>
      chunkOf({ content: 'x' }, { logprobs: { content: [{ token: 'x', logprob: -1 }] } }),
    );
    const options = { maxAnswerChars: 1000 };
    expect(replay([streamOf(role, ...tokens, stop())], { ...options, keepsLogprobs: true }).problem).toBe('upstream_too_large');
    expect(replay([streamOf(role, ...tokens, stop())], options).problem).toBeNull();
  });
});

describe('log probabilities', () => {
  const tokens = ['a', 'b'].map((token) => chunkOf({ content: token }, { logprobs: { content: [{ token, logprob: -1 }] } }));

  it.each([
    ['passing', []],
    ['being read', ['hermes']],
  ] as const)('are kept for a whole answer, its text %s', (_, formats) => {
    const answer = answerWith({ keepsLogprobs: true, formats: [...formats], tools: ['f'] });
    for (const payload of [role, ...tokens, stop()]) answer.feed(payload);
    expect(answer.state.choices.get(0)?.logprobs).toHaveLength(2);
  });

  it('are not kept for a stream, which shows them as they come', () => {
    const answer = answerWith({ keepsLogprobs: false, formats: ['hermes'], tools: ['f'] });
    for (const payload of [role, ...tokens, stop()]) answer.feed(payload);
    expect(answer.state.choices.get(0)?.logprobs).toEqual([]);
  });
});

describe('structured answers', () => {
  const schema: ResponseFormat = {
    type: 'json_schema',
    json_schema: { name: 'a', schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } },
  };

  it('that satisfy the schema are shown', () => {
    const view = replay([streamOf(role, text('{"n"'), text(':5}'), stop(), '[DONE]')], { responseFormat: schema });
    expect(view).toMatchObject({ isComplete: true, problem: null, choices: { 0: { content: '{"n":5}', finishReason: 'stop' } } });
  });

  it.each([
    ['no JSON', ['I cannot do that.']],
    ['a wrong type', ['{"n":"five"}']],
    ['a missing field', ['{"m":5}']],
    ['an end too soon', ['{"n":5']],
    ['nothing', []],
    ['two documents', ['{"n":5}', '{"n":6}']],
  ])('that break it never get a finish reason: %s', (_, pieces) => {
    const view = replay([streamOf(role, ...pieces.map((piece) => text(piece)), stop(), '[DONE]')], { responseFormat: schema });
    expect(view.problem).toBe('invalid_structured_output');
    expect(view.isComplete && view.problem === null).toBe(false);
    expect(view.choices[0]?.finishReason ?? null).toBeNull();
  });

  it.each([
    ['stop', 'invalid_structured_output'],
    ['tool_calls', 'upstream_invalid_answer'],
    ['function_call', 'upstream_invalid_answer'],
  ])('that are none fail although the server ended them with %s', (finish, problem) => {
    const view = replay([streamOf(role, text('I cannot.'), chunkOf({}, { finish }), '[DONE]')], { responseFormat: schema });
    expect(view).toMatchObject({ problem, choices: { 0: { finishReason: null } } });
  });

  it('that are cut by their token limit say so, which clients understand', () => {
    const view = replay([streamOf(role, text('{"n":'), chunkOf({}, { finish: 'length' }), '[DONE]')], { responseFormat: schema });
    expect(view).toMatchObject({ problem: null, choices: { 0: { finishReason: 'length' } } });
  });

  it('name what is wrong without the words of the model', () => {
    const answer = answerWith({ responseFormat: schema });
    const feeds = [role, text('{"n":"my secret answer"}'), stop()].map((payload) => answer.feed(payload));
    expect(JSON.stringify(feeds.find((feed) => feed.kind === 'broken'))).not.toContain('secret');
  });
});

describe('text that could be taken for something else', () => {
  it.each([
    ['frames', 'data: {"x":1}\n\ndata: [DONE]\n\n'],
    ['comments and line ends', ': ping\r\n\r\n'],
    ['markup', '<script>alert(1)</script>'],
    ['line separators and NUL', 'a\u2028b\u2029c\u0000d'],
    ['a marker of the end', '[DONE]'],
    ['emoji', '👩‍👩‍👧‍👦🇩🇪'],
  ])('comes through as text: %s', (_, content) => {
    const view = replay([streamOf(role, text(content), stop(), '[DONE]')]);
    expect(view).toMatchObject({ isComplete: true, choices: { 0: { content } } });
  });

  it('of invalid bytes is replaced, not passed', () => {
    const bytes = bytesOf(text('aXb'));
    const broken = bytes.map((byte) => (byte === 0x58 ? 0xff : byte));
    const frame = new Uint8Array([...bytesOf('data: '), ...broken, ...bytesOf('\n\n')]);
    expect(replay([streamOf(role), frame, streamOf(stop())]).choices[0]?.content).toBe('a\ufffdb');
  });

  it('after the end mark is dropped', () => {
    expect(replay([streamOf(role, text('a'), stop(), '[DONE]', text('late'), stop())]).choices[0]?.content).toBe('a');
  });
});

describe('isComplete', () => {
  it('is false before anything came, end mark or not', () => {
    const answer = answerWith();
    expect(isComplete(answer.state)).toBe(false);
    answer.feed('[DONE]');
    expect(isComplete(answer.state)).toBe(false);
  });
});
