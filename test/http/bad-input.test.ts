/**
 * Requests that the gateway must turn away by itself: each with its status, the whole error envelope, the field at fault and the headers
 * that every answer has, and none of them with a call of a model server.
 */
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { clientIdOf } from '../../infra/standin/request-log.ts';
import { errors, type ErrorCode, type ErrorEnvelope } from '../../shared/errors.ts';
import { badBodies } from '../support/http/bad-bodies.ts';
import { authorized, badRequests, chatPath, json, post } from '../support/http/bad-requests.ts';
import { clientKey, connect } from '../../infra/rig/connect.ts';

const addresses = inject('addresses');
const gateway = connect(addresses);

const methods: readonly (readonly [method: string, path: string, allow: string])[] = [
  ['GET', chatPath, 'POST'],
  ['PUT', chatPath, 'POST'],
  ['DELETE', chatPath, 'POST'],
  ['PATCH', chatPath, 'POST'],
  ['OPTIONS', chatPath, 'POST'],
  ['POST', '/v1/models', 'GET'],
  ['DELETE', '/v1/models/qwen2.5-7b', 'GET'],
  ['POST', '/health', 'GET'],
  ['POST', '/stats', 'GET'],
];

beforeAll(() => gateway.resetState());

describe('a body that is refused', () => {
  test.each(badBodies)('%s', async (_, body, code, param) => {
    await expectRefusal(await gateway.chat(body), code, param);
  });

  test.each(badBodies.filter(([name]) => /unknown model|empty body|no messages/.test(name)))(
    '%s, streamed',
    async (_, body, code, param) => {
      const streamed = typeof body === 'string' ? body : { ...(body as object), stream: true };
      await expectRefusal(await gateway.chat(streamed), code, param);
    },
  );
});

describe('a request that is refused', () => {
  test.each(badRequests)('%s', async (_, path, init, code, param) => {
    await expectRefusal(await fetch(addresses.url + path, init), code, param);
  });

  test.each(methods)('%s %s: 405, and Allow says %s', async (method, path, allow) => {
    const body = method === 'GET' || method === 'OPTIONS' ? {} : { body: json };
    const response = await fetch(addresses.url + path, { method, headers: authorized, ...body });
    expect(response.headers.get('allow')).toBe(allow);
    await expectRefusal(response, 'method_not_allowed', null);
  });
});

describe('afterwards', () => {
  test('no model server was called', async () => {
    expect(await gateway.chatCalls()).toEqual([]);
  });

  test('every refusal was counted under its code', async () => {
    const { refusals } = await gateway.stats();
    for (const code of new Set([...badBodies.map(([, , code]) => code), ...badRequests.map(([, , , code]) => code)])) {
      expect(refusals[code], code).toBeGreaterThan(0);
    }
  });
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

  test.each([
    ['x-api-key', chatPath, { 'x-api-key': clientKey }],
    ['api-key', chatPath, { 'api-key': clientKey }],
    ['a path with two slashes', '//v1//chat/completions', { authorization: `Bearer ${clientKey}` }],
    ['a path with a slash at its end', `${chatPath}/`, { authorization: `Bearer ${clientKey}` }],
  ])('a key and a path may be written in other ways: %s', async (_, path, headers) => {
    const response = await fetch(addresses.url + path, post({ ...headers, 'content-type': 'application/json' }));
    expect(response.status, await response.text()).toBe(200);
  });

  test('a prompt and an answer beyond the context: the answer is lowered to the room there is', async () => {
    const response = await gateway.chat({
      model: 'small',
      messages: [{ role: 'user', content: 'word '.repeat(25_000) }],
      max_tokens: 16_000,
    });
    const { 'x-routing-metadata': metadata } = (await response.json()) as { 'x-routing-metadata': { warnings: string[] } };
    expect([response.status, metadata.warnings[0]]).toEqual([200, expect.stringMatching(/^max_tokens lowered to \d+$/)]);
  });

  test('the scheme of the key may be written in any case, the type with a charset', async () => {
    const headers = { authorization: `bEARER ${clientKey}`, 'content-type': 'Application/JSON; charset=utf-8' };
    expect((await fetch(addresses.url + chatPath, post(headers))).status).toBe(200);
  });
});

/** Status, envelope, headers: the same for whatever was wrong. */
async function expectRefusal(response: Response, code: ErrorCode, param: string | null): Promise<void> {
  const text = await response.text();
  expect(response.headers.get('content-type'), text).toBe('application/json');
  const { error } = JSON.parse(text) as ErrorEnvelope;
  const { status, type, message, retry } = errors[code];
  expect({ status: response.status, type: error.type, param: error.param, code: error.code }).toEqual({
    status,
    type,
    param,
    code,
  });
  expect(Object.keys(error).toSorted()).toEqual(['code', 'message', 'param', 'type']);
  // An unknown name is said back, so the sentence is not the table's.
  if (code === 'model_not_found') expect(error.message).toMatch(/^The model `[^`]*` does not exist\./);
  else expect(error.message.startsWith(message)).toBe(true);
  expect(error.message.length).toBeLessThan(700);
  const { headers } = response;
  expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-should-retry')).toBe(String(retry === 'client'));
}
