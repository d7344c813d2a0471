/** `POST /v1/chat/completions`: reads the request, hands it to the pipeline, returns what came of it. */
import type { Context } from 'hono';
import type { ChatRequest } from '../../shared/chat.ts';
import { strategyIds, type Strategy } from '../../shared/config.ts';
import { GatewayError } from '../../shared/errors.ts';
import { clientIdPattern, headerNames } from '../../shared/headers.ts';
import { encodeMetadataHeader } from '../../shared/routing-metadata.ts';
import { checkAgent } from '../core/auth/access.ts';
import { parseIdempotencyKey } from '../core/auth/idempotency.ts';
import { rateLimitHeaders } from '../core/limits/rate-headers.ts';
import { parseChatRequest } from '../core/validate/chat-request.ts';
import type { Deps } from '../deps.ts';
import { readJsonText } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';
import { chat } from '../pipeline/chat.ts';

export function chatCompletions(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { limits } = deps.pipeline.config;
    const text = await readJsonText(c, limits, deps.pipeline.timers);
    const valid = parseChatRequest(text, limits);
    if (!valid.ok) throw new GatewayError(valid.failure);
    const strategy = readStrategy(c.req.header(headerNames.strategy));
    const caller = {
      key: c.get('key'),
      requestId: c.get('requestId'),
      agent: permittedAgent(c, valid.value.request),
      signal: c.req.raw.signal,
      background: (work: Promise<unknown>) => c.executionCtx.waitUntil(work),
      cacheSalt: await deps.saltOf(c.get('key').tenantId),
      bodyBytes: utf8Bytes(text),
      idempotency: await readIdempotency(deps, c, valid.value.request),
    };
    const result = await chat(deps.pipeline, caller, valid.value, strategy);
    if (result.kind === 'replayed') {
      const { status, headers, body } = result.answer;
      return new Response(body, {
        status,
        headers: [...headers.map(([name, value]): [string, string] => [name, value]), ['idempotent-replayed', 'true']],
      });
    }
    if (result.rate !== null) c.set('rate', result.rate);
    if (result.metadata !== null) c.set('routing', result.metadata);
    if (result.kind === 'failed') {
      c.set('isAdmitted', result.isAdmitted);
      throw result.error;
    }
    const headers = new Headers({
      'content-type': result.kind === 'json' ? 'application/json' : 'text/event-stream; charset=utf-8',
      [headerNames.routingMetadata]: encodeMetadataHeader(result.metadata),
    });
    if (result.rate !== null) for (const [name, value] of rateLimitHeaders(result.rate)) headers.set(name, value);
    return new Response(result.body, { headers });
  };
}

/** A key may only be used again with the same request: what was validated decides, not how it was spelled. */
async function readIdempotency(deps: Deps, c: Context<AppEnv>, request: ChatRequest) {
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

function readStrategy(header: string | undefined): Strategy | null {
  if (header === undefined) return null;
  const strategy = strategyIds.find((known) => known === header.trim().toLowerCase());
  if (strategy !== undefined) return strategy;
  throw new GatewayError({
    code: 'invalid_value',
    param: headerNames.strategy,
    detail: `Expected one of: ${strategyIds.join(', ')}.`,
  });
}

function permittedAgent(c: Context<AppEnv>, request: ChatRequest): string | null {
  const agent = readAgent(c.req.header(headerNames.agentName) ?? request.metadata?.['agent']);
  const permission = checkAgent(c.get('key'), agent);
  if (!permission.ok) throw new GatewayError(permission.failure);
  return agent;
}

function readAgent(name: string | undefined): string | null {
  if (name === undefined) return null;
  if (clientIdPattern.test(name)) return name;
  throw new GatewayError({
    code: 'invalid_value',
    param: headerNames.agentName,
    detail: 'Letters, digits, dot, dash and underscore; at most 128.',
  });
}
