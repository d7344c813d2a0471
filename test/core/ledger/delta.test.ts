import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../../shared/records.ts';
import { aggregate, deltaOfRefusal } from '../../../worker/core/ledger/aggregate.ts';
import { counterIds, sumCounters, type Counters, type Named } from '../../../worker/core/ledger/counters.ts';
import {
  emptyDelta,
  mergeDelta,
  mergeDeltas,
  negated,
  type LedgerDelta,
  withoutRows,
} from '../../../worker/core/ledger/delta.ts';
import type { Detail } from '../../../worker/core/ledger/detail.ts';
import { emptyBook, type KeyBook } from '../../../worker/core/ledger/key-book.ts';
import { deltaOfBooking, unknownBooking } from '../../../worker/core/ledger/booking.ts';
import { entryArbitrary, plainAttempt, plainEntry } from './entry.ts';

const fewAgents = fc.constantFrom(null, 'planner', 'coder', '__proto__', 'constructor', 'other', '7', '3');
const entries = fc.array(entryArbitrary(fewAgents), { maxLength: 30 });
const named = <T>(groups: Named<T>, name: string) => groups.find(([known]) => known === name)?.[1];
const sumOf = (groups: Named<Counters>): Counters => sumCounters(groups.map(([, counters]) => counters));
const sorted = <T>(groups: Named<T>) => [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
const unordered = ({ records = [], ...delta }: LedgerDelta) => ({
  ...Object.fromEntries(Object.entries(delta).map(([key, value]) => [key, Array.isArray(value) ? sorted(value) : value])),
  books: sorted(delta.books ?? []).map(([key, { model, agent, day }]) => [key, sorted(model), sorted(agent), day]),
  detail: delta.detail === undefined ? null : sortedDetail(delta.detail),
  // Which ones there is room for depends on who came first.
  records: records.length,
  days: delta.days?.map(([day, { scores, judged }]) => [day, sorted(scores), sorted(judged)]),
});

function sortedDetail({ models, classified, calls, ...rest }: Detail) {
  return {
    ...rest,
    classified: sorted(classified),
    calls: sorted(calls),
    models: sorted(models).map(([name, { endings, errors, latency, ...times }]) => [
      name,
      { ...times, endings: sorted(endings), errors: sorted(errors), latency: sorted(latency) },
    ]),
  };
}

/** Requests of a few kinds, each with numbers of its own. */
const ofFewKinds = fc
  .tuple(
    fc.array(entryArbitrary(fewAgents), { minLength: 1, maxLength: 4 }),
    fc.array(fc.tuple(fc.nat(9), entryArbitrary(fewAgents)), { maxLength: 30 }),
  )
  .map(([kinds, list]) =>
    list.flatMap(([which, numbers]) => {
      const kind = kinds[which % kinds.length];
      if (kind === undefined) return [];
      const attemptUsages = kind.attemptUsages.map(({ model }, at) => ({ ...plainAttempt, ...numbers.attemptUsages[at], model }));
      const { atMs, isStream, isForced, attempts, fallbackUsed, escalated, rescued, latencyMs, firstByteMs, toolCalls } = numbers;
      const scored = kind.scored === null ? null : { ...kind.scored, score: numbers.scored?.score ?? 0 };
      const judged = kind.judged === null ? null : { ...kind.judged, isEscalated: numbers.isForced };
      const { allLargeCostNanoUsd, allSmallCostNanoUsd, cacheSavedNanoUsd, classificationMs, requestId } = numbers;
      const costs = { allLargeCostNanoUsd, allSmallCostNanoUsd, cacheSavedNanoUsd, classificationMs, requestId };
      const how = { isStream, isForced, attempts, fallbackUsed, escalated, rescued, latencyMs, firstByteMs, toolCalls };
      return [{ ...kind, ...costs, ...how, attemptUsages, scored, judged, atMs: atMs % 100_000 }];
    }),
  );

describe('aggregate', () => {
  it('counts together what it counts one by one, name by name and in the same order', () => {
    const { records: _, unrecorded: __, ...none } = emptyDelta;
    fc.assert(
      fc.property(ofFewKinds, (list) => {
        const { records: _together, unrecorded: _left, ...together } = aggregate(list);
        const { records: _single, unrecorded: _more, ...single } = mergeDeltas(list.map((entry) => aggregate([entry])));
        expect(together).toEqual(list.length === 0 ? none : single);
      }),
      { numRuns: 300 },
    );
  });

  it('counts a request along every dimension', () => {
    const delta = aggregate([plainEntry]);
    const whole = { requests: 1, succeeded: 1, attempts: 1, small: 1, promptTokens: 10, completionTokens: 5, cachedTokens: 2 };
    expect(delta.totals).toMatchObject({ ...whole, costNanoUsd: 1500, allLargeCostNanoUsd: 12_000, estimatedTokens: 0 });
    expect(named(delta.agents, 'none')).toEqual(delta.totals);
    expect(named(delta.keys, 'key-1')).toEqual(delta.totals);
    expect(named(delta.models, 'small-model')).toEqual(delta.totals);
    expect(delta.endings).toEqual([['ok', 1]]);
    expect(delta.caches).toEqual([['miss', 1]]);
    expect(delta.errors).toEqual([]);
    expect(delta.firstAtMs).toBe(1_000_000);
  });

  it('books an escalation under the model that burnt each part, and the request under the one that answered', () => {
    const delta = aggregate([
      {
        ...plainEntry,
        servedModel: 'large-model',
        escalated: true,
        attempts: 2,
        attemptUsages: [
          { ...plainAttempt, isPartOfAnswer: false },
          { ...plainAttempt, model: 'large-model', costNanoUsd: 12_000 },
        ],
        costNanoUsd: 13_500,
      },
    ]);
    expect(named(delta.models, 'small-model')).toMatchObject({ requests: 0, promptTokens: 10, costNanoUsd: 1500 });
    expect(named(delta.models, 'large-model')).toMatchObject({
      requests: 1,
      promptTokens: 10,
      costNanoUsd: 12_000,
      escalations: 1,
    });
    expect(delta.totals).toMatchObject({ requests: 1, escalations: 1, promptTokens: 20, costNanoUsd: 13_500 });
  });

  it('counts estimated tokens apart, and among the others', () => {
    const estimated = { ...plainAttempt, usage: { ...plainAttempt.usage, isEstimated: true } };
    const delta = aggregate([{ ...plainEntry, attemptUsages: [estimated] }, plainEntry]);
    expect(delta.totals).toMatchObject({ promptTokens: 20, completionTokens: 10, estimatedTokens: 15 });
  });

  it('measures no latency where the client chose it or nobody knows it', () => {
    const delta = aggregate([
      { ...plainEntry, ending: 'client_abort' },
      { ...plainEntry, ending: 'unknown', firstByteMs: null },
      { ...plainEntry, ending: 'timeout', firstByteMs: null },
    ]);
    expect(delta.latency.count).toBe(1);
    expect(delta.firstByte.count).toBe(1);
  });

  it('counts refusals in nothing but the refusals', () => {
    const delta = mergeDelta(deltaOfRefusal('rate_limit_exceeded', 0), deltaOfRefusal('rate_limit_exceeded', 0));
    expect({ ...delta, series: [] }).toEqual({ ...emptyDelta, refusals: [['rate_limit_exceeded', 2]] });
  });

  it('adds up to the totals along every dimension', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const delta = aggregate(list);
        expect(delta.totals.requests).toBe(list.length);
        expect(delta.totals.costNanoUsd).toBe(list.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0));
        for (const groups of [delta.models, delta.agents, delta.keys, delta.tiers, delta.intents]) {
          expect(sumOf(groups)).toEqual(delta.totals);
        }
        for (const counts of [delta.endings, delta.caches, delta.strategies]) {
          expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(list.length);
        }
        for (const id of counterIds) expect(Number.isSafeInteger(delta.totals[id]) && delta.totals[id] >= 0).toBe(true);
      }),
    );
  });
});

