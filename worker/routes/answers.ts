/** `POST` to the path of a public wire: reads the request in that wire, hands it to the pipeline, returns what came of it. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { headerNames } from '../../shared/headers.ts';
import { routingHeaders } from '../core/doors/routing-headers.ts';
import { withoutEarlierImages } from '../core/surfaces/earlier-images.ts';
import type { Surface } from '../core/surfaces/surface.ts';
import { rememberedByText } from '../core/text/remembered.ts';
import type { Deps } from '../deps.ts';
import { readJsonBody } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';
import { chat } from '../pipeline/chat.ts';
import { withEarlier } from '../pipeline/kept/earlier.ts';
import type { QueryResult } from '../pipeline/rag/answer-query.ts';
import { requestTimers } from '../pipeline/run/request-timers.ts';
import { callerOf, readStrategy } from './caller.ts';
import { sent } from './sent.ts';

export function answers(surface: Surface): (deps: Deps) => (c: Context<AppEnv>) => Promise<Response> {
  return (deps) => {
    const { config } = deps.pipeline;
    const read = (text: string) => surface.read(text, config);
    // Where answers are kept, bodies come again. Only there: elsewhere it would hold what is of no use.
    return answering(deps, surface, config.cache.enabled ? rememberedByText(read, againChars) : read);
  };
}

/** A long body is mostly a conversation, which grows with every turn. */
const againChars = { leastChars: 0, mostChars: 8192 };

function answering(deps: Deps, surface: Surface, read: (text: string) => ReturnType<Surface['read']>) {
  return async (c: Context<AppEnv>): Promise<Response> => {
    const { limits } = deps.pipeline.config;
    const trace = c.get('trace') ?? null;
    trace?.enter('body');
    const pipeline = { ...deps.pipeline, timers: requestTimers(deps.pipeline.timers, deps.pipeline.clock) };
    const { text, bytes } = await readJsonBody(c, limits, pipeline.timers);
    trace?.enter('validate');
    const valid = read(text);
    if (!valid.ok) throw new GatewayError(valid.failure);
    const whole = valid.value.earlier === undefined ? valid : await withEarlier(pipeline, c.get('key').tenantId, valid.value);
    if (!whole.ok) throw new GatewayError(whole.failure);
    const seen = withoutEarlierImages(whole.value, pipeline.config);
    const caller = await callerOf(deps, c, surface, seen.request, bytes, seen.stored);
    return responseOf(c, await chat(pipeline, caller, seen, readStrategy(c)));
  };
}

/** @throws GatewayError what the chat failed with */
export function responseOf(c: Context<AppEnv>, result: QueryResult): Response {
  if (result.kind === 'replayed') {
    return sent(result.answer, [[headerNames.idempotentReplayed, 'true']]);
  }
  if (result.rate !== null) c.set('rate', result.rate);
  if (result.metadata !== null) c.set('routing', result.metadata);
  if (result.kind === 'failed') {
    c.set('isAdmitted', result.isAdmitted);
    throw result.error;
  }
  const isStream = result.kind === 'stream' || result.kind === 'events';
  const headers = new Headers({
    'content-type': isStream ? 'text/event-stream; charset=utf-8' : 'application/json',
  });
  for (const [name, value] of routingHeaders(result.metadata)) headers.set(name, value);
  if (result.streamId !== null) headers.set(headerNames.streamId, result.streamId);
  return new Response(result.body, { headers });
}
