/** A pod for tests: its rules with short round numbers, and a life that is told as a list of what happens when. */
import { Pod } from '../../../shared/config-pods.ts';
import { type PodState, unknownPod } from '../../../worker/core/pods/pod-state.ts';
import { nextAction, type PodEvent, type PodRules, stepPod } from '../../../worker/core/pods/pod-step.ts';

export const second = 1000;
export const minute = 60_000;
/** A Monday, 00:00 UTC. */
export const monday = Date.UTC(2026, 10, 30);

export function rulesWith(patch: object = {}, group: Partial<Pick<PodRules, 'isInGroup' | 'mayIdle'>> = {}): PodRules {
  const pod = Pod.parse({
    provider: 'runpod',
    id_var: 'RUNPOD_POD_ID',
    upstreams: ['small'],
    idle_after_ms: 10 * minute,
    min_up_ms: 5 * minute,
    drain_ms: 12 * second,
    max_wakes_per_hour: 3,
    wake_timeout_ms: 10 * minute,
    ...patch,
  });
  return { ...pod, isInGroup: false, mayIdle: true, ...group };
}

/** What happens, and when since `monday`. A wait is what time alone does. */
export type Happening = readonly [atMs: number, event: PodEvent | null];

export const wanted: PodEvent = { kind: 'wanted' };
export const seenRunning: PodEvent = { kind: 'looked', isRunning: true, usdPerHour: 0.4 };
export const seenStopped: PodEvent = { kind: 'looked', isRunning: false, usdPerHour: 0.4 };
export const idleCheck: PodEvent = { kind: 'checked', isBusy: false };
export const busyCheck: PodEvent = { kind: 'checked', isBusy: true };
export const toldStart: PodEvent = { kind: 'told', to: 'start' };
export const toldStop: PodEvent = { kind: 'told', to: 'stop' };
export const isReady: PodEvent = { kind: 'probed', isReady: true };
export const failing = (
  kind: 'no_gpu' | 'refused' | 'gone' | 'limited' | 'failed',
  retryAfterMs: number | null = null,
): PodEvent => ({
  kind: 'failed',
  failure: { kind, retryAfterMs },
});

export function lived(
  happenings: readonly Happening[],
  rules: PodRules = rulesWith(),
  from: PodState = unknownPod(monday),
): PodState {
  return happenings.reduce((pod, [atMs, event]) => stepPod(pod, event, monday + atMs, rules), from);
}

/** What is done next and in how many ms. */
export function nextOf(pod: PodState, atMs: number, rules: PodRules = rulesWith()): readonly [action: string, inMs: number] {
  const { action, atMs: dueMs } = nextAction(pod, monday + atMs, rules);
  return [action, Math.max(0, dueMs - monday - atMs)];
}

/** Up to a stopped pod, at twelve minutes. */
export const untilStopped: readonly Happening[] = [
  [0, seenRunning],
  [10 * minute, null],
  [10 * minute + 12 * second, idleCheck],
  [10 * minute + 13 * second, toldStop],
];
