/** How answers end: one ending each, in time, and no answer that lacks what was asked for passes for one that has it. */
import { describe, expect, it } from 'vitest';
import type { BodyStep, Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway } from '../support/fakes/gateway.ts';
import {
  chunk,
  completion,
  done,
  goodStream,
  hello,
  readEvents,
  role,
  stop,
  streamed,
  streamReply,
  text,
  usage,
  usageChunk,
} from './wire.ts';

const boom = 'data: {"error":{"message":"EngineCore encountered an issue.","code":500}}\n\n';
const tools = [{ type: 'function', function: { name: 'f' } }];
const call = { tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] };
const long = { ...hello, max_tokens: 4000 };

describe('a whole answer', () => {
  it.each<readonly [string, readonly BodyStep[]]>([
    ['an error', [stop, boom, done]],
    ['an error behind the usage', [stop, usageChunk, boom]],
    ['a reset', [stop, usageChunk, 'reset']],
    ['an event that cannot be read', [stop, usageChunk, 'data: {"choices":[\n\n']],
    ['an event without end', [stop, usageChunk, `data: ${'x'.repeat(2_000_000)}`]],
    ['silence', [stop, usageChunk, 'stall']],
    ['comments for ever', [stop, usageChunk, ...Array.from({ length: 600 }, () => [': ping\n\n', { waitMs: 500 }]).flat()]],
  ])('has one ending when %s comes behind it', async (_, behind) => {
    const gateway = createGateway({ script: [streamReply(role, text('Hello'), ...behind)], last: goodStream('never') });
    const { events, tookMs } = await gateway.ask(streamed);
    expect(readEvents(events)).toMatchObject({ content: 'Hello', finish: 'stop', error: null, isDone: true });
    expect(events.filter((event) => event === '[DONE]' || event.includes('"finish_reason":"stop"'))).toHaveLength(2);
    expect(gateway.upstream.calls).toHaveLength(1);
    expect(gateway.health.reports.at(-1)).toMatchObject({ kind: 'success' });
    expect(gateway.entry()).toMatchObject({ ending: 'ok' });
    expect(tookMs).toBeLessThanOrEqual(2100);
    const whole = await createGateway({ script: [streamReply(role, text('Hello'), ...behind)] }).ask(long);
    expect(JSON.parse(whole.text).choices[0]).toMatchObject({ message: { content: 'Hello' }, finish_reason: 'stop' });
    expect(whole.tookMs).toBeLessThanOrEqual(2100);
  });

  it('waits a moment for its usage and its end mark', async () => {
    const gateway = createGateway({
      script: [streamReply(role, text('a'), stop, { waitMs: 900 }, usageChunk, { waitMs: 900 }, done)],
    });
    const { events } = await gateway.ask({ ...streamed, stream_options: { include_usage: true } });
    expect(readEvents(events)).toMatchObject({ content: 'a', usage, isDone: true });
    expect(gateway.upstream.calls[0]?.end).not.toBe('aborted');
  });
});

describe('an answer whose every chunk has a finish reason', () => {
  it('is whole at its end, however long it takes', async () => {
    const words = Array.from({ length: 20 }, (_, i) => [chunk({ content: `word${i} ` }, 'stop'), { waitMs: 500 }]).flat();
    const { events } = await createGateway({ script: [streamReply(role, ...words, done)] }).ask(streamed);
    expect(readEvents(events).content.split(' ')).toHaveLength(21);
    expect(readEvents(events)).toMatchObject({ finish: 'stop', error: null, isDone: true });
    expect(events.filter((event) => event.includes('"finish_reason":"stop"'))).toHaveLength(1);
  });
});

