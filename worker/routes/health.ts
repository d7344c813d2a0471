/** `GET /health`, `/livez`, `/readyz`: open to all, so they name states and nothing else. */
import type { Context } from 'hono';
import { type Config, modelOf } from '../../shared/config-prepare.ts';
import { fourDigits } from '../../shared/units.ts';
import type { HealthSnapshot, InstanceStatus } from '../core/health/snapshot.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

/** Every model's state as the health object has it. Always 200: a degraded fleet is an answer, not an error. */
export function health(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const snapshot = await deps.pipeline.health.read();
    const statuses = Object.keys(snapshot.models).map((id) => statusOf(id, snapshot));
    const down = statuses.filter((status) => status === 'down' || status === 'missing').length;
    const isKnown = !statuses.includes('unknown');
    return c.json({
      status: down === statuses.length ? 'unhealthy' : down > 0 ? 'degraded' : isKnown ? 'healthy' : 'unknown',
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

/** `unknown` until a server has been looked at: nothing is sent away for it, and nothing is promised. */
function statusOf(id: string, snapshot: HealthSnapshot): InstanceStatus | 'unknown' {
  const status = snapshot.models[id]?.status ?? 'up';
  const instances = Object.values(snapshot.instances).filter((instance) => instance.modelId === id);
  return status === 'up' && instances.every(({ lastProbeAtMs }) => lastProbeAtMs === null) ? 'unknown' : status;
}

function describe(config: Config, id: string, snapshot: HealthSnapshot): Record<string, unknown> {
  const instances = Object.values(snapshot.instances).filter((instance) => instance.modelId === id);
  const { kind, served_name: name, tier } = modelOf(config, id);
  return {
    name,
    ...(kind === 'chat' ? { tier } : { kind }),
    status: statusOf(id, snapshot),
    instances: instances.map(
      ({ upstreamId, status, untilMs, failedInARow, contextTokens, running, waiting, kvCacheUsage, lastProbeAtMs }) => ({
        upstream: upstreamId,
        status: status === 'up' && lastProbeAtMs === null ? 'unknown' : status,
        until: isoTime(untilMs),
        consecutive_failures: failedInARow,
        context_tokens: contextTokens,
        running,
        waiting,
        kv_cache_usage: kvCacheUsage === null ? null : fourDigits(kvCacheUsage),
        last_probe: isoTime(lastProbeAtMs),
      }),
    ),
  };
}

function isoTime(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
