import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeIds, type Series } from '../../../shared/observed.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { aggregate, deltaOfRefusal, deltaOfShadow } from '../../../worker/core/ledger/aggregate.ts';
import { deltaOfBooking, unknownBooking } from '../../../worker/core/ledger/booking.ts';
import { type LedgerDelta, mergeDeltas, negated } from '../../../worker/core/ledger/delta.ts';
import { rangeFrom, toSeries } from '../../../worker/core/ledger/series-view.ts';
import {
  keptFrom,
  minuteOf,
  placedParts,
  placeOf,
  type SeriesParts,
  type SeriesSums,
  sumParts,
  sumSeries,
} from '../../../worker/core/ledger/series.ts';
import { entryArbitrary, plainAttempt, plainEntry } from './entry.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const someDayMs = Date.UTC(2026, 10, 21, 9, 7, 30);
const rangeMs = { hour: hourMs, day: dayMs, week: 7 * dayMs, month: 31 * dayMs };

/** The rows that an object would hold: what has grown old is taken out and put where it belongs with every batch. */
function shelf() {
  const rows = new Map<string, readonly [seconds: number, startMs: number, sums: SeriesSums]>();
  const takeAged = (nowMs: number): SeriesParts => {
    const kept = new Map(keptFrom(nowMs).map(({ seconds, fromMs }) => [seconds, fromMs]));
    return [...rows].flatMap(([name, [seconds, startMs, sums]]) => {
      const isAged = startMs < (kept.get(seconds) ?? 0);
      return isAged && rows.delete(name) ? [[startMs, sums] as const] : [];
    });
  };
  return {
    rows,
    add(parts: SeriesParts, nowMs: number): void {
      for (const [{ seconds, startMs }, list] of placedParts([...takeAged(nowMs), ...parts], nowMs)) {
        const name = `${seconds} ${startMs}`;
        rows.set(name, [seconds, startMs, sumSeries([...[rows.get(name)?.[2] ?? []].flat(), ...list])]);
      }
    },
    read(range: Series['range'], nowMs: number): Series {
      const parts = [...rows.values()].flatMap(([, startMs, sums]) =>
        startMs >= rangeFrom(range, nowMs) ? [[startMs, sums] as const] : [],
      );
      return toSeries(range, parts, nowMs);
    },
  };
}

const seriesOf = (delta: LedgerDelta): SeriesParts => delta.series ?? [];

/** What a bucket or a range must add up to. */
function totalsOf(entries: readonly LedgerEntry[]) {
  const { totals } = aggregate(entries);
  return {
    requests: totals.requests,
    succeeded: totals.succeeded,
    cost: totals.costNanoUsd,
    allLarge: totals.allLargeCostNanoUsd,
    allSmall: totals.allSmallCostNanoUsd,
    prompt: totals.promptTokens,
    completion: totals.completionTokens,
    routing: [totals.small, totals.large, totals.vision],
    events: [totals.fallbacks, totals.escalations, totals.rescues],
    hits: entries.filter(({ cache }) => cache === 'hit').length,
    endings: entries.length,
    modelRequests: totals.requests,
    modelCost: totals.costNanoUsd,
    firstBytes: entries.filter(({ firstByteMs }) => firstByteMs !== null).length,
    durations: entries.filter(({ ending }) => ending !== 'client_abort' && ending !== 'cancelled' && ending !== 'unknown').length,
  };
}

function shownIn({ buckets }: Pick<Series, 'buckets'>): ReturnType<typeof totalsOf> {
  const sum = (of: (bucket: Series['buckets'][number]) => number) => buckets.reduce((total, bucket) => total + of(bucket), 0);
  const models = (of: (model: Series['buckets'][number]['models'][string]) => number) =>
    sum((bucket) => Object.values(bucket.models).reduce((total, model) => total + of(model), 0));
  return {
    requests: sum(({ requests }) => requests),
    succeeded: sum(({ succeeded }) => succeeded),
    cost: sum(({ cost_nano_usd }) => cost_nano_usd),
    allLarge: sum(({ all_large_cost_nano_usd }) => all_large_cost_nano_usd),
    allSmall: sum(({ all_small_cost_nano_usd }) => all_small_cost_nano_usd),
    prompt: sum(({ prompt_tokens }) => prompt_tokens),
    completion: sum(({ completion_tokens }) => completion_tokens),
    routing: (['small', 'large', 'vision'] as const).map((tier) => sum(({ routing }) => routing[tier])),
    events: [sum(({ fallbacks }) => fallbacks), sum(({ escalations }) => escalations), sum(({ rescues }) => rescues)],
    hits: sum(({ cache_hits }) => cache_hits),
    endings: sum(({ endings }) => Object.values(endings).reduce((total, count) => total + count, 0)),
    modelRequests: models(({ requests }) => requests),
    modelCost: models(({ cost_nano_usd }) => cost_nano_usd),
    firstBytes: models(({ first_byte_ms }) => first_byte_ms.count),
    durations: models(({ latency_ms }) => latency_ms.count),
  };
}

