/** Which pages in a browser may call the gateway, and which headers they get. Cookies are never used: a page needs its own key. */
import { headerNames } from '../../../shared/headers.ts';

/** What a page may read of an answer beyond its body. */
const exposed = [
  headerNames.requestId,
  'request-id',
  headerNames.routingMetadata,
  headerNames.shouldRetry,
  headerNames.retryAfter,
  headerNames.idempotentReplayed,
  headerNames.streamId,
  headerNames.cache,
  headerNames.age,
  ...['limit', 'remaining', 'reset'].flatMap((what) => [`x-ratelimit-${what}-requests`, `x-ratelimit-${what}-tokens`]),
].join(', ');

const usualHeaders = 'authorization, content-type, x-api-key, api-key';
/** Official clients send a dozen headers of their own, so every name is allowed; no header alone grants access. */
const headerList = /^[a-z0-9!#$%&'*+.^_`|~, -]{1,4000}$/i;
const keepSeconds = 7200;

/** The value that allows this origin, or null. */
export function allowedOrigin(origin: string | null, allowed: readonly string[]): string | null {
  if (origin === null) return null;
  if (allowed.includes('*')) return '*';
  return allowed.includes(origin) ? origin : null;
}

/** Headers of an answer to an allowed origin. */
export function answerHeaders(origin: string): readonly (readonly [name: string, value: string])[] {
  return [
    ['access-control-allow-origin', origin],
    ['access-control-expose-headers', exposed],
  ];
}

/** Headers of the answer to a preflight of an allowed origin. */
export function preflightHeaders(
  origin: string,
  requestedHeaders: string | null,
): readonly (readonly [name: string, value: string])[] {
  const isPlain = requestedHeaders !== null && headerList.test(requestedHeaders);
  return [
    ['access-control-allow-origin', origin],
    ['access-control-allow-methods', 'GET, POST, DELETE'],
    ['access-control-allow-headers', isPlain ? requestedHeaders : usualHeaders],
    ['access-control-max-age', String(keepSeconds)],
  ];
}
