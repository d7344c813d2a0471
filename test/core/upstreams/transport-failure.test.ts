/** What came back instead of an answer: which code a client gets, and which cause the next step and the model's health see. */
import { describe, expect, it } from 'vitest';
import { errors } from '../../../shared/errors.ts';
import { retryAfterMs, safeDetail, statusFailure } from '../../../worker/core/upstreams/transport-failure.ts';

const json = 'application/json';
const html = 'text/html';
const none = '';

describe('statusFailure', () => {
  it.each([
    [301, html, 'upstream_auth', 'auth', 'a redirect'],
    [302, html, 'upstream_auth', 'auth', 'the redirect of Access to its login page'],
    [307, none, 'upstream_auth', 'auth', 'a redirect that keeps the method'],
    [200, html, 'upstream_auth', 'auth', 'a login page with 200'],
    [401, json, 'upstream_auth', 'auth', 'the model server does not know the key'],
    [403, html, 'upstream_auth', 'auth', 'Access refuses the service token'],
    [404, json, 'upstream_model_missing', 'model_missing', 'the server does not have the model'],
    [408, none, 'upstream_timeout', 'timeout', 'the server gave the request up'],
    [413, html, 'upstream_rejected', 'client', 'the edge refuses the body'],
    [418, none, 'upstream_rejected', 'client', 'an unheard-of 4xx'],
    [429, json, 'upstream_rate_limited', 'rate_limited', 'asks to slow down'],
    [500, json, 'upstream_error', 'server_error', 'an engine error'],
    [501, json, 'upstream_error', 'server_error', 'not implemented'],
    [502, html, 'upstream_unreachable', 'gateway_error', 'cloudflared cannot reach the origin'],
    [503, json, 'upstream_overloaded', 'overload', 'the queue is full'],
    [503, none, 'upstream_overloaded', 'overload', 'a dead engine, empty body'],
    [503, html, 'upstream_overloaded', 'gateway_error', 'the page of a proxy on the way'],
    [504, html, 'upstream_timeout', 'gateway_error', 'a proxy waited too long'],
    [520, html, 'upstream_unreachable', 'gateway_error', 'the edge got something unknown'],
    [521, html, 'upstream_unreachable', 'gateway_error', 'the edge was refused'],
    [522, html, 'upstream_timeout', 'gateway_error', 'the edge could not connect in time'],
    [523, html, 'upstream_unreachable', 'gateway_error', 'the edge found no route'],
    [524, html, 'upstream_timeout', 'gateway_error', 'the tunnel gave up on silence'],
    [525, html, 'upstream_unreachable', 'gateway_error', 'a failed TLS handshake'],
    [529, none, 'upstream_unreachable', 'gateway_error', 'the last of the 52x'],
    [530, 'text/plain', 'tunnel_down', 'tunnel', 'nobody at the other end of the tunnel'],
    [599, none, 'upstream_error', 'server_error', 'an unheard-of 5xx'],
    [204, none, 'upstream_invalid_answer', 'invalid_answer', 'no content'],
    [206, json, 'upstream_invalid_answer', 'invalid_answer', 'a part of something'],
    [100, none, 'upstream_invalid_answer', 'invalid_answer', 'an informational status'],
  ] as const)('%i as "%s" is %s, cause %s: %s', (...[status, mediaType, code, cause]) => {
    expect(statusFailure(status, mediaType, null, null)).toEqual({ failure: { code }, cause });
  });

  it('knows every status from 100 to 599, and never passes an authentication failure on as one of the client', () => {
    for (let status = 100; status < 600; status += 1) {
      const { failure } = statusFailure(status, json, { message: 'm', param: null }, null);
      expect([401, 403]).not.toContain(errors[failure.code].status);
    }
  });

  it.each([
    ['upstream_rate_limited', 429],
    ['upstream_overloaded', 503],
    ['tunnel_down', 530],
  ] as const)('keeps how long to wait for %s', (code, status) => {
    expect(statusFailure(status, none, null, 7000).failure).toEqual({ code, retryAfterMs: 7000 });
  });

  it.each([500, 502, 503, 504, 530, 302, 401, 403, 404, 429])('shows none of the words of a %i', (status) => {
    const words = { message: 'Traceback: /opt/secret.py token=abc', param: 'secret' };
    expect(JSON.stringify(statusFailure(status, json, words, null))).not.toContain('ecret');
  });

  it.each([
    [400, 'temperature must be in [0, 2]', 'upstream_rejected', 'client', 'temperature'],
    [422, 'field required', 'upstream_unprocessable', 'client', 'temperature'],
    [400, "This model's maximum context length is 8192 tokens.", 'context_length_exceeded', 'context_length', 'messages'],
    [
      400,
      'The decoder prompt (length 40000) is longer than the maximum model length of 32768.',
      'context_length_exceeded',
      'context_length',
      'messages',
    ],
    [400, 'the request exceeds the available context size', 'context_length_exceeded', 'context_length', 'messages'],
    [422, 'prompt exceeds the context window', 'context_length_exceeded', 'context_length', 'messages'],
    [400, 'Refused by the content policy', 'content_policy', 'content_policy', undefined],
    [400, 'blocked by content_filter', 'content_policy', 'content_policy', undefined],
  ] as const)('tells a %i "%s" as %s', (status, message, code, cause, param) => {
    const result = statusFailure(status, json, { message, param: 'temperature' }, null);
    expect(result.cause).toBe(cause);
    expect(result.failure).toEqual({ code, detail: message, ...(param === undefined ? {} : { param }) });
  });

  it('has no detail where the server said nothing', () => {
    expect(statusFailure(400, json, { message: '', param: null }, null).failure).toEqual({ code: 'upstream_rejected' });
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-11-20T10:00:00Z');

  it.each([
    ['no header', null, null],
    ['seconds', '7', 7000],
    ['seconds with white space', ' 7 ', 7000],
    ['no wait', '0', 0],
    ['an hour', '3600', 3_600_000],
    ['two hours, cut to one', '7200', 3_600_000],
    ['an absurd number', '99999999999999999999999', 3_600_000],
    ['an HTTP date', 'Fri, 20 Nov 2026 10:00:30 GMT', 30_000],
    ['an HTTP date in the old form', 'Friday, 20-Nov-26 10:00:30 GMT', 30_000],
    ['an HTTP date in the past', 'Fri, 20 Nov 2026 09:00:00 GMT', 0],
    ['an HTTP date next year', 'Sat, 20 Nov 2027 10:00:00 GMT', 3_600_000],
    ['a negative number', '-5', null],
    ['a fraction', '1.5', null],
    ['an exponent', '1e3', null],
    ['text', 'soon', null],
    ['text with a number', 'try 1 more', null],
    ['nothing', '', null],
    ['a date that is none', 'Fri, 99 Nov 2026 10:00:00 GMT', null],
  ])('reads %s', (_, header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});

describe('safeDetail', () => {
  it.each([
    ['a URL', 'no route to https://small.example.com:8001/v1/chat?key=abc today', 'no route to [address] today'],
    ['a long URL', `see http://a.example/${'x'.repeat(550)} now`, 'see [address] now'],
    ['other schemes', 'at ws://10.0.0.1/x and postgres://u:p@db/x', 'at [address] and [address]'],
    ['a bare address', 'connection to 10.1.2.3:8001 refused', 'connection to [address] refused'],
    ['a deep path', 'in /usr/lib/python3/site-packages/vllm/engine.py', 'in [path]'],
    ['a short path', 'cannot open /models/qwen', 'cannot open [path]'],
    ['a path in quotes', 'File "/root/.cache/model.bin"', 'File "[path]"'],
    ['a path that begins relative', 'in site-packages/vllm/engine/core.py', 'in site-packages[path]'],
    ['control characters', 'a\u0000b\nc\td\u001b[31m', 'a b c d [31m'],
  ])('hides %s', (_, text, expected) => {
    expect(safeDetail(text)).toBe(expected);
  });

  it.each([
    '`tools` must not be an empty array.',
    'use application/json',
    'temperature and/or top_p',
    'Qwen/Qwen2.5-7B-Instruct',
    'expected 0.5 of 32768',
    'é 日本 🌍',
  ])('keeps what is neither address nor path: %s', (text) => {
    expect(safeDetail(text)).toBe(text);
  });

  it('keeps at most 300 characters', () => {
    expect(safeDetail('x'.repeat(100_000))).toHaveLength(300);
  });
});
