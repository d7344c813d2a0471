/** `POST /v1/messages/count_tokens`: how many tokens a prompt has for the model that would get it. No model runs, nothing is billed. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { messagesSurface, readMessages } from '../core/surfaces/messages/messages-surface.ts';
import type { Deps } from '../deps.ts';
import { readJsonBody } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';
import { countTokens } from '../pipeline/count-prompt.ts';
import { decide } from '../pipeline/decide.ts';
import { callerOf, readStrategy } from './caller.ts';

export function countMessageTokens(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { config, timers } = deps.pipeline;
    const { text, bytes } = await readJsonBody(c, config.limits, timers);
    const valid = readMessages(text, config, true);
    if (!valid.ok) throw new GatewayError(valid.failure);
    const { request } = valid.value;
    const caller = await callerOf(deps, c, messagesSurface, request, bytes);
    const decided = await decide(deps.pipeline, caller, request, readStrategy(c));
    if (!decided.ok) throw new GatewayError(decided.failure);
    return c.json({ input_tokens: await countTokens(deps.pipeline, caller, request, decided.value) });
  };
}
