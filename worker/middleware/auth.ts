/** Who is calling: a client with an API key, or an operator with the admin token. Both travel as `Authorization: Bearer`. */
import type { Context, MiddlewareHandler } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { headerNames } from '../../shared/headers.ts';
import type { Scope } from '../../shared/records.ts';
import { decideAccess } from '../core/auth/access.ts';
import { parseBearer } from '../core/auth/bearer.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from './context.ts';

/** Lets keys through. The lookup is by the digest of the whole key, so neither time nor cache can tell two keys apart by a prefix. */
export function requireKey(deps: Deps, scope: Scope | null): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const token = tokenOf(c);
    const record = await deps.keys.find(await deps.digest(token));
    const access = decideAccess(record, deps.pipeline.clock.now(), scope);
    if (!access.ok) throw new GatewayError(access.failure);
    if (!(await deps.isWithinRate(access.value))) throw new GatewayError({ code: 'rate_limit_exceeded', retryAfterMs: 10_000 });
    c.set('key', access.value);
    return next();
  };
}

/** Lets the admin token or a verified Access identity through; a client's key is known here and told that it may not, anything else is no key at all. */
export function requireAdmin(deps: Deps): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const assertion = c.req.header(headerNames.accessJwt);
    if (assertion !== undefined && deps.verifyAccess !== null) {
      const actor = await deps.verifyAccess(assertion);
      if (actor === null) throw new GatewayError({ code: 'invalid_api_key', detail: 'The Access token is not valid.' });
      c.set('actor', actor);
      return next();
    }
    const token = tokenOf(c);
    if (deps.adminToken !== null && (await deps.isSameSecret(token, deps.adminToken))) {
      c.set('actor', 'token');
      return next();
    }
    if ((await deps.keys.find(await deps.digest(token))) === null) throw new GatewayError({ code: 'invalid_api_key' });
    throw new GatewayError({ code: 'forbidden', detail: 'This path needs the admin token.' });
  };
}

function tokenOf(c: Context<AppEnv>): string {
  const bearer = parseBearer(c.req.header('authorization') ?? null);
  if (!bearer.ok) throw new GatewayError(bearer.failure);
  return bearer.value;
}
