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

describe('an answer by another media type', () => {
  const stream = [role, text('Hel'), text('lo'), stop, usageChunk, done];
  const json = (content: string) => JSON.stringify((completion(content) as { body: object }).body);

  it.each(['', 'text/plain', 'application/json', 'application/octet-stream', 'text/event-stream'])(
    'is read as the stream that it is, called %j',
    async (mediaType) => {
      const reply = { ...streamReply(...stream), mediaType } as const;
      const { events, pieces } = await createGateway({ script: [reply] }).ask(streamed);
      expect(readEvents(events)).toMatchObject({ content: 'Hello', finish: 'stop', error: null, isDone: true });
      // As it comes, not at its end.
      expect(pieces.length).toBeGreaterThan(2);
      const whole = await createGateway({ script: [reply] }).ask(hello);
      expect(JSON.parse(whole.text).choices[0]).toMatchObject({ message: { content: 'Hello' }, finish_reason: 'stop' });
    },
  );

  it.each(['', 'text/plain', 'application/json', 'text/event-stream', 'application/problem+json'])(
    'is read as the whole answer that it is, called %j',
    async (mediaType) => {
      for (const body of [
        json('Hello'),
        `${json('Hello')}\n\ndata: [DONE]\n\n`,
        `\n\n ${json('Hello')}\n`,
        `\uFEFF${json('Hello')}`,
      ]) {
        const reply = { ...streamReply(body.slice(0, 7), body.slice(7)), mediaType } as const;
        const { events } = await createGateway({ script: [reply] }).ask(streamed);
        expect(readEvents(events)).toMatchObject({ content: 'Hello', finish: 'stop', error: null, isDone: true });
        const whole = await createGateway({ script: [reply] }).ask(hello);
        expect(JSON.parse(whole.text).choices[0]).toMatchObject({ message: { content: 'Hello' }, finish_reason: 'stop' });
      }
    },
  );

  it.each([
    ['words', 'Hello', 'upstream_invalid_answer'],
    ['nothing', '', 'upstream_invalid_answer'],
    ['half an answer', json('Hello').slice(0, -5), 'upstream_invalid_answer'],
    ['an error', '{"error":{"message":"slow down","code":429}}', 'upstream_rate_limited'],
    ['more than there is room for', `{"choices":"${'x'.repeat(9_000_000)}"}`, 'upstream_too_large'],
  ])('is none when it is %s', async (_, body, code) => {
    const reply = { ...streamReply(...(body === '' ? [] : [body])), mediaType: 'text/plain' } as const;
    for (const request of [hello, streamed]) {
      const gateway = createGateway({ script: [], last: reply });
      expect(await gateway.ask(request)).toMatchObject({ kind: 'failed', code });
      expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
    }
  });

  it('that passes the limit is left while it is read', async () => {
    const endless = Array.from({ length: 200 }, () => 'x'.repeat(1_000_000));
    const last: Reply = { kind: 'stream', steps: ['{"choices":"', ...endless], mediaType: 'application/json' };
    const gateway = createGateway({ script: [], last });
    expect(await gateway.ask(hello)).toMatchObject({ kind: 'failed', code: 'upstream_too_large' });
    expect(Math.max(...gateway.upstream.calls.map(({ pulled }) => pulled))).toBeLessThan(12);
  });
});

