/**
 * The one table of what requests are told apart by. Who counts, adds up, stores and shows follows it: another dimension is a name in
 * `shared/records.ts` and a line here. `bound` is how many names are told apart, the rest share `other`.
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

/** An entry as its dimensions count it. */
export interface Counted {
  readonly entry: LedgerEntry;
  /** The request itself, without tokens. */
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
  strategies: { bound: 10, of: ({ entry }) => one(entry.strategy ?? noName) },
  endings: { bound: 10, of: ({ entry }) => one(entry.ending) },
  caches: { bound: 10, of: ({ entry }) => one(entry.cache) },
  errors: { bound: 100, of: ({ entry }) => one(entry.errorCode) },
  error_types: { bound: 20, of: ({ entry }) => one(entry.errorType) },
  refusals: { bound: 100, of: () => [] },
  intent_bands: { bound: 10, of: ({ entry }) => one(entry.intentBand) },
  routing_rules: { bound: 30, of: ({ entry }) => one(entry.rule) },
  fallback_paths: {
    bound: 100,
    of: ({ entry }) => one(entry.fallback === null ? null : `${entry.fallback.from}>${entry.fallback.to}`),
  },
  tool_calls: {
    bound: 400,
    of: ({ entry, model }) =>
      argumentsVerdictIds.flatMap((verdict) => {
        const count = entry.toolCalls[verdict];
        return count > 0 ? [[`${model}:${verdict}`, count] as const] : [];
      }),
  },
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

export function countEntry(entry: LedgerEntry): Counted {
  const request = countRequest(entry);
  const burnt = entry.attemptUsages.map((attempt) => [attempt.model, countTokens(attempt)] as const);
  const whole = sumCounters([request, ...burnt.map(([, tokens]) => tokens)]);
  return { entry, request, burnt, whole, model: entry.servedModel ?? entry.routedModel ?? noName };
}

function one(name: string | null): Named<number> {
  return name === null ? [] : [[name, 1]];
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

export function countTokens({ usage, costNanoUsd }: Pick<AttemptUsage, 'usage' | 'costNanoUsd'>): Counters {
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
