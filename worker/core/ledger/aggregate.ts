/** Counts what has ended: bookings in, one delta out. */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { AttemptUsage, LedgerEntry } from '../../../shared/records.ts';
import { groupsOfAlike } from './alike.ts';
import { type Counters, type Named, zeroCounters } from './counters.ts';
import { dayOf, dayOfAlike } from './days.ts';
import { detailOf, emptyDetail } from './detail.ts';
import { emptyDelta, mergeDeltas, type LedgerDelta } from './delta.ts';
import { countAlike, countsOf, countTokens, groupsOf, noName } from './dimensions.ts';
import { emptyHistogram, histogramOf } from './histogram.ts';
import { keyBookOf, keyBookOfReplay, keyBookOfTokens } from './key-book.ts';
import { linesOf } from './request-records.ts';
import { minuteOf, seriesCountIds, type SeriesModel, type SeriesParts, type SeriesSums, sumParts, sumSeries } from './series.ts';

/** A shadow answer: for which key, how far it agrees with the one that was shown (null without an answer), and its tokens. */
export interface ShadowBooking {
  readonly keyId: string;
  readonly agent: string | null;
  /** `shown model|shadow model` */
  readonly name: string;
  readonly agreement: number | null;
  readonly atMs: number;
  readonly attemptUsages: readonly AttemptUsage[];
}

/** Counts every entry once, along every dimension. Entries times the kinds of them, of which a batch has few. */
export function aggregate(entries: readonly LedgerEntry[]): LedgerDelta {
  const counted = groupsOfAlike(entries).map(deltaOfAlike);
  const whole = mergeDeltas(counted);
  const minutes = Map.groupBy(counted, ({ lastAtMs }) => minuteOf(lastAtMs ?? 0));
  // As a rule a batch lies within one minute, and its sums are the minute's.
  const series = [...minutes].map(([startMs, list]): SeriesParts => {
    return [[startMs, seriesOf(minutes.size === 1 ? whole : mergeDeltas(list))]];
  });
  const { lines, unrecorded } = linesOf(entries);
  return { ...whole, series: sumParts(series), records: lines, unrecorded };
}

/** Everything that a delta counts, as what is added up for a stretch of time. */
function seriesOf({ totals, refusals, caches, endings, models, modelLatency, modelFirstByte }: LedgerDelta): SeriesSums {
  const besides = {
    refused: refusals.reduce((sum, [, count]) => sum + count, 0),
    cacheHits: new Map(caches).get('hit') ?? 0,
  };
  const numbers = { ...totals, ...besides };
  const latencies = new Map(modelLatency);
  const firstBytes = new Map(modelFirstByte);
  const model = ([name, { requests, costNanoUsd }]: Named<Counters>[number]): readonly [string, SeriesModel] => [
    name,
    {
      requests,
      costNanoUsd,
      latency: latencies.get(name) ?? emptyHistogram,
      firstByte: firstBytes.get(name) ?? emptyHistogram,
    },
  ];
  return sumSeries([{ counts: seriesCountIds.map((id) => numbers[id]), endings, models: models.map(model) }]);
}

function inMinute(delta: LedgerDelta, atMs: number): LedgerDelta {
  return { ...delta, series: [[minuteOf(atMs), seriesOf(delta)]] };
}

/** A request that was never admitted: failed authentication or validation, or passed a limit or a budget. */
export function deltaOfRefusal(code: ErrorCode, atMs: number): LedgerDelta {
  return inMinute({ ...emptyDelta, refusals: [[code, 1]] }, atMs);
}

/** Calls of Durable Objects by class: no request's own. */
export function deltaOfCalls(calls: Named<number>): LedgerDelta {
  return { ...emptyDelta, detail: { ...emptyDetail, calls } };
}

