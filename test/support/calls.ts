/** What model servers saw, summed up. */
import type { LogEntry } from '../../infra/standin/request-log.ts';

/** The most calls that ran on the model servers at the same time. A call that ends as another begins does not overlap it. */
export function mostAtOnce(calls: readonly LogEntry[]): number {
  const edges = calls.flatMap(({ receivedAtMs, endedAtMs }) => [
    { atMs: receivedAtMs, by: 1 },
    { atMs: endedAtMs ?? Number.POSITIVE_INFINITY, by: -1 },
  ]);
  let [now, most] = [0, 0];
  for (const { by } of edges.toSorted((a, b) => a.atMs - b.atMs || a.by - b.by)) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}
