/**
 * The ledger's one currency: a delta counts any number of ended requests along every dimension, and the total is a delta, too. Deltas
 * are made in isolates, merged in shards and in the root. They are bounded whatever clients send: some kilobytes of JSON as a rule,
 * about 0.4 MB with every dimension full, so that a total fits one SQLite row (2 MB).
 */
import { addCounters, boundedName, namedFromMap, zeroCounters, type Counters, type Named } from './counters.ts';
import { emptyHistogram, mergeHistograms, type Histogram } from './histogram.ts';

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
} as const;

type Dimension = keyof typeof maxNames;
type CountDimension = 'strategies' | 'endings' | 'caches' | 'errors' | 'refusals';
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
  /** When the first and the last of the requests ended. */
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
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
  return {
    totals: deltas.reduce((sum, { totals }) => addCounters(sum, totals), zeroCounters),
    models: sumByName(deltas, 'models'),
    agents: sumByName(deltas, 'agents'),
    keys: sumByName(deltas, 'keys'),
    tiers: sumByName(deltas, 'tiers'),
    intents: sumByName(deltas, 'intents'),
    strategies: countByName(deltas, 'strategies'),
    endings: countByName(deltas, 'endings'),
    caches: countByName(deltas, 'caches'),
    errors: countByName(deltas, 'errors'),
    refusals: countByName(deltas, 'refusals'),
    latency: deltas.reduce((sum, { latency }) => mergeHistograms(sum, latency), emptyHistogram),
    firstByte: deltas.reduce((sum, { firstByte }) => mergeHistograms(sum, firstByte), emptyHistogram),
    modelLatency: foldByName(deltas.map(({ modelLatency }) => modelLatency), maxNames.models, mergeHistograms),
    firstAtMs: extreme(deltas.map(({ firstAtMs }) => firstAtMs), Math.min),
    lastAtMs: extreme(deltas.map(({ lastAtMs }) => lastAtMs), Math.max),
  };
}

function sumByName(deltas: readonly LedgerDelta[], dimension: keyof Groups): Named<Counters> {
  return foldByName(deltas.map((delta) => delta[dimension]), maxNames[dimension], addCounters);
}

function countByName(deltas: readonly LedgerDelta[], dimension: keyof Counts): Named<number> {
  return foldByName(deltas.map((delta) => delta[dimension]), maxNames[dimension], (a, b) => a + b);
}

function foldByName<T>(lists: readonly Named<T>[], bound: number, add: (a: T, b: T) => T): Named<T> {
  const groups = new Map<string, T>();
  for (const list of lists) {
    for (const [name, value] of list) {
      const counted = boundedName(groups, name, bound);
      const known = groups.get(counted);
      groups.set(counted, known === undefined ? value : add(known, value));
    }
  }
  return namedFromMap(groups);
}

function extreme(times: readonly (number | null)[], pick: (a: number, b: number) => number): number | null {
  return times.reduce((best, time) => (best === null ? time : time === null ? best : pick(best, time)), null);
}
