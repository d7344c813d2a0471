/** A run as the ledger books it: what it spent, how it ended, what it was taken for. */
import type { Usage } from '../../../shared/usage.ts';
import { modelOf } from '../../../shared/config-prepare.ts';
import { errors } from '../../../shared/errors.ts';
import { argumentsVerdictIds, type LedgerEntry } from '../../../shared/records.ts';
import { classifierVersion } from '../../core/classify/version.ts';
import { type NormalisedPrice, normalisePrice } from '../../core/cost/price.ts';
import { reconcileUsage } from '../../core/cost/reconcile-usage.ts';
import { answerUsage, requestCost, type RequestCost } from '../../core/cost/request-cost.ts';
import { unseenUsage } from '../../core/cost/unseen-work.ts';
import { promptTokensBound } from '../../core/cost/worst-case.ts';
import { intentBand } from '../../core/classify/intent-band.ts';
import type { EntryDraft } from '../../core/ledger/booking.ts';
import { endingOf, type RunEnding } from '../../core/ledger/ending.ts';
import { armName } from '../../core/route/experiment.ts';
import { mostTokens } from '../run/asked.ts';
import { cacheState, metadataOf } from '../run/metadata.ts';
import { contextTokensOf, isAnsweredByFallback, type Parts, type Run } from '../run/run.ts';
import { type BegunAnswer, hasSpent, partsOf, type UnseenCall } from '../run/spent.ts';
import { isEscalated } from '../run/tried.ts';

type Costing = Parts<'deps' | 'asked' | 'tried'>;

/** The usage of one call: the server's where it can be true, else counted from what was relayed. */
function usageOf(run: Costing, { modelId, answer, continuesPrevious }: BegunAnswer): Usage {
  const { usage, contentEvents, contentChars } = answer.state;
  const { asked } = run;
  const contextTokens = contextTokensOf(run, modelId);
  return reconcileUsage(usage, {
    contentEvents,
    contentChars,
    maxTokens: mostTokens(asked),
    // A continuation's prompt holds what was generated before it.
    maxPromptTokens: Math.min(contextTokens, mostPromptTokens(run, contextTokens) + (continuesPrevious ? asked.maxTokens : 0)),
    contextTokens,
    promptTokensEstimate: asked.view.estimatedPromptTokens,
  });
}

function mostPromptTokens({ asked }: Parts<'asked'>, contextTokens: number): number {
  return promptTokensBound({ bodyBytes: asked.caller.bodyBytes, hasImages: asked.view.images > 0, contextTokens });
}

/** What a call may have cost whose end was not seen. */
function unseenUsageOf(run: Costing, { modelId, ranMs, isWatched }: UnseenCall): Usage {
  const { asked } = run;
  return unseenUsage({
    ranMs,
    isWatched,
    tokensPerSecond: modelOf(run.deps.config, modelId).tokens_per_second,
    choices: asked.request.choiceCount,
    maxTokens: mostTokens(asked),
    promptTokensEstimate: asked.view.estimatedPromptTokens,
    maxPromptTokens: mostPromptTokens(run, contextTokensOf(run, modelId)),
  });
}

/** What a client is told: the prompt once, the tokens of every part of its answer. */
export function clientUsage(run: Parts<'deps' | 'asked' | 'tried' | 'spent'>): Usage {
  const usages = partsOf(run.spent).map((call) => ({ usage: usageOf(run, call), isPartOfAnswer: true }));
  const usage = answerUsage(usages);
  if (usage === null) throw new Error('an answer without any call');
  return usage;
}