/** Changes of documents and questions about them; `steps` by name, in milliseconds. */
export function deltaOfDocuments(counts: Named<number>, steps: Named<number>): LedgerDelta {
  const documents = { counts, steps: steps.map(([step, ms]) => [step, histogramOf([ms])] as const) };
  return { ...emptyDelta, detail: { ...emptyDetail, documents } };
}

/** A request that got the answer kept for its idempotency key: nothing ran. */
export function deltaOfReplay(keyId: string, agent: string | null, atMs: number): LedgerDelta {
  const replay = { ...zeroCounters, replays: 1 };
  const books = [[keyId, keyBookOfReplay(replay, agent, atMs)]] as const;
  return { ...emptyDelta, totals: replay, agents: [[agent ?? noName, replay]], keys: [[keyId, replay]], books };
}

/** A client's rating, from 0 to 1, of an answer of this model and, if it took part in an experiment, of its arm. */
export function deltaOfFeedback(names: readonly string[], score: number, before: number | null = null): LedgerDelta {
  const milli = (value: number | null) => Math.round((value ?? 0) * 1000);
  const rating = { count: before === null ? 1 : 0, scoreMilli: milli(score) - milli(before), costNanoUsd: 0 };
  return { ...emptyDelta, feedback: names.map((name) => [name, rating] as const) };
}

/** A shadow run is not a request, but its tokens and its cost are the key's. */
export function deltaOfShadow({ keyId, agent, name, agreement, atMs, attemptUsages }: ShadowBooking): LedgerDelta {
  const wholeNanoUsd = attemptUsages.reduce((sum, attempt) => sum + attempt.costNanoUsd, 0);
  const rating = { count: 1, scoreMilli: Math.round((agreement ?? 0) * 1000), costNanoUsd: wholeNanoUsd };
  const calls = attemptUsages.map((attempt) => {
    const { costNanoUsd } = attempt;
    const tokens = { ...countTokens(attempt), attempts: 1, allLargeCostNanoUsd: costNanoUsd, allSmallCostNanoUsd: costNanoUsd };
    return {
      ...emptyDelta,
      totals: tokens,
      models: [[attempt.model, tokens]],
      agents: [[agent ?? noName, tokens]],
      keys: [[keyId, tokens]],
      books: [[keyId, keyBookOfTokens(tokens, attempt.model, agent, atMs)]],
    } satisfies LedgerDelta;
  });
  return inMinute(mergeDeltas([...calls, { ...emptyDelta, shadows: agreement === null ? [] : [[name, rating]] }]), atMs);
}

/** May name a model twice; merging adds the two up. */
function deltaOfAlike(entries: readonly LedgerEntry[]): LedgerDelta {
  const counted = countAlike(entries);
  const { entry, whole, model } = counted;
  const day = dayOfAlike(entry, entries);
  const firstByte = histogramOf(entries.flatMap(({ firstByteMs }) => firstByteMs ?? []));
  const latency = isWaitedFor(entry) ? histogramOf(entries.map(({ latencyMs }) => latencyMs)) : emptyHistogram;
  return {
    ...groupsOf(counted),
    ...countsOf(counted),
    totals: whole,
    armLatency: entry.arm === null ? [] : [[entry.arm, latency]],
    feedback: [],
    shadows: [],
    latency,
    firstByte,
    modelLatency: [[model, latency]],
    modelFirstByte: [[model, firstByte]],
    detail: detailOf(counted, latency),
    judged: day.judged,
    days: [[dayOf(entry.atMs), day]],
    books: [[entry.keyId, keyBookOf(counted)]],
    firstAtMs: Math.min(...entries.map(({ atMs }) => atMs)),
    lastAtMs: Math.max(...entries.map(({ atMs }) => atMs)),
  };
}

/** A client that left chose the duration itself, and an unknown ending has none: neither says how fast the gateway is. */
function isWaitedFor({ ending }: LedgerEntry): boolean {
  return ending !== 'client_abort' && ending !== 'cancelled' && ending !== 'unknown';
}
