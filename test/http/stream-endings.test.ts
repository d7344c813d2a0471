/**
 * Every fault of a model server, through the gateway, to a client that reads along and to one that waits for the whole: how it ends for
 * the client and in the ledger. The promises are rows of infra/faults/table.ts; nothing here knows a fault by name.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { directiveOf, type Expectation, type FaultCase, faultTable, isHealedByFallback } from '../../infra/faults/table.ts';
import { faults } from '../../infra/standin/faults.ts';
import { errors } from '../../shared/errors.ts';
import { endingIds, type Stats } from '../../shared/records.ts';
import { type Reply, readReply } from '../support/http/reply.ts';
import { faultRequest } from '../support/http/fault-request.ts';
import { connect } from '../support/http/harness.ts';
import { difference } from '../support/http/stats-difference.ts';
import { until } from '../support/http/until.ts';

const gateway = connect(inject('addresses'));
/** Longer than three attempts that each run into the limit of a whole answer. */
const noHangMs = 20_000;

/** Answers without any fault, by what the request demands. */
const references = new Map<string, Reply>();
let before: Stats;

type Form = 'streamed' | 'plain';
type NamedRow = readonly [name: string, row: FaultCase];

const rows = faultTable.map((row): NamedRow => [directiveOf(row), row]);
const apart = rows.filter(([, row]) => row.isContagious !== true);
const contagious = rows.filter(([, row]) => row.isContagious === true);

function healed(form: Form, among = rows): readonly NamedRow[] {
  return among.filter(([, row]) => isHealedByFallback(row[form]));
}

test('the table has a row for every fault the model servers can show', () => {
  expect(Object.keys(faults).filter((name) => !faultTable.some(({ fault }) => fault === name))).toEqual([]);
});

describe('with every model server at fault or one of them', () => {
  beforeAll(async () => {
    await gateway.resetState();
    for (const row of faultTable) {
      const key = row.needs ?? 'none';
      if (references.has(key)) continue;
      references.set(key, await readReply(await gateway.chat(faultRequest(row, { shownBy: 'none', isStream: false }))));
    }
    before = await settledStats(0);
  });

  describe('each for itself', () => {
    beforeEach(gateway.recovered);
    const one = { timeout: noHangMs };
    test.each(contagious)('%s, streamed', one, (_, row) => run(row, row.streamed, true, 'all'));
    test.each(contagious)('%s, whole', one, (_, row) => run(row, row.plain, false, 'all'));
    test.each(healed('streamed', contagious))('%s, streamed, another model answers', one, (_, row) => runHealed(row, true));
    test.each(healed('plain', contagious))('%s, whole, another model answers', one, (_, row) => runHealed(row, false));
    test('and all is well again', gateway.recovered);
  });

  describe.concurrent('side by side', () => {
    const one = { timeout: noHangMs };
    test.each(apart)('%s, streamed', one, (_, row) => run(row, row.streamed, true, 'all'));
    test.each(apart)('%s, whole', one, (_, row) => run(row, row.plain, false, 'all'));
    test.each(healed('streamed', apart))('%s, streamed, another model answers', one, (_, row) => runHealed(row, true));
    test.each(healed('plain', apart))('%s, whole, another model answers', one, (_, row) => runHealed(row, false));
  });

  afterAll(async () => {
    const expected = [...rows.map(([, row]) => row.streamed), ...rows.map(([, row]) => row.plain)];
    const healedCount = healed('streamed').length + healed('plain').length;
    const endings = Object.fromEntries(
      endingIds.map((ending) => [ending, expected.filter(({ ledger }) => ledger === ending).length]),
    );
    const after = difference(before, await settledStats(before.totals.requests + expected.length + healedCount));
    expect.soft(after.endings, 'endings in the ledger').toEqual(
      withoutZeros({ ...endings, ok: (endings['ok'] ?? 0) + healedCount }),
    );
    expect.soft(after.errors, 'error codes in the ledger').toEqual(countCodes(expected));
    expect.soft(after.fallbacks).toBe(healedCount);
    const calls = await gateway.chatCalls();
    expect.soft(calls.filter(({ ending }) => ending === 'open'), 'no call is left open').toEqual([]);
    const perRequest = Map.groupBy(calls, ({ id }) => id);
    expect.soft(Math.max(...[...perRequest.values()].map(({ length }) => length)), 'attempts of one request').toBeLessThanOrEqual(3);
  });
});

