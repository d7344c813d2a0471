/**
 * Every fault of a model server, through the gateway, to a client that reads along and to one that waits for the whole: how it ends for
 * the client and in the ledger. The promises are rows of infra/faults/table.ts; nothing here knows a fault by name.
 */
import { beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Expectation, FaultCase } from '../../infra/faults/fault-case.ts';
import { faultTable, isHealedByFallback, nameOf } from '../../infra/faults/table.ts';
import { faults } from '../../infra/standin/faults.ts';
import { clientIdOf } from '../../infra/standin/request-log.ts';
import { errors } from '../../shared/errors.ts';
import type { Stats } from '../../shared/records.ts';
import { type Reply, readReply } from '../../infra/rig/reply.ts';
import { faultRequest } from '../../infra/faults/fault-request.ts';
import { steadyOverrides } from '../../infra/rig/configs.ts';
import { connect } from '../../infra/rig/connect.ts';
import { difference } from '../../infra/faults/stats-difference.ts';
import { until } from '../../infra/rig/waiting.ts';

const gateway = connect(inject('addresses'));
const holdMs = steadyOverrides.routing.streaming.hold_status_ms;
/** Longer than three attempts that each run into the limit of a whole answer. */
const noHangMs = 20_000;

/** Answers without any fault, by what the request demands. */
const references = new Map<string, Reply>();
let before: Stats;
/** Answers that told their client that another model had stood in. */
let fallbacksSeen = 0;

type Form = 'streamed' | 'plain';
type NamedRow = readonly [name: string, row: FaultCase];

const rows = faultTable.map((row): NamedRow => [nameOf(row), row]);
const apart = rows.filter(([, row]) => row.isContagious !== true);
const contagious = rows.filter(([, row]) => row.isContagious === true);

function healed(form: Form, among: readonly NamedRow[]): readonly NamedRow[] {
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
      references.set(key, await send(row, false, 'none'));
    }
  });

  describe('each for itself', () => {
    beforeEach(gateway.recovered);
    const one = { timeout: noHangMs };
    test.each(contagious)('%s, streamed', one, (_, row) => run(row, row.streamed, true));
    test.each(contagious)('%s, whole', one, (_, row) => run(row, row.plain, false));
    test.each(healed('streamed', contagious))('%s, streamed, another model answers', one, (_, row) => runHealed(row, true));
    test.each(healed('plain', contagious))('%s, whole, another model answers', one, (_, row) => runHealed(row, false));
    test('and all is well again', async () => {
      await gateway.recovered();
      // The books are compared from here on.
      before = await settledStats(0);
      fallbacksSeen = 0;
    });
  });

  describe.concurrent('side by side', () => {
    const one = { timeout: noHangMs };
    test.each(apart)('%s, streamed', one, (_, row) => run(row, row.streamed, true));
    test.each(apart)('%s, whole', one, (_, row) => run(row, row.plain, false));
    test.each(healed('streamed', apart))('%s, streamed, another model answers', one, (_, row) => runHealed(row, true));
    test.each(healed('plain', apart))('%s, whole, another model answers', one, (_, row) => runHealed(row, false));
  });

  describe('afterwards', () => {
    const expected = apart.flatMap(([, row]) => [row.streamed, row.plain]);
    const healedCount = healed('streamed', apart).length + healed('plain', apart).length;

    test('the ledger has every request once, with the ending that its client saw', async () => {
      const after = difference(before, await settledStats(before.totals.requests + expected.length + healedCount));
      const endings = countBy(expected.map(({ ledger }) => ledger));
      expect(after.endings).toEqual({ ...endings, ok: (endings['ok'] ?? 0) + healedCount });
      expect(after.errors).toEqual(countBy(expected.flatMap((row) => (row.ends === 'complete' ? [] : [row.code]))));
      expect(after.fallbacks).toBe(fallbacksSeen);
    });

    test('no call of a model server is left open, and no request made more than three', async () => {
      const calls = await gateway.chatCalls();
      expect(calls.filter(({ ending }) => ending === 'open')).toEqual([]);
      const perRequest = Map.groupBy(calls, ({ id }) => clientIdOf(id));
      expect(Math.max(...[...perRequest.values()].map(({ length }) => length))).toBeLessThanOrEqual(3);
    });
  });
});

