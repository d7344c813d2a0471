/** Who is calling: a client with an API key, in any header that clients use for one, or an operator with `Authorization: Bearer` or Access. */
import type { Context, MiddlewareHandler } from 'hono';
import { type Failure, GatewayError } from '../../shared/errors.ts';
import { headerNames } from '../../shared/headers.ts';
import type { Scope } from '../../shared/key-bodies.ts';
import { decideAccess } from '../core/auth/access.ts';
import { parseBearer } from '../core/auth/bearer.ts';
import { readCredentials } from '../core/auth/credentials.ts';
import type { KeyRecord } from '../core/auth/key-record.ts';
import { coarseWaitMs, nothingLeft } from '../core/limits/rate.ts';
import { rateLimitHeaders } from '../core/limits/rate-headers.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from './context.ts';

/** Authenticates a key. The look-up is by the digest of the whole key, so neither timing nor caches reveal a matching prefix. */
export function requireKey(deps: Deps, scope: Scope | null): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.get('trace')?.enter('auth');
    const known = keyAtOnce(deps, c, scope);
    const key = known instanceof Promise ? await known : known;
    const isWithinRate = deps.isWithinRate(key);
    if (!(isWithinRate instanceof Promise ? await isWithinRate : isWithinRate)) {
      // The tenant object is not asked for the numbers, since this limit is there to keep floods away from it.
      c.set('rate', nothingLeft(key.limits));
      throw new GatewayError({ code: 'rate_limit_exceeded', retryAfterMs: coarseWaitMs });
    }
    c.set('key', key);
    await next();
    if (hasRate(key)) await readRate(deps, c, key);
    const rate = c.get('rate');
    if (rate !== undefined) for (const [name, value] of rateLimitHeaders(rate)) c.res.headers.set(name, value);
  };
}

/** As a rule the first header holds a key that this isolate knows: then no other header is read, and nothing is waited for. */
function keyAtOnce(deps: Deps, c: Context<AppEnv>, scope: Scope | null): KeyRecord | Promise<KeyRecord> {
  const bearer = parseBearer(c.req.header('authorization') ?? null);
  const record = bearer.ok ? deps.keys.known(bearer.value, (work) => c.executionCtx.waitUntil(work)) : null;
  if (record !== null) {
    const access = decideAccess(record, deps.pipeline.clock.now(), scope);
    if (access.ok) return access.value;
  }
  return keyOf(deps, c, scope);
}

/** The request's first key that may do this; otherwise the failure of the first known one. */
async function keyOf(deps: Deps, c: Context<AppEnv>, scope: Scope | null): Promise<KeyRecord> {
  const tokens = readCredentials((name) => c.req.header(name));
  if (!tokens.ok) throw new GatewayError(tokens.failure);
  let refusal: Failure | null = null;
  for (const token of tokens.value) {
    const record = await recordOf(deps, c, token);
    const access = decideAccess(record, deps.pipeline.clock.now(), scope);
    if (access.ok) return access.value;
    if (record !== null && access.failure.code === 'forbidden') await readRate(deps, c, record);
    if (refusal === null || refusal.code === 'invalid_api_key') refusal = access.failure;
  }
  throw new GatewayError(refusal ?? { code: 'invalid_api_key' });
}

/** The numbers after this request was admitted, or the current ones if it was not. Keys without exact limits have none. */
async function readRate(deps: Deps, c: Context<AppEnv>, key: KeyRecord): Promise<void> {
  if (c.get('rate') !== undefined || !hasRate(key)) return;
  const { tenantId, limits } = key;
  const rate = await deps.pipeline.tenants.rate(tenantId, limits);
  if (rate !== null) c.set('rate', rate);
}

function hasRate({ limits }: KeyRecord): boolean {
  return limits.requestsPerMinute !== null || limits.tokensPerMinute !== null;
}

async function recordOf(deps: Deps, c: Context<AppEnv>, token: string): Promise<KeyRecord | null> {
  try {
    return await deps.keys.find(token, (work) => c.executionCtx.waitUntil(work));
  } catch (cause) {
    throw cause instanceof GatewayError ? cause : new GatewayError({ code: 'state_unavailable' }, { cause });
  }
}

/** Admits the admin token or a verified Access identity. A client's key gets 403, any other token 401. */
export function requireAdmin(deps: Deps): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const assertion = c.req.header(headerNames.accessJwt);
    if (assertion !== undefined && deps.verifyAccess !== null) {
      const actor = await deps.verifyAccess(assertion);
      if (actor === null) throw new GatewayError({ code: 'invalid_api_key', detail: 'The Access token is not valid.' });
      if (isFromElsewhere(c)) throw new GatewayError({ code: 'forbidden', detail: 'Requests from another site are refused.' });
      c.set('actor', actor);
      return next();
    }
    const token = tokenOf(c);
    if (deps.adminToken !== null && (await deps.isSameSecret(token, deps.adminToken))) {
      c.set('actor', 'token');
      return next();
    }
    if ((await recordOf(deps, c, token)) === null) throw new GatewayError({ code: 'invalid_api_key' });
    throw new GatewayError({ code: 'forbidden', detail: 'This path needs the admin token.' });
  };
}

/** Lets the token for metrics through, and whoever operates. */
export function requireMetrics(deps: Deps): MiddlewareHandler<AppEnv> {
  const asOperator = requireAdmin(deps);
  return async (c, next) => {
    const { metricsToken } = deps;
    const bearer = parseBearer(c.req.header('authorization') ?? null);
    if (metricsToken !== null && bearer.ok && (await deps.isSameSecret(bearer.value, metricsToken))) return next();
    return asOperator(c, next);
  };
}

/**
 * Access authenticates a browser by its cookie, whichever site caused the request, so requests that change something must come from this
 * origin. Browsers send where a request comes from; other clients do not, and have no such cookie.
 */
function isFromElsewhere(c: Context<AppEnv>): boolean {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return false;
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  return (
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && origin !== new URL(c.req.url).origin)
  );
}

function tokenOf(c: Context<AppEnv>): string {
  const bearer = parseBearer(c.req.header('authorization') ?? null);
  if (!bearer.ok) throw new GatewayError(bearer.failure);
  return bearer.value;
}
