/** Requests that the gateway must refuse whatever their body says: keys, paths, types, sizes and headers. */
import type { ErrorCode } from '../../../shared/errors.ts';
import { adminToken, clientKey } from '../../../infra/rig/connect.ts';

export type RequestRow = readonly [name: string, path: string, init: RequestInit, code: ErrorCode, param: string | null];

/** A body with nothing wrong in it. */
export const json = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }] });
export const chatPath = '/v1/chat/completions';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const typed = { 'content-type': 'application/json' };
export const post = (headers: Record<string, string>, body: NonNullable<RequestInit['body']> = json): RequestInit => ({
  method: 'POST',
  headers,
  body,
});
export const authorized = { ...bearer(clientKey), ...typed };

export const badRequests: readonly RequestRow[] = [
  ['no key', chatPath, post(typed), 'missing_api_key', null],
  ['a wrong key', chatPath, post({ ...typed, ...bearer('pointsman-local-rig-clienz') }), 'invalid_api_key', null],
  ['a short key', chatPath, post({ ...typed, ...bearer('sk-1') }), 'invalid_api_key', null],
  ['the key and more', chatPath, post({ ...typed, ...bearer(`${clientKey}x`) }), 'invalid_api_key', null],
  ['the beginning of the key', chatPath, post({ ...typed, ...bearer(clientKey.slice(0, -1)) }), 'invalid_api_key', null],
  ['the key in a header of nobody', chatPath, post({ ...typed, 'x-key': clientKey }), 'missing_api_key', null],
  ['the admin token where a key belongs', chatPath, post({ ...typed, ...bearer(adminToken) }), 'invalid_api_key', null],
  ['no key before a bad body', chatPath, post(typed, '{'), 'missing_api_key', null],
  ['no key for the list of models', '/v1/models', {}, 'missing_api_key', null],
  ['no token for the statistics', '/stats', {}, 'missing_api_key', null],
  ['a wrong token for the statistics', '/stats', { headers: bearer('pointsman-local-rig-admim') }, 'invalid_api_key', null],
  ['a client key for the statistics', '/stats', { headers: bearer(clientKey) }, 'forbidden', null],
  ['a client key for the router', '/router/info', { headers: bearer(clientKey) }, 'forbidden', null],

  ['an unknown path', '/v1/chat/completion', post(authorized), 'not_found', null],
  ['a path in capitals', '/V1/chat/completions', post(authorized), 'not_found', null],
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
  ['plain text', chatPath, post({ ...authorized, 'content-type': 'text/plain' }), 'unsupported_media_type', 'content-type'],
  [
    'a form',
    chatPath,
    post({ ...authorized, 'content-type': 'multipart/form-data; boundary=x' }),
    'unsupported_media_type',
    'content-type',
  ],
  [
    'a type that only begins like JSON',
    chatPath,
    post({ ...authorized, 'content-type': 'application/jsonlines' }),
    'unsupported_media_type',
    'content-type',
  ],
  [
    'a body said to be brotli',
    chatPath,
    post({ ...authorized, 'content-encoding': 'br' }),
    'unsupported_media_type',
    'content-encoding',
  ],
  [
    '5 MB',
    chatPath,
    post(authorized, JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(5_000_000) }] })),
    'body_too_large',
    null,
  ],
  [
    '5 MB in pieces of unknown number',
    chatPath,
    { ...post(authorized, streamOf(5_000_000)), duplex: 'half' } as RequestInit,
    'body_too_large',
    null,
  ],

  [
    'an unknown strategy',
    chatPath,
    post({ ...authorized, 'x-routing-strategy': 'fastest' }),
    'invalid_value',
    'x-routing-strategy',
  ],
  [
    'a strategy named like a prototype',
    chatPath,
    post({ ...authorized, 'x-routing-strategy': 'constructor' }),
    'invalid_value',
    'x-routing-strategy',
  ],
  ['an agent with a space', chatPath, post({ ...authorized, 'x-agent-name': 'a b' }), 'invalid_value', 'x-agent-name'],
  [
    'an agent of 200 characters',
    chatPath,
    post({ ...authorized, 'x-agent-name': 'a'.repeat(200) }),
    'invalid_value',
    'x-agent-name',
  ],
];

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
