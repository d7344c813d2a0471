/**
 * What is counted by UTC day: how routing scores are spread, and how the small tier's answers were judged. The newest days are kept,
 * whatever order they come in, so merging stays associative.
 */
import { scoreBuckets } from '../../../shared/config.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { sumByName, type Named } from './counters.ts';

/** Added up position by position. */
export type CountList = readonly number[];

export interface DayCounts {
  /** By classifier version: requests in each of `scoreBuckets` equal parts of 0 to 1. */
  readonly scores: Named<CountList>;
  /** By model: answers judged, and those of them that were escalated. */
  readonly judged: Named<CountList>;
}

/** Enough for a week beside today. */
export const maxDays = 8;
/** Most classifier versions and judged models that are counted separately. */
const maxNamed = 8;

const dayMs = 86_400_000;
/** The day that was asked for last: a batch's requests end on the same one, and writing a date costs as much as counting it. */
let lastDay = { number: Number.NaN, text: '' };

/** `2026-11-21` */
export function dayOf(atMs: number): string {
  const number = Math.floor(atMs / dayMs);
  if (number !== lastDay.number) lastDay = { number, text: new Date(atMs).toISOString().slice(0, 10) };
  return lastDay.text;
}

/** How many of the scores, each 0 to 1, fall into each bucket. */
export function scoresByBucket(scores: readonly number[]): number[] {
  const counts = Array.from({ length: scoreBuckets }, () => 0);
  for (const score of scores) {
    const bucket = Math.min(scoreBuckets - 1, Math.floor(score * scoreBuckets));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

/** The part of requests that are alike in their day. */
export function dayOfAlike({ scored, judged }: LedgerEntry, entries: readonly LedgerEntry[]): DayCounts {
  const scores = scored === null ? [] : entries.flatMap((entry) => entry.scored?.score ?? []);
  const escalated = judged === null ? 0 : entries.filter((entry) => entry.judged?.isEscalated === true).length;
  return {
    scores: scored === null ? [] : [[scored.version, scoresByBucket(scores)]],
    judged: judged === null ? [] : [[judged.model, [entries.length, escalated]]],
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

export function sumNamed(lists: readonly Named<CountList>[]): Named<CountList> {
  return sumByName(lists, maxNamed, sumCounts);
}

/** Empty for none. What was stored before a number was counted has none of it. */
export function sumCounts(values: readonly CountList[]): CountList {
  const sums = [...(values[0] ?? [])];
  for (const counts of values.slice(1)) {
    for (let at = 0; at < counts.length; at += 1) sums[at] = (sums[at] ?? 0) + (counts[at] ?? 0);
  }
  return sums;
}