describe('content in foreign shapes', () => {
  it('keeps the text beside parts of other kinds', async () => {
    const parts = [
      { type: 'reference', reference_ids: [1] },
      { type: 'text', text: 'Hello' },
    ];
    const { seen, choice } = await seenOf(role, chunk({ content: parts }), chunk({ content: [{ type: 'image' }] }), stop, done);
    expect(seen).toMatchObject({ content: 'Hello', finish: 'stop', isDone: true });
    expect(choice.message.content).toBe('Hello');
    const whole = await createGateway({ script: [completion(null, { message: { content: parts } })] }).ask(hello);
    expect(JSON.parse(whole.text).choices[0].message.content).toBe('Hello');
  });

  it('keeps text that comes behind the finish reason, before it', async () => {
    const { seen, events, choice } = await seenOf(role, text('Hello'), stop, text(' there'), usageChunk, done);
    expect(seen).toMatchObject({ content: 'Hello there', finish: 'stop', isDone: true });
    expect(JSON.parse(events.at(-2) ?? '').choices[0].finish_reason).toBe('stop');
    expect(choice.message.content).toBe('Hello there');
  });

  it.each([
    ['null', 'null'],
    ['missing', undefined],
    ['an empty choice', '[{}]'],
    ['an empty delta', '[{"index":0,"delta":{},"finish_reason":null}]'],
  ])('reads usage whose choices are %s', async (_, choices) => {
    const usage = '{"prompt_tokens":11,"completion_tokens":3,"total_tokens":14}';
    const odd = `data: {"id":"chatcmpl-up",${choices === undefined ? '' : `"choices":${choices},`}"usage":${usage}}\n\n`;
    const { along, seen, whole } = await seenOf(role, text('Hello'), stop, odd, done);
    expect(seen).toMatchObject({ content: 'Hello', finish: 'stop', error: null, isDone: true });
    expect(whole.usage).toEqual(JSON.parse(usage));
    expect(along.entry()).toMatchObject({ isEstimated: false });
  });

  it('joins an event that a raw line break has cut', async () => {
    const cut = text('one\ntwo').replace('\\n', '\n');
    const { seen, choice } = await seenOf(role, cut, cut, cut, stop, done);
    expect(seen).toMatchObject({ content: 'one\ntwoone\ntwoone\ntwo', finish: 'stop', isDone: true });
    expect(choice.message.content).toBe('one\ntwoone\ntwoone\ntwo');
  });
});

describe('id, model and time of the chunks', () => {
  const heads = (events: readonly string[]) =>
    new Set(
      events
        .slice(0, -1)
        .map((event) => JSON.parse(event))
        .map(({ id, model, created }) => JSON.stringify([id, model, created])),
    );

  it.each<readonly [string, (i: number) => object, string]>([
    ['change with every chunk', (i) => ({ id: `c${i}`, created: 5 + i }), 'c0'],
    ['are empty at first', (i) => (i < 1 ? { id: '', model: '', created: 0 } : { id: 'c', created: 5 }), 'c'],
    ['are missing', () => ({ id: undefined, model: undefined, created: undefined }), 'chatcmpl-request-1'],
    ['come when others were shown', (i) => (i < 2 ? { id: undefined } : { id: 'late' }), 'chatcmpl-request-1'],
  ])('are the same in all of them when those of the server %s', async (_, head, id) => {
    const steps = [{ role: 'assistant', content: '' }, ...['a', 'b', 'c', 'd'].map((content) => ({ content }))];
    const reply = streamReply(
      ...steps.map((delta, i) => chunk(delta, null, head(i))),
      chunk({}, 'stop', head(9)),
      usageChunk,
      done,
    );
    const gateway = createGateway({ script: [reply] });
    const { events } = await gateway.ask({ ...streamed, stream_options: { include_usage: true } });
    expect(heads(events).size).toBe(1);
    expect(JSON.parse(events[0] ?? '').id).toBe(id);
    expect(readEvents(events)).toMatchObject({ content: 'abcd', finish: 'stop', isDone: true });
  });
});

describe('a refusal', () => {
  const tools = [{ type: 'function', function: { name: 'f' } }];
  const responseFormat = { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object', required: ['n'] } } };
  const pieces = streamReply(role, chunk({ refusal: 'I cannot ' }), chunk({ refusal: 'do that.' }), stop, usageChunk, done);
  const inParts = streamReply(role, chunk({ content: [{ type: 'refusal', refusal: 'I cannot do that.' }] }), stop, done);
  const whole = completion(null, { message: { refusal: 'I cannot do that.' } });

  it('is no doubtful answer, and is not gone on with elsewhere', async () => {
    const config = { routing: { escalation: { enabled: true }, rescue: { enabled: true, max_rescues: 1 } } };
    const doubted = createGateway({ script: [pieces], config });
    await doubted.ask({ ...streamed, model: 'auto' });
    expect(doubted.entry()).toMatchObject({ ending: 'ok', escalated: false, attempts: 1 });
    const broken = createGateway({ script: [streamReply(role, chunk({ refusal: 'I cannot ' }), 'reset')], config });
    expect(readEvents((await broken.ask(streamed)).events)).toMatchObject({ error: 'upstream_truncated', isDone: false });
    expect(broken.upstream.calls).toHaveLength(1);
  });

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