describe('mergeDelta', () => {
  it('is what aggregating everything at once gives, in any order and grouping', () => {
    fc.assert(
      fc.property(entries, entries, entries, (x, y, z) => {
        const [a, b, c] = [aggregate(x), aggregate(y), aggregate(z)] as [LedgerDelta, LedgerDelta, LedgerDelta];
        expect(mergeDelta(mergeDelta(a, b), c)).toEqual(mergeDelta(a, mergeDelta(b, c)));
        expect(mergeDelta(mergeDelta(a, b), c)).toEqual(aggregate([...x, ...y, ...z]));
        expect(unordered(mergeDelta(a, b))).toEqual(unordered(mergeDelta(b, a)));
        expect(mergeDelta(a, emptyDelta)).toEqual(a);
      }),
    );
  }, 30_000);

  it('survives JSON unchanged', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const delta = aggregate(list);
        expect(JSON.parse(JSON.stringify(delta))).toEqual(delta);
      }),
    );
  });
});

describe('the bound of names', () => {
  /** Each from a key of its own: one key has no room for so many. */
  const withAgents = (names: readonly string[]): LedgerEntry[] =>
    names.map((agent) => ({ ...plainEntry, agent, keyId: `key-of-${agent.slice(0, 64)}` }));
  const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `agent-${from + index}`);

  it('tells 200 agents apart and counts all further ones together', () => {
    const delta = aggregate(withAgents(numbered(0, 250)));
    expect(delta.agents).toHaveLength(201);
    expect(named(delta.agents, 'other')?.requests).toBe(50);
    expect(delta.agents.at(-1)?.[0]).toBe('other');
  });

  it('never lets invented names push out an established one', () => {
    const established = aggregate(withAgents(['planner']));
    const flooded = mergeDelta(established, aggregate(withAgents(numbered(0, 1000))));
    const later = mergeDelta(flooded, aggregate(withAgents(['planner', 'late'])));
    expect(named(later.agents, 'planner')?.requests).toBe(2);
    expect(named(later.agents, 'late')).toBeUndefined();
    expect(sumOf(later.agents).requests).toBe(1003);
  });

  it('keeps the same names in any grouping at the bound, and every sum', () => {
    const agent = fc.integer({ min: 0, max: 400 }).map((number) => `agent-${number}`);
    const many = fc.array(agent, { minLength: 110, maxLength: 150 }).map((names) => aggregate(withAgents(names)));
    const names = (delta: LedgerDelta) => delta.agents.map(([name]) => name);
    fc.assert(
      fc.property(many, many, many, (a, b, c) => {
        const left = mergeDelta(mergeDelta(a, b), c);
        const right = mergeDelta(a, mergeDelta(b, c));
        expect(names(left)).toEqual(names(right));
        expect(left.agents.length).toBeLessThanOrEqual(201);
        for (const merged of [left, right, mergeDelta(c, mergeDelta(b, a))]) expect(sumOf(merged.agents)).toEqual(left.totals);
      }),
      { numRuns: 30 },
    );
  }, 30_000);

  it('gives one key room for twenty agents: its flood takes no other key’s place, in a batch or in the total', () => {
    const flood = numbered(0, 400).map((agent) => ({ ...plainEntry, agent, keyId: 'flooding' }));
    const others = withAgents(['planner', 'writer']);
    for (const delta of [aggregate([...flood, ...others]), mergeDeltas([aggregate(flood), aggregate(others)])]) {
      expect([named(delta.agents, 'planner')?.requests, named(delta.agents, 'writer')?.requests]).toEqual([1, 1]);
      expect([delta.agents.length, named(delta.agents, 'other')?.requests]).toEqual([23, 380]);
      expect(sumOf(delta.agents)).toEqual(delta.totals);
    }
  });

  it('counts in a total what the key’s book has room for, and what counted before', () => {
    const total = aggregate(withAgents(['planner']));
    const incoming = aggregate(['planner', 'fresh', 'late'].map((agent) => ({ ...plainEntry, agent })));
    const full: KeyBook = { ...emptyBook, agent: [['fresh', []]] };
    expect(withoutRows(incoming, [['key-1', full]], total).agents.map(([name]) => name)).toEqual(['planner', 'fresh', 'other']);
  });

  it('cuts a name at 64 characters', () => {
    const delta = aggregate(withAgents(['x'.repeat(100_000), 'x'.repeat(64)]));
    expect(delta.agents).toEqual([['x'.repeat(64), expect.objectContaining({ requests: 2 })]]);
  });

  it('fits one SQLite row with every dimension full', () => {
    const list = Array.from({ length: 3000 }, (_, index) => ({
      ...plainEntry,
      agent: `agent-${index}-`.padEnd(64, 'x'),
      keyId: `key-${index % 520}-`.padEnd(64, 'x'),
      fallback: { from: `model-${index % 150}`, to: 'other-model' },
      servedModel: `model-${index % 150}`,
      latencyMs: 1.05 ** (index % 311),
      costNanoUsd: 123_456_789_012,
    }));
    expect(JSON.stringify(aggregate(list)).length).toBeLessThan(1_500_000);
  });
});

