/**
 * What ended when: sums for stretches of time that grow with age, so that what is kept of a month is bounded. Deltas carry whole minutes; the
 * root keeps a row for each stretch, and adds older ones up to longer ones. Which of them holds a time is `placeOf`'s decision alone, so
 * a batch that comes late lands where its minute went.
 */
import type { Counters, Named } from './counters.ts';
import { sumByName } from './counters.ts';
import type { CountList } from './days.ts';
import { sumHistograms, type Histogram } from './histogram.ts';

/** What is added up for a stretch: counters of all its requests, and two numbers that are no counters. */
export const seriesCountIds = [
  'requests',
  'succeeded',
  'refused',
  'costNanoUsd',
  'allLargeCostNanoUsd',
  'allSmallCostNanoUsd',
  'promptTokens',
  'completionTokens',
  'small',
  'large',
  'vision',
  'fallbacks',
  'escalations',
  'rescues',
  'cacheHits',
] as const satisfies readonly (keyof Counters | 'refused' | 'cacheHits')[];
export type SeriesCountId = (typeof seriesCountIds)[number];

export interface SeriesModel {
  readonly requests: number;
  readonly costNanoUsd: number;
  readonly latency: Histogram;
  readonly firstByte: Histogram;
}

export interface SeriesSums {
  /** In the order of `seriesCountIds`. */
  readonly counts: CountList;
  readonly endings: Named<number>;
  readonly models: Named<SeriesModel>;
}

/** Ascending, each start once. */
export type SeriesParts = readonly (readonly [startMs: number, sums: SeriesSums])[];

/** Most models in one stretch: their histograms are the largest part of it, 6 kB each with every bucket in use. */
const maxModels = 12;
/** A delta that could not be delivered for longer counts what is older in the oldest minute that it keeps: it must fit one row. */
const maxMinutes = 10;

const minuteSeconds = 60;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The lengths of the stretches that are kept, and how far back each reaches: further than the range that shows it. */
const levels = [
  { seconds: minuteSeconds, reachMs: 1.25 * hourMs },
  { seconds: 900, reachMs: 25 * hourMs },
  { seconds: 3600, reachMs: 8 * dayMs },
  { seconds: 21_600, reachMs: 32 * dayMs },
] as const;

export interface SeriesPlace {
  /** The length of the stretch. */
  readonly seconds: number;
  readonly startMs: number;
}

export function startOf(atMs: number, seconds: number): number {
  return Math.floor(atMs / (seconds * 1000)) * seconds * 1000;
}

export function minuteOf(atMs: number): number {
  return startOf(atMs, minuteSeconds);
}

/** Of each length: what begins before this is to be added up to longer ones. Changes once in a quarter of an hour. */
export function keptFrom(nowMs: number): readonly { readonly seconds: number; readonly fromMs: number }[] {
  return levels.map(({ seconds, reachMs }, index) => ({
    seconds,
    // A longer stretch is never begun in the middle: what is left of the shorter ones goes into it as a whole.
    fromMs: startOf(nowMs - reachMs, levels[index + 1]?.seconds ?? seconds),
  }));
}

/** The stretch that holds this time; null for what is too old to be kept. */
export function placeOf(atMs: number, nowMs: number): SeriesPlace | null {
  const level = keptFrom(nowMs).find(({ fromMs }) => atMs >= fromMs);
  return level === undefined ? null : { seconds: level.seconds, startMs: startOf(atMs, level.seconds) };
}

/** What is to be added to each stretch. */
export function placedParts(parts: SeriesParts, nowMs: number): readonly (readonly [SeriesPlace, readonly SeriesSums[]])[] {
  const placed = new Map<string, readonly [SeriesPlace, SeriesSums[]]>();
  for (const [atMs, sums] of parts) {
    const place = placeOf(atMs, nowMs);
    if (place === null) continue;
    const name = `${place.seconds} ${place.startMs}`;
    const known = placed.get(name);
    if (known === undefined) placed.set(name, [place, [sums]]);
    else known[1].push(sums);
  }
  return [...placed.values()];
}

/** Adds up any number of deltas' minutes. Associative and commutative while the number of models is within the bound. */
export function sumParts(lists: readonly SeriesParts[]): SeriesParts {
  const groups = Map.groupBy(lists.flat(), ([startMs]) => startMs);
  const starts = [...groups.keys()].toSorted((a, b) => a - b);
  const [oldest = 0] = starts.slice(-maxMinutes);
  const kept = Map.groupBy(starts, (startMs) => Math.max(startMs, oldest));
  return [...kept].map(([startMs, folded]) => {
    const parts = folded.flatMap((start) => groups.get(start) ?? []);
    const [only] = parts;
    return only !== undefined && parts.length === 1 ? only : ([startMs, sumSeries(parts.map(([, sums]) => sums))] as const);
  });
}

/** What was stored before a number was counted has none of it. */
export function sumSeries(list: readonly SeriesSums[]): SeriesSums {
  const ending = list.map(({ endings }) => endings);
  const models = list.map(({ models }) => models);
  return {
    counts: seriesCountIds.map((_, at) => list.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0)),
    endings: sorted(sumByName(ending, Number.POSITIVE_INFINITY, (counts) => counts.reduce((sum, count) => sum + count, 0))),
    models: sorted(sumByName(models, maxModels, sumModels)),
  };
}

/** Takes back what was counted; durations are not among what can be taken back. */
export function negatedParts(parts: SeriesParts): SeriesParts {
  return parts.map(([startMs, { counts, endings, models }]) => [
    startMs,
    {
      counts: counts.map((count) => 0 - count),
      endings: endings.map(([name, count]) => [name, 0 - count] as const),
      models: models.map(([name, { requests, costNanoUsd }]) => {
        const less = { requests: 0 - requests, costNanoUsd: 0 - costNanoUsd };
        return [name, { ...less, latency: sumHistograms([]), firstByte: sumHistograms([]) }] as const;
      }),
    },
  ]);
}

function sumModels(list: readonly SeriesModel[]): SeriesModel {
  return {
    requests: list.reduce((sum, { requests }) => sum + requests, 0),
    costNanoUsd: list.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
    latency: sumHistograms(list.map(({ latency }) => latency)),
    firstByte: sumHistograms(list.map(({ firstByte }) => firstByte)),
  };
}

function sorted<T>(named: Named<T>): Named<T> {
  return named.toSorted(([a], [b]) => (a < b ? -1 : 1));
}
