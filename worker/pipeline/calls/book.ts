/** A run as the ledger books it: what it spent, how it ended, what it was taken for. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { Usage } from '../../../shared/chat.ts';
import { errors, type Failure } from '../../../shared/errors.ts';
import { argumentsVerdictIds, type Ending, type LedgerEntry } from '../../../shared/records.ts';
import { classifierVersion } from '../../core/classify/version.ts';
import { type NormalisedPrice, normalisePrice } from '../../core/cost/price.ts';
import { reconcileUsage } from '../../core/cost/reconcile-usage.ts';
import { requestCost, type RequestCost } from '../../core/cost/request-cost.ts';
import { unseenUsage } from '../../core/cost/unseen-work.ts';
import { promptTokensBound } from '../../core/cost/worst-case.ts';
import { intentBand } from '../../core/intent/intent-band.ts';
import type { EntryDraft } from '../../core/ledger/booking.ts';
import { metadataOf } from '../run/metadata.ts';
import { type BegunAnswer, contextTokensOf, hasSpent, isAnsweredByFallback, partsOf, type Run, type UnseenCall } from '../run/run.ts';

export type RunEnding =
  | { readonly kind: 'ok' }
  | { readonly kind: 'client_gone' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The usage of one call: the server's where it can be true, else counted from what was relayed. */
export function usageOf(run: Run, { modelId, answer, continuesPrevious }: BegunAnswer): Usage {
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

/** What every call of a run has cost. `parts` are those that make up the client's answer. */
export function billOf(run: Run, parts: readonly BegunAnswer[]): RequestCost {
  const unseen = run.unseen.map((call) => ({ modelId: call.modelId, usage: unseenUsageOf(run, call), isPartOfAnswer: false }));
  const spent = run.answers.filter(hasSpent).map((call) => ({
    modelId: call.modelId,
    usage: usageOf(run, call),
    isPartOfAnswer: parts.includes(call),
  }));
  return requestCost(
    [...unseen, ...spent].map(({ modelId, ...rest }) => ({ model: modelId, price: priceOf(run, modelId), ...rest })),
    largePrice(run),
  );
}

/** What is known of a request before it runs: what is booked when nobody says how it ended. */
export function draftOf(run: Run): EntryDraft {
  const { decision } = run.route;
  const { intent, intentConfidence } = run.classification;
  return {
    requestId: run.requestId,
    keyId: run.key.id,
    tenantId: run.key.tenantId,
    agent: run.agent,
    requestedModel: run.request.model,
    routedModel: decision.modelId,
    primaryModel: decision.primaryModelId,
    rule: decision.rule,
    classificationMs: run.classificationMs,
    tier: decision.modelId === null ? null : modelOf(run.deps.config, decision.modelId).tier,
    intent,
    intentBand: intentBand(intentConfidence),
    strategy: decision.strategy,
    reason: decision.reason,
    isForced: decision.isForced,
    isStream: run.request.stream === true,
    arm: run.arm === null ? null : `${run.arm.experiment}:${run.arm.arm}`,
    cache: run.cache,
  };
}

export function entryOf(run: Run, ending: RunEnding): LedgerEntry {
  const { config, clock } = run.deps;
  const nowMs = clock.now();
  const isFallback = isAnsweredByFallback(run);
  const parts = partsOf(run);
  const cost = billOf(run, ending.kind === 'failed' ? [] : parts);
  const { decision } = run.route;
  const from = decision.primaryModelId;
  const code = ending.kind === 'failed' ? ending.failure.code : null;
  return {
    ...draftOf(run),
    atMs: nowMs,
    servedModel: run.servedModelId,
    reason: metadataOf(run).reason,
    ending: endingOf(ending),
    errorCode: code,
    errorType: code === null ? null : errors[code].type,
    attempts: run.calls,
    fallbackUsed: isFallback,
    fallback: isFallback && from !== null && run.servedModelId !== null ? { from, to: run.servedModelId } : null,
    escalated: run.isEscalated,
    judged: judgedOf(run),
    scored: decision.isForced
      ? null
      : { version: classifierVersion(config.routing, run.deps.weights), score: run.classification.score },
    rescued: run.rescues > 0,
    toolCalls: verdictsOf(parts),
    latencyMs: nowMs - run.startedAtMs,
    firstByteMs: run.firstByteAtMs === null ? null : run.firstByteAtMs - run.startedAtMs,
    ...cost,
  };
}

/** The small tier's answer that was judged: the one that was not good enough, or the one that was shown. */
function judgedOf(run: Run): LedgerEntry['judged'] {
  if (!run.judges) return null;
  const doubted = run.outcomes.find((outcome) => !outcome.isOk && outcome.cause === 'low_confidence');
  if (doubted !== undefined) return { model: doubted.candidate.modelId, isEscalated: true };
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
