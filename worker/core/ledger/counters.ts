/**
 * The numbers kept for a group of requests (all of them, a model's, an agent's), and bounded lists of such groups by name. Names may
 * come from outside: they live in arrays and Maps, never as keys of an object.
 */

export const counterIds = [
  'requests',
  'succeeded',
  'streamed',
  'forced',
  'attempts',
  'fallbacks',
  'escalations',
  'rescues',
  'small',
  'large',
  'vision',
  'promptTokens',
  'completionTokens',
  'cachedTokens',
  'reasoningTokens',
  'estimatedTokens',
  'costNanoUsd',
  'allLargeCostNanoUsd',
  'allSmallCostNanoUsd',
  'replays',
  'cacheSavedNanoUsd',
  'gpuMs',
  'gpuNanoUsd',
] as const;

/** Integers all. */
export type Counters = Readonly<Record<(typeof counterIds)[number], number>>;

export const zeroCounters: Counters = {
  requests: 0,
  succeeded: 0,
  streamed: 0,
  forced: 0,
  attempts: 0,
  fallbacks: 0,
  escalations: 0,
  rescues: 0,
  small: 0,
  large: 0,
  vision: 0,
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  estimatedTokens: 0,
  costNanoUsd: 0,
  allLargeCostNanoUsd: 0,
  allSmallCostNanoUsd: 0,
  replays: 0,
  cacheSavedNanoUsd: 0,
  gpuMs: 0,
  gpuNanoUsd: 0,
};

/** Adds any number of counters, and takes others away. What was stored before a counter existed has none of it. */
export function sumCounters(list: readonly Partial<Counters>[], less: readonly Partial<Counters>[] = []): Counters {
  const sum = { ...zeroCounters };
  for (const counters of list) for (const id of counterIds) sum[id] += counters[id] ?? 0;
  for (const counters of less) for (const id of counterIds) sum[id] -= counters[id] ?? 0;
  return sum;
}

/** Groups by name in order of first appearance, `other` last. */
export type Named<T> = readonly (readonly [name: string, value: T])[];

/** Where names beyond a list's bound are counted together. */
export const otherName = 'other';
const maxNameLength = 64;

/**
 * The name under which `name` may be counted: itself while it is known or there is room, else `other`. Known names keep their place, so
 * a flood of invented ones cannot push out an established one. Names are cut at 64 characters.
 */
function boundedName(known: ReadonlyMap<string, unknown>, name: string, maxNames: number): string {
  const short = cutName(name);
  if (known.has(short) || short === otherName) return short;
  const taken = known.size - (known.has(otherName) ? 1 : 0);
  return taken < maxNames ? short : otherName;
}

/** The significant part of a name. */
export function cutName(name: string): string {
  return name.slice(0, maxNameLength);
}

/** The groups as plain data. */
function namedFromMap<T>(groups: ReadonlyMap<string, T>): Named<T> {
  const pairs = [...groups];
  return [...pairs.filter(([name]) => name !== otherName), ...pairs.filter(([name]) => name === otherName)];
}

/** Collects each name's values first and adds them once: half the cost of adding pair by pair. A lone value is shared, not copied. */
export function sumByName<T>(lists: readonly Named<T>[], bound: number, add: (values: readonly T[]) => T): Named<T> {
  const groups = new Map<string, T[]>();
  for (const list of lists) {
    for (const [name, value] of list) {
      const counted = boundedName(groups, name, bound);
      const values = groups.get(counted);
      if (values === undefined) groups.set(counted, [value]);
      else values.push(value);
    }
  }
  return namedFromMap(groups).map(([name, values]) => {
    const [only] = values;
    return [name, only !== undefined && values.length === 1 ? only : add(values)] as const;
  });
}
