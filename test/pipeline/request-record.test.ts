/** What is kept of a single request: every call on its own clock, what each cost, and why the request went where it went. */
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../worker/core/ledger/request-records.ts';
import { createGateway, type FakeGateway } from '../support/fakes/gateway.ts';
import { recordOf } from './recorded.ts';
import { completion, done, goodStream, hello, role, stop, streamed, streamReply, text, usageChunk } from './wire.ts';

const auto = { ...hello, model: 'auto' };
const record = (gateway: FakeGateway) => recordOf(gateway.entry());

describe('the record of a request', () => {
  it('has its one call with when it began, was answered and ended, and its tokens', async () => {
    const reply = streamReply({ waitMs: 200 }, role, text('Good'), { waitMs: 300 }, text(' day'), stop, usageChunk, done);
    const gateway = createGateway({ script: [reply] });
    await gateway.ask({ ...streamed, model: 'auto' });
    expect(record(gateway)).toMatchObject({
      requested_model: 'auto',
      served_model: 'qwen2.5-7b',
      ending: 'ok',
      stream: true,
      latency_ms: 500,
      first_byte_ms: 200,
      prompt_tokens: 11,
      completion_tokens: 3,
      attempts: [
        {
          model: 'qwen2.5-7b',
          upstream: 'small',
          started_ms: 0,
          first_byte_ms: 200,
          ended_ms: 500,
          outcome: 'ok',
          prompt_tokens: 11,
          completion_tokens: 3,
        },
      ],
    });
  });

  it('explains the score: threshold, the signals with their part in it, and the reason that the client was told', async () => {
    const gateway = createGateway({ script: [completion('Good day')] });
    const { metadata } = await gateway.ask(auto);
    const { score, threshold, signals, reason } = record(gateway);
    expect([score, reason, threshold]).toEqual([metadata?.score, metadata?.reason, 0.6]);
    expect(signals.map(({ name }) => name)).toEqual(['length', 'keywords', 'tools', 'depth', 'structured']);
    expect(signals.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(score ?? Number.NaN, 3);
  });

  it('of a request that named its model has no score to explain', async () => {
    const gateway = createGateway({ script: [completion('Good day')] });
    await gateway.ask(hello);
    expect(record(gateway)).toMatchObject({ score: null, threshold: null, signals: [] });
  });

  it('of a fallback has the call that failed, with its cause, before the one that answered', async () => {
    const gateway = createGateway({ script: [{ kind: 'refuse', afterMs: 50 }, { kind: 'refuse' }, completion('Good day')] });
    await gateway.ask(auto);
    const { fallback_used, attempts } = record(gateway);
    expect(fallback_used).toBe(true);
    expect(attempts.map(({ model, outcome, first_byte_ms }) => [model, outcome, first_byte_ms === null])).toEqual([
      ['qwen2.5-7b', 'unreachable', true],
      ['qwen2.5-7b', 'unreachable', true],
      ['qwen2.5-32b', 'ok', false],
    ]);
    expect(attempts[0]).toMatchObject({ started_ms: 0, ended_ms: 50, cost_nano_usd: 0 });
  });

  it.each([false, true])('of an escalation has both answers, each with its cost (streamed: %s)', async (stream) => {
    const config = { routing: { escalation: { enabled: true, hold_back_chars: 60 } } };
    const doubt = "I'm not sure, perhaps it is Lisbon.";
    const script = stream ? [goodStream(doubt), goodStream('Lisbon.')] : [completion(doubt), completion('Lisbon.')];
    const gateway = createGateway({ script, config });
    await gateway.ask({ ...auto, stream });
    const { escalated, attempts, cost_nano_usd } = record(gateway);
    expect(escalated).toBe(true);
    expect(attempts.map(({ model, outcome }) => [model, outcome])).toEqual([
      ['qwen2.5-7b', 'low_confidence'],
      ['qwen2.5-32b', 'ok'],
    ]);
    expect(attempts.every((attempt) => attempt.cost_nano_usd > 0)).toBe(true);
    expect(attempts.reduce((sum, attempt) => sum + attempt.cost_nano_usd, 0)).toBe(cost_nano_usd);
  });

  it('of a rescue has the answer that broke off and the one that went on', async () => {
    const config = { routing: { rescue: { enabled: true, max_rescues: 1 } } };
    const script = [
      streamReply(role, text('Once '), { waitMs: 100 }, text('upon'), 'reset'),
      streamReply(role, { waitMs: 40 }, text(' a time'), stop, usageChunk, done),
    ];
    const gateway = createGateway({ script, config });
    await gateway.ask({ ...streamed, model: 'auto' });
    const { rescued, attempts } = record(gateway);
    expect(rescued).toBe(true);
    expect(attempts).toMatchObject([
      { model: 'qwen2.5-7b', outcome: 'broken_off', first_byte_ms: 0, ended_ms: 100 },
      { model: 'qwen2.5-32b', outcome: 'ok', started_ms: 100, first_byte_ms: 140, ended_ms: 140 },
    ]);
  });

  it('of a client that left has the call that it left behind', async () => {
    const gateway = createGateway({ script: [streamReply(role, text('Good'), 'stall')] });
    await gateway.ask(streamed, { leavesAfterMs: 700 });
    expect(record(gateway)).toMatchObject({ ending: 'client_abort', attempts: [{ outcome: 'client_abort', ended_ms: 700 }] });
  });

  it('has no word of the prompt, of the answer, of a model server’s error or of a call', async () => {
    const secret = 'marzipan-4711';
    const error = { kind: 'status', status: 500, body: `{"error":{"message":"${secret}"}}` } as const;
    const gateway = createGateway({ script: [error, error, completion(`It is ${secret}.`)] });
    const tools = [{ type: 'function', function: { name: secret, parameters: { type: 'object' } } }];
    await gateway.ask({ ...auto, tools, metadata: { note: secret }, messages: [{ role: 'user', content: `prove ${secret}` }] });
    expect(JSON.stringify(linesOf([gateway.entry()]))).not.toContain('marzipan');
  });
});
