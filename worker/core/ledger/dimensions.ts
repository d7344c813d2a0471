/**
 * The table of the dimensions by which requests are counted. Counting, merging, storing and showing follow it: another dimension is a name in
 * `shared/records.ts` and a line here. `bound` is the number of separate names, the rest share `other`.
 */
import {
  argumentsVerdictIds,
  type AttemptUsage,
  type CountId,
  countIds,
  type GroupId,
  groupIds,
  type LedgerEntry,
} from '../../../shared/records.ts';
import { sumCounters, zeroCounters, type Counters, type Named } from './counters.ts';

/** Stands for what a request does not have: no agent named, no model reached. */
export const noName = 'none';

/** Entries that have every name in common (`alike.ts`), as their dimensions count them. */
export interface Counted {
  /** The first of them: it has the names. */
  readonly entry: LedgerEntry;
  readonly entries: readonly LedgerEntry[];
  /** The requests themselves, without tokens. */
  readonly request: Counters;
  /** Tokens and cost, by the model that burnt them; may name one twice. */
  readonly burnt: Named<Counters>;
  readonly whole: Counters;
  /** The model that answered, else the one that was to. */
  readonly model: string;
}

interface Dimension<Value> {
  readonly bound: number;
  of(counted: Counted): Named<Value>;
}

/** Dimensions with all counters. `models` has requests under the model that answered, tokens and cost under the one that burnt them. */
export const groupDimensions = {
  models: { bound: 100, of: ({ model, request, burnt }) => [[model, request], ...burnt] },
  agents: { bound: 200, of: ({ entry, whole }) => [[entry.agent ?? noName, whole]] },
  keys: { bound: 500, of: ({ entry, whole }) => [[entry.keyId, whole]] },
  tiers: { bound: 10, of: ({ entry, whole }) => [[entry.tier ?? noName, whole]] },
  intents: { bound: 10, of: ({ entry, whole }) => [[entry.intent ?? noName, whole]] },
  arms: { bound: 50, of: ({ entry, whole }) => (entry.arm === null ? [] : [[entry.arm, whole]]) },
} as const satisfies Record<GroupId, Dimension<Counters>>;

/** Dimensions with a number of requests only. `refusals` are requests that were never admitted, and in no other number. */
export const countDimensions = {
  strategies: { bound: 10, of: (counted) => all(counted, counted.entry.strategy ?? noName) },
  endings: { bound: 10, of: (counted) => all(counted, counted.entry.ending) },
  caches: { bound: 10, of: (counted) => all(counted, counted.entry.cache) },
  cache_levels: { bound: 10, of: (counted) => all(counted, counted.entry.cacheLevel ?? null) },
  errors: { bound: 100, of: (counted) => all(counted, counted.entry.errorCode) },
  error_types: { bound: 20, of: (counted) => all(counted, counted.entry.errorType) },
  refusals: { bound: 100, of: () => [] },
  intent_bands: { bound: 10, of: (counted) => all(counted, counted.entry.intentBand) },
  routing_rules: { bound: 30, of: (counted) => all(counted, counted.entry.rule) },
  fallback_paths: {
    bound: 100,
    of: (counted) => {
      const { fallback } = counted.entry;
      return all(counted, fallback === null ? null : `${fallback.from}>${fallback.to}`);
    },
  },
  tool_calls: {
    bound: 400,
    of: ({ entries, model }) =>
      argumentsVerdictIds.flatMap((verdict) => {
        const count = entries.reduce((sum, { toolCalls }) => sum + toolCalls[verdict], 0);
        return count > 0 ? [[`${model}:${verdict}`, count] as const] : [];
      }),
  },
  runaways: { bound: 100, of: ({ entries }) => entries.flatMap(({ runaways = [] }) => runaways.map((cut) => [cut, 1] as const)) },
} as const satisfies Record<CountId, Dimension<number>>;

export type Groups = Readonly<Record<GroupId, Named<Counters>>>;
export type Counts = Readonly<Record<CountId, Named<number>>>;

