import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestDetail, RequestRecord } from '../../../shared/observed.ts';
import { cacheStateIds, endingIds, type LedgerEntry } from '../../../shared/records.ts';
import { aggregate } from '../../../worker/core/ledger/aggregate.ts';
import { emptyDelta, mergeDeltas } from '../../../worker/core/ledger/delta.ts';
import { findRecord, pageOf } from '../../../worker/core/ledger/record-pages.ts';
import type { RequestFilters } from '../../../worker/core/ledger/request-filters.ts';
import { readCursor, type RequestCursor } from '../../../worker/core/ledger/request-query.ts';
import { linesOf, maxLines, type RecordLine } from '../../../worker/core/ledger/request-records.ts';
import { entryArbitrary, plainAttempt, plainEntry } from './entry.ts';

const numbered = (count: number, change: Partial<LedgerEntry> = {}): LedgerEntry[] =>
  Array.from({ length: count }, (_, index) => ({ ...plainEntry, requestId: `r-${index}`, ...change }));
const ids = (lines: readonly RecordLine[]): string[] => lines.map(({ record }) => JSON.parse(record).id);

describe('the records of a batch', () => {
  it('are those of all its requests as far as there is room; the rest is counted', () => {
    const { records, unrecorded } = aggregate(numbered(maxLines + 7));
    expect([ids(records ?? []), unrecorded]).toEqual([numbered(maxLines).map(({ requestId }) => requestId), 7]);
  });

  it.each([{ ending: 'timeout' }, { fallbackUsed: true }, { escalated: true }, { rescued: true }] as const)(
    'have %o before what went well, however late it came',
    (change) => {
      const late = { ...plainEntry, requestId: 'late', ...change };
      const crowd = numbered(200);
      for (const delta of [aggregate([...crowd, late]), mergeDeltas([aggregate(crowd), aggregate([late])])]) {
        expect(ids(delta.records ?? [])).toContain('late');
        expect([delta.records?.length, delta.unrecorded]).toEqual([maxLines, 151]);
      }
    },
  );

  it('and those not recorded are all requests, however batches were joined', () => {
    const batch = fc.array(entryArbitrary(fc.constant(null)), { maxLength: 40 }).map(aggregate);
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 4 }), (batches) => {
        const { records = [], unrecorded = 0, totals } = mergeDeltas([emptyDelta, ...batches]);
        expect(records.length + unrecorded).toBe(totals.requests);
        expect(records.length).toBeLessThanOrEqual(maxLines);
      }),
      { numRuns: 30 },
    );
  });

  it('are bounded whatever clients send, and safe as JSON', () => {
    const call = { model: 'm', upstream: 'u', startedAtMs: 0, firstByteAtMs: null, endedAtMs: 1, outcome: 'timeout' };
    const trace = {
      startedAtMs: 0,
      threshold: 0.6,
      confidence: 1,
      signals: [],
      calls: Array.from({ length: 1000 }, () => call),
      billedCalls: [],
    };
    const long = '\u{1F980}"\n\u2028</script>'.repeat(10_000);
    const hostile = { ...plainEntry, requestId: long, agent: long, requestedModel: long, reason: long, keyId: long, trace };
    const [line] = linesOf([hostile]).lines;
    expect((line?.record.length ?? 0) + (line?.detail.length ?? 0)).toBeLessThan(6000);
    expect(JSON.parse(line?.record ?? '')).toMatchObject({ agent: long.slice(0, 128) });
  });
});

describe('the attempts of a record', () => {
  it('add up to what a large batch used, though there is room for few of its calls', () => {
    const call = { model: 'small-model', upstream: 'u', startedAtMs: 0, firstByteAtMs: null, endedAtMs: 1, outcome: 'ok' };
    const calls = Array.from({ length: 40 }, () => call);
    const trace = {
      startedAtMs: 0,
      threshold: 0.6,
      confidence: 1,
      signals: [],
      calls,
      billedCalls: calls.map((_, at) => at + 1),
    };
    const [line] = linesOf([{ ...plainEntry, attemptUsages: calls.map(() => plainAttempt), trace }]).lines;
    const { attempts } = JSON.parse(line?.detail ?? '') as RequestDetail;
    expect(attempts).toHaveLength(12);
    expect(attempts.reduce((sum, { prompt_tokens: tokens }) => sum + tokens, 0)).toBe(400);
    expect(attempts.reduce((sum, { cost_nano_usd: cost }) => sum + cost, 0)).toBe(60_000);
  });
});

