/** Gives every request an id and every answer its required headers. A client's own id is kept if it is harmless. */
import type { MiddlewareHandler } from 'hono';
import { clientIdPattern, headerNames } from '../../shared/headers.ts';
import { type Surface, surfaceAt } from '../core/surfaces/surface.ts';
import type { AppEnv } from './context.ts';
import { setSecureHeaders } from './secure-headers.ts';

/** @param surfaces some have a name of their own for the header */
export function requestId(newId: () => string, surfaces: readonly Surface[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const given = c.req.header(headerNames.requestId);
    const id = given !== undefined && clientIdPattern.test(given) ? given : newId();
    c.set('requestId', id);
    await next();
    const { headers } = c.res;
    headers.set(headerNames.requestId, id);
    const ownName = surfaceAt(surfaces, c.req.path)?.requestIdHeader;
    if (ownName !== undefined) headers.set(ownName, id);
    setSecureHeaders(headers);
  };
}
