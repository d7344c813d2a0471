/**
 * Bodies as the platform hands them over: what depends on how it reads them. Everything else that the gateway refuses is refused in
 * test/pipeline/refusals.test.ts and test/pipeline/doors.test.ts.
 */
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { clientIdOf } from '../../infra/standin/request-log.ts';
import { clientKey, connect } from '../../infra/rig/connect.ts';
import type { ErrorEnvelope } from '../../shared/errors.ts';

const gateway = connect(inject('addresses'));
const url = `${inject('addresses').url}/v1/chat/completions`;
const authorization = `Bearer ${clientKey}`;
const json = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }] });

beforeAll(() => gateway.resetState());

test.each<[string, BodyInit, Record<string, string>, number, string, string | null]>([
  ['no content type', new TextEncoder().encode(json), {}, 415, 'unsupported_media_type', 'content-type'],
  ['5 MB', `"${'x'.repeat(5_000_000)}"`, { 'content-type': 'application/json' }, 413, 'body_too_large', null],
  ['5 MB of unannounced length', streamOf(5_000_000), { 'content-type': 'application/json' }, 413, 'body_too_large', null],
])('%s is refused', async (_, body, headers, status, code, param) => {
  const init = { method: 'POST', headers: { authorization, ...headers }, body, duplex: 'half' };
  const response = await fetch(url, init as RequestInit);
  const { error } = (await response.json()) as ErrorEnvelope;
  expect([response.status, error.code, error.param]).toEqual([status, code, param]);
  expect(await gateway.chatCalls()).toEqual([]);
});

describe('what is accepted', () => {
  test('unknown fields are named and go no further', async () => {
    const hostile =
      '{"__proto__":{"model":"large"},"constructor":1,"api_base":"http://evil.example","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}';
    const response = await gateway.chat(hostile, { 'x-request-id': 'unknown-fields' });
    expect(response.status).toBe(200);
    const { 'x-routing-metadata': metadata } = (await response.json()) as { 'x-routing-metadata': { ignored: string[] } };
    expect(metadata.ignored).toEqual(['__proto__', 'constructor', 'api_base']);
    const call = (await gateway.chatCalls()).find(({ id }) => clientIdOf(id) === 'unknown-fields');
    expect(call?.bodyKeys.toSorted()).toEqual(['cache_salt', 'max_tokens', 'messages', 'model', 'stream']);
  });

  test('the scheme of the key may be written in any case, the type with a charset', async () => {
    const headers = { authorization: `bEARER ${clientKey}`, 'content-type': 'Application/JSON; charset=utf-8' };
    expect((await fetch(url, { method: 'POST', headers, body: json })).status).toBe(200);
  });
});

/** A JSON body of so many bytes whose length is not announced. */
function streamOf(bytes: number): ReadableStream<Uint8Array> {
  const piece = new TextEncoder().encode('x'.repeat(50_000));
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent >= bytes) return controller.close();
      sent += piece.length;
      return controller.enqueue(piece);
    },
  });
}
