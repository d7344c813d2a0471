/**
 * What each key has used by model, agent and day, shown only to that key (`GET /v1/usage?group_by=…`). Batches carry it to the root, which
 * keeps a row for each key. The names that count here bound those that count for the whole deployment: a key with many agents fills up only
 * its own room.
 */
import type { Counters, Named } from './counters.ts';
import { cutName, otherName, sumByName } from './counters.ts';
import { dayOf, sumCounts, type CountList } from './days.ts';
import { type Counted, noName } from './dimensions.ts';

/** In the order of `keyCountIds`. */
export type KeyCounts = CountList;

export const keyCountIds = [
  'requests',
  'succeeded',
  'promptTokens',
  'completionTokens',
  'cachedTokens',
  'reasoningTokens',
  'estimatedTokens',
  'costNanoUsd',
  'small',
  'large',
  'vision',
  'replays',
  'gpuMs',
] as const satisfies readonly (keyof Counters)[];

export const keyBookIds = ['model', 'agent', 'day'] as const;
export type KeyBookId = (typeof keyBookIds)[number];

/** One day's part. */
export interface DayBook {
  readonly model: Named<KeyCounts>;
  readonly agent: Named<KeyCounts>;
}

/** UTC days such as `2026-11-29`, both included; null is open. */
export interface DayRange {
  readonly from: string | null;
  readonly to: string | null;
}

export interface KeyBook extends Readonly<Record<KeyBookId, Named<KeyCounts>>> {
  readonly total: KeyCounts;
  /** By day, the newest first; of the same days as `day`, as far as it was counted then. */
  readonly within?: Named<DayBook>;
  /** When its last request ended; 0 before one did. */
  readonly lastAtMs: number;
}

/** Most names counted separately for one key; of days the newest. */
const bounds: Readonly<Record<KeyBookId, number>> = { model: 20, agent: 20, day: 40 };

export const noCounts: KeyCounts = keyCountIds.map(() => 0);
export const emptyBook: KeyBook = { model: [], agent: [], day: [], total: noCounts, within: [], lastAtMs: 0 };

export function keyBookOf({ entry, entries, whole, request, burnt, model }: Counted): KeyBook {
  const lastAtMs = Math.max(...entries.map(({ atMs }) => atMs));
  const models = [[model, pick(request)] as const, ...burnt.map(([name, tokens]) => [name, pick(tokens)] as const)];
  return bookOfDay(sumByName([models], bounds.model, sumCounts), entry.agent, pick(whole), entry.atMs, lastAtMs);
}

/** A request that was answered from memory. */
export function keyBookOfReplay(replay: Counters, agent: string | null, atMs: number): KeyBook {
  return bookOfDay([], agent, pick(replay), atMs, 0);
}

function bookOfDay(model: Named<KeyCounts>, agentName: string | null, whole: KeyCounts, atMs: number, lastAtMs: number): KeyBook {
  const agent: Named<KeyCounts> = [[cutName(agentName ?? noName), whole]];
  const day = dayOf(atMs);
  return { model, agent, day: [[day, whole]], total: whole, within: [[day, { model, agent }]], lastAtMs };
}

/** Tokens and cost without a request, such as a shadow run's. */
export function keyBookOfTokens(tokens: Counters, model: string, agent: string | null, atMs: number): KeyBook {
  const counts = pick(tokens);
  return bookOfDay([[model, counts]], agent, counts, atMs, atMs);
}

export function sumKeyBooks(books: readonly KeyBook[]): KeyBook {
  const sum = (id: KeyBookId, bound: number) =>
    sumByName(
      books.map((book) => book[id]),
      bound,
      sumCounts,
    );
  const model = sum('model', bounds.model);
  const agent = sum('agent', bounds.agent);
  const total = sumCounts([noCounts, ...books.map((book) => book.total)]);
  const lastAtMs = Math.max(0, ...books.map((book) => book.lastAtMs));
  const day = onlyDay(books);
  // As a rule a batch lies within one day, and its sums are the day's.
  if (day !== null) return { model, agent, day: [[day, total]], total, within: [[day, { model, agent }]], lastAtMs };
  const within = sumByName(
    books.map((book) => book.within ?? []),
    Number.POSITIVE_INFINITY,
    sumDayBooks,
  );
  return { model, agent, day: newest(sum('day', Number.POSITIVE_INFINITY)), total, within: newest(within), lastAtMs };
}

/** The one day that all of these books are of; null for several, and for what was stored before days were kept apart. */
function onlyDay(books: readonly KeyBook[]): string | null {
  const day = books[0]?.day[0]?.[0] ?? null;
  const isOfDay = (book: KeyBook): boolean => book.day.length === 1 && book.day[0]?.[0] === day && book.within?.length === 1;
  return books.every(isOfDay) ? day : null;
}

function sumDayBooks(list: readonly DayBook[]): DayBook {
  const sum = (id: keyof DayBook) =>
    sumByName(
      list.map((book) => book[id]),
      bounds[id],
      sumCounts,
    );
  return { model: sum('model'), agent: sum('agent') };
}

function newest<T>(days: Named<T>): Named<T> {
  return days.toSorted(([a], [b]) => (a < b ? 1 : -1)).slice(0, bounds.day);
}

/** Of these days only; all of them without a range. */
export function withinDays(book: KeyBook, days: DayRange | null): KeyBook {
  if (days === null) return book;
  const isWithin = ([day]: readonly [string, unknown]): boolean =>
    (days.from === null || day >= days.from) && (days.to === null || day <= days.to);
  const within = (book.within ?? []).filter(isWithin);
  const day = book.day.filter(isWithin);
  const total = sumCounts([noCounts, ...day.map(([, counts]) => counts)]);
  return { ...book, ...sumDayBooks(within.map(([, part]) => part)), day, within, total };
}

/** The agents that these keys have room for. */
export function bookedAgents(books: Iterable<KeyBook>): Set<string> {
  const names = new Set<string>();
  for (const { agent } of books) for (const [name] of agent) names.add(name);
  return names;
}

/** CountList agents under `other` that no key has room for. */
export function boundAgents(agents: Named<Counters>, booked: ReadonlySet<string>): Named<Counters> {
  const isBooked = ([name]: Named<Counters>[number]) => booked.has(cutName(name));
  return agents.every(isBooked) ? agents : agents.map((named) => [isBooked(named) ? named[0] : otherName, named[1]]);
}

function pick(counters: Counters): KeyCounts {
  return keyCountIds.map((id) => counters[id]);
}
