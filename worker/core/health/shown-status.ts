/** What people are shown of a snapshot. `unknown` until a server has been looked at: nothing is sent away for it, and nothing is promised. */
import type { HealthSnapshot, InstanceSnapshot, InstanceStatus } from './snapshot.ts';

export type ShownStatus = InstanceStatus | 'unknown';

export function instancesOf(snapshot: HealthSnapshot, modelId: string): InstanceSnapshot[] {
  return Object.values(snapshot.instances).filter((instance) => instance.modelId === modelId);
}

export function shownInstanceStatus({ status, lastProbeAtMs }: InstanceSnapshot): ShownStatus {
  return status === 'up' && lastProbeAtMs === null ? 'unknown' : status;
}

export function shownModelStatus(snapshot: HealthSnapshot, modelId: string): ShownStatus {
  const status = snapshot.models[modelId]?.status ?? 'up';
  const isUnseen = instancesOf(snapshot, modelId).every(({ lastProbeAtMs }) => lastProbeAtMs === null);
  return status === 'up' && isUnseen ? 'unknown' : status;
}

export function shownFleetStatus(snapshot: HealthSnapshot): 'healthy' | 'degraded' | 'unhealthy' | 'unknown' {
  const statuses = Object.keys(snapshot.models).map((id) => shownModelStatus(snapshot, id));
  const down = statuses.filter((status) => status === 'down' || status === 'missing').length;
  if (down > 0) return down === statuses.length ? 'unhealthy' : 'degraded';
  return statuses.includes('unknown') ? 'unknown' : 'healthy';
}
