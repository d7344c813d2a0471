/**
 * Requests that the gateway must turn away by itself: each with its status, the whole error envelope, the field at fault and the headers
 * that every answer has, and none of them with a call of a model server.
 */
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { errors, type ErrorCode, type ErrorEnvelope } from '../../shared/errors.ts';
import { adminToken, clientKey, connect } from '../support/http/harness.ts';
import { chatLines, exchangeRaw, openRaw, parseAnswer } from '../support/http/raw-client.ts';

const addresses = inject('addresses');
const gateway = connect(addresses);

const user = { role: 'user', content: 'hello' };
const schemaOf = (schema: unknown) => ({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } });
const toolNamed = (name: string) => ({ type: 'function', function: { name } });
const nested = (levels: number) => `{"messages":${'['.repeat(levels)}${']'.repeat(levels)}}`;

type BodyRow = readonly [name: string, body: unknown, code: ErrorCode, param: string | null];

/** Strings go out as they are, the rest as JSON. */
const bodies: readonly BodyRow[] = [
  ['an empty body', '', 'invalid_json', null],
  ['white space', ' \n ', 'invalid_json', null],
  ['no JSON', 'messages=hello', 'invalid_json', null],
  ['JSON that breaks off', '{"messages":[{"role":"user","content":"hel', 'invalid_json', null],
  ['NaN', '{"messages":[{"role":"user","content":"hi"}],"temperature":NaN}', 'invalid_json', null],
  ['two documents', '{"messages":[]}{"messages":[]}', 'invalid_json', null],
  ['a list', [user], 'invalid_request', null],
  ['a string', '"hello"', 'invalid_request', null],
  ['null', 'null', 'invalid_request', null],
  ['no messages', {}, 'missing_field', 'messages'],
  ['messages that are empty', { messages: [] }, 'invalid_value', 'messages'],
  ['messages that are no list', { messages: 'hello' }, 'invalid_value', 'messages'],
  ['a message that is null', { messages: [null] }, 'invalid_value', 'messages.0'],
  ['a message without role', { messages: [{ content: 'hello' }] }, 'missing_field', 'messages.0.role'],
  ['an unknown role', { messages: [{ role: 'root', content: 'hello' }] }, 'invalid_value', 'messages.0.role'],
  ['a user message without content', { messages: [{ role: 'user' }] }, 'missing_field', 'messages.0.content'],
  ['content that is a number', { messages: [{ role: 'user', content: 7 }] }, 'invalid_value', 'messages.0.content'],
  ['content without parts', { messages: [{ role: 'user', content: [] }] }, 'invalid_value', 'messages.0.content'],
  [
    'a part of an unknown type',
    { messages: [{ role: 'user', content: [{ type: 'audio', audio: 'x' }] }] },
    'invalid_value',
    'messages.0.content.0.type',
  ],
  [
    'an image inside a private network',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://169.254.169.254/x.png' } }] }] },
    'invalid_value',
    'messages.0.content.0.image_url.url',
  ],
  [
    'an image and no model that sees',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }] },
    'vision_model_missing',
    'messages',
  ],
  ['the vision tier without a model', { model: 'vision', messages: [user] }, 'vision_model_missing', 'model'],
  [
    'a tool message without its call',
    { messages: [user, { role: 'tool', content: '4' }] },
    'missing_field',
    'messages.1.tool_call_id',
  ],
  ['a model that is a number', { model: 7, messages: [user] }, 'invalid_value', 'model'],
  ['a model without a name', { model: '', messages: [user] }, 'invalid_value', 'model'],
  ['an unknown model', { model: 'gpt-17', messages: [user] }, 'model_not_found', 'model'],
  ['a model named like a prototype', { model: '__proto__', messages: [user] }, 'model_not_found', 'model'],
  ['a temperature beyond its range', { messages: [user], temperature: 3 }, 'invalid_value', 'temperature'],
  ['a temperature in words', { messages: [user], temperature: 'hot' }, 'invalid_value', 'temperature'],
  ['top_p of zero', { messages: [user], top_p: 0 }, 'invalid_value', 'top_p'],
  ['no choices', { messages: [user], n: 0 }, 'invalid_value', 'n'],
  ['a million choices', { messages: [user], n: 1_000_000 }, 'invalid_value', 'n'],
  ['a hundred stop sequences', { messages: [user], stop: Array.from({ length: 100 }, String) }, 'invalid_value', 'stop'],
  ['an empty stop sequence', { messages: [user], stop: [''] }, 'invalid_value', 'stop.0'],
  ['no tokens', { messages: [user], max_tokens: 0 }, 'invalid_value', 'max_tokens'],
  ['fewer than no tokens', { messages: [user], max_completion_tokens: -1 }, 'invalid_value', 'max_completion_tokens'],
  ['half a token', { messages: [user], max_tokens: 1.5 }, 'invalid_value', 'max_tokens'],
  ['a billion tokens', { messages: [user], max_tokens: 1e9 }, 'invalid_value', 'max_tokens'],
  ['a seed with a fraction', { messages: [user], seed: 0.5 }, 'invalid_value', 'seed'],
  ['a bias that is out of range', { messages: [user], logit_bias: { 5: 1000 } }, 'invalid_value', 'logit_bias.5'],
  ['alternatives without logprobs', { messages: [user], top_logprobs: 2 }, 'invalid_value', 'top_logprobs'],
  ['too many alternatives', { messages: [user], logprobs: true, top_logprobs: 1000 }, 'invalid_value', 'top_logprobs'],
  ['stream in words', { messages: [user], stream: 'yes' }, 'invalid_value', 'stream'],
  ['stream options in words', { messages: [user], stream: true, stream_options: 'all' }, 'invalid_value', 'stream_options'],
  ['metadata that is no object', { messages: [user], metadata: ['a'] }, 'invalid_value', 'metadata'],
  ['no tools at all', { messages: [user], tools: [] }, 'invalid_value', 'tools'],
  ['a tool with a hostile name', { messages: [user], tools: [toolNamed('a b\r\nc')] }, 'invalid_value', 'tools.0.function.name'],
  [
    'two tools of one name',
    { messages: [user], tools: [toolNamed('a'), toolNamed('a')] },
    'invalid_value',
    'tools.1.function.name',
  ],
  ['a tool choice without tools', { messages: [user], tool_choice: 'required' }, 'invalid_value', 'tool_choice'],
  [
    'a tool choice that is not offered',
    { messages: [user], tools: [toolNamed('a')], tool_choice: toolNamed('b') },
    'invalid_value',
    'tool_choice.function.name',
  ],
  ['129 tools', { messages: [user], tools: Array.from({ length: 129 }, (_, i) => toolNamed(`t${i}`)) }, 'invalid_value', 'tools'],
  ['an unknown response format', { messages: [user], response_format: { type: 'xml' } }, 'invalid_value', 'response_format.type'],
  [
    'a schema format without schema',
    { messages: [user], response_format: { type: 'json_schema' } },
    'missing_field',
    'response_format.json_schema',
  ],
  [
    'a schema that lies elsewhere',
    { messages: [user], ...schemaOf({ $ref: 'https://example.com/schema.json' }) },
    'unsupported_schema',
    'response_format.json_schema.schema.$ref',
  ],
  ['the retired functions', { messages: [user], functions: [{ name: 'a' }] }, 'unsupported_parameter', 'functions'],
  ['a field that current servers ignore', { messages: [user], guided_json: {} }, 'unsupported_parameter', 'guided_json'],
  ['audio', { messages: [user], modalities: ['text', 'audio'] }, 'unsupported_parameter', 'modalities'],
  ['65 levels of nesting', nested(64), 'request_too_complex', null],
  ['a hundred thousand levels of nesting', nested(100_000), 'request_too_complex', null],
  ['2001 messages', { messages: Array.from({ length: 2001 }, () => user) }, 'invalid_value', 'messages'],
  [
    '65 parts',
    { messages: [{ role: 'user', content: Array.from({ length: 65 }, () => ({ type: 'text', text: 'a' })) }] },
    'invalid_value',
    'messages.0.content',
  ],
  [
    'more than the context holds',
    { messages: [{ role: 'user', content: 'word '.repeat(60_000) }] },
    'context_length_exceeded',
    'messages',
  ],
  [
    'a prompt and an answer beyond the context',
    { messages: [{ role: 'user', content: 'word '.repeat(25_000) }], max_tokens: 16_000 },
    'context_length_exceeded',
    'messages',
  ],
];

