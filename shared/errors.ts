/**
 * The table of all error codes, and the only class that is thrown on purpose. A code fixes its HTTP status, its OpenAI `type`, who may
 * retry, who is to blame (which drives breakers and metrics) and the public sentence.
 */

interface ErrorRow {
  /** HTTP status of the answer when headers have not gone out yet. */
  readonly status: number;
  /** `error.type` of the OpenAI envelope. */
  readonly type: string;
  /** `client`: the same request may succeed later. `chain`: the gateway has already retried. `never`: a retry cannot help. */
  readonly retry: 'client' | 'chain' | 'never';
  /** `upstream` counts against a model's health, `client` and `us` never do. */
  readonly blames: 'client' | 'upstream' | 'us';
  /** Public sentence; a safe detail may follow it. */
  readonly message: string;
}

export const errors = {
  invalid_json: row(400, 'invalid_request_error', 'never', 'client', 'The request body is not valid JSON.'),
  invalid_request: row(400, 'invalid_request_error', 'never', 'client', 'The request is not valid.'),
  missing_field: row(400, 'invalid_request_error', 'never', 'client', 'A required field is missing.'),
  invalid_value: row(400, 'invalid_request_error', 'never', 'client', 'A field has an invalid value.'),
  unsupported_parameter: row(400, 'invalid_request_error', 'never', 'client', 'This parameter is not supported.'),
  unsupported_schema: row(
    400,
    'invalid_request_error',
    'never',
    'client',
    'The JSON Schema uses something that is not supported.',
  ),
  request_too_complex: row(
    400,
    'invalid_request_error',
    'never',
    'client',
    'The request is nested too deeply or has too many parts.',
  ),
  context_length_exceeded: row(
    400,
    'invalid_request_error',
    'never',
    'client',
    'The request needs more tokens than the model has room for.',
  ),
  vision_model_missing: row(400, 'invalid_request_error', 'never', 'client', 'No model that sees images can take the request.'),
  upstream_rejected: row(400, 'invalid_request_error', 'never', 'client', 'The model server rejected the request.'),
  // Clients recognise this one by OpenAI's code, LiteLLM by its wording.
  content_policy_violation: row(
    400,
    'invalid_request_error',
    'never',
    'client',
    'The request was rejected as a result of the safety system of the model server.',
  ),
  upstream_unprocessable: row(422, 'invalid_request_error', 'never', 'client', 'The model server could not process the request.'),
  missing_api_key: row(
    401,
    'invalid_request_error',
    'never',
    'client',
    'No API key was given. Send it as "Authorization: Bearer <key>", or as x-api-key.',
  ),
  invalid_api_key: row(401, 'invalid_request_error', 'never', 'client', 'The API key is not valid.'),
  expired_api_key: row(401, 'invalid_request_error', 'never', 'client', 'The API key has expired.'),
  forbidden: row(403, 'permission_error', 'never', 'client', 'This key may not do that.'),
  model_not_allowed: row(403, 'permission_error', 'never', 'client', 'This key may not use that model.'),
  model_not_found: row(404, 'invalid_request_error', 'never', 'client', 'The model does not exist.'),
  not_found: row(404, 'invalid_request_error', 'never', 'client', 'There is no such path.'),
  previous_response_not_found: row(400, 'invalid_request_error', 'never', 'client', 'The previous response is not kept.'),
  method_not_allowed: row(405, 'invalid_request_error', 'never', 'client', 'The path does not take this method.'),
  request_timeout: row(408, 'invalid_request_error', 'client', 'client', 'The request body did not arrive in time.'),
  idempotency_in_flight: row(
    409,
    'idempotency_error',
    'client',
    'client',
    'A request with this idempotency key is still running.',
  ),
  conflict: row(409, 'invalid_request_error', 'never', 'client', 'Another request has changed it at the same moment.'),
  collection_full: row(409, 'invalid_request_error', 'never', 'client', 'There is no room for more documents.'),
  embedding_mismatch: row(
    409,
    'invalid_request_error',
    'never',
    'client',
    'The collection was made with another embedding model, whose vectors cannot be compared.',
  ),
  idempotency_mismatch: row(
    400,
    'idempotency_error',
    'never',
    'client',
    'This idempotency key was used with another request body.',
  ),
  body_too_large: row(413, 'invalid_request_error', 'never', 'client', 'The request body is too large.'),
  unsupported_media_type: row(
    415,
    'invalid_request_error',
    'never',
    'client',
    'Send the body as application/json, not compressed.',
  ),
  rate_limit_exceeded: row(429, 'rate_limit_error', 'client', 'client', 'Too many requests for this key.'),
  concurrency_limit_exceeded: row(429, 'rate_limit_error', 'client', 'client', 'Too many requests of this key at the same time.'),
  request_exceeds_limit: row(429, 'rate_limit_error', 'never', 'client', 'The request alone is larger than the key’s limit.'),
  budget_exceeded: row(429, 'insufficient_quota', 'never', 'client', 'The budget is used up.'),
  upstream_rate_limited: row(429, 'rate_limit_error', 'client', 'upstream', 'The model server asks to slow down.'),
  client_closed_request: row(499, 'invalid_request_error', 'never', 'client', 'The client closed the connection.'),
  stream_cancelled: row(499, 'invalid_request_error', 'never', 'client', 'The answer was cancelled.'),
  internal_error: row(500, 'server_error', 'client', 'us', 'Something went wrong in the gateway.'),
  upstream_unreachable: row(502, 'upstream_error', 'chain', 'upstream', 'The model server could not be reached.'),
  upstream_error: row(502, 'upstream_error', 'chain', 'upstream', 'The model server failed.'),
  upstream_auth: row(502, 'upstream_error', 'never', 'upstream', 'The gateway could not authenticate to the model server.'),
  upstream_quota: row(502, 'upstream_error', 'never', 'upstream', 'The gateway has no credit or quota left at the model server.'),
  upstream_model_missing: row(502, 'upstream_error', 'chain', 'upstream', 'The model server does not have the model loaded.'),
  upstream_invalid_answer: row(
    502,
    'upstream_error',
    'chain',
    'upstream',
    'The model server sent an answer that cannot be used.',
  ),
  upstream_degenerate: row(502, 'upstream_error', 'chain', 'upstream', 'The answer repeated itself without end and was cut.'),
  upstream_truncated: row(502, 'upstream_error', 'chain', 'upstream', 'The answer broke off before its end.'),
  upstream_too_large: row(502, 'upstream_error', 'chain', 'upstream', 'The answer passed the size limit.'),
  tunnel_down: row(502, 'upstream_error', 'chain', 'upstream', 'The tunnel to the model servers is down.'),
  invalid_structured_output: row(
    502,
    'upstream_error',
    'chain',
    'upstream',
    'The model did not produce output of the form that was asked for.',
  ),
  tool_choice_unmet: row(
    502,
    'upstream_error',
    'chain',
    'upstream',
    'The model did not make the tool call that tool_choice demands.',
  ),
  upstream_overloaded: row(503, 'overloaded_error', 'client', 'upstream', 'The model servers are overloaded.'),
  no_upstream: row(503, 'overloaded_error', 'client', 'upstream', 'No model server is available for this request.'),
  queue_full: row(503, 'overloaded_error', 'client', 'us', 'All places are taken, and so is the waiting room.'),
  model_waking: row(503, 'overloaded_error', 'client', 'us', 'The model is being started.'),
  model_stopped: row(503, 'overloaded_error', 'client', 'us', 'The model is stopped.'),
  state_unavailable: row(
    503,
    'overloaded_error',
    'client',
    'us',
    'What the gateway knows of keys, limits and usage could not be reached.',
  ),
  not_ready: row(503, 'overloaded_error', 'client', 'us', 'The gateway is not ready.'),
  not_cached: row(504, 'invalid_request_error', 'never', 'client', 'No kept answer was found, and only-if-cached was asked for.'),
  upstream_timeout: row(504, 'upstream_error', 'chain', 'upstream', 'The model server did not answer in time.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errors;

function row(status: number, type: string, retry: ErrorRow['retry'], blames: ErrorRow['blames'], message: string): ErrorRow {
  return { status, type, retry, blames, message };
}

/** The numbers of a request that is too long. */
export interface TokenCounts {
  /** The most tokens of prompt and answer together. */
  readonly contextTokens: number | null;
  readonly promptTokens: number | null;
  /** Tokens requested for the answer. */
  readonly completionTokens: number | null;
  /** `promptTokens` is an estimate, to be read as "at least". */
  readonly isEstimate?: boolean;
}

/** A failure as plain data: what the pure core returns, and what travels between attempts. */
export interface Failure {
  readonly code: ErrorCode;
  /** Replaces the code's own sentence, to name the thing at fault; safe to show. */
  readonly sentence?: string;
  /** Safe to show; follows the public sentence. Never an upstream's own words for a 5xx, an address or a path. */
  readonly detail?: string;
  /** The field of the request that is at fault, in dotted form: `messages.0.content`. */
  readonly param?: string;
  /** How long the client should wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Of `context_length_exceeded`, where they are known: each API has its own sentence for them. */
  readonly tokens?: TokenCounts;
}

/** The only exception thrown on purpose. `cause` only goes to the log. */
export class GatewayError extends Error implements Failure {
  readonly code: ErrorCode;
  readonly sentence?: string;
  readonly detail?: string;
  readonly param?: string;
  readonly retryAfterMs?: number;
  readonly tokens?: TokenCounts;

  constructor(failure: Failure, options?: { cause?: unknown }) {
    super(publicMessage(failure), options);
    this.name = 'GatewayError';
    this.code = failure.code;
    if (failure.sentence !== undefined) this.sentence = failure.sentence;
    if (failure.detail !== undefined) this.detail = failure.detail;
    if (failure.param !== undefined) this.param = failure.param;
    if (failure.retryAfterMs !== undefined) this.retryAfterMs = failure.retryAfterMs;
    if (failure.tokens !== undefined) this.tokens = failure.tokens;
  }
}

/** The OpenAI error envelope: all four keys, always. */
export interface ErrorEnvelope {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: ErrorCode };
}

/** What a client reads: the failure's sentence or its code's own, then the detail. */
export function publicMessage({ code, sentence, detail }: Failure): string {
  const message = sentence ?? errors[code].message;
  return detail === undefined ? message : `${message} ${detail}`;
}

/** Builds the body of an error answer, or the payload of a stream's error event. */
export function errorEnvelope(failure: Failure): ErrorEnvelope {
  return {
    error: {
      message: publicMessage(failure),
      type: errors[failure.code].type,
      param: failure.param ?? null,
      code: failure.code,
    },
  };
}

/** Whether an official client should repeat the request by itself (`x-should-retry`): only when waiting can help. */
export function shouldRetry(code: ErrorCode): boolean {
  return errors[code].retry === 'client';
}

/** Seconds for `retry-after`: an integer from 1 to 3600, present on every 429 and 503 where waiting can help. */
export function retryAfterSeconds(failure: Failure): number | null {
  const { status, retry } = errors[failure.code];
  if (failure.retryAfterMs === undefined && (retry === 'never' || (status !== 429 && status !== 503))) return null;
  const seconds = Math.ceil((failure.retryAfterMs ?? 1000) / 1000);
  return Math.min(3600, Math.max(1, Number.isFinite(seconds) ? seconds : 1));
}
