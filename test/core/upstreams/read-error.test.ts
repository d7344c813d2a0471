/** vLLM's error bodies in every shape that was seen, and what a client is told of them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ErrorHead } from '../../../worker/core/upstreams/dialect.ts';
import { readError, readErrorEvent } from '../../../worker/core/upstreams/read-error.ts';

interface ErrorBody {
  readonly status: number;
  readonly when: string;
  readonly body: unknown;
}

const fixture = fileURLToPath(new URL('../../fixtures/sse/vllm-error-bodies.json', import.meta.url));
const bodies: ErrorBody[] = JSON.parse(readFileSync(fixture, 'utf8'));

const expected: Record<
  string,
  { readonly code: string; readonly cause: string; readonly param?: string; readonly detail?: RegExp }
> = {
  'prompt + max_tokens over the window': {
    code: 'context_length_exceeded',
    cause: 'context_length',
    param: 'messages',
    detail: /^This model's maximum context length is 8192 tokens/,
  },
  'request body does not validate': {
    code: 'upstream_rejected',
    cause: 'client',
    param: 'messages',
    detail: /1 validation error/,
  },
  'empty tools array': { code: 'upstream_rejected', cause: 'client', param: 'tools', detail: /must not be an empty array/ },
  'missing or wrong bearer token on a guarded path': { code: 'upstream_auth', cause: 'auth' },
  'model name unknown': { code: 'upstream_model_missing', cause: 'model_missing' },
  'route unknown': { code: 'upstream_error', cause: 'model_missing' },
  'engine error before the first byte': { code: 'upstream_error', cause: 'server_error' },
  'feature not implemented': { code: 'upstream_error', cause: 'server_error' },
  'queue limit reached (--max-num-queued-reqs / --max-num-queued-tokens, 2026 releases)': {
    code: 'upstream_overloaded',
    cause: 'overload',
  },
  'GET /health with a dead engine': { code: 'upstream_overloaded', cause: 'overload' },
  'cloudflared: origin refused': { code: 'upstream_unreachable', cause: 'gateway_error' },
  'cloudflared: tunnel down (error 1033)': { code: 'tunnel_down', cause: 'tunnel' },
};

const head = (status: number, mediaType = 'application/json'): ErrorHead => ({
  status,
  mediaType,
  retryAfter: null,
  retryAfterExact: null,
});

describe('readError', () => {
  it.each(bodies)('reads the $status "$when"', ({ status, when, body }) => {
    const isText = typeof body === 'string';
    const mediaType = !isText ? 'application/json' : body.startsWith('<') ? 'text/html' : 'text/plain';
    const { failure, cause } = readError(head(status, mediaType), isText ? body : JSON.stringify(body), 0);
    const row = expected[when];
    expect({ code: failure.code, cause, param: failure.param }).toEqual({
      code: row?.code,
      cause: row?.cause,
      param: row?.param,
    });
    if (row?.detail === undefined) expect(failure.detail).toBeUndefined();
    else expect(failure.detail).toMatch(row.detail);
  });

  it.each([
    [
      'the older body with the fields at the top',
      { object: 'error', message: 'bad top_k', type: 'BadRequestError', param: 'top_k', code: 400 },
      'bad top_k',
      'top_k',
    ],
    [
      "FastAPI's list of details",
      { detail: [{ loc: ['body', 'messages', 0, 'content'], msg: 'Field required', type: 'missing' }] },
      'Field required',
      'messages.0.content',
    ],
    ["FastAPI's detail for the whole body", { detail: [{ loc: ['body'], msg: 'Invalid JSON' }] }, 'Invalid JSON', undefined],
    ["FastAPI's detail as text", { detail: 'bad request' }, 'bad request', undefined],
    ['an error that is text', { error: 'bad request' }, 'bad request', undefined],
    ['an error without message', { error: { code: 400 } }, undefined, undefined],
    ['an error whose fields have other types', { error: { message: 5, param: {} } }, undefined, undefined],
    ['a message at the root', { message: 'bad request', request_id: 'r1' }, 'bad request', undefined],
    [
      'the problem of RFC 9457',
      { type: 'about:blank', title: 'Bad Request', status: 400, detail: 'n is 0' },
      'n is 0',
      undefined,
    ],
    ['a problem without detail', { type: 'about:blank', title: 'Bad Request', status: 400 }, 'Bad Request', undefined],
    [
      'a list of errors, as Gemini sends it',
      [{ error: { code: 400, message: 'bad tool', status: 'INVALID_ARGUMENT' } }],
      'bad tool',
      undefined,
    ],
    ['a detail that is an object', { detail: { message: 'bad request' } }, 'bad request', undefined],
    ['an error of TGI', { error: 'bad request', error_type: 'validation' }, 'bad request', undefined],
    ['an object without any of it', {}, undefined, undefined],
    ['an array', [], undefined, undefined],
    ['null', null, undefined, undefined],
  ])('reads %s', (_, body, detail, param) => {
    const { failure } = readError(head(400), JSON.stringify(body), 0);
    expect(failure.code).toBe('upstream_rejected');
    expect([failure.detail, failure.param]).toEqual([detail, param]);
  });

  it.each([
    ['no body', 'application/json', null],
    ['a body that is no JSON', 'application/json', '{"error":'],
    ['a page', 'text/html', '<h1>secret</h1>'],
    ['text', 'text/plain', 'secret'],
  ])('needs no words: %s', (_, mediaType, body) => {
    expect(readError(head(400, mediaType), body, 0)).toEqual({ failure: { code: 'upstream_rejected' }, cause: 'client' });
  });

  it.each(['application/problem+json', 'application/vnd.api+json', 'text/plain', ''])(
    'reads JSON that comes as "%s"',
    (mediaType) => {
      expect(readError(head(400, mediaType), '{"detail":"n is 0 at 10.0.0.5:8000"}', 0).failure.detail).toBe(
        'n is 0 at [address]',
      );
    },
  );

  it('takes the wait from retry-after-ms where it is there', () => {
    const waits = { retryAfter: '12', retryAfterExact: '250' };
    expect(readError({ ...head(429), ...waits }, '{}', 0).failure.retryAfterMs).toBe(250);
  });

  it('takes the wait from Retry-After', () => {
    expect(readError({ ...head(429), retryAfter: '12' }, '{}', 0).failure.retryAfterMs).toBe(12_000);
  });
});

describe('readErrorEvent', () => {
  const context = 'Context size has been exceeded.';
  it.each([
    ['a number that stands as text', { message: 'slow down', code: '429' }, 'rate_limited'],
    ['a number in another field', { message: 'slow down', status_code: 429 }, 'rate_limited'],
    ['a name and no number', { message: 'x', code: 'context_length_exceeded' }, 'context_length'],
    ['words and no number', { message: "This model's maximum context length is 8 tokens. However, no." }, 'context_length'],
    ['a 500 that is too long a prompt', { message: context, code: 500, type: 'server_error' }, 'context_length'],
    ['a type that blames the request', { message: 'bad top_k', type: 'BadRequestError' }, 'client'],
    ['a type that does not', { message: 'bad top_k', type: 'InternalServerError' }, 'server_error'],
    ['an overloaded server', { message: 'Overloaded', type: 'overloaded_error' }, 'overload'],
    ['a text', 'boom', 'server_error'],
    ['a text that says what it is', 'prompt is too long: 9 tokens > 8 maximum', 'context_length'],
    ['nothing', {}, 'server_error'],
  ])('reads %s', (_, error, cause) => {
    expect(readErrorEvent(error).cause).toBe(cause);
  });
});
