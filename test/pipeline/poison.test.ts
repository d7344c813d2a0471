/** One client's poisonous body, on whole requests: what is blamed when no model can answer it, and when one can. */
import { describe, expect, it } from 'vitest';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway, type FakeGateway } from '../support/fakes/gateway.ts';
import { completion, goodStream, hello, streamed, streamReply } from './wire.ts';

const up = { 'qwen2.5-7b@small': 'up', 'qwen2.5-32b@large': 'up' };
const boom: Reply = { kind: 'status', status: 500, body: '{"error":{"message":"boom","code":500}}' };
const error = JSON.stringify({ error: { message: 'boom', code: 500 } });

/** Failures in the health of the small model, as the next request sees them. */
const failuresOf = async (gateway: FakeGateway) =>
  (await gateway.health.read()).instances['qwen2.5-7b@small']?.consecutiveFailures;
const lines = (gateway: FakeGateway) =>
  gateway.health.reports.map(
    (line) => `${line.kind} ${line.modelId.slice(8)}${line.kind === 'failure' && line.bodyMark !== undefined ? ' unsure' : ''}`,
  );

describe('a body on which every model fails', () => {
  it.each<readonly [string, object, Reply]>([
    ['500', hello, boom],
    ['500 to a stream', streamed, boom],
    ['an error as the first event', streamed, streamReply(`data: ${error}\n\n`)],
    ['garbage', hello, { kind: 'status', status: 200, body: '}' }],
    ['an error with status 200', hello, { kind: 'json', body: JSON.parse(error) }],
  ])('takes no model from anybody, though it comes a hundred times: %s', async (_, body, reply) => {
    const gateway = createGateway({ script: [], last: reply });
    for (let time = 0; time < 100; time += 1) expect((await gateway.ask(body)).kind).toBe('failed');
    expect(gateway.health.statuses()).toEqual(up);
  });

  it('is told once for each model, as what it may be', async () => {
    const gateway = createGateway({ script: [], last: boom });
    await gateway.ask(hello);
    expect(gateway.upstream.calls).toHaveLength(3);
    expect(lines(gateway)).toEqual(['failure 7b unsure', 'failure 32b unsure']);
  });

  it('is not told at all when the next model finds the fault in it', async () => {
    const refusal: Reply = { kind: 'status', status: 400, body: '{"error":{"message":"bad emoji"}}' };
    const gateway = createGateway({ script: [boom, boom, refusal] });
    expect(await gateway.ask(hello)).toMatchObject({ code: 'upstream_rejected' });
    expect(lines(gateway)).toEqual(['failure 32b']);
    expect(await failuresOf(gateway)).toBe(0);
  });
});

describe('a body on which one model fails', () => {
  it('proves that model\u2019s failure as soon as another answers, once a request', async () => {
    const gateway = createGateway({ script: [boom, boom, completion('from the other')] });
    expect((await gateway.ask(hello)).text).toContain('from the other');
    expect(lines(gateway)).toEqual(['failure 7b', 'success 32b']);
    expect(await failuresOf(gateway)).toBe(1);
  });

  it('takes that model out when it goes on', async () => {
    const good = goodStream('hi');
    // The first failure is not a run yet, so the model is tried twice.
    const gateway = createGateway({ script: [boom, boom, good, boom, good, boom, good, boom, good, boom, good] });
    for (let time = 0; time < 5; time += 1) await gateway.ask(streamed);
    expect(gateway.health.statuses()).toEqual({ ...up, 'qwen2.5-7b@small': 'down' });
  });

  it('is proved by an answer that only broke its schema', async () => {
    const gateway = createGateway({ script: [boom, boom], last: completion('no JSON') });
    await gateway.ask({ ...hello, response_format: { type: 'json_object' } });
    expect(lines(gateway)).toEqual(['failure 7b', 'failure 32b']);
    expect(await failuresOf(gateway)).toBe(1);
  });
});

describe('a fleet that answers nobody', () => {
  it('is noticed by six different requests that every model fails', async () => {
    const gateway = createGateway({ script: [], last: boom });
    for (let time = 0; time < 6; time += 1)
      await gateway.ask({ ...hello, messages: [{ role: 'user', content: `hello ${time}` }] });
    expect(gateway.health.statuses()).toEqual({ 'qwen2.5-7b@small': 'down', 'qwen2.5-32b@large': 'down' });
    const before = gateway.upstream.calls.length;
    await gateway.ask({ ...hello, messages: [{ role: 'user', content: 'one more' }] });
    expect(gateway.upstream.calls.length - before).toBe(1);
  });

  it('is noticed at once where connections are refused, whatever is asked', async () => {
    const gateway = createGateway({ script: [] });
    for (let time = 0; time < 3; time += 1) await gateway.ask(hello);
    expect(gateway.health.statuses()).toEqual({ 'qwen2.5-7b@small': 'down', 'qwen2.5-32b@large': 'down' });
  });
});
