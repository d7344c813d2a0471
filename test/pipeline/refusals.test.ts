/**
 * Requests that the gateway refuses by itself, through every middleware: each with its status, the whole error envelope, the field at fault
 * and the headers that every answer has; counted under its code, and without a call of a model server.
 */
import { describe, expect, it } from 'vitest';
import { errors, type ErrorCode, type ErrorEnvelope } from '../../shared/errors.ts';
import { clientKey, createFakeApp, type FakeApp } from '../support/fakes/app.ts';
import { completion } from './wire.ts';

const user = { role: 'user', content: 'hello' };
const schemaOf = (schema: unknown) => ({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } });
const nested = (levels: number) => `{"messages":${'['.repeat(levels)}${']'.repeat(levels)}}`;

type BodyRow = readonly [name: string, body: unknown, code: ErrorCode, param: string | null];

/** Strings go out as they are, the rest as JSON. */
const badBodies: readonly BodyRow[] = [
  ['an empty body', '', 'invalid_json', null],
  ['a list', [user], 'invalid_request', null],
  ['no messages', {}, 'missing_field', 'messages'],
  [
    'an image and no model that sees',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }] },
    'vision_model_missing',
    'messages',
  ],
  ['an unknown model', { model: 'gpt-17', messages: [user] }, 'model_not_found', 'model'],
  ['a temperature below its range', { messages: [user], temperature: -1 }, 'invalid_value', 'temperature'],
  [
    'a schema that lies elsewhere',
    { messages: [user], ...schemaOf({ $ref: 'https://example.com/schema.json' }) },
    'unsupported_schema',
    'response_format.json_schema.schema.$ref',
  ],
  ['the retired functions', { messages: [user], functions: [{ name: 'a' }] }, 'unsupported_parameter', 'functions'],
  ['65 levels of nesting', nested(64), 'request_too_complex', null],
  [
    '20,001 parts',
    { messages: [{ role: 'user', content: Array.from({ length: 20_001 }, () => ({ type: 'text', text: 'a' })) }] },
    'invalid_value',
    'messages.0.content',
  ],
  [
    'more than the context holds',
    { messages: [{ role: 'user', content: 'word '.repeat(60_000) }] },
    'context_length_exceeded',
    'messages',
  ],
];

const chatPath = '/v1/chat/completions';
const authorized = { authorization: `Bearer ${clientKey}` };
const typed = { ...authorized, 'content-type': 'application/json' };
const hello = JSON.stringify({ messages: [user] });

type HeaderRow = readonly [name: string, headers: Readonly<Record<string, string>>, code: ErrorCode, param: string | null];

const badHeaders: readonly HeaderRow[] = [
  ['plain text', { ...authorized, 'content-type': 'text/plain' }, 'unsupported_media_type', 'content-type'],
  ['a form', { ...authorized, 'content-type': 'multipart/form-data; boundary=x' }, 'unsupported_media_type', 'content-type'],
  [
    'a type that only begins like JSON',
    { ...authorized, 'content-type': 'application/jsonlines' },
    'unsupported_media_type',
    'content-type',
  ],
  ['an unknown strategy', { ...typed, 'x-routing-strategy': 'fastest' }, 'invalid_value', 'x-routing-strategy'],
  ['a strategy named like a prototype', { ...typed, 'x-routing-strategy': 'constructor' }, 'invalid_value', 'x-routing-strategy'],
  ['an agent with a space', { ...typed, 'x-agent-name': 'a b' }, 'invalid_value', 'x-agent-name'],
  ['an agent of 200 characters', { ...typed, 'x-agent-name': 'a'.repeat(200) }, 'invalid_value', 'x-agent-name'],
  ['no key before a bad header', { 'content-type': 'text/plain' }, 'missing_api_key', null],
];

const app = (): FakeApp => createFakeApp({ script: [], last: completion('hi') });

/** Strings go out as they are, the rest as JSON. */
const textOf = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

describe('a request that is refused', () => {
  it.each(badBodies)('has a body with %s', async (_, body, code, param) => {
    const { gateway, send } = app();
    await expectRefusal(await send('POST', chatPath, typed, textOf(body)), code, param);
    expect([gateway.ledger.refusals, gateway.upstream.calls.length]).toEqual([[code], 0]);
  });

  it.each(badBodies.filter(([, body]) => typeof body === 'object' && !Array.isArray(body)))(
    'has a streamed body with %s',
    async (_, body, code, param) => {
      const streamed = { ...(body as object), stream: true };
      await expectRefusal(await app().send('POST', chatPath, typed, JSON.stringify(streamed)), code, param);
    },
  );

  it.each(badHeaders)('has %s', async (_, headers, code, param) => {
    const { gateway, send } = app();
    await expectRefusal(await send('POST', chatPath, headers, hello), code, param);
    expect([gateway.ledger.refusals, gateway.upstream.calls.length]).toEqual([[code], 0]);
  });

  it.each(['/v1/models/gpt-17', '/v1/models/%E0%A4%A'])('asks for the model at %s', async (path) => {
    await expectRefusal(await app().send('GET', path, authorized), 'model_not_found', 'model');
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