describe('an answer without a word', () => {
  const empties = [
    streamReply(role, stop, usageChunk, done),
    streamReply(stop),
    completion(''),
    completion(null),
  ] satisfies Reply[];
  const warnings = ['The answer is empty: the model ended it without a word.'];

  it('is asked for once more elsewhere, and counts against nobody', async () => {
    for (const empty of empties) {
      for (const request of [streamed, hello]) {
        const good = request === hello ? completion('Hello') : goodStream('Hello');
        const gateway = createGateway({ script: [empty, good] });
        const answer = await gateway.ask(request);
        expect(answer.text).toContain('Hello');
        expect(answer.text).not.toContain('warnings');
        expect(gateway.upstream.calls.map(({ upstreamId }) => upstreamId)).toEqual(['small', 'large']);
        expect(gateway.health.reports.filter((report) => report.kind === 'failure')).toMatchObject([{ cause: 'empty_answer' }]);
      }
    }
  });

  it.each<readonly [string, Reply]>([
    ['comes again', streamReply(role, stop, usageChunk, done)],
    ['is all there is, for the others fail', { kind: 'status', status: 500 }],
  ])('is passed with a warning when it %s', async (_, second) => {
    for (const request of [streamed, long]) {
      const gateway = createGateway({ script: [streamReply(role, stop, usageChunk, done)], last: second });
      const answer = await gateway.ask(request);
      if (request === streamed) {
        expect(readEvents(answer.events)).toMatchObject({
          content: '',
          finish: 'stop',
          error: null,
          isDone: true,
          metadata: { warnings },
        });
      } else {
        expect(JSON.parse(answer.text)).toMatchObject({
          choices: [{ message: { content: '' }, finish_reason: 'stop' }],
          'x-routing-metadata': { warnings },
        });
      }
      expect(gateway.entry()).toMatchObject({ ending: 'ok' });
      expect(gateway.admission.held).toBe(0);
    }
  });
});

describe('a call that tool_choice demands', () => {
  const named = { type: 'function', function: { name: 'f' } };
  const prose = streamReply(role, text('Sure, '), text('it is sunny.'), stop, usageChunk, done);
  const withCall = streamReply(role, text('Let me see.'), chunk(call), chunk({}, 'tool_calls'), usageChunk, done);

  it.each([
    ['required', 'required'],
    ['a named tool', named],
  ])('(%s) and that is not made is asked for again, and nothing of the prose is shown', async (_, choice) => {
    for (const request of [streamed, long]) {
      const gateway = createGateway({ script: [prose, withCall] });
      const answer = await gateway.ask({ ...request, tools, tool_choice: choice });
      expect(answer.text).not.toContain('sunny');
      expect(answer.text).toContain('"name":"f"');
      expect(answer.text).toContain('"finish_reason":"tool_calls"');
      expect(gateway.health.reports.filter((report) => report.kind === 'failure')).toMatchObject([{ cause: 'unfit_answer' }]);
    }
  });

  it('and that nobody makes is an error that says so', async () => {
    for (const last of [prose, completion('Sure.')]) {
      for (const request of [streamed, hello]) {
        const gateway = createGateway({ script: [], last });
        const answer = await gateway.ask({ ...request, tools, tool_choice: 'required' });
        expect(answer).toMatchObject({ kind: 'failed', code: 'tool_choice_unmet' });
        expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', errorCode: 'tool_choice_unmet' });
      }
    }
  });

  it('is met by a call that ends with stop, as servers end a named one', async () => {
    const gateway = createGateway({ script: [streamReply(role, chunk(call), stop, done)] });
    const { events } = await gateway.ask({ ...streamed, tools, tool_choice: named });
    expect(readEvents(events)).toMatchObject({ finish: 'tool_calls', error: null, isDone: true });
    expect(gateway.entry().attempts).toBe(1);
  });

  it('is not waited for behind a refusal or a limit', async () => {
    for (const [delta, finish] of [
      [{ refusal: 'No.' }, 'stop'],
      [{ content: 'Let me' }, 'length'],
    ] as const) {
      const gateway = createGateway({ script: [streamReply(role, chunk(delta), chunk({}, finish), done)] });
      const { events } = await gateway.ask({ ...streamed, tools, tool_choice: 'required' });
      expect(readEvents(events)).toMatchObject({ finish, error: null, isDone: true });
    }
  });
});

describe('an answer that lost its way', () => {
  const repeated = streamReply(role, text('la la '), text('la la '), chunk({}, 'repetition'), done);

  it('is asked for elsewhere before anything is shown, and counts against nobody', async () => {
    const gateway = createGateway({ script: [repeated, goodStream('Hello')] });
    const answer = await gateway.ask(long);
    expect(JSON.parse(answer.text).choices[0].message.content).toBe('Hello');
    expect(gateway.health.reports.filter((report) => report.kind === 'failure')).toMatchObject([{ cause: 'degenerate' }]);
  });

  it('ends with an error afterwards: whoever went on would repeat it', async () => {
    const config = { routing: { rescue: { enabled: true, max_rescues: 1 } } };
    const gateway = createGateway({ script: [repeated, goodStream('and so on.')], config });
    const { events } = await gateway.ask(streamed);
    expect(readEvents(events)).toMatchObject({
      content: 'la la la la ',
      finish: null,
      error: 'upstream_degenerate',
      isDone: false,
    });
  });
});
