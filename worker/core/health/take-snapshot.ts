/**
 * Reads a snapshot out of the state, for one reader.
 *
 * Trials across isolates: the object first takes a `snapshot_read` event, which leases the one permit of each half-open instance to the
 * isolate that asks, then answers with the snapshot for that isolate. The others see `half_open` without a permit and do not use it.
 */
import { routeKey } from '../upstreams/route-key.ts';
import { type Breaker, hasPermit, phaseOf } from './breaker.ts';
import { runLength } from './failure-run.ts';
import type { HealthConfig, Instance } from './health-config.ts';
import type { ListedModel } from '../upstreams/dialect.ts';
import { type HealthState, instanceOf, tunnelOf, upstreamOf } from './health-state.ts';
import { type HealthSnapshot, type InstanceSnapshot, type InstanceStatus, statusIds, type TunnelSnapshot } from './snapshot.ts';
import { leastBad } from './usable.ts';

/**
 * @param isolateId the reader, whose permits are marked; `null` for readers that send no requests
 */
export function snapshot(
  state: HealthState,
  nowMs: number,
  config: HealthConfig,
  isolateId: string | null = null,
): HealthSnapshot {
  const all = config.instances.map((instance) => instanceSnapshot(state, instance, nowMs, config, isolateId));
  const lastResorts = findLastResorts(all, nowMs, config);
  const instances: Record<string, InstanceSnapshot> = {};
  const models: Record<string, { status: InstanceStatus }> = {};
  for (const instance of all) {
    const key = routeKey(instance);
    instances[key] = lastResorts.has(key) ? { ...instance, isLastResort: true } : instance;
    const best = models[instance.modelId]?.status;
    if (best === undefined || rankOf(instance.status) < rankOf(best)) models[instance.modelId] = { status: instance.status };
  }
  const tunnelIds = new Set(config.instances.map((instance) => instance.tunnelId));
  const tunnels = Object.fromEntries([...tunnelIds].map((id) => [id, tunnelSnapshot(tunnelOf(state, id).breaker, nowMs)]));
  return { version: state.version, atMs: nowMs, instances, models, tunnels };
}

function instanceSnapshot(
  state: HealthState,
  instance: Instance,
  nowMs: number,
  config: HealthConfig,
  isolateId: string | null,
): InstanceSnapshot {
  const { modelId, upstreamId, tunnelId } = instance;
  const { run, failedInARow, breaker, missingSinceMs, throttle } = instanceOf(state, routeKey(instance));
  const { running, waiting, kvCacheUsage, wedgedSinceMs, lastProbeAtMs, modelsListed } = upstreamOf(state, upstreamId);
  const shared = tunnelOf(state, tunnelId).breaker;
  const reasons: { status: InstanceStatus; untilMs: number | null }[] = [
    breakerStatus(breaker, nowMs),
    breakerStatus(shared, nowMs),
  ];
  // Ejected like any other failure, but with a known reason.
  if (missingSinceMs !== null && phaseOf(breaker, nowMs) === 'open')
    reasons.push({ status: 'missing', untilMs: breaker.halfOpenAtMs });
  if (throttle !== null && nowMs < throttle.untilMs) reasons.push({ status: 'throttled', untilMs: throttle.untilMs });
  const worst = reasons.reduce((a, b) => (isWorse(b, a) ? b : a));
  const halfOpen = [breaker, shared].filter((one) => phaseOf(one, nowMs) === 'half_open');
  return {
    modelId,
    upstreamId,
    tunnelId,
    ...worst,
    breaker: phaseOf(breaker, nowMs),
    hasPermit: worst.status === 'half_open' && isolateId !== null && halfOpen.every((one) => hasPermit(one, isolateId, nowMs)),
    isLastResort: false,
    consecutiveFailures: runLength(run),
    failedInARow,
    failures: run,
    running,
    waiting,
    kvCacheUsage,
    wedgedSinceMs,
    lastProbeAtMs,
    contextTokens: listedAs(instance, modelsListed, config)?.contextTokens ?? null,
  };
}

/**
 * The instance's line in its server's list: by its name, else the only line if the server runs no other configured model, since some
 * servers list a file's path or another name than the one they answer to.
 */
function listedAs(instance: Instance, models: readonly ListedModel[] | null, config: HealthConfig): ListedModel | null {
  const named = models?.find(({ name }) => name === instance.servedName);
  if (named !== undefined || models?.length !== 1) return named ?? null;
  const onIt = config.instances.filter(({ upstreamId }) => upstreamId === instance.upstreamId);
  return onIt.length === 1 ? (models[0] ?? null) : null;
}

function breakerStatus(breaker: Breaker, nowMs: number): { status: 'up' | 'down' | 'half_open'; untilMs: number | null } {
  switch (phaseOf(breaker, nowMs)) {
    case 'closed':
      return { status: 'up', untilMs: null };
    case 'open':
      return { status: 'down', untilMs: breaker.halfOpenAtMs };
    case 'half_open':
      return { status: 'half_open', untilMs: null };
  }
}

function tunnelSnapshot(breaker: Breaker, nowMs: number): TunnelSnapshot {
  return breakerStatus(breaker, nowMs);
}

function isWorse(a: { status: InstanceStatus; untilMs: number | null }, b: typeof a): boolean {
  if (a.status !== b.status) return rankOf(a.status) > rankOf(b.status);
  return (a.untilMs ?? 0) > (b.untilMs ?? 0);
}

function rankOf(status: InstanceStatus): number {
  return statusIds.indexOf(status);
}

/** For each chain without a usable instance, the one that is least bad. */
function findLastResorts(all: readonly InstanceSnapshot[], nowMs: number, config: HealthConfig): ReadonlySet<string> {
  const found = new Set<string>();
  const heads = new Set(config.instances.map((instance) => instance.modelId));
  for (const head of heads) {
    const levels = new Set([head, ...(config.chains[head] ?? [])]);
    const chain = all.filter((instance) => levels.has(instance.modelId));
    if (chain.some((instance) => instance.status === 'up' || instance.status === 'half_open')) continue;
    const best = leastBad(chain, (instance) => instance, nowMs);
    if (best !== undefined) found.add(routeKey(best));
  }
  return found;
}
