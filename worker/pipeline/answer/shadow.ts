/**
 * Shadow runs: after a client has its answer from the small tier, a share of requests is asked of another model as well, unseen, while
 * that one has room to spare. What is kept is how far the answers agree and what the second one cost. It reserves from every budget that
 * covers the request and is booked to it like any call; of a key's limits it takes nothing.
 */
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import { isCalm } from '../../core/admission/local-gate.ts';
import { contentOf } from '../../core/answer/choice.ts';
import { agreement } from '../../core/route/agreement.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { shadowOf } from '../../core/route/experiment.ts';
import type { RoutePlan } from '../../core/route/plan.ts';
import { billOf } from '../calls/book.ts';
import { releaseShadow } from '../calls/holders.ts';
import { startHeartbeat } from '../calls/heartbeat.ts';
import { reserve } from '../calls/reserve.ts';
import { clientLeft, newRun, type Run } from '../run/run.ts';
import { partsOf } from '../run/spent.ts';
import { openCall } from './open.ts';

/** The platform ends what goes on in the background 30 s after the answer; the booking must be out by then. */
const mostMs = 22_000;

/** Starts a shadow run in the background if this request is one of the share; never touches the client's answer. */
export function shadow(run: Run): void {
  const { deps, asked, spent, client } = run;
  const { caller, conversation, allowedModels } = asked;
  const modelId = shadowOf(deps.config.routing.experiments, conversation?.unit ?? caller.requestId);
  const [choice] = partsOf(spent).flatMap(({ answer }) => [...answer.state.choices.values()]);
  if (modelId === null || modelId === client.servedModelId || choice === undefined || contentOf(choice) === '') return;
  if (allowedModels !== null && !allowedModels.has(modelId)) return;
  // A shadow takes nothing of the key's limits, so models with such limits are left out.
  if (caller.key.limits.models?.some((limit) => limit.modelId === modelId)) return;
  caller.trace?.enter('shadow');
  caller.background(compare(run, modelId, contentOf(choice)).catch(() => undefined));
}

async function compare({ deps, asked, tried, client }: Run, modelId: string, shown: string): Promise<void> {
  const { key, agent, background } = asked.caller;
  const model = modelOf(deps.config, modelId);
  const snapshot = await deps.health.snapshot(background);
  const [upstreamId] = model.upstreams;
  if (upstreamId === undefined || !isCalm(snapshot, modelId, model.max_in_flight)) return;
  const { tunnel } = upstreamOf(deps.config, upstreamId);
  const candidate = { modelId, upstreamId, tunnelId: tunnel, contextTokens: model.context_tokens, reason: 'shadow' };
  // The same request as a separate run: one model, read whole, never shown.
  const unseen = newRun(deps, asked, routeTo(candidate, tried.route), false, false);
  const about = { keyId: key.id, agent, name: `${client.servedModelId}|${modelId}` };
  // Without room in a budget there is no shadow; the client has its answer already.
  if ((await reserve(unseen, { kind: 'shadow', shadow: about, model: modelId })) !== null) return;
  startHeartbeat(unseen);
  const cancel = deps.timers.once(mostMs, () => clientLeft(unseen));
  let agreed: number | null = null;
  try {
    const opened = await openCall(unseen, candidate);
    if (opened.ok && opened.value.kind === 'whole') {
      const [choice] = opened.value.answer.state.choices.values();
      agreed = agreement(shown, choice === undefined ? '' : contentOf(choice));
    }
  } finally {
    cancel();
    unseen.spent.stopHeartbeat();
    const cost = billOf(unseen, []);
    const booking = { ...about, agreement: agreed, atMs: deps.clock.now(), attemptUsages: cost.attemptUsages };
    releaseShadow(unseen, cost, booking);
  }
}

function routeTo(candidate: Candidate, { plan, decision }: RoutePlan): RoutePlan {
  return {
    plan: { ...plan, candidates: [candidate] },
    decision: { ...decision, modelId: candidate.modelId },
    failure: null,
  };
}
