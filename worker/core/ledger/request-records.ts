/**
 * What is kept of single requests: a record of each as far as there is room, made when a batch is. Batches carry them as JSON text, which
 * neither shards nor the root read; of a busy moment those that something went wrong with come first, and the rest is only counted.
 */
import type { AttemptRecord, RequestDetail, RequestRecord } from '../../../shared/observed.ts';
import type { AttemptUsage, LedgerEntry, RequestTrace } from '../../../shared/records.ts';
import { fourDigits } from '../../../shared/units.ts';

/** One request, as it travels and is stored. */
export interface RecordLine {
  readonly atMs: number;
  /** Something happened that an operator may look for. */
  readonly isNotable: boolean;
  /** A `RequestRecord`. */
  readonly record: string;
  /** What a `RequestDetail` has beyond it. */
  readonly detail: string;
}

export interface RequestLines {
  readonly lines: readonly RecordLine[];
  /** Requests that there was no room for. */
  readonly unrecorded: number;
}

/** Of one batch, at about 1 kB each. */
export const maxLines = 50;

/** Names and reasons come from the configuration and the gateway, or are validated; in any case no record is longer than 6 kB. */
const maxNameLength = 128;
const maxReasonLength = 500;
const maxAttempts = 12;

/** The records of a batch. Nothing is made for requests that there is no room for. */
export function linesOf(entries: readonly LedgerEntry[]): RequestLines {
  const chosen = firstOf(entries, isNotable);
  return { lines: chosen.map(lineOf), unrecorded: entries.length - chosen.length };
}

export function sumLines(list: readonly RequestLines[]): RequestLines {
  const all = list.flatMap(({ lines }) => lines);
  const lines = firstOf(all, (line) => line.isNotable);
  const unrecorded = list.reduce((sum, { unrecorded }) => sum + unrecorded, 0);
  return { lines, unrecorded: unrecorded + all.length - lines.length };
}

/** As many as there is room for, in their order; notable ones take the place of others. */
function firstOf<T>(all: readonly T[], isNotableOne: (one: T) => boolean): readonly T[] {
  if (all.length <= maxLines) return all;
  const notable = all.filter(isNotableOne).slice(0, maxLines);
  let room = maxLines - notable.length;
  const kept = new Set(notable);
  return all.filter((one) => kept.has(one) || (!isNotableOne(one) && (room -= 1) >= 0));
}

function isNotable(entry: LedgerEntry): boolean {
  return entry.ending !== 'ok' || entry.fallbackUsed || entry.escalated || entry.rescued;
}

function lineOf(entry: LedgerEntry): RecordLine {
  return {
    atMs: entry.atMs,
    isNotable: isNotable(entry),
    record: JSON.stringify(recordOf(entry)),
    detail: JSON.stringify(detailOf(entry)),
  };
}

/** As operators see it. */
export function recordOf(entry: LedgerEntry): RequestRecord {
  const tokens = (of: (usage: AttemptUsage['usage']) => number): number =>
    entry.attemptUsages.reduce((sum, { usage }) => sum + of(usage), 0);
  return {
    id: cut(entry.requestId),
    at: new Date(entry.atMs).toISOString(),
    key_id: cut(entry.keyId),
    agent: entry.agent === null ? null : cut(entry.agent),
    // A draft of an earlier version has none.
    session: entry.session ?? null,
    requested_model: cut(entry.requestedModel),
    routed_model: entry.routedModel,
    served_model: entry.servedModel,
    tier: entry.tier,
    intent: entry.intent,
    strategy: entry.strategy,
    score: entry.scored === null ? null : fourDigits(entry.scored.score),
    rule: entry.rule,
    reason: entry.reason.slice(0, maxReasonLength),
    ending: entry.ending,
    error_code: entry.errorCode,
    stream: entry.isStream,
    fallback_used: entry.fallbackUsed,
    escalated: entry.escalated,
    rescued: entry.rescued,
    cache: entry.cache,
    latency_ms: Math.round(entry.latencyMs),
    first_byte_ms: entry.firstByteMs === null ? null : Math.round(entry.firstByteMs),
    prompt_tokens: tokens(({ promptTokens }) => promptTokens),
    completion_tokens: tokens(({ completionTokens }) => completionTokens),
    cost_nano_usd: entry.costNanoUsd,
    all_large_cost_nano_usd: entry.allLargeCostNanoUsd,
    gpu_ms: entry.attemptUsages.reduce((sum, { gpuMs = 0 }) => sum + gpuMs, 0),
    gpu_cost_nano_usd: entry.attemptUsages.reduce((sum, { gpuNanoUsd = 0 }) => sum + gpuNanoUsd, 0),
  };
}

/** What explains it, without its texts: those are in the database alone. */
export function detailOf({ trace, attemptUsages, isForced }: LedgerEntry): Omit<RequestDetail, keyof RequestRecord> {
  const texts = { prompt: null, answer: null };
  if (trace === null) return { threshold: null, confidence: null, signals: [], attempts: [], ...texts };
  const signals = isForced ? [] : trace.signals;
  return {
    threshold: isForced ? null : fourDigits(trace.threshold),
    confidence: fourDigits(trace.confidence),
    signals: signals.map(({ id, value, contribution }) => ({
      name: id,
      value: fourDigits(value),
      weight: fourDigits(contribution),
    })),
    attempts: attemptsOf(trace, attemptUsages),
    ...texts,
  };
}

/** A large batch has more calls than a record has room for: what those used stands with the last of their model, so that sums are true. */
function attemptsOf({ startedAtMs, calls, billedCalls }: RequestTrace, usages: readonly AttemptUsage[]): AttemptRecord[] {
  const since = (atMs: number): number => Math.max(0, Math.round(atMs - startedAtMs));
  const shown = calls.slice(0, maxAttempts);
  const lastOfModel = new Map(shown.map(({ model }, index) => [model, index]));
  const placeOf = (call: number): number | undefined => {
    return call < maxAttempts ? call : lastOfModel.get(calls[call]?.model ?? '');
  };
  return shown.map((call, index) => {
    const billed = usages.filter((_, at) => placeOf((billedCalls[at] ?? 0) - 1) === index);
    return {
      model: call.model,
      upstream: call.upstream,
      started_ms: since(call.startedAtMs),
      first_byte_ms: call.firstByteAtMs === null ? null : since(call.firstByteAtMs),
      ended_ms: since(call.endedAtMs),
      outcome: call.outcome,
      prompt_tokens: billed.reduce((sum, { usage }) => sum + usage.promptTokens, 0),
      completion_tokens: billed.reduce((sum, { usage }) => sum + usage.completionTokens, 0),
      cost_nano_usd: billed.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
    };
  });
}

function cut(name: string): string {
  return name.slice(0, maxNameLength);
}
