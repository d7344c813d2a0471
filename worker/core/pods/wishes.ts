/** Who of several pods with the same model is meant by a wish, and what may be done with a request whose pods do not run. */
import type { PodConfig } from '../../../shared/config-pods.ts';
import type { Config } from '../../../shared/config-prepare.ts';
import type { Failure } from '../../../shared/errors.ts';
import { isOnlyAsleep } from '../health/model-load.ts';
import type { HealthSnapshot, PodSnapshot } from '../health/snapshot.ts';
import { isUsable } from '../health/usable.ts';
import type { Candidate } from '../route/attempt.ts';
import { isUp, isWaking } from './pod-state.ts';
import type { PodStates } from './pod-view.ts';

/**
 * The pods to tell that they are wanted: those that run; else those on their way; else one that was to be stopped; else the first that may be
 * started.
 */
export function wantedPods(states: PodStates, podIds: readonly string[]): string[] {
  const known = podIds.flatMap((id) => (states[id] === undefined ? [] : [{ id, pod: states[id] }]));
  const running = known.filter(({ pod }) => pod.phase === 'running');
  if (running.length > 0) return running.map(({ id }) => id);
  const coming = known.filter(({ pod }) => isWaking(pod));
  if (coming.length > 0) return coming.map(({ id }) => id);
  const open = known.filter(({ pod }) => !pod.isHeldDown);
  const first = open.find(({ pod }) => isUp(pod)) ?? open.find(({ pod }) => pod.trouble === null) ?? open[0];
  return first === undefined ? [] : [first.id];
}

export type Meeting =
  | { readonly kind: 'go' }
  /** Other models of the plan answer. `from`: the pod in whose place. */
  | { readonly kind: 'spill'; readonly from: string }
  | { readonly kind: 'hold'; readonly podId: string; readonly maxWaitMs: number }
  | { readonly kind: 'refuse'; readonly failure: Failure };

/** Troubles that no waiting of one request outlasts. A GPU may become free within minutes. */
const lasting: ReadonlySet<PodSnapshot['trouble']> = new Set(['never_ready', 'refused', 'gone'] as const);

/** Whether requests for it wait while it is started, so that it keeps its place in a plan. */
export function isAwaited(
  modelId: string,
  snapshot: HealthSnapshot,
  { pods, podIdsByModel }: Pick<Config, 'pods' | 'podIdsByModel'>,
): boolean {
  const podIds = podIdsByModel.get(modelId);
  if (podIds === undefined || !isOnlyAsleep(snapshot, modelId)) return false;
  return podIds.some((id) => {
    const known = snapshot.pods?.[id];
    return pods[id]?.while_waking === 'hold' && known?.isHeldDown === false && !lasting.has(known.trouble);
  });
}

/** @param candidates of the plan: whether another model of it can answer decides what there is to choose from */
export function meet(
  modelId: string,
  podIds: readonly string[],
  candidates: readonly Candidate[],
  snapshot: HealthSnapshot,
  pods: Readonly<Record<string, PodConfig>>,
  nowMs: number,
): Meeting {
  if (!isOnlyAsleep(snapshot, modelId)) return { kind: 'go' };
  const known = podIds.flatMap((id) => {
    const [pod, rules] = [snapshot.pods?.[id], pods[id]];
    return pod === undefined || rules === undefined ? [] : [{ id, pod, rules }];
  });
  const open = known.filter(({ pod }) => !pod.isHeldDown);
  const nearest = open.toSorted((a, b) => Number(isWaking(b.pod)) - Number(isWaking(a.pod)))[0] ?? known[0];
  if (nearest === undefined) return { kind: 'go' };
  const { id, pod, rules } = nearest;
  const failure = wakingFailure(modelId, pod, nowMs);
  const others = candidates.some((one) => one.modelId !== modelId && isUsable(snapshot, one, nowMs));
  const refuseOrSpill: Meeting = others ? { kind: 'spill', from: id } : { kind: 'refuse', failure };
  if (pod.isHeldDown || lasting.has(pod.trouble)) return refuseOrSpill;
  if (rules.while_waking === 'refuse') return { kind: 'refuse', failure };
  if (rules.while_waking === 'spill') return refuseOrSpill;
  const isFull = pod.held >= rules.hold.max_requests;
  return isFull ? refuseOrSpill : { kind: 'hold', podId: id, maxWaitMs: rules.hold.max_wait_ms };
}

/** Why a request that waits has waited enough; null while it may go on. @param isOver it has waited as long as it may */
export function outwaited(
  modelId: string,
  podIds: readonly string[],
  snapshot: HealthSnapshot,
  isOver: boolean,
  nowMs: number,
): Failure | null {
  const known = podIds.flatMap((id) => snapshot.pods?.[id] ?? []);
  const hopeful = known.filter(({ isHeldDown, trouble }) => !isHeldDown && !lasting.has(trouble));
  const nearest = hopeful.find(isWaking) ?? hopeful[0] ?? known[0];
  if (nearest === undefined || (hopeful.length > 0 && !isOver)) return null;
  return wakingFailure(modelId, nearest, nowMs);
}

/** Only a person can start it, so clients need not ask often. */
const heldDownMs = 300_000;

/** With the time that the start should still take. */
export function wakingFailure(modelId: string, pod: PodSnapshot, nowMs: number): Failure {
  if (pod.isHeldDown)
    return { code: 'model_stopped', detail: `${modelId} was stopped by an operator.`, retryAfterMs: heldDownMs };
  const retryAfterMs = Math.max(1000, (pod.readyAtMs ?? nowMs + pod.usualWakeMs) - nowMs);
  if (pod.trouble !== null && pod.trouble !== 'api')
    return { code: 'model_stopped', detail: `${modelId}: ${troubleWords[pod.trouble]}`, retryAfterMs };
  return {
    code: 'model_waking',
    detail: `${modelId} is ready in about ${Math.ceil(retryAfterMs / 1000)} seconds.`,
    retryAfterMs,
  };
}

/** For clients: nothing of who rents what. */
const troubleWords = {
  no_gpu: 'no GPU is free for it at the moment.',
  never_ready: 'it was started and did not answer in time.',
  refused: 'it cannot be started.',
  gone: 'it cannot be started.',
} as const;
