/** The last stage of every request, whatever became of it: prices what was spent, books it once. Nothing here reaches the client. */
import { modelOf } from '../../shared/config-prepare.ts';
import type { Usage } from '../../shared/chat.ts';
import type { Failure } from '../../shared/errors.ts';
import { errors } from '../../shared/errors.ts';
import { argumentsVerdictIds, type Ending, type LedgerEntry } from '../../shared/records.ts';
import { classifierVersion } from '../core/classify/version.ts';
import { type NormalisedPrice, normalisePrice } from '../core/cost/price.ts';
import { reconcileUsage } from '../core/cost/reconcile-usage.ts';
import { answerUsage, requestCost } from '../core/cost/request-cost.ts';
import { unseenUsage } from '../core/cost/unseen-work.ts';
import { promptTokensBound } from '../core/cost/worst-case.ts';
import { isWorthKeeping, remember, remembered } from '../core/route/session.ts';
import { shadow } from './shadow.ts';
import { endIdempotent } from './idempotent.ts';
import { metadataOf } from './metadata.ts';
import { reportUnanswered } from './report.ts';
import { release } from './reserve.ts';
import {
  type BegunAnswer,
  contextTokensOf,
  dropSpare,
  hasSpent,
  isAnsweredByFallback,
  partsOf,
  type Run,
  type UnseenCall,
} from './run.ts';

export type RunEnding =
  | { readonly kind: 'ok' }
  | { readonly kind: 'client_gone' }
  | { readonly kind: 'failed'; readonly failure: Failure };

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
  run.deps.ledger.record(entry, run.background);
  release(run, entry);
  endIdempotent(run, entry, ending.kind === 'failed' ? ending.failure : null);
  if (ending.kind !== 'ok') return;
  rememberRoute(run);
  keepForFeedback(run);
  shadow(run);
}

/** The usage of one call: the server's where it can be true, else counted from what was relayed. */
function usageOf(run: Run, { modelId, answer, continuesPrevious }: BegunAnswer): Usage {
  const { usage, contentEvents, contentChars } = answer.state;
  const contextTokens = contextTokensOf(run, modelId);
  const promptTokens = promptTokensBound({ bodyBytes: run.bodyBytes, hasImages: run.view.images > 0, contextTokens });
  return reconcileUsage(usage, {
    contentEvents,
    contentChars,
    maxTokens: run.maxTokens * (run.request.n ?? 1),
    // A continuation's prompt holds what was generated before it.
    maxPromptTokens: Math.min(contextTokens, promptTokens + (continuesPrevious ? run.maxTokens : 0)),
    contextTokens,
    promptTokensEstimate: run.view.estimatedPromptTokens,
  });
}

/** What a call may have cost whose end nobody saw. */
function unseenUsageOf(run: Run, { modelId, ranMs, isWatched }: UnseenCall): Usage {
  const contextTokens = contextTokensOf(run, modelId);
  const { tokens_per_second: tokensPerSecond } = modelOf(run.deps.config, modelId);
  const choices = run.request.n ?? 1;
  return unseenUsage({
    ranMs,
    isWatched,
    tokensPerSecond,
    choices,
    maxTokens: run.maxTokens * choices,
    promptTokensEstimate: run.view.estimatedPromptTokens,
    maxPromptTokens: promptTokensBound({ bodyBytes: run.bodyBytes, hasImages: run.view.images > 0, contextTokens }),
  });
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

function entryOf(run: Run, ending: RunEnding): LedgerEntry {
  const { config, clock } = run.deps;
  const nowMs = clock.now();
  const spent = run.answers.filter(hasSpent);
  const parts = partsOf(run);
  const billed = [
    ...run.unseen.map((call) => ({ modelId: call.modelId, usage: unseenUsageOf(run, call), isPartOfAnswer: false })),
    ...spent.map((call) => ({
      modelId: call.modelId,
      usage: usageOf(run, call),
      isPartOfAnswer: ending.kind !== 'failed' && parts.includes(call),
    })),
  ];
  const cost = requestCost(
    billed.map(({ modelId, ...rest }) => ({ model: modelId, price: priceOf(run, modelId), ...rest })),
    largePrice(run),
  );
  const { decision } = run.route;
  return {
    requestId: run.requestId,
    atMs: nowMs,
    keyId: run.key.id,
    agent: run.agent,
    requestedModel: run.request.model,
    routedModel: decision.modelId,
    servedModel: run.servedModelId,
    tier: decision.modelId === null ? null : modelOf(config, decision.modelId).tier,
    intent: run.classification.intent,
    strategy: decision.strategy,
    reason: metadataOf(run).reason,
    isForced: decision.isForced,
    ending: endingOf(ending),
    errorCode: ending.kind === 'failed' ? ending.failure.code : null,
    isStream: run.request.stream === true,
    attempts: run.calls,
    fallbackUsed: isAnsweredByFallback(run),
    escalated: run.isEscalated,
    judged: judgedOf(run),
    scored: decision.isForced
      ? null
      : { version: classifierVersion(config.routing, run.deps.weights), score: run.classification.score },
    rescued: run.rescues > 0,
    arm: run.arm === null ? null : `${run.arm.experiment}:${run.arm.arm}`,
    toolCalls: verdictsOf(parts),
    cache: run.cache,
    latencyMs: nowMs - run.startedAtMs,
    firstByteMs: run.firstByteAtMs === null ? null : run.firstByteAtMs - run.startedAtMs,
    ...cost,
  };
}

/** The small tier's answer that was judged: the one that was not good enough, or the one that was shown. */
function judgedOf(run: Run): LedgerEntry['judged'] {
  if (!run.judges) return null;
  const doubted = run.outcomes.find((outcome) => !outcome.isOk && outcome.cause === 'low_confidence');
  if (doubted !== undefined) return { model: doubted.attempt.modelId, isEscalated: true };
  const [shown] = run.servedModelId === null ? [] : partsOf(run);
  if (shown === undefined || modelOf(run.deps.config, shown.modelId).tier !== 'small') return null;
  return { model: shown.modelId, isEscalated: false };
}

function verdictsOf(parts: readonly BegunAnswer[]): LedgerEntry['toolCalls'] {
  const sum = { valid: 0, repaired: 0, invalid: 0, unchecked: 0 };
  for (const { answer } of parts) {
    for (const { callVerdicts } of answer.state.choices.values()) {
      for (const verdict of argumentsVerdictIds) sum[verdict] += callVerdicts[verdict];
    }
  }
  return sum;
}

function endingOf(ending: RunEnding): Ending {
  if (ending.kind === 'ok') return 'ok';
  if (ending.kind === 'client_gone') return 'client_abort';
  const { code } = ending.failure;
  if (code === 'upstream_timeout') return 'timeout';
  return errors[code].blames === 'client' ? 'rejected' : 'upstream_error';
}

function priceOf(run: Run, modelId: string): NormalisedPrice {
  return normalisePrice(modelOf(run.deps.config, modelId).price);
}

/** The first large model's price: what everything would have cost without routing. */
function largePrice(run: Run): NormalisedPrice | null {
  const large = Object.values(run.deps.config.models).find((model) => model.tier === 'large');
  return large === undefined ? null : normalisePrice(large.price);
}
