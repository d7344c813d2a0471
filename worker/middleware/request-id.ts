/** Gives every request an id and every answer its required headers. A client's own id is kept if it is harmless. */
import type { Context, MiddlewareHandler } from 'hono';
import { clientIdPattern, headerNames } from '../../shared/headers.ts';
import { type Surface, surfaceAt } from '../core/surfaces/surface.ts';
import type { AppEnv } from './context.ts';
import { secureHeaders, setSecureHeaders } from './secure-headers.ts';

/** @param surfaces some have a name of their own for the header */
export function requestId(newId: () => string, surfaces: readonly Surface[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const given = c.req.header(headerNames.requestId);
    const id = given !== undefined && clientIdPattern.test(given) ? given : newId();
    c.set('requestId', id);
    await next();
    if (c.res === c.get('dressed')) return;
    const { headers } = c.res;
    headers.set(headerNames.requestId, id);
    const ownName = surfaceAt(surfaces, c.req.path)?.requestIdHeader;
    if (ownName !== undefined) headers.set(ownName, id);
    setSecureHeaders(headers);
  };
}

/**
 * A response that is made with every required header at once: each header that is set afterwards is a call into the platform, and these
 * nine were as dear as the response itself.
 *
 * @param surface whose client it goes to
 * @param more its own headers, which come before the required ones
 */
export function dressed(
  c: Context<AppEnv>,
  surface: Surface,
  body: string | ReadableStream<Uint8Array>,
  more: Readonly<Record<string, string>>,
): Response {
  const headers: Record<string, string> = { ...secureHeaders, ...more };
  headers[headerNames.requestId] = c.get('requestId');
  if (surface.requestIdHeader !== undefined) headers[surface.requestIdHeader] = c.get('requestId');
  const response = new Response(body, { headers });
  c.set('dressed', response);
  return response;
}
