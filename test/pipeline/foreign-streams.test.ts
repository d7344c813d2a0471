/** Good answers in the accents of other servers: streamed or whole, the client sees them as OpenAI would send them. */
import { describe, expect, it } from 'vitest';
import type { BodyStep, Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway } from '../support/fakes/gateway.ts';
import { chunk, completion, done, hello, readEvents, role, stop, streamed, streamReply, text, usageChunk } from './wire.ts';

const long = { ...hello, max_tokens: 4000 };

/** What clients see of the same stream, reading along or waiting for the whole. */
async function seenOf(...steps: readonly BodyStep[]) {
  const along = createGateway({ script: [streamReply(...steps)], last: streamReply(role, text('never'), stop, done) });
  const waiting = createGateway({ script: [streamReply(...steps)], last: streamReply(role, text('never'), stop, done) });
  const answer = await along.ask(streamed);
  const whole = JSON.parse((await waiting.ask(long)).text);
  return { along, events: answer.events, seen: readEvents(answer.events), whole, choice: whole.choices?.[0] };
}

describe('a stream without its last blank line', () => {
  it.each<readonly [string, readonly BodyStep[]]>([
    ['a line end', [stop.slice(0, -1)]],
    ['nothing', [stop.slice(0, -2)]],
    ['a CR', [`${stop.slice(0, -2)}\r`]],
    ['a CRLF', [`${stop.slice(0, -2)}\r\n`]],
    ['an end mark with a line end', [stop, usageChunk, 'data: [DONE]\n']],
    ['an end mark with nothing', [stop, usageChunk, 'data: [DONE]']],
    ['a reset', [stop.slice(0, -1), 'reset']],
  ])('is whole when %s stands behind it', async (_, end) => {
    const { along, seen, choice } = await seenOf(role, text('Hello'), ...end);
    expect(seen).toMatchObject({ content: 'Hello', finish: 'stop', error: null, isDone: true });
    expect(choice).toMatchObject({ message: { content: 'Hello' }, finish_reason: 'stop' });
    expect(along.upstream.calls).toHaveLength(1);
    expect(along.health.reports.at(-1)).toMatchObject({ kind: 'success' });
  });

  it('is whole in CR alone from beginning to end', async () => {
    const { seen } = await seenOf([role, text('Hello'), stop].join('').replaceAll('\n', '\r').slice(0, -1));
    expect(seen).toMatchObject({ content: 'Hello', finish: 'stop', error: null, isDone: true });
  });
});

describe("another server's finish reason", () => {
  it.each([
    ['eos', 'stop'],
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['MAX_TOKENS', 'length'],
    ['model_length', 'length'],
    ['SAFETY', 'content_filter'],
    ['whatever', 'stop'],
  ])('%s reaches the client as %s and counts against nobody', async (finish, shown) => {
    const { along, seen, choice } = await seenOf(role, text('Hello'), chunk({}, finish), done);
    expect(seen).toMatchObject({ content: 'Hello', finish: shown, error: null, isDone: true });
    expect(choice).toMatchObject({ message: { content: 'Hello' }, finish_reason: shown });
    expect(along.health.reports.at(-1)).toMatchObject({ kind: 'success' });
    const whole = await createGateway({ script: [completion('Hello', { finish })] }).ask(hello);
    expect(JSON.parse(whole.text).choices[0]).toMatchObject({ message: { content: 'Hello' }, finish_reason: shown });
  });
});

describe('a refusal', () => {
  const tools = [{ type: 'function', function: { name: 'f' } }];
  const responseFormat = { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object', required: ['n'] } } };
  const pieces = streamReply(role, chunk({ refusal: 'I cannot ' }), chunk({ refusal: 'do that.' }), stop, usageChunk, done);
  const inParts = streamReply(role, chunk({ content: [{ type: 'refusal', refusal: 'I cannot do that.' }] }), stop, done);
  const whole = completion(null, { message: { refusal: 'I cannot do that.' } });

  it.each<readonly [string, object]>([
    ['by itself', {}],
    ['with tools', { tools }],
    ['with a tool that must be called', { tools, tool_choice: 'required' }],
    ['with response_format', { response_format: responseFormat }],
  ])('reaches the client %s, streamed as whole', async (_, request) => {
    for (const reply of [pieces, inParts, whole] satisfies Reply[]) {
      const gateway = createGateway({ script: [reply] });
      const { events } = await gateway.ask({ ...streamed, ...request });
      const refusals = events.slice(0, -1).map((event) => JSON.parse(event).choices[0]?.delta.refusal ?? '');
      expect(refusals.join('')).toBe('I cannot do that.');
      expect(readEvents(events)).toMatchObject({ content: '', finish: 'stop', error: null, isDone: true });
      expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 1 });
      const answer = await createGateway({ script: [reply] }).ask({ ...long, ...request });
      expect(JSON.parse(answer.text).choices[0]).toMatchObject({
        message: { content: null, refusal: 'I cannot do that.' },
        finish_reason: 'stop',
      });
    }
  });
});
