/** What came back instead of an answer: which code a client gets, and which cause the next step and the model's health see. */
import { describe, expect, it } from 'vitest';
import { errors } from '../../../shared/errors.ts';
import type { ServerWords } from '../../../worker/core/upstreams/server-words.ts';
import { statusFailure } from '../../../worker/core/upstreams/transport-failure.ts';

const json = 'application/json';
const html = 'text/html';
const none = '';
const said = (message: string, fields: Partial<ServerWords> = {}): ServerWords => ({
  message,
  param: null,
  names: [],
  promptTokens: null,
  contextTokens: null,
  ...fields,
});

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
    [402, json, 'upstream_quota', 'account', 'the account is empty'],
    [405, json, 'upstream_error', 'misfit', 'no such method there'],
    [406, none, 'upstream_error', 'misfit', 'what the gateway accepts is its own choice'],
    [407, html, 'upstream_unreachable', 'gateway_error', 'a proxy wants to be paid in credentials'],
    [409, none, 'upstream_error', 'server_error', 'a conflict inside the server'],
    [410, json, 'upstream_model_missing', 'model_missing', 'the model was retired'],
    [411, none, 'upstream_error', 'misfit', 'how a body travels is the gateway\u2019s choice'],
    [415, json, 'upstream_error', 'misfit', 'so is its media type'],
    [418, none, 'upstream_error', 'misfit', 'an unheard-of 4xx'],
    [421, none, 'upstream_unreachable', 'gateway_error', 'the wrong machine'],
    [424, json, 'upstream_error', 'server_error', 'TGI could not generate'],
    [425, none, 'upstream_unreachable', 'gateway_error', 'too early'],
    [451, none, 'content_policy_violation', 'content_policy', 'refused for legal reasons'],
    [498, json, 'upstream_overloaded', 'overload', 'no capacity left'],
    [499, none, 'upstream_unreachable', 'gateway_error', 'a proxy believes that its client has left'],
    [404, html, 'upstream_error', 'model_missing', 'a page instead of the path'],
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
    [529, json, 'upstream_overloaded', 'overload', 'overloaded, as Anthropic says it'],
    [529, html, 'upstream_overloaded', 'gateway_error', 'the same from a page'],
    [527, none, 'upstream_unreachable', 'gateway_error', 'another of the 52x'],
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
      const { failure } = statusFailure(status, json, said('m'), null);
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
    const words = said('Traceback: /opt/secret.py token=abc', { param: 'secret' });
    expect(JSON.stringify(statusFailure(status, json, words, null))).not.toContain('ecret');
  });

  it.each([
    [400, 'temperature must be in [0, 2]', 'upstream_rejected', 'client', 'temperature'],
    [413, 'the image is too large', 'upstream_rejected', 'client', 'temperature'],
    [422, 'field required', 'upstream_unprocessable', 'client', 'temperature'],
    [400, 'the request exceeds the available context size', 'context_length_exceeded', 'context_length', 'messages'],
    [422, 'prompt exceeds the context window', 'context_length_exceeded', 'context_length', 'messages'],
    [413, 'prompt exceeds the context window', 'context_length_exceeded', 'context_length', 'messages'],
    [400, 'Refused by the content policy', 'content_policy_violation', 'content_policy', undefined],
    [400, 'blocked by content_filter', 'content_policy_violation', 'content_policy', undefined],
    [403, 'requires moderation, and your input was flagged', 'content_policy_violation', 'content_policy', undefined],
  ] as const)('tells a %i "%s" as %s', (status, message, code, cause, param) => {
    const result = statusFailure(status, json, said(message, { param: 'temperature' }), null);
    expect(result.cause).toBe(cause);
    expect(result.failure).toEqual({ code, detail: message, ...(param === undefined ? {} : { param }) });
  });

  it('tells the numbers of "too long" in the words of OpenAI, with the size the server named', () => {
    const message = 'request (6021 tokens) exceeds the available context size (2048 tokens), try increasing it';
    expect(statusFailure(400, json, said(message), null)).toMatchObject({
      cause: 'context_length',
      failure: {
        code: 'context_length_exceeded',
        param: 'messages',
        detail:
          "This model's maximum context length is 2048 tokens. However, your messages resulted in 6021 tokens. Please reduce the length of the messages.",
      },
      limit: { contextTokens: 2048, promptTokens: 6021 },
    });
  });

  it('keeps the field that a server names when it is the answer that was asked for too long', () => {
    const message = 'max_tokens=100000 cannot be greater than max_model_len=4096. Please request fewer output tokens.';
    expect(statusFailure(400, json, said(message, { param: 'max_tokens' }), null)).toMatchObject({
      cause: 'context_length',
      failure: { code: 'context_length_exceeded', param: 'max_tokens', detail: message },
      limit: { contextTokens: 4096, isCompletion: true },
    });
    const capped = 'max_tokens is too large: 100000. This model supports at most 16384 completion tokens.';
    expect(statusFailure(400, json, said(capped), null)).toMatchObject({
      cause: 'client',
      failure: { code: 'upstream_rejected', param: 'max_tokens' },
      limit: { maxCompletionTokens: 16_384 },
    });
  });

  it.each(['Context size has been exceeded.', "This model's maximum context length is 8 tokens. However, it is /opt/secret."])(
    'knows "too long" in a 500, and shows none of its words: %s',
    (message) => {
      const result = statusFailure(500, json, said(message), null);
      expect(result).toMatchObject({ cause: 'context_length', failure: { code: 'context_length_exceeded' } });
      expect(JSON.stringify(result)).not.toContain('secret');
    },
  );

  it('does not take a 401, a 429 or a 503 for "too long"', () => {
    for (const status of [401, 403, 404, 429, 503, 530]) {
      expect(statusFailure(status, json, said('prompt exceeds the context window'), null).cause).not.toBe('context_length');
    }
  });

  it('has no detail where the server said nothing', () => {
    expect(statusFailure(400, json, said(''), null).failure).toEqual({ code: 'upstream_rejected' });
  });
});
