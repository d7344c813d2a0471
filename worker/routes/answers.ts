/** `POST` to the path of a public wire: reads the request in that wire, hands it to the pipeline, returns what came of it. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { headerNames } from '../../shared/headers.ts';
import { encodeMetadataHeader } from '../../shared/routing-metadata.ts';
import type { Surface } from '../core/surfaces/surface.ts';
import type { Deps } from '../deps.ts';
import { readJsonText } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';
import { chat } from '../pipeline/chat.ts';
import { callerOf, readStrategy } from './caller.ts';

export function answers(surface: Surface): (deps: Deps) => (c: Context<AppEnv>) => Promise<Response> {
  return (deps) => async (c) => {
    const { limits } = deps.pipeline.config;
    const text = await readJsonText(c, limits, deps.pipeline.timers);
    const valid = surface.read(text, limits);
    if (!valid.ok) throw new GatewayError(valid.failure);
    const caller = await callerOf(deps, c, surface, valid.value.request, text);
    const result = await chat(deps.pipeline, caller, valid.value, readStrategy(c));
    if (result.kind === 'replayed') {
      const { status, headers, body } = result.answer;
      return new Response(body, {
        status,
        headers: [...headers.map(([name, value]): [string, string] => [name, value]), [headerNames.idempotentReplayed, 'true']],
      });
    }
    if (result.rate !== null) c.set('rate', result.rate);
    if (result.metadata !== null) c.set('routing', result.metadata);
    if (result.kind === 'failed') {
      c.set('isAdmitted', result.isAdmitted);
      throw result.error;
    }
    const headers = new Headers({
      'content-type': result.kind === 'stream' ? 'text/event-stream; charset=utf-8' : 'application/json',
      [headerNames.routingMetadata]: encodeMetadataHeader(result.metadata),
    });
    return new Response(result.body, { headers });
  };
}
