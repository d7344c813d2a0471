/** When to probe which upstream: often while something is out, rarely while the gateway is idle. It sends no probe. */
import { routeKey } from '../upstreams/route-key.ts';
import { phaseOf } from './breaker.ts';
import type { HealthConfig, Instance } from './health-config.ts';
import type { HealthState } from './health-state.ts';
import { instanceOf, tunnelOf, upstreamOf } from './health-state.ts';

interface DueProbe {
  readonly upstreamId: string;
  readonly atMs: number;
}

/**
 * The epoch time for the alarm; `nowMs` when a probe is due already, `Infinity` when there is nothing to probe. Any event can bring it
 * forward, so set the alarm again after every step.
 */
export function nextProbeAtMs(state: HealthState, nowMs: number, config: HealthConfig): number {
  return Math.max(nowMs, Math.min(...schedule(state, nowMs, config).map((probe) => probe.atMs)));
}

/** The upstreams whose probe is due. */
export function dueProbes(state: HealthState, nowMs: number, config: HealthConfig): readonly string[] {
  return schedule(state, nowMs, config)
    .filter((probe) => probe.atMs <= nowMs)
    .map((probe) => probe.upstreamId);
}

/** One entry per upstream; upstreams behind a tunnel that is down take turns with a single probe. */
function schedule(state: HealthState, nowMs: number, config: HealthConfig): readonly DueProbe[] {
  const byTunnel = Map.groupBy(config.instances, (instance) => instance.tunnelId);
  return [...byTunnel].flatMap(([tunnelId, instances]) => {
    const isTunnelUp = phaseOf(tunnelOf(state, tunnelId).breaker, nowMs) === 'closed';
    const byUpstream = Map.groupBy(instances, (instance) => instance.upstreamId);
    const probes = [...byUpstream].map(([upstreamId, models]) => {
      const isUp = isTunnelUp && upstreamOf(state, upstreamId).probeFailures === 0 && areAllUp(state, models, nowMs);
      return {
        upstreamId,
        lastAtMs: upstreamOf(state, upstreamId).lastProbeAtMs,
        waitMs: intervalMs(state, isUp, nowMs, config),
      };
    });
    if (isTunnelUp) return probes.map(({ upstreamId, lastAtMs, waitMs }) => due(upstreamId, lastAtMs, waitMs, nowMs));
    const [oldest, ...others] = probes.toSorted((a, b) => (a.lastAtMs ?? -Infinity) - (b.lastAtMs ?? -Infinity));
    if (oldest === undefined) return [];
    return [due(oldest.upstreamId, (others.at(-1) ?? oldest).lastAtMs, oldest.waitMs, nowMs)];
  });
}

function due(upstreamId: string, lastAtMs: number | null, waitMs: number, nowMs: number): DueProbe {
  return { upstreamId, atMs: lastAtMs === null ? nowMs : lastAtMs + waitMs };
}

function intervalMs(state: HealthState, isUp: boolean, nowMs: number, config: HealthConfig): number {
  const { probe_interval_ms, probe_interval_down_ms, probe_interval_idle_ms } = config.rules;
  const isIdle = state.lastActivityAtMs === null || nowMs - state.lastActivityAtMs >= probe_interval_idle_ms;
  // No client waits for the recovery of an idle fleet, so the normal interval is enough.
  if (!isUp) return isIdle ? probe_interval_ms : probe_interval_down_ms;
  return isIdle ? probe_interval_idle_ms : probe_interval_ms;
}

function areAllUp(state: HealthState, instances: readonly Instance[], nowMs: number): boolean {
  return instances
    .map((instance) => instanceOf(state, routeKey(instance)))
    .every(({ breaker }) => phaseOf(breaker, nowMs) === 'closed');
}
