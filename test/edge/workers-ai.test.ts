/** The adapter of Workers AI in workerd, with a binding that is played: what reaches it, and what comes of its answers. */
import { describe, expect, it } from 'vitest';
import type { UpstreamCall, UpstreamPort } from '../../worker/core/ports.ts';
import { createWorkersAiPort } from '../../worker/io/workers-ai.ts';

const call: UpstreamCall = {
  upstreamId: 'workers-ai',
  method: 'POST',
  path: '@cf/baai/bge-small-en-v1.5',
  body: '{"text":["a"]}',
  requestId: 'r',
  traceparent: null,
  accept: 'application/json',
  signal: new AbortController().signal,
};
const others: UpstreamPort = { open: async () => ({ ok: false, failure: { code: 'upstream_error' } }) };

function portOn(run: (model: string, input: unknown, options: object) => Promise<Response>) {
  return createWorkersAiPort({ AI: { run } }, { 'workers-ai': { binding: 'AI' }, small: {} }, others);
}

describe('a model behind a binding', () => {
  it('gets its input, and its answer comes as it is, with the status', async () => {
    const seen: unknown[] = [];
    const port = portOn(async (...args) => {
      seen.push(...args);
      return new Response('{"data":[[1e-05]]}', { status: 429, headers: { 'content-type': 'application/json; charset=utf-8' } });
    });
    const opened = await port.open(call);
    expect(seen).toMatchObject(['@cf/baai/bge-small-en-v1.5', { text: ['a'] }, { returnRawResponse: true, signal: call.signal }]);
    expect(opened.ok && [opened.value.status, opened.value.mediaType, await opened.value.readText(100)]).toEqual([
      429,
      'application/json',
      '{"data":[[1e-05]]}',
    ]);
  });

  it('that throws could not be reached', async () => {
    const port = portOn(async () => {
      throw new Error('no capacity');
    });
    expect(await port.open(call)).toEqual({ ok: false, failure: { code: 'upstream_unreachable' } });
  });

  it('is not asked by a probe', async () => {
    const port = portOn(async () => expect.fail('asked'));
    const opened = await port.open({ ...call, method: 'GET', path: '', body: null });
    expect(opened.ok && opened.value.status).toBe(200);
  });

  it('leaves servers with an address alone, and everything where there is no binding', async () => {
    const port = portOn(async () => expect.fail('asked'));
    expect(await port.open({ ...call, upstreamId: 'small' })).toEqual({ ok: false, failure: { code: 'upstream_error' } });
    expect(createWorkersAiPort({}, { 'workers-ai': { binding: 'AI' } }, others)).toBe(others);
  });
});
