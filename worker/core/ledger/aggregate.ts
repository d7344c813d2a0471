/** Counts ended requests: ledger entries in, one delta out. */
import type { ErrorCode } from '../../../shared/errors.ts';
import { argumentsVerdictIds, type AttemptUsage, type LedgerEntry } from '../../../shared/records.ts';
import { sumCounters, zeroCounters, type Counters } from './counters.ts';
import { dayOf, dayOfEntry } from './days.ts';
import { emptyDelta, mergeDeltas, type LedgerDelta } from './delta.ts';
import { emptyHistogram, histogramOf } from './histogram.ts';

/** Stands for what a request does not have: no agent named, no model reached. */
export const noName = 'none';

/** Counts every entry once, along every dimension. Linear in entries. */
export function aggregate(entries: readonly LedgerEntry[]): LedgerDelta {
  return mergeDeltas(entries.map(deltaOfEntry));
}

/** A request that was never admitted: failed authentication or validation, or passed a limit or a budget. */
export function deltaOfRefusal(code: ErrorCode): LedgerDelta {
  return { ...emptyDelta, refusals: [[code, 1]] };
}

/** A client's judgement, from 0 to 1, of an answer of this model and, if it took part in an experiment, of its arm. */
export function deltaOfFeedback(names: readonly string[], score: number): LedgerDelta {
  const rating = { count: 1, scoreMilli: Math.round(score * 1000), costNanoUsd: 0 };
  return { ...emptyDelta, feedback: names.map((name) => [name, rating] as const) };
}

/** One shadow run: how far its answer agrees with the one that was shown, and what it cost. */
export function deltaOfShadow(name: string, agreement: number, costNanoUsd: number): LedgerDelta {
  return { ...emptyDelta, shadows: [[name, { count: 1, scoreMilli: Math.round(agreement * 1000), costNanoUsd }]] };
}

/** May name a model twice; merging adds the two up. */
function deltaOfEntry(entry: LedgerEntry): LedgerDelta {
  const request = countRequest(entry);
  const day = dayOfEntry(entry);
  const burnt = entry.attemptUsages.map((attempt) => [attempt.model, countTokens(attempt)] as const);
  const whole = sumCounters([request, ...burnt.map(([, tokens]) => tokens)]);
  const model = entry.servedModel ?? entry.routedModel ?? noName;
  const latency = isWaitedFor(entry) ? histogramOf(entry.latencyMs) : emptyHistogram;
  return {
    totals: whole,
    models: [[model, request], ...burnt],
    agents: [[entry.agent ?? noName, whole]],
    keys: [[entry.keyId, whole]],
    tiers: [[entry.tier ?? noName, whole]],
    intents: [[entry.intent ?? noName, whole]],
    strategies: [[entry.strategy ?? noName, 1]],
    endings: [[entry.ending, 1]],
    caches: [[entry.cache, 1]],
    errors: entry.errorCode === null ? [] : [[entry.errorCode, 1]],
    refusals: [],
    arms: entry.arm === null ? [] : [[entry.arm, whole]],
    armLatency: entry.arm === null ? [] : [[entry.arm, latency]],
    toolCalls: argumentsVerdictIds.flatMap((verdict) => {
      const count = entry.toolCalls[verdict];
      return count > 0 ? [[`${model}:${verdict}`, count] as const] : [];
    }),
    feedback: [],
    shadows: [],
    latency,
    firstByte: entry.firstByteMs === null ? emptyHistogram : histogramOf(entry.firstByteMs),
    modelLatency: [[model, latency]],
    judged: day.judged,
    days: [[dayOf(entry.atMs), day]],
    firstAtMs: entry.atMs,
    lastAtMs: entry.atMs,
  };
}

/** A client that left chose the duration itself, and an unknown ending has none: neither says how fast the gateway is. */
function isWaitedFor({ ending }: LedgerEntry): boolean {
  return ending !== 'client_abort' && ending !== 'unknown';
}

function countRequest(entry: LedgerEntry): Counters {
  return {
    ...zeroCounters,
    requests: 1,
    succeeded: entry.ending === 'ok' ? 1 : 0,
    streamed: entry.isStream ? 1 : 0,
    forced: entry.isForced ? 1 : 0,
    attempts: entry.attempts,
    fallbacks: entry.fallbackUsed ? 1 : 0,
    escalations: entry.escalated ? 1 : 0,
    rescues: entry.rescued ? 1 : 0,
    small: entry.tier === 'small' ? 1 : 0,
    large: entry.tier === 'large' ? 1 : 0,
    vision: entry.tier === 'vision' ? 1 : 0,
    allLargeCostNanoUsd: entry.allLargeCostNanoUsd,
  };
}

function countTokens({ usage, costNanoUsd }: AttemptUsage): Counters {
  return {
    ...zeroCounters,
    promptTokens: usage.promptTokens,
    completionTokens: usage.completionTokens,
    cachedTokens: usage.cachedTokens ?? 0,
    reasoningTokens: usage.reasoningTokens ?? 0,
    estimatedTokens: usage.isEstimated ? usage.promptTokens + usage.completionTokens : 0,
    costNanoUsd,
  };
}
