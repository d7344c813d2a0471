/**
 * Reads what came back instead of an answer: the tunnel's and Cloudflare's own pages, and model servers' error statuses. An upstream's
 * words reach a client only for the 400 family, where they name the client's mistake; all else gets the code's own sentence.
 */
import type { Failure } from '../../../shared/errors.ts';
import type { FailureCause } from '../route/attempt.ts';

export interface UpstreamFailure {
  readonly failure: Failure;
  readonly cause: FailureCause;
}

/** @param retryAfterMs from the Retry-After header, if it had a usable one */
export function statusFailure(
  status: number,
  mediaType: string,
  error: { readonly message: string; readonly param: string | null } | null,
  retryAfterMs: number | null,
): UpstreamFailure {
  const wait = retryAfterMs === null ? {} : { retryAfterMs };
  if ((status >= 300 && status < 400) || status === 401 || status === 403)
    return { failure: { code: 'upstream_auth' }, cause: 'auth' };
  if (status === 429) return { failure: { code: 'upstream_rate_limited', ...wait }, cause: 'rate_limited' };
  if (status === 404) return { failure: { code: 'upstream_model_missing' }, cause: 'model_missing' };
  if (status === 409) return { failure: { code: 'upstream_error' }, cause: 'server_error' };
  if (status === 408) return { failure: { code: 'upstream_timeout' }, cause: 'timeout' };
  if (status === 504 || status === 522 || status === 524)
    return { failure: { code: 'upstream_timeout' }, cause: 'gateway_error' };
  // A page is a proxy's; the model server's own says something in JSON or nothing at all.
  if (status === 503)
    return { failure: { code: 'upstream_overloaded', ...wait }, cause: mediaType === 'text/html' ? 'gateway_error' : 'overload' };
  if (status === 530) return { failure: { code: 'tunnel_down', ...wait }, cause: 'tunnel' };
  if (status >= 400 && status < 500 && error !== null) return clientFailure(status, error);
  if (status >= 400 && status < 500) return { failure: { code: 'upstream_rejected' }, cause: 'client' };
  if (status === 502 || (status >= 520 && status < 530))
    return { failure: { code: 'upstream_unreachable' }, cause: 'gateway_error' };
  if (status >= 500) return { failure: { code: 'upstream_error' }, cause: 'server_error' };
  if (mediaType === 'text/html') return { failure: { code: 'upstream_auth' }, cause: 'auth' };
  return { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' };
}

function clientFailure(status: number, error: { readonly message: string; readonly param: string | null }): UpstreamFailure {
  const words = safeDetail(error.message);
  const detail = words === '' ? {} : { detail: words };
  const param = error.param === null ? {} : { param: safeDetail(error.param) };
  if (isContextLength(error.message)) {
    return { failure: { code: 'context_length_exceeded', param: 'messages', ...detail }, cause: 'context_length' };
  }
  if (isContentPolicy(error.message)) return { failure: { code: 'content_policy', ...detail }, cause: 'content_policy' };
  if (status === 422) return { failure: { code: 'upstream_unprocessable', ...detail, ...param }, cause: 'client' };
  return { failure: { code: 'upstream_rejected', ...detail, ...param }, cause: 'client' };
}

function isContextLength(message: string): boolean {
  return /maximum context length|max_model_len|context window|available context size|longer than the maximum model length/i.test(
    message,
  );
}

function isContentPolicy(message: string): boolean {
  return /content[ _-]?(?:policy|filter|management)|safety (?:policy|system)/i.test(message);
}

/** At most 300 characters on one line, without anything that looks like an address or a path. */
export function safeDetail(text: string): string {
  return text
    .slice(0, 600)
    .replace(/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>)]{1,600}/gi, '[address]')
    .replace(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b/g, '[address]')
    .replace(/(?<![A-Za-z0-9_.-])(?:\/[A-Za-z0-9_.-]{1,255}){2,20}|(?:\/[A-Za-z0-9_.-]{1,255}){3,20}/g, '[path]')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 300)
    .trim();
}

/** `Retry-After` in seconds or as an HTTP date → milliseconds from now, clamped to an hour; null when it says nothing usable. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, 3_600_000);
  // `Date.parse` finds a date in any text with a number in it ("-5", "try 1"); an HTTP date begins with its day.
  const at = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return null;
  return Math.min(Math.max(at - nowMs, 0), 3_600_000);
}
