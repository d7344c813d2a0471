/** What the chat surface writes for each event of an answer, and what it leaves out. */
import { describe, expect, it } from 'vitest';
import type { AnswerEvent } from '../../../worker/core/answer/answer-events.ts';
import { createChatStream } from '../../../worker/core/surfaces/chat/chat-stream.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';

const head = { id: 'c', created: 1, model: 'm' };
const routing = { model_id: 'a' } as RoutingMetadata;
const usage = { promptTokens: 2, completionTokens: 3, cachedTokens: null, reasoningTokens: null, isEstimated: false };

/** Delta, finish reason and log probabilities of each chunk; choices apart from the first are named. */
function chunksOf(events: readonly AnswerEvent[], showsUsage = false) {
  const text = createChatStream({ showsUsage }).write(head, events, () => routing);
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => JSON.parse(frame.replace(/^data: /, '')));
}

const choicesOf = (events: readonly AnswerEvent[]) =>
  chunksOf(events).map(({ choices: [{ index, delta, finish_reason: finish, logprobs }] }) => [index, delta, finish, logprobs]);

const begin: AnswerEvent = { choice: 0, kind: 'begin' };
const text: AnswerEvent = { choice: 0, kind: 'text', text: 'a' };
const logprobs: AnswerEvent = { choice: 0, kind: 'logprobs', logprobs: { content: [] } };
const called = { choice: 0, index: 0 };

describe('a chunk', () => {
  it.each<[string, readonly AnswerEvent[], unknown]>([
    ['the role', [begin], [[0, { role: 'assistant', content: '' }, null, null]]],
    ['text', [text], [[0, { content: 'a' }, null, null]]],
    [
      'thinking, under both names',
      [{ choice: 1, kind: 'reasoning', text: 'a' }],
      [[1, { reasoning: 'a', reasoning_content: 'a' }, null, null]],
    ],
    ['a refusal', [{ choice: 0, kind: 'refusal', text: 'no' }], [[0, { refusal: 'no' }, null, null]]],
    [
      'a call, and nothing of its end',
      [
        { ...called, kind: 'call', id: 'x', name: 'f', arguments: '{' },
        { ...called, kind: 'call_arguments', arguments: '}' },
        { ...called, kind: 'call_end' },
      ],
      [
        [0, { tool_calls: [{ index: 0, id: 'x', type: 'function', function: { name: 'f', arguments: '{' } }] }, null, null],
        [0, { tool_calls: [{ index: 0, function: { arguments: '}' } }] }, null, null],
      ],
    ],
    ['the end', [{ choice: 0, kind: 'finish', reason: 'length' }], [[0, {}, 'length', null]]],
  ])('says %s', (_, events, expected) => {
    expect(choicesOf(events)).toEqual(expected);
  });

  it('has the log probabilities of what it says; those of nothing have one of their own', () => {
    expect(choicesOf([begin, text, logprobs])[1]).toEqual([0, { content: 'a' }, null, { content: [] }]);
    expect(choicesOf([begin, logprobs])).toEqual([
      [0, { role: 'assistant', content: '' }, null, null],
      [0, {}, null, { content: [] }],
    ]);
    expect(choicesOf([{ ...text, choice: 1 }, logprobs])[1]).toEqual([0, {}, null, { content: [] }]);
    const call: AnswerEvent = { ...called, kind: 'call', id: 'x', name: 'f', arguments: '{}' };
    expect(choicesOf([call, { ...called, kind: 'call_end' }, logprobs])).toMatchObject([[0, {}, null, { content: [] }]]);
  });

  it('has the routing where it ends a choice, and nowhere else', () => {
    const [first, last] = chunksOf([text, { choice: 0, kind: 'finish', reason: 'stop' }]);
    expect([first['x-routing-metadata'], last['x-routing-metadata']]).toEqual([undefined, routing]);
  });
});

describe('the end of a stream', () => {
  it('shows the usage to clients that asked for it', () => {
    const shown = chunksOf([{ kind: 'usage', usage }], true);
    expect(shown).toMatchObject([{ choices: [], usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 } }]);
    expect(chunksOf([{ kind: 'usage', usage }])).toEqual([]);
  });

  it('is the end mark of a whole answer, and an error without one of a broken one', () => {
    const stream = createChatStream({ showsUsage: true });
    expect(stream.end()).toBe('data: [DONE]\n\n');
    expect(stream.fail({ code: 'upstream_truncated' })).toMatch(/^data: \{"error":\{[^\n]*"code":"upstream_truncated"\}\}\n\n$/);
  });
});
