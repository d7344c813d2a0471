/** `POST /v1/route`: takes a chat body and answers with decision, plan and explanation. No model runs, nothing is billed. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { chatSurface } from '../core/surfaces/chat/chat-surface.ts';
import { withoutEarlierImages } from '../core/surfaces/earlier-images.ts';
import type { Deps } from '../deps.ts';
import { readJsonBody } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';
import { explain } from '../pipeline/explain.ts';
import { callerOf, readStrategy } from './caller.ts';

export function routeOnly(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { limits } = deps.pipeline.config;
    const { text, bytes } = await readJsonBody(c, limits, deps.pipeline.timers);
    const valid = chatSurface.read(text, deps.pipeline.config);
    if (!valid.ok) throw new GatewayError(valid.failure);
    const { request, ignored } = withoutEarlierImages(valid.value, deps.pipeline.config);
    const caller = await callerOf(deps, c, chatSurface, request, bytes);
    const explained = await explain(deps.pipeline, caller, request, ignored, readStrategy(c));
    if (!explained.ok) throw new GatewayError(explained.failure);
    return c.json(explained.value);
  };
}
