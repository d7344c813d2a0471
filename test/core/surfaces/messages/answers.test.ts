/** Whole messages and streams: each event in its place, the stream says what the whole message says, and errors have their words. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Usage } from '../../../../shared/usage.ts';
import type { AnswerEvent } from '../../../../worker/core/answer/answer-events.ts';
import { eventsOf, type WholeAnswer, type WholeChoice } from '../../../../worker/core/answer/whole-answer.ts';
import type { StreamRequest } from '../../../../worker/core/request/inner-request.ts';
import { messagesSurface } from '../../../../worker/core/surfaces/messages/messages-surface.ts';
import { thinkingSignature } from '../../../../worker/core/surfaces/messages/render.ts';
import { someRouting } from '../../../support/suites/kept-suite.ts';
import { readMessageStream } from '../../../support/messages-events.ts';

const head = { id: 'chatcmpl-7', created: 1_800_000_000, model: 'Qwen/Qwen2.5-7B-Instruct' };
const asked: StreamRequest = { showsUsage: true, echo: { showsThinking: true }, promptTokens: 21 };
const spent: Usage = { promptTokens: 20, completionTokens: 5, cachedTokens: 8, reasoningTokens: 2, isEstimated: false };
const plainChoice: WholeChoice = {
  index: 0,
  content: '',
  reasoning: '',
  refusal: '',
  calls: [],
  logprobs: [],
  finishReason: 'stop',
};
const oslo = { id: 'call_1', name: 'get_weather', arguments: '{"city":"Oslo"}' };
const choiceWith = (change: Partial<WholeChoice>): WholeChoice => ({ ...plainChoice, ...change });

function whole(choice: WholeChoice, request = asked, usage = spent) {
  return JSON.parse(messagesSurface.writeWhole({ head, choices: [choice] }, usage, someRouting, request, 'r-1'));
}

function streamed(events: readonly AnswerEvent[], request = asked): string {
  const writer = messagesSurface.openStream(request, 'r-1');
  let text = events.map((event) => writer.write(head, [event], () => someRouting)).join('');
  text += writer.write(head, [{ kind: 'usage', usage: spent }], () => someRouting);
  return text + writer.end();
}

const streamOf = (choice: WholeChoice, request = asked): string => streamed(eventsOf({ head, choices: [choice] }), request);

describe('a whole message', () => {
  it('has text with its usage: input from a prefix cache is counted apart', () => {
    expect(whole(choiceWith({ content: 'Hi.' }))).toEqual({
      id: 'msg_7',
      type: 'message',
      role: 'assistant',
      model: head.model,
      content: [{ type: 'text', text: 'Hi.' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: {
        input_tokens: 12,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 8,
        output_tokens: 5,
        output_tokens_details: { thinking_tokens: 2 },
      },
      'x-routing-metadata': someRouting,
    });
  });

  it('has thinking with a signature, then text, then calls with their arguments as objects', () => {
    const { content, stop_reason: why } = whole(
      choiceWith({
        reasoning: 'hm',
        content: 'I look.',
        calls: [oslo, { ...oslo, id: 'call_2', arguments: '' }],
        finishReason: 'tool_calls',
      }),
    );
    expect([why, content]).toEqual([
      'tool_use',
      [
        { type: 'thinking', thinking: 'hm', signature: thinkingSignature },
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: 'call_1', name: 'get_weather', input: { city: 'Oslo' } },
        { type: 'tool_use', id: 'call_2', name: 'get_weather', input: {} },
      ],
    ]);
  });

  it.each([
    ['"Oslo"', { arguments: '"Oslo"' }],
    ['{"city":', { arguments: '{"city":' }],
    ['[1]', [1]],
  ])('loses nothing of arguments that are no object: %s', (args, input) => {
    expect(whole(choiceWith({ calls: [{ ...oslo, arguments: args }] })).content[0].input).toEqual(input);
  });

  it('has no thinking where it was not to be shown', () => {
    const hidden = { ...asked, echo: { showsThinking: false } };
    expect(whole(choiceWith({ reasoning: 'hm', content: 'Hi.' }), hidden).content).toEqual([{ type: 'text', text: 'Hi.' }]);
    expect(readMessageStream(streamOf(choiceWith({ reasoning: 'hm', content: 'Hi.' }), hidden)).message?.content).toEqual([
      { type: 'text', text: 'Hi.' },
    ]);
  });

  test.each<readonly [string, Partial<WholeChoice>, object]>([
    ['end_turn', {}, { stop_reason: 'end_turn', stop_sequence: null }],
    ['max_tokens', { finishReason: 'length' }, { stop_reason: 'max_tokens', stop_sequence: null }],
    ['stop_sequence', { stopSequence: 'END' }, { stop_reason: 'stop_sequence', stop_sequence: 'END' }],
    ['tool_use', { finishReason: 'tool_calls', calls: [oslo] }, { stop_reason: 'tool_use' }],
    ['tool_use, where the server says stop', { calls: [oslo] }, { stop_reason: 'tool_use' }],
    ['max_tokens behind a call', { calls: [oslo], finishReason: 'length' }, { stop_reason: 'max_tokens' }],
    ['refusal', { finishReason: 'content_filter' }, { stop_reason: 'refusal', stop_details: { type: 'refusal' } }],
    [
      'refusal in the model’s words',
      { refusal: 'I cannot.' },
      { stop_reason: 'refusal', content: [{ type: 'text', text: 'I cannot.' }] },
    ],
  ])('ends with %s', (_, change, expected) => {
    const choice = choiceWith(change);
    expect(whole(choice)).toMatchObject(expected);
    expect(readMessageStream(streamOf(choice)).message).toMatchObject(expected);
  });

  it('keeps an id of this wire', () => {
    const own = { head: { ...head, id: 'msg_abc' }, choices: [plainChoice] };
    expect(JSON.parse(messagesSurface.writeWhole(own, spent, someRouting, asked, 'r-1')).id).toBe('msg_abc');
  });
});

describe('a stream', () => {
  it('has its events in the documented order', () => {
    const text = streamOf(choiceWith({ reasoning: 'hm', content: 'I look.', calls: [oslo], finishReason: 'tool_calls' }));
    const block = ['content_block_start', 'content_block_delta', 'content_block_stop'];
    expect(readMessageStream(text)).toMatchObject({
      order: ['message_start', 'ping', ...block, ...block, ...block, 'message_delta', 'message_stop'],
      faults: [],
      isWhole: true,
    });
  });

  it('begins with what the prompt was estimated at, and ends with what the server counted', () => {
    const text = streamOf(choiceWith({ content: 'Hi.' }));
    const [start] = text.split('\n\n');
    expect(JSON.parse(start?.split('data: ')[1] ?? '').message).toMatchObject({
      content: [],
      stop_reason: null,
      usage: { input_tokens: 21, output_tokens: 0 },
    });
    expect(readMessageStream(text).message?.['usage']).toEqual(whole(choiceWith({ content: 'Hi.' })).usage);
  });

  it('signs thinking before its block ends', () => {
    const text = streamOf(choiceWith({ reasoning: 'hm', content: 'Hi.' }));
    expect(text.indexOf('signature_delta')).toBeGreaterThan(text.indexOf('thinking_delta'));
    expect(text.indexOf('signature_delta')).toBeLessThan(text.indexOf('content_block_stop'));
  });

  it('has one block open at a time, also where the model writes two calls at once with text between', () => {
    const [choice, begin] = [0, { choice: 0, kind: 'begin' }] as const;
    const events: AnswerEvent[] = [
      begin,
      { choice, kind: 'call', index: 0, id: 'a', name: 'f', arguments: '{"x"' },
      { choice, kind: 'call', index: 1, id: 'b', name: 'g', arguments: '{' },
      { choice, kind: 'text', text: 'between' },
      { choice, kind: 'call_arguments', index: 0, arguments: ':1}' },
      { choice, kind: 'call_arguments', index: 1, arguments: '"y":2}' },
      { choice, kind: 'call_end', index: 1 },
      { choice, kind: 'call_end', index: 0 },
      { choice, kind: 'finish', reason: 'tool_calls' },
    ];
    const read = readMessageStream(streamed(events));
    expect([read.faults, read.message?.content]).toEqual([
      [],
      [
        { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
        { type: 'tool_use', id: 'b', name: 'g', input: { y: 2 } },
        { type: 'text', text: 'between' },
      ],
    ]);
  });

  it.each([
    ['calls', 'Look.\n', '\n', ['text', 'tool_use', 'tool_use']],
    ['calls, before the first and behind the last', '\n\n', ' \n', ['tool_use', 'tool_use']],
    ['calls, where words follow', '', '\nand', ['tool_use', 'text', 'tool_use', 'text']],
  ])('makes no block of white space alone between %s', (_, first, other, kinds) => {
    const call = (index: number): AnswerEvent[] => [
      { choice: 0, kind: 'call', index, id: `c${index}`, name: 'f', arguments: '{}' },
      { choice: 0, kind: 'call_end', index },
    ];
    const say = (text: string): AnswerEvent[] => [...text].map((piece) => ({ choice: 0, kind: 'text', text: piece }));
    const events = [...say(first), ...call(0), ...say(other), ...call(1), ...say(other)];
    const read = readMessageStream(streamed([...events, { choice: 0, kind: 'finish', reason: 'tool_calls' }]));
    expect(read.faults).toEqual([]);
    const blocks = read.message?.content ?? [];
    expect(blocks.map((block) => block['type'])).toEqual(kinds);
    expect(blocks.every((block) => block['type'] !== 'text' || String(block['text']).trim() !== '')).toBe(true);
  });

  it.each([
    ['that is all there is', {}, ['text']],
    ['beside a call', { calls: [oslo] }, ['tool_use']],
    ['behind thinking', { reasoning: 'hm' }, ['thinking']],
  ])('has white space %s, streamed and whole alike', (_, change, kinds) => {
    const choice = choiceWith({ content: '\n\n', ...change });
    const said = whole(choice);
    expect(said.content.map(({ type }: { readonly type: string }) => type)).toEqual(kinds);
    expect(readMessageStream(streamOf(choice)).message?.content).toEqual(said.content);
  });

  it('shows the arguments of a call as they come', () => {
    const writer = messagesSurface.openStream(asked, 'r-1');
    writer.write(head, [{ choice: 0, kind: 'call', index: 0, id: 'a', name: 'f', arguments: '' }], () => someRouting);
    const more = writer.write(head, [{ choice: 0, kind: 'call_arguments', index: 0, arguments: '{"x"' }], () => someRouting);
    expect(more).toContain('"partial_json":"{\\"x\\""');
  });

  it('that breaks ends with an error, and never with message_stop', () => {
    const writer = messagesSurface.openStream(asked, 'r-1');
    const text = writer.write(
      head,
      [
        { choice: 0, kind: 'begin' },
        { choice: 0, kind: 'text', text: 'Hi' },
      ],
      () => someRouting,
    );
    const read = readMessageStream(text + writer.fail({ code: 'upstream_truncated' }));
    expect(read).toMatchObject({
      isWhole: false,
      faults: [],
      error: { type: 'api_error', details: { error_code: 'upstream_truncated' } },
    });
  });

  it('that fails before it begins has the error alone', () => {
    const text = messagesSurface.openStream(asked, 'r-1').fail({ code: 'upstream_overloaded' });
    expect(text).toMatch(/^event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error",.*"request_id":"r-1"\}\n\n$/);
  });
});

describe('whatever an answer is', () => {
  const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
  const callOf = fc.record({
    id: word,
    name: word,
    arguments: fc.dictionary(word, fc.jsonValue()).map((value) => JSON.stringify(value)),
  });
  const anyChoice = fc.record({
    content: fc.option(word, { nil: '' }),
    reasoning: fc.option(word, { nil: '' }),
    calls: fc.array(callOf, { maxLength: 4 }),
    finishReason: fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter'),
  });
  const usages: fc.Arbitrary<Usage> = fc.record({
    promptTokens: fc.nat(1000),
    completionTokens: fc.nat(1000),
    cachedTokens: fc.option(fc.nat(2000)),
    reasoningTokens: fc.option(fc.nat(10)),
    isEstimated: fc.boolean(),
  });

  it('its stream is well formed and says the same as the whole, in pieces of any size and calls in any order', () => {
    fc.assert(
      fc.property(
        anyChoice,
        usages,
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.nat(1000)),
        (change, usage, size, dice) => {
          const choice = choiceWith(change as Partial<WholeChoice>);
          const answer: WholeAnswer = { head, choices: [choice] };
          const writer = messagesSurface.openStream(asked, 'r-1');
          const events = shuffledCalls(inPieces(eventsOf(answer), size), dice);
          let text = events.map((event) => writer.write(head, [event], () => someRouting)).join('');
          text += writer.write(head, [{ kind: 'usage', usage }], () => someRouting) + writer.end();
          const read = readMessageStream(text);
          const said = whole(choice, asked, usage);
          expect(read.faults).toEqual([]);
          expect(read.isWhole).toBe(true);
          expect(read.message).toEqual(said);
        },
      ),
      { numRuns: 300 },
    );
  });

  /** Each text, and the arguments of each call, in pieces of `size` characters. */
  function inPieces(events: readonly AnswerEvent[], size: number): AnswerEvent[] {
    return events.flatMap((event): AnswerEvent[] => {
      if (event.kind === 'text' || event.kind === 'reasoning') return cut(event.text, size).map((text) => ({ ...event, text }));
      if (event.kind !== 'call') return [event];
      const { choice, index } = event;
      return [
        { ...event, arguments: '' },
        ...cut(event.arguments, size).map((args): AnswerEvent => ({ choice, kind: 'call_arguments', index, arguments: args })),
      ];
    });
  }

  function cut(text: string, size: number): string[] {
    return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
  }

  /** Calls begin in their order, and go on side by side. */
  function shuffledCalls(events: readonly AnswerEvent[], dice: Iterator<number>): AnswerEvent[] {
    const isOfCall = (event: AnswerEvent): boolean => event.kind === 'call_arguments' || event.kind === 'call_end';
    const starts = events.filter((event) => event.kind === 'call');
    const queues = starts.map((start) =>
      events.filter((event) => isOfCall(event) && 'index' in event && event.index === start.index),
    );
    const mixed: AnswerEvent[] = [];
    while (queues.some((queue) => queue.length > 0)) {
      const open = queues.filter((queue) => queue.length > 0);
      const next = open[(dice.next().value as number) % open.length]?.shift();
      if (next !== undefined) mixed.push(next);
    }
    const rest = events.filter((event) => event.kind !== 'call' && !isOfCall(event) && event.kind !== 'finish');
    return [...rest, ...starts, ...mixed, ...events.filter((event) => event.kind === 'finish')];
  }
});