describe('pages of records', () => {
  const rowsOf = (entries: readonly LedgerEntry[], perRow: number) => {
    const rows: { row: number; text: string }[] = [];
    for (let from = 0; from < entries.length; from += perRow) {
      const { lines } = linesOf(entries.slice(from, from + perRow));
      const text = `[${lines.map(({ record, detail }) => `[${record},${detail}]`).join(',')}]`;
      rows.unshift({ row: from / perRow, text });
    }
    return rows;
  };
  /** Every page from the newest on. */
  function readAll(rows: ReturnType<typeof rowsOf>, filters: RequestFilters, limit: number): RequestRecord[] {
    const read: RequestRecord[] = [];
    for (let before: RequestCursor | null = null; ;) {
      const reached: number = before?.place?.row ?? Infinity;
      const page = pageOf(
        rows.filter(({ row }) => row <= reached),
        { filters, limit, before, isRecent: false },
      );
      read.push(...page.requests);
      if (page.next === null) return read;
      expect(page.requests).toHaveLength(limit);
      before = readCursor(page.next);
    }
  }

  it('have every record that fits once, the newest first, whatever the size of pages and rows', () => {
    const entries = fc.array(entryArbitrary(fc.constantFrom(null, 'planner')), { maxLength: 40 });
    const filters = fc.record(
      {
        model: fc.constantFrom('small-model', 'large-model'),
        ending: fc.constantFrom(...endingIds),
        key_id: fc.constant('key-1'),
        agent: fc.constant('planner'),
        session: fc.constant('talk-1'),
        cache: fc.constantFrom(...cacheStateIds),
        min_latency_ms: fc.nat(400_000).map(String),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        entries,
        filters,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 12 }),
        (list, wanted, limit, perRow) => {
          const fitting = list.filter(
            (entry) =>
              (wanted.model === undefined || entry.servedModel === wanted.model || entry.routedModel === wanted.model) &&
              (wanted.ending === undefined || entry.ending === wanted.ending) &&
              (wanted.key_id === undefined || entry.keyId === wanted.key_id) &&
              (wanted.agent === undefined || entry.agent === wanted.agent) &&
              (wanted.session === undefined || entry.session === wanted.session) &&
              (wanted.cache === undefined || entry.cache === wanted.cache) &&
              (wanted.min_latency_ms === undefined || Math.round(entry.latencyMs) >= Number(wanted.min_latency_ms)),
          );
          const read = readAll(rowsOf(list, perRow), wanted, limit);
          expect(read.map(({ id }) => id)).toEqual(fitting.map(({ requestId }) => requestId).toReversed());
        },
      ),
    );
  });

  it('go on behind the same request while new ones end', () => {
    const entries = numbered(30).map((entry, index) => ({ ...entry, atMs: 1000 + index }));
    const first = pageOf(rowsOf(entries.slice(0, 20), 10), { filters: {}, limit: 5, before: null, isRecent: false });
    const before = readCursor(first.next ?? '');
    const rows = rowsOf(entries, 10).filter(({ row }) => row <= (before?.place?.row ?? Infinity));
    const second = pageOf(rows, { filters: {}, limit: 5, before, isRecent: false });
    expect(second.requests.map(({ id }) => id)).toEqual(['r-14', 'r-13', 'r-12', 'r-11', 'r-10']);
  });

  it('go on from a page of the log by its time', () => {
    const entries = numbered(9).map((entry, index) => ({ ...entry, atMs: 1000 + Math.floor(index / 3) }));
    const page = pageOf(rowsOf(entries, 4), {
      filters: {},
      limit: 5,
      before: { atMs: 1001, id: 'run-4', place: null },
      isRecent: false,
    });
    expect(page.requests.map(({ id }) => id)).toEqual(['r-2', 'r-1', 'r-0']);
  });

  it('are read no further than they reach', () => {
    let read = 0;
    const rows = rowsOf(numbered(100), 10);
    const counting = {
      *[Symbol.iterator]() {
        for (const row of rows) {
          read += 1;
          yield row;
        }
      },
    };
    expect(pageOf(counting, { filters: {}, limit: 15, before: null, isRecent: false })).toMatchObject({
      next: '1000000.8-5~r-85',
    });
    expect(read).toBe(2);
  });

  it('find the newest record under an id that was used twice', () => {
    const twice = [...numbered(3), { ...plainEntry, requestId: 'r-1', latencyMs: 999 }, ...numbered(1)];
    expect(findRecord(rowsOf(twice, 2), 'r-1')).toMatchObject({ id: 'r-1', latency_ms: 999, attempts: [] });
    expect(findRecord(rowsOf(twice, 2), 'r-9')).toBeNull();
  });
});
