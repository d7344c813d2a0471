/** What a request's key, headers and metadata say about who is asking and how: read once, the same for every path that routes. */
import type { Context } from 'hono';
import { strategyIds, type Strategy } from '../../shared/config.ts';
import { GatewayError } from '../../shared/errors.ts';
import { clientIdPattern, headerNames } from '../../shared/headers.ts';
import { checkAgent } from '../core/auth/access.ts';
import { parseIdempotencyKey } from '../core/kept/idempotency.ts';
import type { InnerRequest } from '../core/request/inner-request.ts';
import { readTraceparent } from '../core/trace/trace-context.ts';
import type { Surface } from '../core/surfaces/surface.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';
import type { Caller } from '../pipeline/run/asked.ts';

/** @param bodyBytes of the request's body */
export async function callerOf(
  deps: Deps,
  c: Context<AppEnv>,
  surface: Surface,
  request: InnerRequest,
  bodyBytes: number,
  stored: string | null = null,
): Promise<Caller> {
  const key = c.get('key');
  const salt = deps.saltOf(key.tenantId);
  const idempotencyKey = c.req.header(headerNames.idempotencyKey);
  return {
    surface,
    key,
    requestId: c.get('requestId'),
    url: c.req.url,
    agent: permittedAgent(c, request),
    sessionId: readId(c.req.header(headerNames.sessionId), headerNames.sessionId),
    signal: c.req.raw.signal,
    background: (work) => c.executionCtx.waitUntil(work),
    trace: c.get('trace') ?? null,
    traceparent: readParent(c),
    cacheSalt: salt instanceof Promise ? await salt : salt,
    bodyBytes,
    cacheControl: c.req.header(headerNames.cacheControl) ?? null,
    idempotency: idempotencyKey === undefined ? null : await readIdempotency(deps, c, request, idempotencyKey),
    isResumable: readResumable(c),
    stored,
  };
}

/** As it came: a gateway that follows no requests passes on what others follow them by. */
function readParent(c: Context<AppEnv>): string | null {
  const header = c.req.header(headerNames.traceparent);
  return header === undefined || readTraceparent(header) === null ? null : header;
}

/** An idempotency key may only be reused with the same request, compared after validation, so spelling does not matter. */
async function readIdempotency(deps: Deps, c: Context<AppEnv>, request: InnerRequest, header: string) {
  const key = parseIdempotencyKey(header);
  if (!key.ok) throw new GatewayError(key.failure);
  if (key.value === null) return null;
  const id = (await deps.digest(`idempotency-key ${key.value}`)).slice(0, 32);
  return { id, fingerprint: await deps.digest(`POST ${c.req.path} ${JSON.stringify(request)}`) };
}

/** The `x-resumable` header; without one what the key says. */
function readResumable(c: Context<AppEnv>): boolean {
  const header = c.req.header(headerNames.resumable);
  if (header === undefined) return c.get('key').hasResumableStreams === true;
  if (header === 'true' || header === 'false') return header === 'true';
  throw new GatewayError({ code: 'invalid_value', param: headerNames.resumable, detail: 'Expected true or false.' });
}

/** The `x-routing-strategy` header; null without one. */
export function readStrategy(c: Context<AppEnv>): Strategy | null {
  const header = c.req.header(headerNames.strategy);
  if (header === undefined) return null;
  const strategy = strategyIds.find((known) => known === header.trim().toLowerCase());
  if (strategy !== undefined) return strategy;
  throw new GatewayError({
    code: 'invalid_value',
    param: headerNames.strategy,
    detail: `Expected one of: ${strategyIds.join(', ')}.`,
  });
}

function permittedAgent(c: Context<AppEnv>, request: InnerRequest): string | null {
  const agent = readId(c.req.header(headerNames.agentName), headerNames.agentName) ?? agentInMetadata(request);
  const permission = checkAgent(c.get('key'), agent);
  if (!permission.ok) throw new GatewayError(permission.failure);
  return agent;
}

/** Metadata is free text: a value that cannot be an agent's name is ignored. */
function agentInMetadata({ metadata }: InnerRequest): string | null {
  const agent = metadata?.['agent'];
  return typeof agent === 'string' && clientIdPattern.test(agent) ? agent : null;
}

function readId(value: string | undefined, param: string): string | null {
  if (value === undefined) return null;
  if (clientIdPattern.test(value)) return value;
  throw new GatewayError({
    code: 'invalid_value',
    param,
    detail: 'Letters, digits, dot, dash and underscore; at most 128.',
  });
}
