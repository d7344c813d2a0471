/** What a request's key, headers and metadata say about who is asking and how: read once, the same for every path that routes. */
import type { Context } from 'hono';
import { strategyIds, type Strategy } from '../../shared/config.ts';
import { GatewayError } from '../../shared/errors.ts';
import { clientIdPattern, headerNames } from '../../shared/headers.ts';
import { checkAgent } from '../core/auth/access.ts';
import { parseIdempotencyKey } from '../core/kept/idempotency.ts';
import type { InnerRequest } from '../core/request/inner-request.ts';
import type { Surface } from '../core/surfaces/surface.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';
import type { Caller } from '../pipeline/run/asked.ts';

/** @param text the request body, for its size */
export async function callerOf(
  deps: Deps,
  c: Context<AppEnv>,
  surface: Surface,
  request: InnerRequest,
  text: string,
): Promise<Caller> {
  const key = c.get('key');
  return {
    surface,
    key,
    requestId: c.get('requestId'),
    agent: permittedAgent(c, request),
    sessionId: readId(c.req.header(headerNames.sessionId), headerNames.sessionId),
    signal: c.req.raw.signal,
    background: (work) => c.executionCtx.waitUntil(work),
    cacheSalt: await deps.saltOf(key.tenantId),
    bodyBytes: utf8Bytes(text),
    idempotency: await readIdempotency(deps, c, request),
  };
}

/** A key may only be used again with the same request: what was validated decides, not how it was spelled. */
async function readIdempotency(deps: Deps, c: Context<AppEnv>, request: InnerRequest) {
  const key = parseIdempotencyKey(c.req.header(headerNames.idempotencyKey) ?? null);
  if (!key.ok) throw new GatewayError(key.failure);
  if (key.value === null) return null;
  return { key: key.value, fingerprint: await deps.digest(`POST ${c.req.path} ${JSON.stringify(request)}`) };
}

/** UTF-8 length without encoding: three bytes for a UTF-16 unit at most, so this is never too small. */
function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) bytes += unit > 0x7ff ? 2 : 1;
  }
  return bytes;
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

/** Metadata is free text: what could be no agent's name is none. */
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
