/**
 * Calls that no client sees, after it has its answer: of another model, or of a judge. Such a call reserves from every budget that covers the
 * request and is booked to it like any call; of a key's limits it takes nothing. It is made only while the model has room to spare.
 */
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import { isCalm } from '../../core/admission/local-gate.ts';
import type { Choice } from '../../core/answer/choice.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import type { RoutePlan } from '../../core/route/plan.ts';
import { billOf } from '../calls/book.ts';
import { releaseShadow } from '../calls/holders.ts';
import { startHeartbeat } from '../calls/heartbeat.ts';
import { reserve } from '../calls/reserve.ts';
import type { Asked } from '../run/asked.ts';
import { clientLeft, newRun, type Run } from '../run/run.ts';
import { openCall } from './open.ts';

/** The platform ends what goes on in the background 30 s after the answer; the booking must be out by then. */
const mostMs = 22_000;

interface UnseenCall {
  readonly modelId: string;
  /** As it is booked. */
  readonly name: string;
  /** The client's own request, or another one for a judge. */
  readonly asked: Asked;
  /** How far an answer agrees with the one that was shown; null where that is not asked. */
  agreementOf(choice: Choice | undefined): number | null;
  readonly withinMs?: number;
}

export interface UnseenAnswer {
  /** Null without an answer. */
  readonly choice: Choice | null;
  readonly costNanoUsd: number;
}

/** Whether this request may be asked of this model behind the client's back. */
export function mayAskUnseen({ asked }: Run, modelId: string): boolean {
  const { caller, allowedModels } = asked;
  if (allowedModels !== null && !allowedModels.has(modelId)) return false;
  // A shadow takes nothing of the key's limits, so models with such limits are left out.
  return caller.key.limits.models?.some((limit) => limit.modelId === modelId) !== true;
}

/** Null when the model had no room, or a budget none. */
export async function askUnseen({ deps, asked: own, tried }: Run, call: UnseenCall): Promise<UnseenAnswer | null> {
  const { modelId, name, asked, withinMs = mostMs } = call;
  const { key, agent, background } = own.caller;
  const model = modelOf(deps.config, modelId);
  const snapshot = await deps.health.snapshot(background);
  const [upstreamId] = model.upstreams;
  if (upstreamId === undefined || !isCalm(snapshot, modelId, model.max_in_flight)) return null;
  const { tunnel } = upstreamOf(deps.config, upstreamId);
  const candidate = { modelId, upstreamId, tunnelId: tunnel, contextTokens: model.context_tokens, reason: 'shadow' };
  // The same request as a separate run: one model, read whole, never shown.
  const unseen = newRun(deps, asked, routeTo(candidate, tried.route), false, false);
  const about = { keyId: key.id, agent, name };
  // Without room in a budget there is no shadow; the client has its answer already.
  if ((await reserve(unseen, { kind: 'shadow', shadow: about, model: modelId })) !== null) return null;
  startHeartbeat(unseen);
  const cancel = deps.timers.once(withinMs, () => clientLeft(unseen));
  let choice: Choice | null = null;
  let agreed: number | null = null;
  let costNanoUsd = 0;
  try {
    const opened = await openCall(unseen, candidate);
    if (opened.ok && opened.value.kind === 'whole') {
      const [first] = opened.value.answer.state.choices.values();
      choice = first ?? null;
      agreed = call.agreementOf(first);
    }
  } finally {
    cancel();
    unseen.spent.stopHeartbeat();
    const cost = billOf(unseen, []);
    ({ costNanoUsd } = cost);
    const booking = { ...about, agreement: agreed, atMs: deps.clock.now(), attemptUsages: cost.attemptUsages };
    releaseShadow(unseen, cost, booking);
  }
  return { choice, costNanoUsd };
}

function routeTo(candidate: Candidate, { plan, decision }: RoutePlan): RoutePlan {
  return {
    plan: { ...plan, candidates: [candidate] },
    decision: { ...decision, modelId: candidate.modelId },
    failure: null,
  };
}
