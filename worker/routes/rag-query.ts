/** `POST /v1/rag/query`: a chat completion whose answer is made from the tenant's documents, and says which. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { chatSurface } from '../core/surfaces/chat/chat-surface.ts';
import { ragSurface } from '../core/surfaces/rag/rag-surface.ts';
import { readQuery } from '../core/surfaces/rag/read-query.ts';
import type { Deps } from '../deps.ts';
import { readJsonBody } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';
import { answerQuery } from '../pipeline/rag/answer-query.ts';
import { requestTimers } from '../pipeline/run/request-timers.ts';
import { responseOf } from './answers.ts';
import { callerOf, readStrategy } from './caller.ts';

export function ragQuery(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { limits, rag } = deps.pipeline.config;
    const trace = c.get('trace') ?? null;
    trace?.enter('body');
    const pipeline = { ...deps.pipeline, timers: requestTimers(deps.pipeline.timers, deps.pipeline.clock) };
    const { text, bytes } = await readJsonBody(c, limits, pipeline.timers);
    trace?.enter('validate');
    const query = readQuery(text, limits, rag);
    if (!query.ok) throw new GatewayError(query.failure);
    const { chat, ...searched } = query.value;
    // What an idempotency key stands for is the question, not what was found.
    const asked = { ...chat.request, extras: { ...chat.request.extras, rag: searched } };
    const caller = await callerOf(deps, c, chatSurface, asked, bytes);
    return responseOf(c, await answerQuery(pipeline, deps.documents, caller, query.value, ragSurface, readStrategy(c)));
  };
}
