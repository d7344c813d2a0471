/** `POST /v1/embeddings` and its kin: reads the request in its wire, hands it to the pipeline, returns what came of it. */
import type { Context } from 'hono';
import { modelOf } from '../../shared/config-prepare.ts';
import { GatewayError } from '../../shared/errors.ts';
import { routingHeaders } from '../core/doors/routing-headers.ts';
import { chatSurface } from '../core/surfaces/chat/chat-surface.ts';
import type { PoolingSurface } from '../core/surfaces/pooling/pooling-surface.ts';
import { poolingSurfaces } from '../core/surfaces/pooling/registry.ts';
import type { Deps } from '../deps.ts';
import { readJsonBody } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';
import { pool, type Pooled } from '../pipeline/pooling/pool.ts';
import { requestOf } from '../pipeline/pooling/pooled-run.ts';
import { requestTimers } from '../pipeline/run/request-timers.ts';
import { callerOf } from './caller.ts';

type PoolingHandler = (deps: Deps) => (c: Context<AppEnv>) => Promise<Response>;

/** By path. */
export const poolingRoutes: readonly (readonly [path: string, scope: PoolingSurface['scope'], handler: PoolingHandler])[] =
  poolingSurfaces.map((surface) => [surface.path, surface.scope, pooling(surface)]);

function pooling(surface: PoolingSurface): PoolingHandler {
  return (deps) => async (c) => {
    const { limits } = deps.pipeline.config;
    const trace = c.get('trace') ?? null;
    trace?.enter('body');
    const pipeline = { ...deps.pipeline, timers: requestTimers(deps.pipeline.timers, deps.pipeline.clock) };
    const { text, bytes } = await readJsonBody(c, limits, pipeline.timers);
    trace?.enter('validate');
    const valid = surface.read(text, limits);
    if (!valid.ok) throw new GatewayError(valid.failure);
    const { write, ...asked } = valid.value;
    const caller = await callerOf(deps, c, { ...chatSurface, path: surface.path }, requestOf(asked.model ?? '', text), bytes);
    const pooled = await pool(pipeline, caller, { ...asked, text });
    const { rate, metadata } = pooled.ok ? pooled.value : pooled.failure;
    if (rate !== null) c.set('rate', rate);
    if (metadata !== null) c.set('routing', metadata);
    if (!pooled.ok) {
      c.set('isAdmitted', pooled.failure.isAdmitted);
      throw new GatewayError(pooled.failure.failure);
    }
    c.set('isAdmitted', true);
    const body = write(pooled.value.values, frameOf(deps, c, pooled.value));
    if (body === null) throw new GatewayError({ code: 'upstream_invalid_answer' });
    return new Response(body, {
      headers: [['content-type', 'application/json'], ...routingHeaders(pooled.value.metadata)].map(
        ([name, value]): [string, string] => [name ?? '', value ?? ''],
      ),
    });
  };
}

function frameOf({ pipeline }: Deps, c: Context<AppEnv>, { modelId, promptTokens, metadata }: Pooled) {
  return {
    requestId: c.get('requestId'),
    created: Math.floor(pipeline.clock.now() / 1000),
    model: modelOf(pipeline.config, modelId).served_name,
    promptTokens,
    routing: metadata,
  };
}