type RequestRow = readonly [name: string, path: string, init: RequestInit, code: ErrorCode, param: string | null];

const json = JSON.stringify({ messages: [user] });
const chatPath = '/v1/chat/completions';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const typed = { 'content-type': 'application/json' };
const post = (headers: Record<string, string>, body: NonNullable<RequestInit['body']> = json): RequestInit => ({
  method: 'POST',
  headers,
  body,
});
const ok = { ...bearer(clientKey), ...typed };

const requests: readonly RequestRow[] = [
  ['no key', chatPath, post(typed), 'missing_api_key', null],
  ['an empty authorization', chatPath, post({ ...typed, authorization: '' }), 'missing_api_key', null],
  ['a wrong key', chatPath, post({ ...typed, ...bearer('pointsman-test-client-kez') }), 'invalid_api_key', null],
  ['a short key', chatPath, post({ ...typed, ...bearer('sk-1') }), 'invalid_api_key', null],
  ['a key of 10,000 characters', chatPath, post({ ...typed, ...bearer('k'.repeat(10_000)) }), 'invalid_api_key', null],
  ['the key and more', chatPath, post({ ...typed, ...bearer(`${clientKey}x`) }), 'invalid_api_key', null],
  ['the beginning of the key', chatPath, post({ ...typed, ...bearer(clientKey.slice(0, -1)) }), 'invalid_api_key', null],
  [
    'the key in another scheme',
    chatPath,
    post({ ...typed, authorization: `Basic ${btoa(`user:${clientKey}`)}` }),
    'invalid_api_key',
    null,
  ],
  ['the key without a scheme', chatPath, post({ ...typed, authorization: clientKey }), 'invalid_api_key', null],
  ['the key after two spaces', chatPath, post({ ...typed, authorization: `Bearer  ${clientKey}` }), 'invalid_api_key', null],
  ['the key in a header of another vendor', chatPath, post({ ...typed, 'x-api-key': clientKey }), 'missing_api_key', null],
  ['the key in the address', `${chatPath}?api_key=${clientKey}`, post(typed), 'missing_api_key', null],
  [
    'an SQL fragment as key',
    chatPath,
    post({ ...typed, ...bearer("'/**/OR/**/1=1--padded-to-length") }),
    'invalid_api_key',
    null,
  ],
  ['the admin token where a key belongs', chatPath, post({ ...typed, ...bearer(adminToken) }), 'invalid_api_key', null],
  ['no key before a bad body', chatPath, post(typed, '{'), 'missing_api_key', null],
  ['no key for the list of models', '/v1/models', {}, 'missing_api_key', null],
  ['no token for the statistics', '/stats', {}, 'missing_api_key', null],
  ['a wrong token for the statistics', '/stats', { headers: bearer('pointsman-test-admin-tokem') }, 'invalid_api_key', null],
  ['a client key for the statistics', '/stats', { headers: bearer(clientKey) }, 'forbidden', null],
  ['a client key for the router', '/router/info', { headers: bearer(clientKey) }, 'forbidden', null],

  ['an unknown path', '/v1/chat/completion', post(ok), 'not_found', null],
  ['a path with a slash at its end', `${chatPath}/`, post(ok), 'not_found', null],
  ['a path in capitals', '/V1/chat/completions', post(ok), 'not_found', null],
  ['a path with two slashes', '//v1/chat/completions', post(ok), 'not_found', null],
  ['a path with an encoded slash', '/v1%2Fchat/completions', post(ok), 'not_found', null],
  ['a file of the repository', '/.dev.vars', {}, 'not_found', null],
  ['an unknown path without a key', '/v2/anything', {}, 'not_found', null],
  ['an unknown model by its address', '/v1/models/gpt-17', { headers: bearer(clientKey) }, 'model_not_found', 'model'],
  ['a model address that is not UTF-8', '/v1/models/%E0%A4%A', { headers: bearer(clientKey) }, 'model_not_found', 'model'],

  [
    'no content type',
    chatPath,
    post(bearer(clientKey), new TextEncoder().encode(json)),
    'unsupported_media_type',
    'content-type',
  ],
  ['plain text', chatPath, post({ ...ok, 'content-type': 'text/plain' }), 'unsupported_media_type', 'content-type'],
  [
    'a form',
    chatPath,
    post({ ...ok, 'content-type': 'multipart/form-data; boundary=x' }),
    'unsupported_media_type',
    'content-type',
  ],
  [
    'a type that only begins like JSON',
    chatPath,
    post({ ...ok, 'content-type': 'application/jsonlines' }),
    'unsupported_media_type',
    'content-type',
  ],
  [
    'a gzip body',
    chatPath,
    post({ ...ok, 'content-encoding': 'gzip' }, gzipSync(json)),
    'unsupported_media_type',
    'content-encoding',
  ],
  ['a body said to be brotli', chatPath, post({ ...ok, 'content-encoding': 'br' }), 'unsupported_media_type', 'content-encoding'],
  [
    '5 MB',
    chatPath,
    post(ok, JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(5_000_000) }] })),
    'body_too_large',
    null,
  ],
  [
    '5 MB in pieces of unknown number',
    chatPath,
    { ...post(ok, streamOf(5_000_000)), duplex: 'half' } as RequestInit,
    'body_too_large',
    null,
  ],

  ['an unknown strategy', chatPath, post({ ...ok, 'x-routing-strategy': 'fastest' }), 'invalid_value', 'x-routing-strategy'],
  [
    'a strategy named like a prototype',
    chatPath,
    post({ ...ok, 'x-routing-strategy': 'constructor' }),
    'invalid_value',
    'x-routing-strategy',
  ],
  ['an agent with a space', chatPath, post({ ...ok, 'x-agent-name': 'a b' }), 'invalid_value', 'x-agent-name'],
  ['an agent with markup', chatPath, post({ ...ok, 'x-agent-name': '<script>' }), 'invalid_value', 'x-agent-name'],
  ['an agent of 200 characters', chatPath, post({ ...ok, 'x-agent-name': 'a'.repeat(200) }), 'invalid_value', 'x-agent-name'],
  [
    'a second authorization',
    chatPath,
    post({ ...typed, authorization: `Bearer ${clientKey}, Bearer ${clientKey}` }),
    'invalid_api_key',
    null,
  ],
];

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
  test.each(bodies)('%s', async (_, body, code, param) => {
    await expectRefusal(await gateway.chat(body), code, param);
  });

  test.each(bodies.filter(([name]) => /unknown model|empty body|no messages/.test(name)))(
    '%s, streamed',
    async (_, body, code, param) => {
      const streamed = typeof body === 'string' ? body : { ...(body as object), stream: true };
      await expectRefusal(await gateway.chat(streamed), code, param);
    },
  );
});

