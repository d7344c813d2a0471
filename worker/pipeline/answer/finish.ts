/** The end of a chat request: it is settled, its answer is kept if it has an idempotency key, and what no client waits for begins. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { RunEnding } from '../../core/ledger/ending.ts';
import { armName } from '../../core/route/experiment.ts';
import { isWorthKeeping, remember, remembered } from '../../core/route/session.ts';
import { settle } from '../calls/settle.ts';
import { isAnsweredByFallback, type Parts, type Run } from '../run/run.ts';
import { isEscalated } from '../run/tried.ts';
import { endIdempotent } from './idempotent.ts';
import { shadow } from './shadow.ts';

/** The first call counts; later ones do nothing, so every path may call it. */
export function finish(run: Run, ending: RunEnding): void {
  const entry = settle(run, ending);
  if (entry === null) return;
  endIdempotent(run, entry, ending.kind === 'failed' ? ending.failure : null);
  if (ending.kind !== 'ok') return;
  rememberRoute(run);
  keepForFeedback(run);
  shadow(run);
}

/** For the conversation's next turn. A fallback is an accident: it is remembered as the tier that was wanted. */
function rememberRoute(run: Run): void {
  const { deps, asked, tried, spent, client } = run;
  const { conversation, caller } = asked;
  const { servedModelId } = client;
  if (conversation === null || servedModelId === null) return;
  const { chatModels } = deps.config;
  const tier = isAnsweredByFallback(run) ? tried.route.decision.tier : modelOf(deps.config, servedModelId).tier;
  const answered = { modelId: servedModelId, tier, isEscalated: isEscalated(tried) };
  const { namedId, history, memory: known } = conversation;
  if (history === null) {
    const memory = namedId === null ? null : remember(known, answered);
    if (memory !== null && namedId !== null) deps.sessions.put(namedId, memory, caller.background);
    return;
  }
  const memory = remembered(known, answered);
  const hasSiblings = Object.values(chatModels).filter((model) => model.tier === tier).length > 1;
  // The client goes on with one of the choices; which one is not known.
  for (const choice of spent.answers.at(-1)?.answer.state.choices.values() ?? []) {
    const isKept = isWorthKeeping(memory, choice.calls.length > 0, hasSiblings);
    deps.sessions.putAfter(history.idAfter(choice), isKept ? memory : null, caller.background);
  }
}

/** Who takes part in an experiment may be rated: which arm and model a request had is kept under its id. */
function keepForFeedback({ deps, asked, client }: Parts<'deps' | 'asked' | 'client'>): void {
  const { arm, caller } = asked;
  const { servedModelId: modelId } = client;
  if (arm === null || modelId === null) return;
  deps.sessions.putArm(caller.requestId, { keyId: caller.key.id, modelId, arm: armName(arm) }, caller.background);
}
