/** Clients that leave: whenever they do, the model server is freed and the request is booked once, as theirs. */
import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { chatSurface } from '../../worker/core/surfaces/chat/chat-surface.ts';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';
import { chat } from '../../worker/pipeline/chat.ts';
import type { BodyStep, Reply } from '../support/fakes/fake-upstream.ts';
import { type ClientBehaviour, createGateway } from '../support/fakes/gateway.ts';
import { completion, done, goodStream, hello, role, stop, streamed, streamReply, text } from './wire.ts';

const slow: BodyStep[] = [role, text('a'), { waitMs: 2000 }, text('b'), { waitMs: 2000 }, text('c'), stop, done];
const hold = { routing: { streaming: { hold_status_ms: 500, ping_ms: 200 } } };

interface Leaving {
  readonly script: readonly Reply[];
  readonly body?: object;
  readonly behaviour: ClientBehaviour;
  readonly config?: object;
  readonly queue?: { readonly waitMs: number };
  readonly withinMs: number;
  readonly attempts: number;
  readonly tokens: number;
}

describe('a client that leaves', () => {
  it.each<readonly [string, Leaving]>([
    [
      'while connecting',
      { script: [{ kind: 'hang' }], behaviour: { leavesAfterMs: 300 }, withinMs: 300, attempts: 1, tokens: 0 },
    ],
    [
      'in the prefill',
      {
        script: [streamReply({ waitMs: 1500 }, ...slow)],
        behaviour: { leavesAfterMs: 700 },
        withinMs: 700,
        attempts: 1,
        tokens: 0,
      },
    ],
    [
      'in the prefill, headers out',
      {
        script: [streamReply({ waitMs: 1500 }, ...slow)],
        behaviour: { leavesAfterMs: 700 },
        config: hold,
        withinMs: 700,
        attempts: 1,
        tokens: 0,
      },
    ],
    [
      'in the prefill, headers out, unheard',
      {
        script: [streamReply({ waitMs: 1500 }, ...slow)],
        behaviour: { leavesAfterMs: 700, isUnheard: true },
        config: hold,
        withinMs: 900,
        attempts: 1,
        tokens: 0,
      },
    ],
    [
      'between two attempts',
      {
        script: [{ kind: 'status', status: 429, retryAfter: '2' }],
        behaviour: { leavesAfterMs: 500 },
        withinMs: 2100,
        attempts: 1,
        tokens: 0,
      },
    ],
    [
      'in the second attempt',
      {
        script: [{ kind: 'hang' }, streamReply('stall')],
        behaviour: { leavesAfterMs: 2500 },
        withinMs: 2500,
        attempts: 2,
        tokens: 0,
      },
    ],
    [
      'in the middle',
      { script: [streamReply(...slow)], behaviour: { leavesAfterMs: 2500 }, withinMs: 2500, attempts: 1, tokens: 2 },
    ],
    [
      'in the middle, unheard',
      {
        script: [streamReply(...slow)],
        behaviour: { leavesAfterMs: 2500, isUnheard: true },
        withinMs: 3500,
        attempts: 1,
        tokens: 2,
      },
    ],
    [
      'after so much text',
      { script: [streamReply(...slow)], behaviour: { leavesAfterChars: 300 }, withinMs: 2000, attempts: 1, tokens: 1 },
    ],
    [
      'in a stall',
      {
        script: [streamReply(role, text('a'), 'stall')],
        behaviour: { leavesAfterMs: 1700 },
        withinMs: 1700,
        attempts: 1,
        tokens: 1,
      },
    ],
    [
      'in a stall, unheard',
      {
        script: [streamReply(role, text('a'), 'stall')],
        behaviour: { leavesAfterMs: 1700, isUnheard: true },
        withinMs: 2700,
        attempts: 1,
        tokens: 1,
      },
    ],
    [
      'waiting for a whole answer',
      {
        script: [{ ...completion('x'), afterMs: 5000 } as Reply],
        body: hello,
        behaviour: { leavesAfterMs: 400 },
        withinMs: 400,
        attempts: 1,
        // What it ran, at the model's pace.
        tokens: 20,
      },
    ],
    [
      'waiting for a whole answer that is read as a stream',
      {
        script: [streamReply(...slow)],
        body: { ...hello, max_tokens: 4000 },
        behaviour: { leavesAfterMs: 2500 },
        withinMs: 2500,
        attempts: 1,
        tokens: 2,
      },
    ],
    [
      'waiting for a place',
      { script: [], behaviour: { leavesAfterMs: 400 }, queue: { waitMs: 3000 }, withinMs: 400, attempts: 0, tokens: 0 },
    ],
    [
      'before it was even heard',
      { script: [streamReply(...slow)], behaviour: { leavesAfterMs: 0 }, withinMs: 0, attempts: 1, tokens: 0 },
    ],
  ])('%s', async (_, { script, body = streamed, behaviour, config = {}, queue, withinMs, attempts, tokens }) => {
    const gateway = createGateway({ script, last: goodStream('never'), config, ...(queue === undefined ? {} : { queue }) });
    const answer = await gateway.ask(body, behaviour);
    expect(answer.text).not.toMatch(/\[DONE\]|"error"|never/);
    expect(answer.tookMs).toBeLessThanOrEqual(withinMs);
    const entry = gateway.entry();
    expect(entry).toMatchObject({ ending: 'client_abort', errorCode: null });
    expect(entry.attempts).toBeLessThanOrEqual(attempts);
    expect(entry.attempts).toBe(gateway.upstream.calls.length);
    expect(entry.attemptUsages.reduce((sum, { usage }) => sum + usage.completionTokens, 0)).toBeLessThanOrEqual(tokens);
    expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
    expect(gateway.admission.held).toBe(0);
    expect(
      gateway.health.reports
        .filter(({ kind }) => kind === 'failure')
        .every((report) => report.kind === 'failure' && report.cause !== 'broken_off'),
    ).toBe(true);
  });

  it('that had left before the request was read costs no call', async () => {
    const gateway = createGateway({ script: [], last: goodStream('never') });
    const gone = AbortSignal.abort();
    const request = innerRequest({ model: 'small', messages: [{ role: 'user', content: 'hi' }] });
    const { caller } = gateway;
    const result = await chat(gateway.deps, { ...caller, signal: gone }, { request, ignored: [] }, null);
    expect(result).toMatchObject({ kind: 'failed', error: { code: 'client_closed_request' } });
    expect(gateway.upstream.calls).toEqual([]);
    expect(gateway.entry()).toMatchObject({ ending: 'client_abort', attempts: 0 });
  });

  it.each([
    ['streamed', streamed, goodStream('hi')],
    ['whole', hello, completion('hi')],
  ])('is no longer listened for when a %s answer has ended, so that nothing keeps the run', async (_, body, reply) => {
    const gateway = createGateway({ script: [reply] });
    const { signal } = new AbortController();
    const listened = vi.spyOn(signal, 'addEventListener');
    const valid = chatSurface.read(JSON.stringify(body), gateway.deps.config);
    if (!valid.ok) throw new Error('the body is not valid');
    const background: Promise<unknown>[] = [];
    const caller = { ...gateway.caller, signal, background: (work: Promise<unknown>) => void background.push(work) };
    const result = await gateway.time.runUntil(chat(gateway.deps, caller, valid.value, null));
    if (result.kind === 'stream') await gateway.time.runUntil(new Response(result.body).text());
    await gateway.time.runUntil(Promise.all(background));
    expect(gateway.entry()).toMatchObject({ ending: 'ok' });
    expect(listened).toHaveBeenCalledOnce();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('tells nothing about the health of the model', async () => {
    const gateway = createGateway({ script: [streamReply(...slow)] });
    await gateway.ask(streamed, { leavesAfterMs: 2500 });
    expect(gateway.health.reports.map(({ kind }) => kind)).toEqual(['begun']);
  });
});
