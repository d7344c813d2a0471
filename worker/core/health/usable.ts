/** Which instances a snapshot allows a request to use, and the least bad one when it allows none. An unknown instance is usable. */
import { routeKey } from '../upstreams/route-key.ts';
import { type HealthSnapshot, type InstanceSnapshot, type InstanceStatus, statusIds } from './snapshot.ts';

/** Without a new snapshot for this long after an ejection's end, an isolate decides alone and lets traffic through. */
const staleGraceMs = 10_000;

interface Route {
  readonly modelId: string;
  readonly upstreamId: string;
}

/** The status now, which a snapshot that is some seconds old may not know yet. */
export function currentStatus(instance: InstanceSnapshot, nowMs: number): InstanceStatus {
  if (instance.untilMs === null) return instance.status;
  const endMs = instance.status === 'throttled' ? instance.untilMs : instance.untilMs + staleGraceMs;
  return nowMs >= endMs ? 'up' : instance.status;
}

/** Up, or half open with the permit for the trial. */
export function isUsable(snapshot: HealthSnapshot | null, route: Route, nowMs: number): boolean {
  const instance = snapshot?.instances[routeKey(route)];
  if (instance === undefined) return true;
  const status = currentStatus(instance, nowMs);
  return status === 'up' || (status === 'half_open' && instance.hasPermit);
}

/** The best status, then the one that ends first, then the first of the list; `undefined` for an empty list. */
export function leastBad<T>(
  candidates: readonly T[],
  instanceOf: (candidate: T) => InstanceSnapshot | undefined,
  nowMs: number,
): T | undefined {
  const badness = (candidate: T): readonly [number, number] => {
    const instance = instanceOf(candidate);
    return instance === undefined ? [0, 0] : [statusIds.indexOf(currentStatus(instance, nowMs)), instance.untilMs ?? 0];
  };
  let best: T | undefined;
  let least: readonly [number, number] = [Infinity, Infinity];
  for (const candidate of candidates) {
    const [rank, untilMs] = badness(candidate);
    if (rank > least[0] || (rank === least[0] && untilMs >= least[1])) continue;
    best = candidate;
    least = [rank, untilMs];
  }
  return best;
}
