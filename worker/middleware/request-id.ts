/** Gives every request an id and every answer its required headers. A client's own id is kept if it is harmless. */
import type { MiddlewareHandler } from 'hono';
import { clientIdPattern, headerNames } from '../../shared/headers.ts';
import type { AppEnv } from './context.ts';
import { setSecureHeaders } from './secure-headers.ts';

export function requestId(newId: () => string): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const given = c.req.header(headerNames.requestId);
    const id = given !== undefined && clientIdPattern.test(given) ? given : newId();
    c.set('requestId', id);
    await next();
    const { headers } = c.res;
    headers.set(headerNames.requestId, id);
    setSecureHeaders(headers);
  };
}
