/**
 * Shadow runs: after a client has its answer from the small tier, a share of requests is asked of another model as well, unseen, while
 * that one has room to spare. What is kept is how far the answers agree and what the second one cost. It reserves from every budget that
 * covers the request and is booked to it like any call; of a key's limits it takes nothing.
 */
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import { isCalm } from '../../core/admission/local-gate.ts';
import { agreement } from '../../core/route/agreement.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { shadowOf } from '../../core/route/experiment.ts';
import { openCall } from './open.ts';
import { billOf } from '../calls/book.ts';
import { startHeartbeat } from '../calls/heartbeat.ts';
import { releaseShadow, reserve } from '../calls/reserve.ts';
import { clientLeft, partsOf, type Run } from '../run/run.ts';

/** The platform ends what goes on in the background 30 s after the answer; the booking must be out by then. */
const mostMs = 22_000;

/** Starts a shadow run in the background if this request is one of the share; never touches the client's answer. */
export function shadow(run: Run): void {
  const { config } = run.deps;
  const modelId = shadowOf(config.routing.experiments, run.conversation?.unit ?? run.requestId);
  const [choice] = partsOf(run).flatMap(({ answer }) => [...answer.state.choices.values()]);
  if (modelId === null || modelId === run.servedModelId || choice === undefined || choice.content === '') return;
  if (run.allowedModels !== null && !run.allowedModels.has(modelId)) return;
  // What a client does not see takes nothing out of its key's limits, and must not pass them.
  if (run.key.limits.models?.some((limit) => limit.modelId === modelId)) return;
  run.background(compare(run, modelId, choice.content).catch(() => undefined));
}

async function compare(run: Run, modelId: string, shown: string): Promise<void> {
  const { config, health, timers } = run.deps;
  const model = modelOf(config, modelId);
  const snapshot = await health.snapshot(run.background);
  const [upstreamId] = model.upstreams;
  if (upstreamId === undefined || !isCalm(snapshot, modelId, model.max_in_flight)) return;
  const { tunnel } = upstreamOf(config, upstreamId);
  const candidate = { modelId, upstreamId, tunnelId: tunnel, contextTokens: model.context_tokens, reason: 'shadow' };
  const unseen = unseenRun(run, candidate);
  const about = { keyId: run.key.id, agent: run.agent, name: `${run.servedModelId}|${modelId}` };
  // A budget without room for it: the client has its answer, and nobody misses this one.
  if ((await reserve(unseen, { kind: 'shadow', shadow: about, model: modelId })) !== null) return;
  startHeartbeat(unseen);
  const cancel = timers.once(mostMs, () => clientLeft(unseen));
  let agreed: number | null = null;
  try {
    const opened = await openCall(unseen, candidate);
    if (opened.ok && opened.value.kind === 'whole') {
      const text = [...opened.value.answer.state.choices.values()][0]?.content ?? '';
      agreed = agreement(shown, text);
    }
  } finally {
    cancel();
    unseen.stopHeartbeat();
    const cost = billOf(unseen, []);
    const booking = { ...about, agreement: agreed, atMs: run.deps.clock.now(), attemptUsages: cost.attemptUsages };
    releaseShadow(unseen, cost, booking);
  }
}

/** The same request, asked of one model and shown to nobody. */
function unseenRun(run: Run, candidate: Candidate): Run {
  const { route } = run;
  return {
    ...run,
    request: { ...run.request, stream: false },
    route: {
      ...route,
      plan: { ...route.plan, candidates: [candidate] },
      decision: { ...route.decision, modelId: candidate.modelId },
    },
    runId: run.deps.newId(),
    idempotency: null,
    recording: null,
    rate: null,
    doors: [],
    stopHeartbeat: () => undefined,
    judges: false,
    answers: [],
    unseen: [],
    outcomes: [],
    lowered: new Map<string, number>(),
    withheld: [],
    calls: 0,
    spare: null,
    servedModelId: null,
    current: null,
    place: null,
    isClientGone: false,
    isSettled: false,
  };
}
