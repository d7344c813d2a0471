/** What every surface may rely on: the order of an answer's events, whatever a server sends and in whatever pieces. */
import { describe, expect, it } from 'vitest';
import type { AnswerEvent } from '../../../worker/core/answer/answer-events.ts';
import { contentOf } from '../../../worker/core/answer/choice.ts';
import { answerWith, chunkOf, type ReplayOptions } from './replay.ts';
import { fixtureNames, payloadsOf, readFixture, readThirdParty, thirdPartyNames } from './stream-fixtures.ts';

const call = (index: number, more: object, called: object = {}) =>
  chunkOf({ tool_calls: [{ index, ...more, function: called }], content: '' });
const text = (content: string | null) => chunkOf({ content });
const finish = (reason: string) => chunkOf({}, { finish: reason });
const usage = JSON.stringify({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } });

/** Shapes that broke other gateways' translations of one wire into another. */
const shapes: Readonly<Record<string, readonly string[]>> = {
  'role and first text in one chunk': [chunkOf({ role: 'assistant', content: 'a' }), text('b'), finish('stop')],
  'no role anywhere': [text('a'), text('b'), finish('stop')],
  'the first chunk is a call': [
    call(0, { id: 'x' }, { name: 'f', arguments: '' }),
    call(0, {}, { arguments: '{}' }),
    finish('tool_calls'),
  ],
  'empty text between the pieces of a call': [
    call(0, { id: 'x' }, { name: 'f' }),
    text(''),
    call(0, {}, { arguments: '{"a":' }),
    text(''),
    text(null),
    call(0, {}, { arguments: '1}' }),
    finish('tool_calls'),
  ],
  'name, arguments and end in one chunk': [
    chunkOf({ tool_calls: [{ index: 0, id: 'x', function: { name: 'f', arguments: '{"a":1}' } }] }, { finish: 'tool_calls' }),
  ],
  'the id in every piece': [
    call(0, { id: 'x' }, { name: 'f', arguments: '{' }),
    call(0, { id: 'x' }, { arguments: '}' }),
    finish('stop'),
  ],
  'text, two calls in turns, text': [
    text('a'),
    call(0, { id: 'x' }, { name: 'f', arguments: '{' }),
    call(1, { id: 'y' }, { name: 'f', arguments: '{' }),
    call(0, {}, { arguments: '}' }),
    call(1, {}, { arguments: '}' }),
    text('b'),
    finish('tool_calls'),
  ],
  'text with the end': [text('a'), chunkOf({ content: 'b' }, { finish: 'stop' })],
  'text behind the end': [text('a'), finish('stop'), text('b'), usage],
  'thinking, text, thinking': [chunkOf({ reasoning: 'a' }), text('b'), chunkOf({ reasoning_content: 'c' }), finish('stop')],
  'a refusal': [chunkOf({ refusal: 'no' }), finish('stop')],
  'log probabilities of nothing': [chunkOf({ role: 'assistant' }, { logprobs: { content: [] } }), text('a'), finish('stop')],
  'a call that its limit cuts': [call(0, { id: 'x' }, { name: 'f', arguments: '{"a":' }), finish('length')],
};

const machines: readonly (readonly [string, ReplayOptions])[] = [
  ['whole calls', { formats: ['hermes', 'json_bare'], tools: ['f', 'get_weather', 'refresh', 'a', 'b'] }],
  ['calls as they come', { formats: [], tools: ['f', 'get_weather', 'refresh', 'a', 'b'], emission: 'early' }],
  ['nothing to look for', { formats: [] }],
];

const rows = [
  ...Object.entries(shapes),
  ...fixtureNames.map((name): [string, string[]] => [name, payloadsOf(readFixture(name))]),
  ...thirdPartyNames.map((name): [string, string[]] => [name, payloadsOf(readThirdParty(name))]),
];

describe.each(machines)('for a client of another wire, with %s', (_, options) => {
  it.each(rows)('%s', (_name, payloads) => {
    const answer = answerWith({ ...options, passesPayloads: false });
    const events: AnswerEvent[] = [];
    for (const payload of [...payloads, null]) {
      const feed = payload === null ? answer.end() : answer.feed(payload);
      if (feed.kind === 'verbatim') throw new Error('a payload passes');
      events.push(...feed.events);
      if (feed.kind === 'broken' || feed.kind === 'done') break;
    }
    for (const choice of answer.state.choices.values()) {
      const { index, finishReason, calls } = choice;
      const content = contentOf(choice);
      const said = read(events.filter((event) => 'choice' in event && event.choice === index));
      expect(said).toMatchObject({ text: content, finish: finishReason });
      // The calls of an answer that broke off are not counted.
      if (finishReason !== null) expect(said.whole).toEqual(calls.map((whole) => whole.arguments));
    }
  });
});

/** What one choice's events say, read as a surface would. Throws where they are out of order. */
function read(events: readonly AnswerEvent[]) {
  const said = { text: '', calls: [] as string[], whole: [] as string[], finish: null as string | null };
  const open = new Set<number>();
  for (const [at, event] of events.entries()) {
    if ((event.kind === 'begin') !== (at === 0)) throw new Error(`${event.kind} comes at place ${at}`);
    if (said.finish !== null) throw new Error(`${event.kind} comes behind the end`);
    if ('text' in event && event.text === '') throw new Error(`empty ${event.kind}`);
    if (event.kind === 'text') said.text += event.text;
    if (event.kind === 'call') {
      expect(event.index).toBe(said.calls.length);
      open.add(event.index);
      said.calls.push(event.arguments);
    }
    if (event.kind === 'call_arguments' || event.kind === 'call_end') {
      if (!open.has(event.index)) throw new Error(`call ${event.index} is not open`);
      if (event.kind === 'call_arguments') said.calls[event.index] += event.arguments;
      else if (open.delete(event.index)) said.whole.push(said.calls[event.index] ?? '');
    }
    if (event.kind === 'finish') {
      said.finish = event.reason;
      // Only what a limit has cut may be left open.
      if (event.reason !== 'length') expect([...open]).toEqual([]);
    }
  }
  return said;
}