describe('a request that is refused', () => {
  test.each(requests)('%s', async (_, path, init, code, param) => {
    await expectRefusal(await fetch(addresses.url + path, init), code, param);
  });

  test.each(methods)('%s %s: 405, and Allow says %s', async (method, path, allow) => {
    const body = method === 'GET' || method === 'OPTIONS' ? {} : { body: json };
    const response = await fetch(addresses.url + path, { method, headers: ok, ...body });
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
    expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9]{24}$/);
  });

  test('a header that tries to bring its own line becomes no header of the answer', async () => {
    const lines = chatLines('wrong-key-of-enough-length', json, [
      'x-request-id: abc%0d%0aset-cookie:evil=1',
      'x-agent-name: a%0d%0ab',
    ]);
    const { status, headers } = await exchangeRaw(addresses.url, lines);
    expect(status).toBe(401);
    expect(headers.has('set-cookie')).toBe(false);
    expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9]{24}$/);
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
    for (const code of new Set([...bodies.map(([, , code]) => code), ...requests.map(([, , , code]) => code)])) {
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
    const [call, ...others] = (await gateway.chatCalls()).filter(({ id }) => id === 'twice');
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
    const call = (await gateway.chatCalls()).find(({ id }) => id === 'unknown-fields');
    expect(call?.bodyKeys.toSorted()).toEqual(['cache_salt', 'max_tokens', 'messages', 'model', 'stream']);
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
  expect(error.message.startsWith(message)).toBe(true);
  expect(error.message.length).toBeLessThan(700);
  const { headers } = response;
  expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-should-retry')).toBe(String(retry === 'client'));
}

/** A JSON body of so many bytes whose length is not announced. */
function streamOf(bytes: number): ReadableStream<Uint8Array> {
  const piece = new TextEncoder().encode('x'.repeat(50_000));
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent === 0) controller.enqueue(new TextEncoder().encode('{"messages":[{"role":"user","content":"'));
      if (sent >= bytes) return controller.close();
      sent += piece.length;
      return controller.enqueue(piece);
    },
  });
}
