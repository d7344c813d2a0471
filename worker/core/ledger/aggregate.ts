/** Counts what has ended: bookings in, one delta out. */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { AttemptUsage, LedgerEntry } from '../../../shared/records.ts';
import { zeroCounters } from './counters.ts';
import { dayOf, dayOfEntry } from './days.ts';
import { emptyDelta, mergeDeltas, type LedgerDelta } from './delta.ts';
import { countEntry, countsOf, countTokens, groupsOf, noName } from './dimensions.ts';
import { emptyHistogram, histogramOf } from './histogram.ts';
import { emptyBook, keyBookOf, noCounts, keyBookOfTokens } from './key-book.ts';

/** An unseen second answer: for whom, how far it agrees with the one that was shown (null where it gave none), and what it burnt. */
export interface ShadowBooking {
  readonly keyId: string;
  readonly agent: string | null;
  /** `shown model|shadow model` */
  readonly name: string;
  readonly agreement: number | null;
  readonly atMs: number;
  readonly attemptUsages: readonly AttemptUsage[];
}

/** Counts every entry once, along every dimension. Linear in entries. */
export function aggregate(entries: readonly LedgerEntry[]): LedgerDelta {
  return mergeDeltas(entries.map(deltaOfEntry));
}

/** A request that was never admitted: failed authentication or validation, or passed a limit or a budget. */
export function deltaOfRefusal(code: ErrorCode): LedgerDelta {
  return { ...emptyDelta, refusals: [[code, 1]] };
}

/** A request that got the answer kept for its idempotency key: nothing ran. */
export function deltaOfReplay(keyId: string, agent: string | null): LedgerDelta {
  const replay = { ...zeroCounters, replays: 1 };
  const books = [[keyId, { ...emptyBook, agent: [[agent ?? noName, noCounts]] }]] as const;
  return { ...emptyDelta, totals: replay, agents: [[agent ?? noName, replay]], keys: [[keyId, replay]], books };
}

/** A client's judgement, from 0 to 1, of an answer of this model and, if it took part in an experiment, of its arm. */
export function deltaOfFeedback(names: readonly string[], score: number, before: number | null = null): LedgerDelta {
  const milli = (value: number | null) => Math.round((value ?? 0) * 1000);
  const rating = { count: before === null ? 1 : 0, scoreMilli: milli(score) - milli(before), costNanoUsd: 0 };
  return { ...emptyDelta, feedback: names.map((name) => [name, rating] as const) };
}

/** A shadow run is no request, but its tokens and its cost are the key's like any other. */
export function deltaOfShadow({ keyId, agent, name, agreement, atMs, attemptUsages }: ShadowBooking): LedgerDelta {
  const costNanoUsd = attemptUsages.reduce((sum, attempt) => sum + attempt.costNanoUsd, 0);
  const rating = { count: 1, scoreMilli: Math.round((agreement ?? 0) * 1000), costNanoUsd };
  const calls = attemptUsages.map((attempt) => {
    const tokens = { ...countTokens(attempt), attempts: 1, allLargeCostNanoUsd: attempt.costNanoUsd };
    return {
      ...emptyDelta,
      totals: tokens,
      models: [[attempt.model, tokens]],
      agents: [[agent ?? noName, tokens]],
      keys: [[keyId, tokens]],
      books: [[keyId, keyBookOfTokens(tokens, attempt.model, agent, atMs)]],
    } satisfies LedgerDelta;
  });
  return mergeDeltas([...calls, { ...emptyDelta, shadows: agreement === null ? [] : [[name, rating]] }]);
}

/** May name a model twice; merging adds the two up. */
export function deltaOfEntry(entry: LedgerEntry): LedgerDelta {
  const counted = countEntry(entry);
  const { whole, model } = counted;
  const day = dayOfEntry(entry);
  const latency = isWaitedFor(entry) ? histogramOf(entry.latencyMs) : emptyHistogram;
  return {
    ...groupsOf(counted),
    ...countsOf(counted),
    totals: whole,
    armLatency: entry.arm === null ? [] : [[entry.arm, latency]],
    feedback: [],
    shadows: [],
    latency,
    firstByte: entry.firstByteMs === null ? emptyHistogram : histogramOf(entry.firstByteMs),
    modelLatency: [[model, latency]],
    judged: day.judged,
    days: [[dayOf(entry.atMs), day]],
    books: [[entry.keyId, keyBookOf(counted)]],
    firstAtMs: entry.atMs,
    lastAtMs: entry.atMs,
  };
}

/** A client that left chose the duration itself, and an unknown ending has none: neither says how fast the gateway is. */
function isWaitedFor({ ending }: LedgerEntry): boolean {
  return ending !== 'client_abort' && ending !== 'unknown';
}
