/** How many tokens a prompt has for the model that would get it. No model runs, nothing is billed. */
import type { Context } from 'hono';
import { type Failure, GatewayError } from '../../shared/errors.ts';
import type { Result } from '../../shared/result.ts';
import { withoutEarlierImages } from '../core/surfaces/earlier-images.ts';
import { messagesSurface, readMessages } from '../core/surfaces/messages/messages-surface.ts';
import { responsesSurface } from '../core/surfaces/responses/responses-surface.ts';
import type { ReadRequest, ReadSettings, Surface } from '../core/surfaces/surface.ts';
import type { Deps } from '../deps.ts';
import { readJsonBody } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';
import { countTokens } from '../pipeline/count-prompt.ts';
import { decide } from '../pipeline/decide.ts';
import { withEarlier } from '../pipeline/kept/earlier.ts';
import { callerOf, readStrategy } from './caller.ts';

type Read = (text: string, settings: ReadSettings) => Result<ReadRequest, Failure>;

function counting(surface: Surface, read: Read, marks: object): (deps: Deps) => (c: Context<AppEnv>) => Promise<Response> {
  return (deps) => async (c) => {
    const { config, timers } = deps.pipeline;
    const { text, bytes } = await readJsonBody(c, config.limits, timers);
    const valid = read(text, config);
    if (!valid.ok) throw new GatewayError(valid.failure);
    const whole = await withEarlier(deps.pipeline, c.get('key').tenantId, valid.value);
    if (!whole.ok) throw new GatewayError(whole.failure);
    const { request } = withoutEarlierImages(whole.value, config);
    const caller = await callerOf(deps, c, surface, request, bytes);
    const decided = await decide(deps.pipeline, caller, request, readStrategy(c));
    if (!decided.ok) throw new GatewayError(decided.failure);
    return c.json({ ...marks, input_tokens: await countTokens(deps.pipeline, caller, request, decided.value) });
  };
}

/** `POST /v1/messages/count_tokens`. */
export const countMessageTokens = counting(messagesSurface, (text, settings) => readMessages(text, settings, true), {});

/** `POST /v1/responses/input_tokens`. */
export const countInputTokens = counting(responsesSurface, responsesSurface.read, { object: 'response.input_tokens' });