/** What every call of a run has cost. `parts` are those that make up the client's answer. */
export function billOf(run: Parts<'deps' | 'asked' | 'tried' | 'spent'>, parts: readonly BegunAnswer[]): RequestCost {
  const unseen = run.spent.unseen.map((call) => ({
    modelId: call.modelId,
    usage: unseenUsageOf(run, call),
    isPartOfAnswer: false,
  }));
  const spent = run.spent.answers.filter(hasSpent).map((call) => ({
    modelId: call.modelId,
    usage: usageOf(run, call),
    isPartOfAnswer: parts.includes(call),
  }));
  return requestCost(
    [...unseen, ...spent].map(({ modelId, ...rest }) => ({ model: modelId, price: priceOf(run, modelId), ...rest })),
    largePrice(run),
  );
}

/** What is known of a request before it runs: what is booked when its end is never reported. */
export function draftOf({ deps, asked, tried }: Costing): EntryDraft {
  const { decision } = tried.route;
  const { caller, classification, request, arm } = asked;
  return {
    requestId: caller.requestId,
    keyId: caller.key.id,
    tenantId: caller.key.tenantId,
    agent: caller.agent,
    requestedModel: request.model,
    routedModel: decision.modelId,
    primaryModel: decision.primaryModelId,
    rule: decision.rule,
    classificationMs: asked.classificationMs,
    tier: decision.modelId === null ? null : modelOf(deps.config, decision.modelId).tier,
    intent: classification.intent,
    intentBand: intentBand(classification.intentConfidence),
    strategy: decision.strategy,
    reason: decision.reason,
    isForced: decision.isForced,
    isStream: tried.isStreamed,
    arm: arm === null ? null : armName(arm),
    cache: cacheState,
  };
}

export function entryOf(run: Run, ending: RunEnding): LedgerEntry {
  const { deps, asked, tried, spent, client } = run;
  const nowMs = deps.clock.now();
  const isFallback = isAnsweredByFallback(run);
  const parts = partsOf(spent);
  const cost = billOf(run, ending.kind === 'failed' ? [] : parts);
  const { decision } = tried.route;
  const from = decision.primaryModelId;
  const { servedModelId, firstByteAtMs } = client;
  const code = ending.kind === 'failed' ? ending.failure.code : null;
  return {
    ...draftOf(run),
    atMs: nowMs,
    servedModel: servedModelId,
    reason: metadataOf(run).reason,
    ending: endingOf(ending),
    errorCode: code,
    errorType: code === null ? null : errors[code].type,
    attempts: tried.calls,
    fallbackUsed: isFallback,
    fallback: isFallback && from !== null && servedModelId !== null ? { from, to: servedModelId } : null,
    escalated: isEscalated(tried),
    judged: judgedOf(run),
    scored: decision.isForced
      ? null
      : { version: classifierVersion(deps.config.routing, deps.weights), score: asked.classification.score },
    rescued: tried.rescues.length > 0,
    toolCalls: verdictsOf(parts),
    latencyMs: nowMs - asked.startedAtMs,
    firstByteMs: firstByteAtMs === null ? null : firstByteAtMs - asked.startedAtMs,
    ...cost,
  };
}

/** The small tier's answer that was judged: the one that was not good enough, or the one that was shown. */
function judgedOf({ deps, tried, spent, client }: Parts<'deps' | 'tried' | 'spent' | 'client'>): LedgerEntry['judged'] {
  if (!tried.judges) return null;
  const doubted = tried.outcomes.find((outcome) => !outcome.isOk && outcome.cause === 'low_confidence');
  if (doubted !== undefined) return { model: doubted.candidate.modelId, isEscalated: true };
  const [shown] = client.servedModelId === null ? [] : partsOf(spent);
  if (shown === undefined || modelOf(deps.config, shown.modelId).tier !== 'small') return null;
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

function priceOf({ deps }: Parts<'deps'>, modelId: string): NormalisedPrice {
  return normalisePrice(modelOf(deps.config, modelId).price);
}

/** The first large model's price: what everything would have cost without routing. */
function largePrice({ deps }: Parts<'deps'>): NormalisedPrice | null {
  const large = Object.values(deps.config.chatModels).find((model) => model.tier === 'large');
  return large === undefined ? null : normalisePrice(large.price);
}