describe('from servers that are known to end what they say, whose answers are read in larger pieces', () => {
  beforeAll(gateway.resetState);
  const streams = apart.filter(([, { fault }]) => faults[fault].phase === 'stream' || faults[fault].phase === 'answer');
  test.each(streams)('%s, whole', { timeout: noHangMs }, async (_, row) => {
    const good = withoutFault(row);
    for (let known = 0; known < 4; known += 1) expectComplete(await send(good, false, 'none'), good, false);
    await run(row, row.plain, false);
  });
});

/** Of the same server; answers that flow for seconds are not asked for. */
function withoutFault({ fault, needs, plain, streamed }: FaultCase): FaultCase {
  return { fault, plain, streamed, text: 'same', ...(needs === undefined || needs === 'flow' ? {} : { needs }) };
}

async function run(row: FaultCase, expected: Expectation, isStream: boolean): Promise<void> {
  const reply = await send(row, isStream, 'all');
  check(reply, row, isStream ? asPromised(expected, reply) : expected, isStream);
}

/**
 * What the table says of an error's form holds for a machine of the usual speed. The promise itself is: its true status as long as the
 * headers could wait, an event after that.
 */
function asPromised(expected: Expectation, { status, headersAfterMs }: TimedReply): Expectation {
  if (expected.ends !== 'status' && expected.ends !== 'late_error') return expected;
  // A status that left in time may be seen a little later.
  const mayBeLate = headersAfterMs >= (status === 200 ? holdMs : holdMs + 1000);
  return { ...expected, ends: mayBeLate ? 'late_error' : 'status' };
}

async function runHealed(row: FaultCase, isStream: boolean): Promise<void> {
  const reply = await send(row, isStream, 'first');
  check(reply, row, { ends: 'complete', ledger: 'ok' }, isStream);
  expect(reply.metadata).toMatchObject({ fallback_used: true });
  expect(reply.metadata?.['primary_model']).not.toBe(reply.metadata?.['model_id']);
}

type TimedReply = Reply & { readonly headersAfterMs: number };

async function send(row: FaultCase, isStream: boolean, shownBy: 'all' | 'first' | 'none'): Promise<TimedReply> {
  const sentAtMs = performance.now();
  const response = await gateway.chat(faultRequest(row, { shownBy, isStream }));
  const headersAfterMs = performance.now() - sentAtMs;
  const reply = await readReply(response);
  if (reply.metadata?.['fallback_used'] === true) fallbacksSeen += 1;
  return { ...reply, headersAfterMs };
}

function check(reply: Reply, row: FaultCase, expected: Expectation, isStream: boolean): void {
  expectNoLeak(reply);
  if (expected.ends === 'complete') expectComplete(reply, row, isStream);
  else if (expected.ends === 'status') expectError(reply, expected.code, row);
  else expectErrorEvent(reply, expected.code);
}

function expectComplete(reply: Reply, row: FaultCase, isStream: boolean): void {
  expect(reply).toMatchObject({ status: 200, errors: [], unreadable: [], goesOn: false });
  expect(reply.finishReasons).toHaveLength(1);
  expect(['stop', 'length', 'tool_calls']).toContain(reply.finishReasons[0]);
  if (row.finish !== undefined) expect(reply.finishReasons).toEqual([row.finish]);
  if (row.shows !== undefined) expect(reply.raw).toContain(row.shows);
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
  if (row.shows !== undefined) expect(reply.raw).toContain(row.shows);
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
const canaries = [
  'canary',
  'Traceback',
  'EngineCore',
  'dist-packages',
  'vLLM',
  'pod-7',
  'stand-in-access',
  'rig-upstream',
  '<html',
];

function expectNoLeak(reply: Reply): void {
  const shown = `${JSON.stringify([...reply.headers])}\n${reply.errors.length > 0 ? reply.raw : ''}`;
  for (const canary of canaries) expect(shown).not.toContain(canary);
  for (const name of ['set-cookie', 'x-secret', 'x-powered-by', 'server', 'via', 'location'])
    expect(reply.headers.has(name)).toBe(false);
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

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
