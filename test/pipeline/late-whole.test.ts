/** Clients that wait long for a whole answer: white space tells whether they are still there, and what follows it is JSON. */
import { describe, expect, it } from 'vitest';
import type { BodyStep, Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway } from '../support/fakes/gateway.ts';
import { completion, done, hello, role, stop, streamReply, text, usage, usageChunk } from './wire.ts';

const long = { ...hello, max_tokens: 4000 };
const slow = (seconds: number): BodyStep[] => Array.from({ length: seconds }, () => [text('x'), { waitMs: 1000 }]).flat();
const whole = (seconds: number): Reply => streamReply(role, ...slow(seconds), stop, usageChunk, done);

describe('a client that waits for a whole answer', () => {
  it('gets its headers when the answer has begun and five seconds have passed, then white space, then the answer', async () => {
    const gateway = createGateway({ script: [whole(9)] });
    const answer = await gateway.ask(long);
    expect(answer).toMatchObject({ kind: 'late_json', headersAfterMs: 5000, tookMs: 9000, code: null });
    expect(answer.text).toMatch(/^ {3,4}\{/);
    expect(JSON.parse(answer.text)).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'x'.repeat(9) }, finish_reason: 'stop' }],
      usage,
      'x-routing-metadata': { attempts: 1, total_time_seconds: 9 },
    });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', latencyMs: 9000, firstByteMs: 9000 });
  });

  it('gets headers and answer together when it takes less', async () => {
    const answer = await createGateway({ script: [whole(4)] }).ask(long);
    expect(answer).toMatchObject({ kind: 'json', headersAfterMs: 4000 });
  });

  it.each<readonly [string, Reply, string]>([
    ['no answer has begun', { kind: 'hang' }, 'upstream_timeout'],
    ['a server says no more than its role', streamReply(role, 'stall'), 'upstream_timeout'],
    [
      'an answer has broken off, and the next has not begun',
      streamReply(role, text('x'), { waitMs: 900 }, 'reset'),
      'upstream_timeout',
    ],
  ])('is told the true status however long it takes while %s', async (_, first, code) => {
    const config = {
      upstreams: { large: { timeouts_ms: { first_event: 9000 } }, small: { timeouts_ms: { first_event: 9000 } } },
    };
    const gateway = createGateway({ script: [first], last: { kind: 'hang' }, config });
    const answer = await gateway.ask(long);
    expect(answer).toMatchObject({ kind: 'failed', code, text: '' });
    expect(answer.tookMs).toBeGreaterThan(5000);
  });

  it('may still be answered by another model', async () => {
    const gateway = createGateway({ script: [streamReply(role, ...slow(7), 'reset')], last: whole(2) });
    const answer = await gateway.ask(long);
    expect(answer.kind).toBe('late_json');
    expect(JSON.parse(answer.text)).toMatchObject({
      choices: [{ message: { content: 'xx' } }],
      'x-routing-metadata': { fallback_used: true, model_id: 'qwen2.5-32b' },
    });
  });

  it('gets the error in place of the answer when none can be given any more', async () => {
    const gateway = createGateway({ script: [streamReply(role, ...slow(7), 'reset')], last: { kind: 'status', status: 500 } });
    const answer = await gateway.ask(long);
    expect(answer.kind).toBe('late_json');
    const body = JSON.parse(answer.text);
    expect(Object.keys(body)).toEqual(['error']);
    expect(body.error.code).toMatch(/^upstream_/);
    expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', errorCode: body.error.code });
  });

  it.each([
    ['before the headers go out', 2000, 5000],
    ['after them', 6500, 7000],
  ])('and leaves unheard %s, frees the model with the next white space', async (_, leavesAfterMs, withinMs) => {
    const gateway = createGateway({ script: [whole(60)], last: completion('never') });
    const answer = await gateway.ask(long, { leavesAfterMs, isUnheard: true });
    expect(answer.tookMs).toBeLessThanOrEqual(withinMs);
    expect(gateway.entry()).toMatchObject({ ending: 'client_abort', attempts: 1 });
    expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
    expect(gateway.admission.held).toBe(0);
  });

  it('and reads nothing of it is not waited for without end', async () => {
    const gateway = createGateway({ script: [whole(9)] });
    const answer = await gateway.ask(long, { stopsReadingAfterChars: 1 });
    expect(answer.tookMs).toBeLessThan(75_000);
    expect(gateway.ledger.entries).toHaveLength(1);
    expect(gateway.admission.held).toBe(0);
  });
});
