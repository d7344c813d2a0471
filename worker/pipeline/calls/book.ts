/** A run as the ledger books it: what it spent, how it ended, how it was classified. */
import type { Usage } from '../../../shared/usage.ts';
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { Tier } from '../../../shared/config.ts';
import { errors } from '../../../shared/errors.ts';
import { argumentsVerdictIds, type Ending, type LedgerEntry, type RequestTrace } from '../../../shared/records.ts';
import { classifierVersion } from '../../core/classify/version.ts';
import { type NormalisedPrice, normalisePrice } from '../../core/cost/price.ts';
import { reconcileUsage } from '../../core/cost/reconcile-usage.ts';
import { answerUsage, type BilledAttempt, requestCost, type RequestCost } from '../../core/cost/request-cost.ts';
import { unseenUsage } from '../../core/cost/unseen-work.ts';
import { promptTokensBound } from '../../core/cost/worst-case.ts';
import { intentBand } from '../../core/classify/intent-band.ts';
import type { EntryDraft } from '../../core/ledger/booking.ts';
import { endingOf, type RunEnding } from '../../core/ledger/ending.ts';
import { rememberedByObject } from '../../core/text/remembered.ts';
import { armName } from '../../core/route/experiment.ts';
import { mostTokens } from '../run/asked.ts';
import { cardUseOf } from './card.ts';
import { reasonOf } from '../run/metadata.ts';
import { contextTokensOf, isAnsweredByFallback, type Parts, type Run } from '../run/run.ts';
import {
  type BegunAnswer,
  continuesPrevious,
  type CountedCall,
  hasSpent,
  partsOf,
  type UnseenCall,
  runawaysOf,
} from '../run/spent.ts';
import { traceCalls } from '../run/timeline.ts';
import { isEscalated } from '../run/tried.ts';

type Costing = Parts<'deps' | 'asked' | 'tried'>;

/** Scores that were learned from own outcomes are spread in their own way. */
function versionOf({ deps, asked }: Parts<'deps' | 'asked'>): string {
  const version = classifierVersion(deps.config.routing, deps.weights);
  return asked.classification.adapted === null ? version : `${version}+own`;
}

/** The usage of one call: the server's where it is plausible, else counted from what was relayed. */
function usageOf(run: Costing, begun: BegunAnswer): Usage {
  const { modelId, answer } = begun;
  const { usage, contentEvents, contentChars } = answer.state;
  const { asked } = run;
  const contextTokens = contextTokensOf(run, modelId);
  return reconcileUsage(usage, {
    contentEvents,
    contentChars,
    maxTokens: mostTokens(asked),
    // A continuation's prompt holds what was generated before it.
    maxPromptTokens: Math.min(
      contextTokens,
      mostPromptTokens(run, contextTokens) + (continuesPrevious(begun) ? asked.maxTokens : 0),
    ),
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
  const { unseen, answers, counted } = run.spent;
  const billed: BilledAttempt[] = [];
  const bill = ({ modelId, call }: Pick<CountedCall, 'modelId' | 'call'>, usage: Usage, isPartOfAnswer: boolean): void => {
    const gpu = cardUseOf(run, run.tried.timeline[call - 1]);
    billed.push({ model: modelId, price: priceOf(run, modelId), usage, gpu, isPartOfAnswer });
  };
  for (const call of unseen) bill(call, unseenUsageOf(run, call), false);
  for (const call of answers) if (hasSpent(call)) bill(call, usageOf(run, call), parts.includes(call));
  for (const call of counted) bill(call, call.usage, call.isPartOfAnswer);
  return requestCost(
    billed,
    // No tier would have done it for another price.
    run.asked.pooled === null ? tierPrices(run.deps.config) : { large: null, small: null },
  );
}

/** What is known of a request before it runs: what is booked when its end is never reported. */
export function draftOf({ deps, asked, tried, client }: Parts<'deps' | 'asked' | 'tried' | 'client'>): EntryDraft {
  const { decision } = tried.route;
  const { caller, classification, request, arm, pooled } = asked;
  return {
    requestId: caller.requestId,
    keyId: caller.key.id,
    tenantId: caller.key.tenantId,
    agent: caller.agent,
    session: caller.sessionId,
    requestedModel: request.model,
    routedModel: decision.modelId,
    primaryModel: decision.primaryModelId,
    rule: decision.rule,
    classificationMs: asked.classificationMs,
    tier: decision.modelId === null || pooled !== null ? null : modelOf(deps.config, decision.modelId).tier,
    intent: pooled === null ? classification.intent : null,
    intentBand: pooled === null ? intentBand(classification.intentConfidence) : null,
    strategy: pooled === null ? decision.strategy : null,
    reason: decision.reason,
    isForced: decision.isForced,
    isStream: tried.isStreamed,
    arm: arm === null ? null : armName(arm),
    cache: client.cache.state,
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
    reason: reasonOf(run),
    ending: endingOf(ending),
    errorCode: code,
    errorType: code === null ? null : errors[code].type,
    attempts: tried.calls,
    fallbackUsed: isFallback,
    fallback: isFallback && from !== null && servedModelId !== null ? { from, to: servedModelId } : null,
    escalated: isEscalated(tried),
    judged: judgedOf(run),
    scored: decision.isForced || asked.pooled !== null ? null : { version: versionOf(run), score: asked.classification.score },
    rescued: tried.rescues.length > 0,
    ...runawaysOf(spent),
    cacheLevel: client.cache.level,
    toolCalls: verdictsOf(parts),
    latencyMs: nowMs - asked.startedAtMs,
    firstByteMs: firstByteAtMs === null ? null : firstByteAtMs - asked.startedAtMs,
    ...cost,
    cacheSavedNanoUsd: spent.given?.savedNanoUsd ?? 0,
    trace: traceOf(run, endingOf(ending), nowMs),
  };
}

/** For the request's own record; everything in it is there already. */
function traceOf({ asked, tried, spent }: Run, ending: Ending, nowMs: number): RequestTrace {
  const { classification, startedAtMs, threshold } = asked;
  return {
    startedAtMs,
    threshold,
    confidence: classification.intentConfidence,
    signals: classification.signals,
    calls: traceCalls(tried.timeline, ending, nowMs),
    // In the order in which they are billed.
    billedCalls: [...spent.unseen, ...spent.answers.filter(hasSpent), ...spent.counted].map(({ call }) => call),
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

/** The price of a tier's first model: what everything would have cost there. */
const tierPrices = rememberedByObject((config: Config) => {
  const priceOfTier = (tier: Tier): NormalisedPrice | null => {
    const first = Object.values(config.chatModels).find((model) => model.tier === tier);
    return first === undefined ? null : normalisePrice(first.price);
  };
  return { large: priceOfTier('large'), small: priceOfTier('small') };
});
