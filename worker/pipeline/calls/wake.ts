/** Requests for a model whose pods are stopped: they have one started, and wait for it, go to other models, or are told when to come back. */
import type { Failure } from '../../../shared/errors.ts';
import { isOnlyAsleep } from '../../core/health/model-load.ts';
import { isUsable } from '../../core/health/usable.ts';
import { meet, outwaited } from '../../core/pods/wishes.ts';
import type { PodsPort } from '../../core/pods/pods-port.ts';
import type { Parts } from '../run/run.ts';

type Meeting = Parts<'deps' | 'asked' | 'tried'>;
type Waiting = Parts<'deps' | 'asked' | 'tried' | 'client'>;

/** How often a request that waits looks. */
const lookEveryMs = 1000;

/** Before anything is reserved: says that the model is wanted, and decides. Null: go on. Where the model is on no pod it costs one look-up. */
export function meetPods(run: Meeting): null | Promise<Failure | null> {
  const { config, pods } = run.deps;
  const { primaryModelId } = run.tried.route.decision;
  const podIds = primaryModelId === null ? undefined : config.podIdsByModel.get(primaryModelId);
  return podIds === undefined || primaryModelId === null || pods === null ? null : meetThese(run, pods, primaryModelId, podIds);
}

async function meetThese(
  { deps, asked, tried }: Meeting,
  pods: PodsPort,
  modelId: string,
  podIds: readonly string[],
): Promise<Failure | null> {
  const { background } = asked.caller;
  if (!isOnlyAsleep(await deps.health.snapshot(background), modelId)) {
    pods.note(podIds, background);
    return null;
  }
  const snapshot = await pods.want(podIds);
  const meeting = meet(modelId, podIds, tried.route.plan.candidates, snapshot, deps.config.pods, deps.clock.now());
  if (meeting.kind === 'refuse') return meeting.failure;
  if (meeting.kind === 'spill') tried.spilledFrom = meeting.from;
  if (meeting.kind === 'hold') tried.awaited = { modelId, podIds, maxWaitMs: meeting.maxWaitMs };
  return null;
}

/** Waits for the pod that was found stopped; what is reserved stays so. Null: go on, with the model or with another one of the plan. */
export async function awaitPods({ deps, tried, client }: Waiting): Promise<Failure | null> {
  const { pods, clock } = deps;
  const { awaited } = tried;
  if (awaited === null || pods === null) return null;
  tried.awaited = null;
  const { modelId, podIds, maxWaitMs } = awaited;
  const untilMs = clock.now() + maxWaitMs;
  const release = pods.hold(podIds);
  try {
    for (;;) {
      const snapshot = await pods.want(podIds);
      if (client.isGone) return { code: 'client_closed_request' };
      if (!isOnlyAsleep(snapshot, modelId)) return null;
      // All of them go on at once: their number on its arrival is its position.
      client.queuePosition ??= Math.max(1, ...podIds.map((id) => snapshot.pods?.[id]?.held ?? 0));
      const nowMs = clock.now();
      const failure = outwaited(modelId, podIds, snapshot, nowMs >= untilMs, nowMs);
      const isOther = tried.route.plan.candidates.some((one) => one.modelId !== modelId && isUsable(snapshot, one, nowMs));
      if (failure !== null) return isOther ? null : failure;
      await pause(deps, tried);
    }
  } finally {
    client.queuePosition = null;
    tried.current = null;
    release();
  }
}

/** Ends at once when the client leaves. */
function pause({ timers }: Waiting['deps'], tried: Waiting['tried']): Promise<void> {
  return new Promise((resolve) => {
    const cancel = timers.once(lookEveryMs, resolve);
    tried.current = {
      abort() {
        cancel();
        resolve();
      },
    };
  });
}