/** The same made of every dimension. */
export function forEach<Id extends string, Value>(ids: readonly Id[], make: (id: Id) => Value): Readonly<Record<Id, Value>> {
  const made: Readonly<Record<string, Value>> = Object.fromEntries(ids.map((id) => [id, make(id)]));
  if (!hasAll(made, ids)) throw new Error('a dimension is missing');
  return made;
}

function hasAll<Id extends string, Value>(
  made: Readonly<Record<string, Value>>,
  ids: readonly Id[],
): made is Readonly<Record<Id, Value>> {
  return ids.every((id) => Object.hasOwn(made, id));
}

export function groupsOf(counted: Counted): Groups {
  return forEach(groupIds, (id) => groupDimensions[id].of(counted));
}

export function countsOf(counted: Counted): Counts {
  return forEach(countIds, (id) => countDimensions[id].of(counted));
}

/** @param entries at least one, alike */
export function countAlike(entries: readonly LedgerEntry[]): Counted {
  const [entry] = entries;
  if (entry === undefined) throw new Error('nothing to count');
  const request = countRequests(entry, entries);
  const burnt = entry.attemptUsages.map(({ model }, at) => [model, sumTokens(entries, at)] as const);
  const whole = sumCounters([request, ...burnt.map(([, tokens]) => tokens)]);
  return { entry, entries, request, burnt, whole, model: entry.servedModel ?? entry.routedModel ?? noName };
}

function all({ entries }: Counted, name: string | null): Named<number> {
  return name === null ? [] : [[name, entries.length]];
}

function countRequests({ ending, tier }: LedgerEntry, entries: readonly LedgerEntry[]): Counters {
  const sum = {
    ...zeroCounters,
    requests: entries.length,
    succeeded: ending === 'ok' ? entries.length : 0,
    small: tier === 'small' ? entries.length : 0,
    large: tier === 'large' ? entries.length : 0,
    vision: tier === 'vision' ? entries.length : 0,
  };
  for (const entry of entries) {
    if (entry.isStream) sum.streamed += 1;
    if (entry.isForced) sum.forced += 1;
    sum.attempts += entry.attempts;
    if (entry.fallbackUsed) sum.fallbacks += 1;
    if (entry.escalated) sum.escalations += 1;
    if (entry.rescued) sum.rescues += 1;
    sum.allLargeCostNanoUsd += entry.allLargeCostNanoUsd;
    sum.allSmallCostNanoUsd += entry.allSmallCostNanoUsd;
    sum.cacheSavedNanoUsd += entry.cacheSavedNanoUsd;
  }
  return sum;
}

/** Of the call that stands there in each. */
function sumTokens(entries: readonly LedgerEntry[], at: number): Counters {
  const sum = { ...zeroCounters };
  for (const { attemptUsages } of entries) {
    const attempt = attemptUsages[at];
    if (attempt !== undefined) addTokens(sum, attempt);
  }
  return sum;
}

type Burnt = Pick<AttemptUsage, 'usage' | 'costNanoUsd' | 'gpuMs' | 'gpuNanoUsd'>;

export function countTokens(attempt: Burnt): Counters {
  const sum = { ...zeroCounters };
  addTokens(sum, attempt);
  return sum;
}

function addTokens(
  sum: { -readonly [Id in keyof Counters]: number },
  { usage, costNanoUsd, gpuMs = 0, gpuNanoUsd = 0 }: Burnt,
): void {
  sum.promptTokens += usage.promptTokens;
  sum.completionTokens += usage.completionTokens;
  sum.cachedTokens += usage.cachedTokens ?? 0;
  sum.reasoningTokens += usage.reasoningTokens ?? 0;
  if (usage.isEstimated) sum.estimatedTokens += usage.promptTokens + usage.completionTokens;
  sum.costNanoUsd += costNanoUsd;
  sum.gpuMs += gpuMs;
  sum.gpuNanoUsd += gpuNanoUsd;
}
