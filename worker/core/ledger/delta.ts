/**
 * The unit of all counting: a delta counts any number of ended requests along every dimension, and the total is a delta as well. Deltas
 * are made in isolates, merged in shards and in the root. They are bounded whatever clients send: some kilobytes of JSON as a rule,
 * about 1 MB with every dimension full, so that a total fits one SQLite row (2 MB).
 */
import { countIds, groupIds } from '../../../shared/records.ts';
import { sumByName, sumCounters, type Counters, type Named } from './counters.ts';
import { sumDays, sumNamed, type DayCounts } from './days.ts';
import { type Detail, negatedDetail, sumDetails } from './detail.ts';
import { type Counts, countDimensions, forEach, type Groups, groupDimensions } from './dimensions.ts';
import { sumHistograms, type Histogram } from './histogram.ts';
import { bookedAgents, boundAgents, type KeyBook, sumKeyBooks } from './key-book.ts';
import { type RecordLine, sumLines } from './request-records.ts';
import { negatedParts, type SeriesParts, sumParts } from './series.ts';

/** Most names of feedback and shadows; the rest share `other`. */
const maxRated = 200;

/** What is missing here was counted by an earlier version, which did not know it, and reads as nothing. */
export interface LedgerDelta extends Groups, Counts {
  readonly totals: Counters;
  readonly latency: Histogram;
  readonly firstByte: Histogram;
  readonly modelLatency: Named<Histogram>;
  readonly armLatency: Named<Histogram>;
  /** Time to the first byte, by model. */
  readonly modelFirstByte?: Named<Histogram>;
  /** Clients' ratings, by arm and by model. */
  readonly feedback: Named<Rating>;
  /** How far another model's unseen answers agree with those that were shown. */
  readonly shadows: Named<Rating>;
  /** The small tier's answers that were judged, by model. */
  readonly judged?: DayCounts['judged'];
  /** The newest days, the newest first. */
  readonly days?: Named<DayCounts>;
  /** By key; empty in the root's total, which keeps a row for each key instead. */
  readonly books?: Named<KeyBook>;
  /** By minute; empty in the root's total, which keeps them apart. */
  readonly series?: SeriesParts;
  /** For `GET /metrics`. */
  readonly detail?: Detail;
  /** Single requests; empty in the root's total, which keeps them apart. */
  readonly records?: readonly RecordLine[];
  /** Requests without a record. */
  readonly unrecorded?: number;
  /** When the first and the last of the requests ended. */
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
}

/** Integers: scores are thousandths. */
export interface Rating {
  readonly count: number;
  readonly scoreMilli: number;
  readonly costNanoUsd: number;
}

export const emptyDelta: LedgerDelta = mergeDeltas([]);

/**
 * Adds two deltas. Associative and commutative while no dimension is at its bound of names. There the earlier names keep their places,
 * every sum is still the same, and only how much of a name is counted under `other` depends on who merged first.
 */
export function mergeDelta(a: LedgerDelta, b: LedgerDelta): LedgerDelta {
  return mergeDeltas([a, b]);
}

/** Adds any number of deltas, linear in their size. */
export function mergeDeltas(deltas: readonly LedgerDelta[]): LedgerDelta {
  const sum = <T>(bound: number, pick: (delta: LedgerDelta) => Named<T> | undefined, add: (values: readonly T[]) => T) =>
    sumByName(
      deltas.map((delta) => pick(delta) ?? []),
      bound,
      add,
    );
  const books = sum(groupDimensions.keys.bound, ({ books }) => books, sumKeyBooks);
  // Names that the keys have no room for would take the room of others, however they came together.
  const booked = bookedAgents(books.map(([, book]) => book));
  const recorded = sumLines(deltas.map(({ records = [], unrecorded = 0 }) => ({ lines: records, unrecorded })));
  const agents = (delta: LedgerDelta): Named<Counters> =>
    (delta.books ?? []).length === 0 ? delta.agents : boundAgents(delta.agents, booked);
  return {
    ...forEach(groupIds, (id) => sum(groupDimensions[id].bound, id === 'agents' ? agents : (delta) => delta[id], sumCounters)),
    ...forEach(countIds, (id) => sum(countDimensions[id].bound, (delta) => delta[id], sumNumbers)),
    totals: sumCounters(deltas.map(({ totals }) => totals)),
    armLatency: sum(groupDimensions.arms.bound, ({ armLatency }) => armLatency, sumHistograms),
    feedback: sum(maxRated, ({ feedback }) => feedback, sumRatings),
    shadows: sum(maxRated, ({ shadows }) => shadows, sumRatings),
    latency: sumHistograms(deltas.map(({ latency }) => latency)),
    firstByte: sumHistograms(deltas.map(({ firstByte }) => firstByte)),
    modelLatency: sum(groupDimensions.models.bound, ({ modelLatency }) => modelLatency, sumHistograms),
    modelFirstByte: sum(groupDimensions.models.bound, ({ modelFirstByte }) => modelFirstByte, sumHistograms),
    judged: sumNamed(deltas.map(({ judged }) => judged ?? [])),
    days: sumDays(deltas.map(({ days }) => days ?? [])),
    books,
    series: sumParts(deltas.map(({ series }) => series ?? [])),
    detail: sumDetails(deltas.flatMap(({ detail }) => detail ?? [])),
    records: recorded.lines,
    unrecorded: recorded.unrecorded,
    firstAtMs: deltas.reduce<number | null>((first, { firstAtMs }) => earlier(first, firstAtMs), null),
    lastAtMs: deltas.reduce<number | null>((last, { lastAtMs }) => later(last, lastAtMs), null),
  };
}

/** Takes back what was counted for a request whose ending was unknown: such a one has no durations, no day and no rating. */
export function negated(delta: LedgerDelta): LedgerDelta {
  const minus = (counters: Counters): Counters => sumCounters([], [counters]);
  return {
    ...emptyDelta,
    ...forEach(groupIds, (id) => delta[id].map(([name, counters]) => [name, minus(counters)] as const)),
    ...forEach(countIds, (id) => delta[id].map(([name, count]) => [name, -count] as const)),
    totals: minus(delta.totals),
    series: negatedParts(delta.series ?? []),
    ...(delta.detail === undefined ? {} : { detail: negatedDetail(delta.detail) }),
    books: (delta.books ?? []).map(([key, { model, agent, day, total, within = [], lastAtMs }]) => {
      const less = (named: KeyBook['model']) => named.map(([name, counts]) => [name, counts.map((count) => -count)] as const);
      return [
        key,
        {
          model: less(model),
          agent: less(agent),
          day: less(day),
          total: total.map((count) => -count),
          within: within.map(([name, part]) => [name, { model: less(part.model), agent: less(part.agent) }] as const),
          lastAtMs,
        },
      ] as const;
    }),
  };
}

/** A delta for a total that keeps the keys' books, the series and the records apart: `books` as they are with it. */
export function withoutRows(delta: LedgerDelta, books: Named<KeyBook>, total: LedgerDelta): LedgerDelta {
  const booked = bookedAgents(books.map(([, book]) => book));
  for (const [name] of total.agents) booked.add(name);
  const agents = boundAgents(delta.agents, booked);
  return { ...delta, agents, books: [], series: [], records: [] };
}

function sumNumbers(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function sumRatings(values: readonly Rating[]): Rating {
  return {
    count: sumNumbers(values.map(({ count }) => count)),
    scoreMilli: sumNumbers(values.map(({ scoreMilli }) => scoreMilli)),
    costNanoUsd: sumNumbers(values.map(({ costNanoUsd }) => costNanoUsd)),
  };
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

function later(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}
