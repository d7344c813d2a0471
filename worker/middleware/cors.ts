/** Lets pages of listed origins read answers, and answers their preflights before authentication. */
import type { MiddlewareHandler } from 'hono';
import { allowedOrigin, answerHeaders, preflightHeaders } from '../core/doors/cors.ts';
import type { AppEnv } from './context.ts';

/**
 * @param origins from the configuration; not empty
 * @param isClosed operators' paths, which no page of another origin may read
 */
export function cors(origins: readonly string[], isClosed: (path: string) => boolean): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (isClosed(c.req.path)) return next();
    const origin = allowedOrigin(c.req.header('origin') ?? null, origins);
    const isPreflight = c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined;
    if (origin !== null && isPreflight) c.res = new Response(null, { status: 204 });
    else await next();
    const headers =
      origin === null
        ? []
        : isPreflight
          ? preflightHeaders(origin, c.req.header('access-control-request-headers') ?? null)
          : answerHeaders(origin);
    for (const [name, value] of headers) c.res.headers.set(name, value);
    // A cache must not give one origin's answer to another.
    if (!origins.includes('*')) c.res.headers.append('vary', 'origin');
  };
}
