/** The last stage of every request, whatever became of it: books it once. Nothing here reaches the client. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { Usage } from '../../../shared/chat.ts';
import { answerUsage } from '../../core/cost/request-cost.ts';
import { isWorthKeeping, remember, remembered } from '../../core/route/session.ts';
import { entryOf, type RunEnding, usageOf } from '../calls/book.ts';
import { shadow } from './shadow.ts';
import { endIdempotent } from './idempotent.ts';
import { reportUnanswered } from '../calls/report.ts';
import { release } from '../calls/reserve.ts';
import { dropSpare, isAnsweredByFallback, partsOf, type Run } from '../run/run.ts';

export type { RunEnding } from '../calls/book.ts';

/** Books the run. The first call counts; later ones do nothing, so every path may call it. */
export function settle(run: Run, ending: RunEnding): void {
  if (run.isSettled) return;
  run.isSettled = true;
  run.current = null;
  reportUnanswered(run);
  dropSpare(run);
  run.place?.release(run.background);
  run.place = null;
  run.stopHeartbeat();
  const entry = entryOf(run, ending);
  release(run, entry);
  endIdempotent(run, entry, ending.kind === 'failed' ? ending.failure : null);
  if (ending.kind !== 'ok') return;
  rememberRoute(run);
  keepForFeedback(run);
  shadow(run);
}

/** For the conversation's next turn. A fallback is an accident: it is remembered as the tier that was wanted. */
function rememberRoute(run: Run): void {
  const { conversation, servedModelId, session } = run;
  const { config, sessions } = run.deps;
  if (conversation === null || servedModelId === null) return;
  const served = modelOf(config, servedModelId).tier;
  const tier = isAnsweredByFallback(run) ? run.route.decision.tier : served;
  const answered = { modelId: servedModelId, tier, isEscalated: run.isEscalated };
  if (conversation.history === null) {
    const memory = conversation.namedId === null ? null : remember(session, answered);
    if (memory !== null && conversation.namedId !== null) sessions.put(conversation.namedId, memory, run.background);
    return;
  }
  const memory = remembered(session, answered);
  const hasSiblings = Object.values(config.models).filter((model) => model.tier === tier).length > 1;
  // The client goes on with one of the choices; which one is its own affair.
  for (const choice of run.answers.at(-1)?.answer.state.choices.values() ?? []) {
    const isKept = isWorthKeeping(memory, choice.calls.length > 0, hasSiblings);
    sessions.putAfter(conversation.history.idAfter(choice), isKept ? memory : null, run.background);
  }
}

/** Who takes part in an experiment may be rated: which arm and model a request had is kept under its id. */
function keepForFeedback(run: Run): void {
  if (run.arm === null || run.servedModelId === null) return;
  const arm = `${run.arm.experiment}:${run.arm.arm}`;
  run.deps.sessions.putArm(run.requestId, { keyId: run.key.id, modelId: run.servedModelId, arm }, run.background);
}

/** What a client is told: the prompt once, the tokens of every part of its answer. */
export function clientUsage(run: Run): Usage {
  const usages = partsOf(run).map((call) => ({ usage: usageOf(run, call), isPartOfAnswer: true }));
  const usage = answerUsage(usages);
  if (usage === null) throw new Error('an answer without any call');
  return usage;
}