describe('the series', () => {
  const ago = fc.oneof(fc.nat(2 * hourMs), fc.nat(2 * dayMs), fc.nat(40 * dayMs));
  const list = fc.array(fc.tuple(entryArbitrary(fc.constant(null)), ago), { maxLength: 25 });

  it('adds up to the totals of what ended in a range, whatever has grown older since and however late it came', () => {
    fc.assert(
      fc.property(list, fc.array(fc.nat(3 * hourMs), { maxLength: 4 }), (drawn, pauses) => {
        const nowMs = someDayMs + pauses.reduce((sum, pauseMs) => sum + pauseMs, 0);
        const entries = drawn.map(([entry, agoMs]) => ({ ...entry, atMs: nowMs - agoMs }));
        const rows = shelf();
        let clockMs = someDayMs;
        // In batches, while the clock goes on: each is placed by the time at which it comes.
        for (const [index, entry] of entries.entries()) {
          clockMs += pauses[index] ?? 0;
          rows.add(seriesOf(aggregate([entry])), clockMs);
        }
        rows.add([], nowMs);
        for (const range of rangeIds) {
          const inRange = entries.filter(({ atMs }) => atMs >= rangeFrom(range, nowMs));
          expect(shownIn(rows.read(range, nowMs))).toEqual(totalsOf(inRange));
        }
      }),
      { numRuns: 60 },
    );
  }, 30_000);

  it('shows every request in the stretch that it ended in', () => {
    fc.assert(
      fc.property(list, fc.constantFrom(...rangeIds), (drawn, range) => {
        const entries = drawn.map(([entry, agoMs]) => ({ ...entry, atMs: someDayMs - agoMs }));
        const rows = shelf();
        for (const entry of entries) rows.add(seriesOf(aggregate([entry])), someDayMs);
        const series = rows.read(range, someDayMs);
        for (const bucket of series.buckets) {
          const fromMs = Date.parse(bucket.at);
          const inBucket = entries.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + series.bucket_seconds * 1000);
          expect(shownIn({ buckets: [bucket] })).toEqual(totalsOf(inBucket));
        }
      }),
      { numRuns: 30 },
    );
  }, 30_000);

  it.each(rangeIds)('shows a whole %s, the oldest first, none left out, up to the stretch that has begun', (range) => {
    const { buckets, bucket_seconds: seconds } = toSeries(range, [], someDayMs);
    const starts = buckets.map(({ at }) => Date.parse(at));
    expect(starts).toEqual(starts.map((_, index) => (starts[0] ?? 0) + index * seconds * 1000));
    const endMs = (starts.at(-1) ?? 0) + seconds * 1000;
    expect([endMs > someDayMs, endMs - seconds * 1000 <= someDayMs]).toEqual([true, true]);
    expect(endMs - (starts[0] ?? 0)).toBe(rangeMs[range]);
  });

  it('keeps as many rows in three months as in one', () => {
    const rows = shelf();
    const [part] = seriesOf(aggregate([plainEntry]));
    let most = 0;
    for (let atMs = someDayMs; atMs < someDayMs + 93 * dayMs; atMs += 10 * minuteMs) {
      if (part !== undefined) rows.add([[atMs, part[1]]], atMs);
      most = Math.max(most, rows.rows.size);
    }
    expect([most > 300, most < 500]).toEqual([true, true]);
    expect(shownIn(rows.read('month', someDayMs + 93 * dayMs)).requests).toBeGreaterThan(30 * 144);
  }, 30_000);

  it('reads a batch that comes late into the stretch that its minute went to, and drops one that is older than all', () => {
    expect(placeOf(someDayMs - minuteMs, someDayMs)).toEqual({ seconds: 60, startMs: minuteOf(someDayMs - minuteMs) });
    expect(placeOf(someDayMs - 3 * hourMs, someDayMs)).toEqual({ seconds: 900, startMs: Date.UTC(2026, 10, 21, 6, 0) });
    expect(placeOf(someDayMs - 3 * dayMs, someDayMs)).toEqual({ seconds: 3600, startMs: Date.UTC(2026, 10, 18, 9) });
    expect(placeOf(someDayMs - 20 * dayMs, someDayMs)).toEqual({ seconds: 21_600, startMs: Date.UTC(2026, 10, 1, 6) });
    expect(placeOf(someDayMs - 33 * dayMs, someDayMs)).toBeNull();
  });

  it('has latency and time to the first byte of each model', () => {
    const atMs = someDayMs;
    const entries = [100, 200, 300].map((latencyMs) => ({ ...plainEntry, atMs, latencyMs, firstByteMs: latencyMs / 10 }));
    const models = toSeries('hour', seriesOf(aggregate(entries)), atMs).buckets.at(-1)?.models ?? {};
    expect(models['small-model']).toMatchObject({ requests: 3, cost_nano_usd: 4500 });
    expect(Math.abs((models['small-model']?.latency_ms.p50 ?? 0) / 200 - 1)).toBeLessThan(0.025);
    expect(Math.abs((models['small-model']?.first_byte_ms.p95 ?? 0) / 30 - 1)).toBeLessThan(0.025);
  });

  it('counts refusals and what unseen runs cost, without a request', () => {
    const shadow = { keyId: 'k', agent: null, name: 'a|b', agreement: 1, atMs: someDayMs, attemptUsages: [plainAttempt] };
    const delta = mergeDeltas([deltaOfRefusal('invalid_json', someDayMs), deltaOfShadow(shadow)]);
    const bucket = toSeries('hour', seriesOf(delta), someDayMs).buckets.at(-1);
    expect(bucket).toMatchObject({ requests: 0, refused: 1, cost_nano_usd: 1500, all_small_cost_nano_usd: 1500 });
  });

  it('forgets a request that was given up when the truth comes after all', () => {
    const unknown = deltaOfBooking(unknownBooking({ kind: 'request', entry: plainEntry }, someDayMs, 700));
    const corrected = mergeDeltas([unknown, negated(unknown), aggregate([{ ...plainEntry, atMs: someDayMs }])]);
    const { at: _at, ...bucket } = toSeries('hour', seriesOf(corrected), someDayMs).buckets.at(-1) ?? { at: '' };
    expect(bucket).toMatchObject({ requests: 1, cost_nano_usd: 1500, endings: { ok: 1 } });
    expect(bucket).toMatchObject({ models: { 'small-model': { requests: 1, cost_nano_usd: 1500 } } });
  });

  it('counts what could not be delivered for longer than ten minutes in the oldest minute that is kept', () => {
    const hour = Array.from({ length: 60 }, (_, minute) => aggregate([{ ...plainEntry, atMs: someDayMs + minute * minuteMs }]));
    const parts = sumParts(hour.map(seriesOf));
    expect(parts).toHaveLength(10);
    expect(shownIn(toSeries('day', parts, someDayMs + hourMs)).requests).toBe(60);
  });

  it('takes what was stored before a number was counted for nothing of it', () => {
    const old = sumSeries([
      { counts: [3], endings: [], models: [] },
      ...seriesOf(aggregate([plainEntry])).map(([, sums]) => sums),
    ]);
    expect(old.counts.slice(0, 2)).toEqual([4, 1]);
  });

  it('fits one row with every model and every part of the histograms in use', () => {
    const entries = Array.from({ length: 311 * 15 }, (_, index) => ({
      ...plainEntry,
      servedModel: `model-${index % 15}`.padEnd(64, 'x'),
      latencyMs: 1.05 ** (index / 15),
      firstByteMs: 1.05 ** (index / 15),
    }));
    const [part] = seriesOf(aggregate(entries));
    expect(part?.[1].models).toHaveLength(13);
    expect(JSON.stringify(part).length).toBeLessThan(120_000);
  });
});