async function run(row: FaultCase, expected: Expectation, isStream: boolean, shownBy: 'all' | 'first'): Promise<Reply> {
  const reply = await readReply(await gateway.chat(faultRequest(row, { shownBy, isStream })));
  expectNoLeak(reply);
  if (expected.ends === 'complete') expectComplete(reply, row, isStream);
  else if (expected.ends === 'status') expectError(reply, expected.code, row);
  else expectErrorEvent(reply, expected.code);
  return reply;
}

async function runHealed(row: FaultCase, isStream: boolean): Promise<void> {
  const reply = await run(row, { ends: 'complete', ledger: 'ok' }, isStream, 'first');
  expect(reply.metadata).toMatchObject({ fallback_used: true });
  expect(reply.metadata?.['primary_model']).not.toBe(reply.metadata?.['model_id']);
}

function expectComplete(reply: Reply, row: FaultCase, isStream: boolean): void {
  expect(reply).toMatchObject({ status: 200, errors: [], unreadable: [], goesOn: false });
  expect(reply.finishReasons).toHaveLength(1);
  expect(['stop', 'length', 'tool_calls']).toContain(reply.finishReasons[0]);
  expect(reply.isDone).toBe(isStream);
  for (const count of ['prompt_tokens', 'completion_tokens', 'total_tokens']) {
    expect(Number.isSafeInteger(reply.usage?.[count]) && Number(reply.usage?.[count]) >= 0, `${count} is a count`).toBe(true);
  }
  const reference = references.get(row.needs ?? 'none');
  if (row.text === 'same') {
    expect({ text: reply.text, calls: reply.calls }).toEqual({ text: reference?.text, calls: reference?.calls });
  }
}

function expectError(reply: Reply, code: Extract<Expectation, { code: unknown }>['code'], row: FaultCase): void {
  const { status, type } = errors[code];
  expect(reply).toMatchObject({ status, errors: [{ code, type }], finishReasons: [], isDone: false });
  expect(Object.keys(reply.errors[0] ?? {}).toSorted()).toEqual(['code', 'message', 'param', 'type']);
  expect(reply.headers.get('x-should-retry')).toMatch(/^(true|false)$/);
  if (status === 429 || status === 503) expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d{0,3}$/);
  if (row.retryAfterSeconds === undefined) return;
  // An HTTP date is cut to whole seconds, and time passes.
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(row.retryAfterSeconds - 3);
  expect(Number(reply.headers.get('retry-after'))).toBeLessThanOrEqual(row.retryAfterSeconds);
}

function expectErrorEvent(reply: Reply, code: Extract<Expectation, { code: unknown }>['code']): void {
  expect(reply).toMatchObject({ status: 200, errors: [{ code }], finishReasons: [], isDone: false, unreadable: [] });
  expect(reply.errors).toHaveLength(1);
}

/** Words that only an upstream, its path or its secrets can have brought in. */
const canaries = ['canary', 'Traceback', 'EngineCore', 'dist-packages', 'vLLM', 'pod-7', 'stand-in-access', 'upstream-key', '<html'];

function expectNoLeak(reply: Reply): void {
  const shown = `${JSON.stringify([...reply.headers])}\n${reply.errors.length > 0 ? reply.raw : ''}`;
  for (const canary of canaries) expect(shown).not.toContain(canary);
  for (const name of ['set-cookie', 'x-secret', 'x-powered-by', 'server', 'via', 'location']) expect(reply.headers.has(name)).toBe(false);
}

/** The statistics once every one of `requests` is in them. */
async function settledStats(requests: number): Promise<Stats> {
  let stats = await gateway.stats();
  await until('the ledger is complete', async () => {
    const last = stats.totals.requests;
    stats = await gateway.stats();
    return stats.totals.requests >= requests && stats.totals.requests === last;
  });
  return stats;
}

function countCodes(expected: readonly Expectation[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of expected) if (row.ends !== 'complete') counts[row.code] = (counts[row.code] ?? 0) + 1;
  return counts;
}

function withoutZeros(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
