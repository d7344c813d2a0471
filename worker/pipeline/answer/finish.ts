/** The end of a chat request: it is settled, its answer is kept if somebody may ask for it again, and background work starts. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { RunEnding } from '../../core/ledger/ending.ts';
import { contentOf } from '../../core/answer/choice.ts';
import { armName } from '../../core/route/experiment.ts';
import type { GivenAnswer } from '../../core/route/history.ts';
import { isWorthKeeping, remember, remembered } from '../../core/route/session.ts';
import { endKept } from '../kept/begin.ts';
import { settle } from '../calls/settle.ts';
import { isAnsweredByFallback, type Parts, type Run } from '../run/run.ts';
import type { Spent } from '../run/spent.ts';
import { requestTrace } from '../run/trace-attributes.ts';
import { isEscalated } from '../run/tried.ts';
import { keepAnswer } from './keep-answer.ts';
import { shadow } from './shadow.ts';

/** The first call counts; later ones do nothing, so every path may call it. */
export function finish(run: Run, seen: RunEnding): void {
  const ending = seen.kind === 'client_gone' ? (run.client.kept?.stopped ?? seen) : seen;
  const entry = settle(run, ending);
  if (entry === null) return;
  const { caller } = run.asked;
  run.deps.requestLog?.ended(entry, caller.trace?.traceId ?? null);
  keepAnswer(run, ending.kind === 'ok');
  if (run.client.kept !== null) endKept(run, entry.ending, ending.kind === 'failed' ? ending.failure : null);
  if (ending.kind === 'ok') {
    rememberRoute(run);
    keepForFeedback(run);
    shadow(run);
  }
  caller.trace?.end(requestTrace(entry, caller.surface.path));
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
  for (const given of givenAnswers(spent)) {
    const isKept = isWorthKeeping(memory, given.calls.length > 0, hasSiblings);
    deps.sessions.putAfter(history.idAfter(given), isKept ? memory : null, caller.background);
  }
}

function givenAnswers({ answers, given }: Spent): readonly GivenAnswer[] {
  const choices = answers.at(-1)?.answer.state.choices;
  if (choices === undefined) return given?.answer?.choices ?? [];
  const list: GivenAnswer[] = [];
  for (const choice of choices.values()) {
    list.push({ content: contentOf(choice), refusal: choice.refusal, calls: choice.calls });
  }
  return list;
}

/** Answers of an experiment can be rated, so the arm and model of a request are stored under its id. */
function keepForFeedback({ deps, asked, client }: Parts<'deps' | 'asked' | 'client'>): void {
  const { arm, caller } = asked;
  const { servedModelId: modelId } = client;
  if (arm === null || modelId === null) return;
  deps.sessions.putArm(caller.requestId, { keyId: caller.key.id, modelId, arm: armName(arm) }, caller.background);
}
