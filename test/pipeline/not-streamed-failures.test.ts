/** Clients that wait for the whole answer and get none: the code they are told, what is not tried, and what is booked. */
import { describe, expect, it } from 'vitest';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway } from '../support/fakes/gateway.ts';
import { completion, hello } from './wire.ts';

describe('a failure of everything', () => {
  it.each<readonly [string, Reply, string, string, number]>([
    ['refuses connections', { kind: 'refuse' }, 'upstream_unreachable', 'upstream_error', 3],
    ['never answers', { kind: 'hang' }, 'upstream_timeout', 'timeout', 2],
    ['answers 500', { kind: 'status', status: 500 }, 'upstream_error', 'upstream_error', 3],
    ['answers 503', { kind: 'status', status: 503, retryAfter: '30' }, 'upstream_overloaded', 'upstream_error', 2],
    ['answers 429', { kind: 'status', status: 429, retryAfter: '60' }, 'upstream_rate_limited', 'upstream_error', 2],
    ['answers 401', { kind: 'status', status: 401 }, 'upstream_auth', 'upstream_error', 2],
    ['answers 404', { kind: 'status', status: 404 }, 'upstream_model_missing', 'upstream_error', 2],
    ['answers 530', { kind: 'status', status: 530 }, 'tunnel_down', 'upstream_error', 2],
    ['sends garbage', { kind: 'status', status: 200, body: '}' }, 'upstream_invalid_answer', 'upstream_error', 3],
  ])('when each server %s', async (_, last, code, ending, attempts) => {
    const gateway = createGateway({ script: [], last });
    const answer = await gateway.ask(hello);
    expect(answer).toMatchObject({ kind: 'failed', code });
    expect(gateway.entry()).toMatchObject({
      ending,
      errorCode: code,
      attempts,
      servedModel: null,
      firstByteMs: null,
    });
    // A call whose end was not seen costs GPU time; a failure that the server reports, or that comes at once, is free.
    expect(gateway.entry().costNanoUsd > 0).toBe(code === 'upstream_timeout');
    expect(gateway.upstream.calls).toHaveLength(attempts);
    expect(gateway.admission.held).toBe(0);
  });

  it.each<readonly [string, number, string, string]>([
    [
      'is at fault',
      400,
      '{"error":{"message":"temperature must be positive","param":"temperature","code":400}}',
      'upstream_rejected',
    ],
    ['cannot be processed', 422, '{"detail":[{"loc":["body","n"],"msg":"bad n"}]}', 'upstream_unprocessable'],
    [
      'is refused for its content',
      400,
      '{"error":{"message":"blocked by content policy","code":400}}',
      'content_policy_violation',
    ],
  ])('is not tried elsewhere when the request %s', async (_, status, body, code) => {
    const gateway = createGateway({ script: [{ kind: 'status', status, body }], last: completion('never') });
    expect(await gateway.ask(hello)).toMatchObject({ kind: 'failed', code });
    expect(gateway.upstream.calls).toHaveLength(1);
    expect(gateway.entry()).toMatchObject({ ending: 'rejected', errorCode: code });
    expect(gateway.health.statuses()).toEqual({ 'qwen2.5-7b@small': 'up', 'qwen2.5-32b@large': 'up' });
  });

  it('of the status of an answer is known although its body never comes', async () => {
    const gateway = createGateway({ script: [], last: { kind: 'status', status: 503, body: 'x'.repeat(100_000) } });
    expect(await gateway.ask(hello)).toMatchObject({ kind: 'failed', code: 'upstream_overloaded' });
  });

  it('is one of no model: turned away, not a request of the ledger', async () => {
    const gateway = createGateway({ script: [] });
    const image = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/a.png' } }] };
    expect(await gateway.ask({ ...hello, model: 'auto', messages: [image] })).toMatchObject({
      kind: 'failed',
      code: 'vision_model_missing',
    });
    expect(gateway.ledger.entries).toEqual([]);
    expect(gateway.upstream.calls).toEqual([]);
  });

  it('is told at once when there is no place', async () => {
    const gateway = createGateway({ script: [], last: completion('never'), queue: 'full' });
    expect(await gateway.ask(hello)).toMatchObject({ kind: 'failed', code: 'queue_full', tookMs: 0 });
    expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', attempts: 0 });
  });
});

describe('a structured answer', () => {
  const schema = {
    type: 'json_schema',
    json_schema: { name: 'a', schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } },
  };

  it('that breaks its schema is asked for again', async () => {
    const gateway = createGateway({ script: [completion('{"n":"five"}'), completion('{"n":5}')] });
    const answer = await gateway.ask({ ...hello, response_format: schema });
    expect(JSON.parse(answer.text).choices[0].message.content).toBe('{"n":5}');
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 2 });
  });

  it('that breaks it everywhere is a failure that says how', async () => {
    const gateway = createGateway({ script: [], last: completion('I cannot') });
    expect(await gateway.ask({ ...hello, response_format: schema })).toMatchObject({
      kind: 'failed',
      code: 'invalid_structured_output',
    });
    expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', errorCode: 'invalid_structured_output' });
  });
});

describe('a mistake of ours', () => {
  it('is booked as one and thrown on', async () => {
    const gateway = createGateway({
      script: [completion('hi')],
      change: (deps) => ({ ...deps, upstream: { open: () => Promise.reject(new Error('bug')) } }),
    });
    await expect(gateway.ask(hello)).rejects.toThrow('bug');
    expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', errorCode: 'internal_error' });
  });

  it('in the ledger itself is not made twice', async () => {
    let booked = 0;
    const record = (): never => {
      booked += 1;
      throw new Error('bug');
    };
    const gateway = createGateway({
      script: [completion('hi')],
      change: (deps) => ({ ...deps, ledger: { ...deps.ledger, record } }),
    });
    await expect(gateway.ask(hello)).rejects.toThrow('bug');
    expect(booked).toBe(1);
  });
});
