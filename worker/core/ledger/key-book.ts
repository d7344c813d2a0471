/**
 * What each key has used by model, agent and day, for the key's own eyes (`GET /v1/usage?group_by=…`). Batches carry it to the root, which
 * keeps a row for each key. The names that count here bound those that count for the whole deployment: a key with many agents fills up
 * its own room and nobody else's.
 */
import type { Counters, Named } from './counters.ts';
import { cutName, otherName, sumByName } from './counters.ts';
import { dayOf, sumCounts, type Counts } from './days.ts';
import { type Counted, noName } from './dimensions.ts';

/** In the order of `keyCountIds`. */
export type KeyCounts = Counts;

export const keyCountIds = [
  'requests',
  'succeeded',
  'promptTokens',
  'completionTokens',
  'cachedTokens',
  'reasoningTokens',
  'estimatedTokens',
  'costNanoUsd',
] as const satisfies readonly (keyof Counters)[];

export const keyBookIds = ['model', 'agent', 'day'] as const;
export type KeyBookId = (typeof keyBookIds)[number];

export interface KeyBook extends Readonly<Record<KeyBookId, Named<KeyCounts>>> {
  readonly total: KeyCounts;
  /** When its last request ended; 0 before one did. */
  readonly lastAtMs: number;
}

/** Names told apart for one key; of days the newest. */
const bounds: Readonly<Record<KeyBookId, number>> = { model: 20, agent: 20, day: 40 };

export const noCounts: KeyCounts = keyCountIds.map(() => 0);
export const emptyBook: KeyBook = { model: [], agent: [], day: [], total: noCounts, lastAtMs: 0 };

export function keyBookOf({ entry, whole, request, burnt, model }: Counted): KeyBook {
  return {
    model: [[model, pick(request)], ...burnt.map(([name, tokens]) => [name, pick(tokens)] as const)],
    agent: [[cutName(entry.agent ?? noName), pick(whole)]],
    day: [[dayOf(entry.atMs), pick(whole)]],
    total: pick(whole),
    lastAtMs: entry.atMs,
  };
}

/** Tokens and cost that belong to no request of its own, such as a shadow run's. */
export function keyBookOfTokens(tokens: Counters, model: string, agent: string | null, atMs: number): KeyBook {
  const counts = pick(tokens);
  return {
    model: [[model, counts]],
    agent: [[cutName(agent ?? noName), counts]],
    day: [[dayOf(atMs), counts]],
    total: counts,
    lastAtMs: atMs,
  };
}

export function sumKeyBooks(books: readonly KeyBook[]): KeyBook {
  const sum = (id: KeyBookId, bound: number) =>
    sumByName(
      books.map((book) => book[id]),
      bound,
      sumCounts,
    );
  const days = sum('day', Number.POSITIVE_INFINITY).toSorted(([a], [b]) => (a < b ? 1 : -1));
  return {
    model: sum('model', bounds.model),
    agent: sum('agent', bounds.agent),
    day: days.slice(0, bounds.day),
    total: sumCounts([noCounts, ...books.map(({ total }) => total)]),
    lastAtMs: Math.max(0, ...books.map(({ lastAtMs }) => lastAtMs)),
  };
}

/** The agents that these keys have room for. */
export function bookedAgents(books: Iterable<KeyBook>): Set<string> {
  const names = new Set<string>();
  for (const { agent } of books) for (const [name] of agent) names.add(name);
  return names;
}

/** Counts agents under `other` that no key has room for. */
export function boundAgents(agents: Named<Counters>, booked: ReadonlySet<string>): Named<Counters> {
  const isBooked = ([name]: Named<Counters>[number]) => booked.has(cutName(name));
  return agents.every(isBooked) ? agents : agents.map((named) => [isBooked(named) ? named[0] : otherName, named[1]]);
}

function pick(counters: Counters): KeyCounts {
  return keyCountIds.map((id) => counters[id]);
}
