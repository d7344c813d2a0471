/**
 * What is counted by UTC day: how routing scores are spread, and how the small tier's answers were judged. The newest days are kept,
 * whatever order they come in, so merging stays associative.
 */
import { scoreBuckets } from '../../../shared/config.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { sumByName, type Named } from './counters.ts';

/** Added up position by position. */
export type Counts = readonly number[];

export interface DayCounts {
  /** By classifier version: requests in each of `scoreBuckets` equal parts of 0 to 1. */
  readonly scores: Named<Counts>;
  /** By model: answers judged, and those of them that were escalated. */
  readonly judged: Named<Counts>;
}

/** Enough for a week beside today. */
export const maxDays = 8;
/** Classifier versions, and models that are judged, told apart. */
const maxNamed = 8;

/** `2026-11-21` */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** How many of the scores, each 0 to 1, fall into each bucket. */
export function countsOf(scores: readonly number[]): number[] {
  return Array.from(
    { length: scoreBuckets },
    (_, bucket) => scores.filter((score) => Math.min(scoreBuckets - 1, Math.floor(score * scoreBuckets)) === bucket).length,
  );
}

/** One request's part in its day. */
export function dayOfEntry({ scored, judged }: LedgerEntry): DayCounts {
  return {
    scores: scored === null ? [] : [[scored.version, countsOf([scored.score])]],
    judged: judged === null ? [] : [[judged.model, [1, judged.isEscalated ? 1 : 0]]],
  };
}

/** Adds any number of lists of days. */
export function sumDays(lists: readonly Named<DayCounts>[]): Named<DayCounts> {
  const days = sumByName(lists, Number.POSITIVE_INFINITY, (values) => ({
    scores: sumNamed(values.map(({ scores }) => scores)),
    judged: sumNamed(values.map(({ judged }) => judged)),
  }));
  return days.toSorted(([a], [b]) => (a < b ? 1 : -1)).slice(0, maxDays);
}

export function sumNamed(lists: readonly Named<Counts>[]): Named<Counts> {
  return sumByName(lists, maxNamed, sumCounts);
}

/** Empty for none. */
export function sumCounts(values: readonly Counts[]): Counts {
  return (values[0] ?? []).map((_, at) => values.reduce((sum, counts) => sum + (counts[at] ?? 0), 0));
}