describe('a request that was given up', () => {
  const draft = { kind: 'request', entry: plainEntry } as const;

  it('is booked as unknown at the cost that its budget was charged', () => {
    const delta = deltaOfBooking(unknownBooking(draft, 5000, 700));
    expect(delta.totals).toMatchObject({ requests: 1, succeeded: 0, costNanoUsd: 700, promptTokens: 0 });
    expect([delta.endings, named(delta.keys, 'key-1')?.costNanoUsd, delta.latency.count]).toEqual([[['unknown', 1]], 700, 0]);
  });

  it('is taken back without a trace when the truth comes after all', () => {
    fc.assert(
      fc.property(entryArbitrary(fc.constant('planner')), fc.nat(1e9), fc.nat(1e6), (entry, atMs, cost) => {
        const given = { kind: 'request', entry } as const;
        const unknown = deltaOfBooking(unknownBooking(given, atMs, cost));
        const truth = deltaOfBooking(given);
        const corrected = mergeDeltas([unknown, negated(deltaOfBooking(unknownBooking(given, atMs, cost))), truth]);
        expect(corrected.totals).toEqual(truth.totals);
        expect(named(corrected.keys, entry.keyId)).toEqual(named(truth.keys, entry.keyId));
        expect(named(corrected.endings, 'unknown') ?? 0).toBe(entry.ending === 'unknown' ? 1 : 0);
        const [before, after] = [corrected.books?.[0]?.[1].agent, truth.books?.[0]?.[1].agent];
        expect(before).toEqual(after);
      }),
    );
  });
});

it('what was counted before a counter or a dimension existed reads as none of it, and stays right when more is added', () => {
  const { replays: _replays, ...totals } = aggregate([plainEntry]).totals;
  const { routing_rules: _rules, books: _books, ...earlier } = { ...aggregate([plainEntry]), totals: totals as Counters };
  const merged = mergeDelta(earlier as LedgerDelta, aggregate([plainEntry]));
  expect([merged.totals.requests, merged.totals.replays]).toEqual([2, 0]);
  expect(merged.routing_rules).toEqual([['complexity', 1]]);
});
