/**
 * Requests that the gateway must turn away by itself: each with its status, the whole error envelope, the field at fault and the headers
 * that every answer has, and none of them with a call of a model server.
 */
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { clientIdOf } from '../../infra/standin/request-log.ts';
import { errors, type ErrorCode, type ErrorEnvelope } from '../../shared/errors.ts';
import { badBodies } from '../support/http/bad-bodies.ts';
import { authorized, badRequests, chatPath, json, post } from '../support/http/bad-requests.ts';
import { clientKey, connect } from '../support/http/harness.ts';
import { chatLines, exchangeRaw, openRaw, parseAnswer } from '../support/http/raw-client.ts';

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

  test('no route answers a preflight with permission', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const response = await fetch(addresses.url + chatPath, { method: 'OPTIONS', headers });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(response.status).toBe(405);
  });
});

describe('what only a raw socket can do', () => {
  test('a body that does not arrive in time: 408 at the limit', async () => {
    const connection = await openRaw(addresses.url);
    connection.socket.write(chatLines(clientKey, json.padEnd(200)).join('\r\n').slice(0, -150));
    const { status, headers, body } = parseAnswer(await connection.until((text) => text.includes('request_timeout'), 5000));
    connection.socket.destroy();
    expect(status).toBe(408);
    expect(headers.get('x-should-retry')).toBe('true');
    expect(body).toContain('"code":"request_timeout"');
  });

  const hostileIds = ['<script>alert(1)</script>', 'a'.repeat(300), '../../etc/passwd', 'x y', '"; drop table'];
  test.each(hostileIds)('the request id %j is replaced', async (id) => {
    const { status, headers } = await exchangeRaw(
      addresses.url,
      chatLines('wrong-key-of-enough-length', json, [`x-request-id: ${id}`]),
    );
    expect(status).toBe(401);
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  test('a header that tries to bring its own line becomes no header of the answer', async () => {
    const lines = chatLines('wrong-key-of-enough-length', json, [
      'x-request-id: abc%0d%0aset-cookie:evil=1',
      'x-agent-name: a%0d%0ab',
    ]);
    const { status, headers } = await exchangeRaw(addresses.url, lines);
    expect(status).toBe(401);
    expect(headers.has('set-cookie')).toBe(false);
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  const broken: readonly (readonly [string, readonly string[]])[] = [
    ['two lengths', chatLines(clientKey, json, ['content-length: 5'])],
    ['a length and chunks', chatLines(clientKey, json, ['transfer-encoding: chunked'])],
    ['a negative length', ['POST /v1/chat/completions HTTP/1.1', 'host: a', 'content-length: -1', '', '']],
    ['a folded header', chatLines(clientKey, json, ['x-agent-name: a', ' b'])],
    ['a NUL in a header', chatLines(clientKey, json, ['x-agent-name: a\0b'])],
  ];
  // The platform's own layer answers these, in its own words.
  test.each(broken)('%s is no request', async (_, lines) => {
    const { status } = await exchangeRaw(addresses.url, lines, 3000);
    expect(status === 0 || status >= 400, `status ${status}`).toBe(true);
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
  test('keys given twice are read once, as the last one, and the model server reads the same', async () => {
    const body =
      '{"model":"small","messages":[{"role":"user","content":"first"}],"model":"large","messages":[{"role":"user","content":"second"}],"max_tokens":5}';
    const response = await gateway.chat(body, { 'x-request-id': 'twice' });
    expect(response.status).toBe(200);
    await response.text();
    const [call, ...others] = (await gateway.chatCalls()).filter(({ id }) => clientIdOf(id) === 'twice');
    expect(others).toEqual([]);
    expect(call).toMatchObject({
      server: 'large',
      body: { model: 'Qwen/Qwen2.5-32B-Instruct-AWQ', messages: [{ role: 'user', content: 'second' }] },
    });
  });

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
