/** `GET /v1/streams/:id` and `POST /v1/streams/:id/cancel`: a resumable stream is read again, or stopped. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { headerNames } from '../../shared/headers.ts';
import { readAfter, readStreamId, type StreamName } from '../core/kept/stream-id.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';
import { cancelStream, resume } from '../pipeline/kept/resume.ts';
import { requestTimers } from '../pipeline/run/request-timers.ts';
import { sent } from './sent.ts';

export function resumeStream(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const lastEventId = c.req.header(headerNames.lastEventId) ?? null;
    const after = readAfter(lastEventId, c.req.query('after') ?? null);
    if (!after.ok) throw new GatewayError(after.failure);
    const pipeline = { ...deps.pipeline, timers: requestTimers(deps.pipeline.timers, deps.pipeline.clock) };
    const answer = await resume(pipeline, deps.surfaces, {
      tenantId: c.get('key').tenantId,
      name: nameIn(c),
      after: after.value,
      isHeader: lastEventId !== null && lastEventId !== '',
      background: (work) => c.executionCtx.waitUntil(work),
    });
    if (!answer.ok) throw new GatewayError(answer.failure);
    return sent(answer.value);
  };
}

export function stopStream(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const state = await cancelStream(deps.pipeline, { tenantId: c.get('key').tenantId, name: nameIn(c) });
    if (!state.ok) throw new GatewayError(state.failure);
    return c.json({ id: c.req.param('id'), object: 'stream', state: state.value });
  };
}

function nameIn(c: Context<AppEnv>): StreamName {
  const name = readStreamId(c.req.param('id') ?? '');
  if (!name.ok) throw new GatewayError(name.failure);
  return name.value;
}
