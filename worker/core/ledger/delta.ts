/**
 * The ledger's one currency: a delta counts any number of ended requests along every dimension, and the total is a delta, too. Deltas
 * are made in isolates, merged in shards and in the root. They are bounded whatever clients send: some kilobytes of JSON as a rule,
 * about 0.4 MB with every dimension full, so that a total fits one SQLite row (2 MB).
 */
import { sumByName, sumCounters, type Counters, type Named } from './counters.ts';
import { sumDays, sumNamed, type DayCounts } from './days.ts';
import { sumHistograms, type Histogram } from './histogram.ts';

/** Names told apart per dimension; the rest share `other`. Agents come from clients, keys from operators, the others from code and config. */
const maxNames = {
  models: 100,
  agents: 200,
  keys: 500,
  tiers: 10,
  intents: 10,
  strategies: 10,
  endings: 10,
  caches: 10,
  errors: 100,
  refusals: 100,
  arms: 50,
  toolCalls: 400,
} as const;

/** Feedback and shadows told apart; the rest share `other`. */
const maxRated = 200;

type Dimension = keyof typeof maxNames;
type CountDimension = 'strategies' | 'endings' | 'caches' | 'errors' | 'refusals' | 'toolCalls';
/** Dimensions with all counters, and those with a number of requests only. */
type Groups = Readonly<Record<Exclude<Dimension, CountDimension>, Named<Counters>>>;
type Counts = Readonly<Record<CountDimension, Named<number>>>;

/**
 * `models` has requests under the model that answered (else the one routed to), tokens and cost under the model that burnt them.
 * `refusals` are requests that were never admitted, by error code; they are in no other number.
 */
export interface LedgerDelta extends Groups, Counts {
  readonly totals: Counters;
  readonly latency: Histogram;
  readonly firstByte: Histogram;
  readonly modelLatency: Named<Histogram>;
  readonly armLatency: Named<Histogram>;
  /** Clients' judgement, by arm and by model. */
  readonly feedback: Named<Rating>;
  /** How far another model's unseen answers agree with those that were shown. */
  readonly shadows: Named<Rating>;
  /** The small tier's answers that were judged, by model. Missing, as `days`, in what an earlier version has counted. */
  readonly judged?: DayCounts['judged'];
  /** The newest days, the newest first. */
  readonly days?: Named<DayCounts>;
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
  const sum = <T>(bound: number, pick: (delta: LedgerDelta) => Named<T>, add: (values: readonly T[]) => T) =>
    sumByName(deltas.map(pick), bound, add);
  return {
    totals: sumCounters(deltas.map(({ totals }) => totals)),
    models: sum(maxNames.models, ({ models }) => models, sumCounters),
    agents: sum(maxNames.agents, ({ agents }) => agents, sumCounters),
    keys: sum(maxNames.keys, ({ keys }) => keys, sumCounters),
    tiers: sum(maxNames.tiers, ({ tiers }) => tiers, sumCounters),
    intents: sum(maxNames.intents, ({ intents }) => intents, sumCounters),
    strategies: sum(maxNames.strategies, ({ strategies }) => strategies, sumNumbers),
    endings: sum(maxNames.endings, ({ endings }) => endings, sumNumbers),
    caches: sum(maxNames.caches, ({ caches }) => caches, sumNumbers),
    errors: sum(maxNames.errors, ({ errors }) => errors, sumNumbers),
    refusals: sum(maxNames.refusals, ({ refusals }) => refusals, sumNumbers),
    arms: sum(maxNames.arms, ({ arms }) => arms, sumCounters),
    toolCalls: sum(maxNames.toolCalls, ({ toolCalls }) => toolCalls, sumNumbers),
    armLatency: sum(maxNames.arms, ({ armLatency }) => armLatency, sumHistograms),
    feedback: sum(maxRated, ({ feedback }) => feedback, sumRatings),
    shadows: sum(maxRated, ({ shadows }) => shadows, sumRatings),
    latency: sumHistograms(deltas.map(({ latency }) => latency)),
    firstByte: sumHistograms(deltas.map(({ firstByte }) => firstByte)),
    modelLatency: sum(maxNames.models, ({ modelLatency }) => modelLatency, sumHistograms),
    judged: sumNamed(deltas.map(({ judged }) => judged ?? [])),
    days: sumDays(deltas.map(({ days }) => days ?? [])),
    firstAtMs: deltas.reduce<number | null>((first, { firstAtMs }) => earlier(first, firstAtMs), null),
    lastAtMs: deltas.reduce<number | null>((last, { lastAtMs }) => later(last, lastAtMs), null),
  };
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
