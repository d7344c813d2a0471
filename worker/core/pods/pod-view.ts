/** What isolates and people are told of pods, and a health snapshot with the pods' states in it. */
import type { ConfigTree } from '../../../shared/config.ts';
import {
  type HealthSnapshot,
  type InstanceSnapshot,
  type InstanceStatus,
  isAsleep,
  type PodSnapshot,
  statusIds,
} from '../health/snapshot.ts';
import { isWaking, type PodState, readyAtMs, usualWakeMs } from './pod-state.ts';

/** By pod id. */
export type PodStates = Readonly<Record<string, PodState>>;

/** Pods that have one of these upstreams. */
export function podsOn({ pods }: Pick<ConfigTree, 'pods'>, upstreamIds: readonly string[]): string[] {
  return Object.entries(pods).flatMap(([id, { upstreams }]) => (upstreams.some((one) => upstreamIds.includes(one)) ? [id] : []));
}

/**
 * The snapshot in which servers on pods that do not run are `stopped` or `waking`, whatever probes said of them.
 *
 * @param held requests that wait for each pod, over all isolates
 */
export function withPods(
  snapshot: HealthSnapshot,
  states: PodStates,
  held: Readonly<Record<string, number>>,
  config: Pick<ConfigTree, 'pods'>,
): HealthSnapshot {
  const statusOf = new Map<string, InstanceStatus>();
  const pods: Record<string, PodSnapshot> = {};
  for (const [id, pod] of Object.entries(states)) {
    const { phase, trouble, isHeldDown } = pod;
    const status = phase === 'running' ? null : isWaking(pod) ? 'waking' : 'stopped';
    const readyAt = phase === 'running' ? null : readyAtMs(pod, snapshot.atMs);
    pods[id] = { phase, trouble, isHeldDown, readyAtMs: readyAt, usualWakeMs: usualWakeMs(pod), held: held[id] ?? 0 };
    if (status !== null) for (const upstreamId of config.pods[id]?.upstreams ?? []) statusOf.set(upstreamId, status);
  }
  if (statusOf.size === 0) return { ...snapshot, pods };
  const instances = mapped(snapshot.instances, (instance) => asleep(instance, statusOf.get(instance.upstreamId)));
  const models = mapped(snapshot.models, ({ status }, modelId) => {
    const own = Object.values(instances).filter((instance) => instance.modelId === modelId);
    return { status: best(own.map((instance) => instance.status)) ?? status };
  });
  const awake = new Set(
    Object.values(instances)
      .filter(({ status }) => !isAsleep(status))
      .map(({ tunnelId }) => tunnelId),
  );
  // Nobody knows how a tunnel is whose every pod is stopped; it is not what is wrong.
  const tunnels = mapped(snapshot.tunnels, (tunnel, id) => (awake.has(id) ? tunnel : ({ status: 'up', untilMs: null } as const)));
  return { ...snapshot, instances, models, tunnels, pods };
}

function asleep(instance: InstanceSnapshot, status: InstanceStatus | undefined): InstanceSnapshot {
  return status === undefined
    ? instance
    : {
        ...instance,
        status,
        untilMs: null,
        hasPermit: false,
        isLastResort: false,
        running: null,
        waiting: null,
        kvCacheUsage: null,
      };
}

function best(statuses: readonly InstanceStatus[]): InstanceStatus | null {
  return statusIds.find((rank) => statuses.includes(rank)) ?? null;
}

function mapped<One, Other>(
  entries: Readonly<Record<string, One>>,
  change: (one: One, id: string) => Other,
): Record<string, Other> {
  return Object.fromEntries(Object.entries(entries).map(([id, one]) => [id, change(one, id)]));
}
