/** `GET /health`, `/livez`, `/readyz`: open to all, so they name states and nothing else. */
import type { Context } from 'hono';
import { type Config, modelOf } from '../../shared/config-prepare.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

/** Every model's state as the health object has it. Always 200: a degraded fleet is an answer, not an error. */
export function health(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const snapshot = await deps.pipeline.health.read();
    const statuses = Object.values(snapshot.models).map((model) => model.status);
    const down = statuses.filter((status) => status === 'down' || status === 'missing').length;
    return c.json({
      status: down === 0 ? 'healthy' : down < statuses.length ? 'degraded' : 'unhealthy',
      timestamp: new Date(deps.pipeline.clock.now()).toISOString(),
      models: Object.fromEntries(
        Object.keys(deps.pipeline.config.models).map((id) => [id, describe(deps.pipeline.config, id, snapshot)]),
      ),
      tunnels: Object.fromEntries(
        Object.entries(snapshot.tunnels).map(([id, { status, untilMs }]) => [id, { status, until: isoTime(untilMs) }]),
      ),
    });
  };
}

/** The process answers; nothing is looked up. */
export function livez(c: Context<AppEnv>): Response {
  return c.json({ status: 'ok' });
}

/** Settings and configuration are valid (else nothing is routed at all) and the state behind them answers. */
export function readyz(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    await deps.pipeline.health.read();
    return c.json({ status: 'ready', profile: deps.pipeline.config.profile });
  };
}

function describe(config: Config, id: string, snapshot: HealthSnapshot): Record<string, unknown> {
  const instances = Object.values(snapshot.instances).filter((instance) => instance.modelId === id);
  return {
    name: modelOf(config, id).served_name,
    tier: modelOf(config, id).tier,
    status: snapshot.models[id]?.status ?? 'up',
    instances: instances.map(
      ({ upstreamId, status, untilMs, consecutiveFailures, contextTokens, running, waiting, kvCacheUsage, lastProbeAtMs }) => ({
        upstream: upstreamId,
        status,
        until: isoTime(untilMs),
        consecutive_failures: consecutiveFailures,
        context_tokens: contextTokens,
        running,
        waiting,
        kv_cache_usage: kvCacheUsage,
        last_probe: isoTime(lastProbeAtMs),
      }),
    ),
  };
}

function isoTime(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
