/** `POST /v1/chat/completions`: reads the request, hands it to the pipeline, returns what came of it. */
import type { Context } from 'hono';
import { strategyIds, type Strategy } from '../../shared/config.ts';
import { GatewayError } from '../../shared/errors.ts';
import { clientIdPattern, headerNames } from '../../shared/headers.ts';
import { encodeMetadataHeader } from '../../shared/routing-metadata.ts';
import { parseChatRequest } from '../core/validate/chat-request.ts';
import type { Deps } from '../deps.ts';
import { readJsonText } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';
import { chat } from '../pipeline/chat.ts';

export function chatCompletions(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { limits } = deps.pipeline.config;
    const valid = parseChatRequest(await readJsonText(c, limits, deps.pipeline.timers), limits);
    if (!valid.ok) throw new GatewayError(valid.failure);
    const strategy = readStrategy(c.req.header(headerNames.strategy));
    const caller = {
      key: c.get('key'),
      requestId: c.get('requestId'),
      agent: readAgent(c.req.header(headerNames.agentName) ?? valid.value.request.metadata?.['agent']),
      signal: c.req.raw.signal,
      background: (work: Promise<unknown>) => c.executionCtx.waitUntil(work),
      cacheSalt: await deps.saltOf(c.get('key').id),
    };
    const result = await chat(deps.pipeline, caller, valid.value, strategy);
    if (result.metadata !== null) c.set('routing', result.metadata);
    if (result.kind === 'failed') throw result.error;
    return new Response(result.body, {
      headers: {
        'content-type': result.kind === 'json' ? 'application/json' : 'text/event-stream; charset=utf-8',
        [headerNames.routingMetadata]: encodeMetadataHeader(result.metadata),
      },
    });
  };
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

function readAgent(name: string | undefined): string | null {
  if (name === undefined) return null;
  if (clientIdPattern.test(name)) return name;
  throw new GatewayError({
    code: 'invalid_value',
    param: headerNames.agentName,
    detail: 'Letters, digits, dot, dash and underscore; at most 128.',
  });
}
