/** `GET /health`, `/livez`, `/readyz`: open to all, so they only show states. */
import type { Context } from 'hono';
import { type Config, modelOf } from '../../shared/config-prepare.ts';
import { fourDigits, isoTime } from '../../shared/units.ts';
import { instancesOf, shownFleetStatus, shownInstanceStatus, shownModelStatus } from '../core/health/shown-status.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

/** Every model's state as the health object has it. Always 200: a degraded fleet is an answer, not an error. */
export function health(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const snapshot = await deps.pipeline.health.read();
    return c.json({
      status: shownFleetStatus(snapshot),
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

/** Settings and configuration are valid (otherwise no route exists) and the Durable Objects answer. */
export function readyz(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    await deps.pipeline.health.read();
    return c.json({ status: 'ready', profile: deps.pipeline.config.profile });
  };
}

function describe(config: Config, id: string, snapshot: HealthSnapshot): Record<string, unknown> {
  const { kind, served_name: name, tier } = modelOf(config, id);
  return {
    name,
    ...(kind === 'chat' ? { tier } : { kind }),
    status: shownModelStatus(snapshot, id),
    instances: instancesOf(snapshot, id).map((instance) => ({
      upstream: instance.upstreamId,
      status: shownInstanceStatus(instance),
      until: isoTime(instance.untilMs),
      consecutive_failures: instance.failedInARow,
      context_tokens: instance.contextTokens,
      running: instance.running,
      waiting: instance.waiting,
      kv_cache_usage: instance.kvCacheUsage === null ? null : fourDigits(instance.kvCacheUsage),
      wedged_since: isoTime(instance.wedgedSinceMs),
      last_probe: isoTime(instance.lastProbeAtMs),
    })),
  };
}
