/**
 * How many pods of a group there should be: one more when too much waits for too long, one less when the others would do, nothing in
 * between. Pure; which pod is started or stopped is told by `podToChange`.
 */
import type { PodGroupConfig } from '../../../shared/config-pods.ts';
import { isUp, isWaking, type PodState } from './pod-state.ts';
import type { PodStates } from './pod-view.ts';

export interface GroupState {
  /** Since when too much waits, and how much waited then. */
  readonly over: { readonly sinceMs: number; readonly waiting: number } | null;
  /** Since when one pod less would do. */
  readonly underSinceMs: number | null;
  readonly changedAtMs: number;
}

export const newGroup: GroupState = { over: null, underSinceMs: null, changedAtMs: Number.NEGATIVE_INFINITY };

/** One look at a group. */
export interface GroupSample {
  /** Requests that wait, for a place or in a server, and that run. */
  readonly waiting: number;
  readonly running: number;
  /** Pods that take calls, and those on their way. */
  readonly up: number;
  readonly coming: number;
  /** How long a start takes. */
  readonly usualWakeMs: number;
}

/** Emptier than this share of what the others serve well; the gap keeps a group from swinging. */
const fullness = 0.75;

export function stepGroup(
  state: GroupState,
  sample: GroupSample,
  nowMs: number,
  rules: PodGroupConfig,
): { readonly state: GroupState; readonly change: -1 | 0 | 1 } {
  const { waiting, running, up, coming } = sample;
  const total = up + coming;
  const isOver = up > 0 && waiting / up > rules.waiting_per_pod;
  const over = isOver ? (state.over ?? { sinceMs: nowMs, waiting }) : null;
  const isUnder =
    total > Math.max(1, rules.min) && coming === 0 && waiting === 0 && running <= fullness * rules.requests_per_pod * (up - 1);
  const underSinceMs = isUnder ? (state.underSinceMs ?? nowMs) : null;
  const next: GroupState = { ...state, over, underSinceMs };
  const changed = (change: -1 | 1) => ({ state: { over: null, underSinceMs: null, changedAtMs: nowMs }, change });
  if (total < rules.min) return changed(1);
  if (nowMs - state.changedAtMs < rules.cooldown_ms) return { state: next, change: 0 };
  const mayGrow = over !== null && coming === 0 && total < rules.max && nowMs - over.sinceMs >= rules.out_after_ms;
  if (mayGrow && !isGoneBefore(over, sample, nowMs)) return changed(1);
  if (underSinceMs !== null && nowMs - underSinceMs >= rules.in_after_ms) return changed(-1);
  return { state: next, change: 0 };
}

/** A start is paid for from its first second: none is made for what will be served before it is ready, going on as since it began. */
function isGoneBefore(over: NonNullable<GroupState['over']>, { waiting, usualWakeMs }: GroupSample, nowMs: number): boolean {
  const servedPerMs = (over.waiting - waiting) / Math.max(1, nowMs - over.sinceMs);
  return servedPerMs > 0 && waiting / servedPerMs < usualWakeMs;
}

/** The pod by which a group grows or shrinks; null where none can. One that is only about to be stopped comes back first. */
export function podToChange(states: PodStates, podIds: readonly string[], change: -1 | 1, nowMs: number): string | null {
  const known = podIds.flatMap((id): [string, PodState][] => (states[id] === undefined ? [] : [[id, states[id]]]));
  const mayStart = ([, pod]: [string, PodState]): boolean => !pod.isHeldDown && pod.phase === 'stopped' && nowMs >= pod.retryAtMs;
  const found =
    change > 0
      ? (known.find(([, pod]) => pod.phase === 'draining' && !pod.isHeldDown) ??
        known.filter(mayStart).toSorted(([, a], [, b]) => Number(a.trouble !== null) - Number(b.trouble !== null))[0])
      : known.findLast(([, pod]) => pod.phase === 'running');
  return found?.[0] ?? null;
}

/** The sample's part that the pods' states tell. */
export function countPods(states: PodStates, podIds: readonly string[]): Pick<GroupSample, 'up' | 'coming'> {
  const known = podIds.flatMap((id) => states[id] ?? []);
  return { up: known.filter(({ phase }) => phase === 'running').length, coming: known.filter(isWaking).length };
}

/** Whether idleness alone may stop this one: the last of a group that may be empty. */
export function mayIdle(states: PodStates, podId: string, group: PodGroupConfig | null): boolean {
  if (group === null) return true;
  const others = group.pods.filter(
    (id) => id !== podId && states[id] !== undefined && (isUp(states[id]) || isWaking(states[id])),
  );
  return group.min === 0 && others.length === 0;
}
