/**
 * Exactly-once counting inside workerd: isolates that send batches to the ledger object while calls fail after they were committed, and
 * while objects are evicted and aborted. Whatever happens, the totals are exact.
 */
import {
  abortAllDurableObjects,
  env,
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Stats } from '../../shared/records.ts';
import { aggregate } from '../../worker/core/ledger/aggregate.ts';
import { addEntry, type Batch, createBatcher, flushWhenDue } from '../../worker/core/ledger/batch.ts';
import { dayOf } from '../../worker/core/ledger/days.ts';
import type { LedgerDelta } from '../../worker/core/ledger/delta.ts';
import { toStats } from '../../worker/core/ledger/stats.ts';
import type { LedgerPort } from '../../worker/core/ports.ts';
import { createLedgerClient } from '../../worker/io/ledger-client.ts';
import { LedgerObjectBase } from '../../worker/objects/ledger-object.ts';
import { plainEntry } from '../core/ledger/entry.ts';
import { until } from '../../infra/rig/waiting.ts';

const root = () => env.LEDGER.getByName('root');
const limits = { escalation: { alert_rate: 0.1 }, classifier: {} };
const silent = { write: () => undefined };
const clock = { now: () => Date.now() };
const tokensPerEntry = plainEntry.attemptUsages.reduce((sum, { usage }) => sum + usage.promptTokens + usage.completionTokens, 0);

afterEach(() => reset());

/** One batch of `count` requests. */
function batchOf(senderId: string, sequence: number, count: number): Batch {
  let state = { ...createBatcher(senderId), sequence: sequence - 1 };
  for (let i = 0; i < count; i += 1) state = addEntry(state, { ...plainEntry, requestId: `${senderId}-${i}` }, 0).state;
  const { flush } = flushWhenDue(state, Date.now() + sequence);
  if (flush === null) throw new Error('nothing to send');
  return flush;
}

async function totals(): Promise<Stats['totals']> {
  const total: LedgerDelta = JSON.parse(await root().total());
  return toStats(total, limits, 0).totals;
}

describe('the object', () => {
  test('books a batch once, however often it comes', async () => {
    const batch = batchOf('isolate-a', 1, 7);
    const verdicts = [];
    for (let time = 0; time < 4; time += 1) verdicts.push(await root().book(batch));
    expect(verdicts).toEqual(['booked', 'duplicate', 'duplicate', 'duplicate']);
    expect(await totals()).toMatchObject({ requests: 7, tokens: { total: 7 * tokensPerEntry } });
  });

  test('knows after an eviction and after an abort what it has booked', async () => {
    await root().book(batchOf('isolate-a', 1, 3));
    await evictDurableObject(root());
    expect(await root().book(batchOf('isolate-a', 1, 3))).toBe('duplicate');
    await abortAllDurableObjects();
    expect(await root().book(batchOf('isolate-a', 1, 3))).toBe('duplicate');
    expect(await root().book(batchOf('isolate-a', 2, 2))).toBe('booked');
    expect(await totals()).toMatchObject({ requests: 5 });
  });

  test('sums up senders apart', async () => {
    const batches = ['a', 'b', 'c'].flatMap((sender) => [1, 2].map((sequence) => batchOf(sender, sequence, 5)));
    await Promise.all(batches.filter(({ sequence }) => sequence === 1).map((batch) => root().book(batch)));
    await Promise.all(batches.filter(({ sequence }) => sequence === 2).map((batch) => root().book(batch)));
    expect(await totals()).toMatchObject({ requests: 30 });
  });

  test('writes one row for a batch', async () => {
    await root().book(batchOf('isolate-a', 1, 1));
    await runInDurableObject(root(), (_, state) => {
      expect(state.storage.sql.exec('SELECT count(*) AS rows FROM ledger').one()).toEqual({ rows: 1 });
    });
  });
});

describe('an alert', () => {
  const judged = (sequence: number, isEscalated: boolean): Batch => {
    const model = 'qwen2.5-7b';
    const entries = Array.from({ length: 30 }, () => ({ ...plainEntry, atMs: Date.now(), judged: { model, isEscalated } }));
    return { senderId: 'isolate-a', sequence, createdAtMs: Date.now() + sequence, delta: aggregate(entries) };
  };

  test('is logged once in its window, and not again after an eviction', async () => {
    const log = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    try {
      await root().book(judged(1, true));
      expect(log).not.toHaveBeenCalled();
      for (const sequence of [2, 3]) await root().book(judged(sequence, true));
      await evictDurableObject(root());
      await root().book(judged(4, true));
      const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)));
      expect(lines).toEqual([
        {
          level: 'warn',
          event: 'routing_alert',
          code: 'escalation_rate',
          value: 1,
          limit: 0.1,
          window: dayOf(Date.now()),
          sample: 60,
        },
      ]);
    } finally {
      log.mockRestore();
    }
  });

  test('of what an earlier version has stored needs no migration', async () => {
    await root().book(batchOf('isolate-a', 1, 3));
    await runInDurableObject(root(), (_, state) => {
      const { text } = state.storage.sql.exec<{ text: string }>('SELECT state AS text FROM ledger').one();
      const { told: _told, ...stored } = JSON.parse(text);
      const { days: _days, judged: _judged, ...total } = stored.ledger.total;
      const earlier = JSON.stringify({ ...stored, ledger: { ...stored.ledger, total } });
      state.storage.sql.exec('UPDATE ledger SET state = ?', earlier);
    });
    await evictDurableObject(root());
    await root().book(judged(2, false));
    expect(await totals()).toMatchObject({ requests: 33 });
  });
});

describe('a shard', () => {
  const shard = () => env.LEDGER.getByName('shard:0');

  test('passes on by its alarm what it has booked, once', async () => {
    await shard().bookForRoot(batchOf('isolate-a', 1, 4));
    await shard().bookForRoot(batchOf('isolate-a', 1, 4));
    await evictDurableObject(shard());
    expect(await runDurableObjectAlarm(shard())).toBe(true);
    expect(await totals()).toMatchObject({ requests: 4 });
    expect(await shard().passOn()).toBe(true);
    expect(await totals()).toMatchObject({ requests: 4 });
  });

  test('whose root answers with an error after it has booked: nothing is lost or counted twice', async () => {
    const flaky = failingAfterCommit((name) => env.LEDGER.getByName(name), 3);
    // An instance that another has taken the place of does nothing more.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    class Shard extends LedgerObjectBase {}
    await shard().bookForRoot(batchOf('isolate-a', 1, 4));
    await runInDurableObject(shard(), async (_, state) => {
      for (let sequence = 2; sequence <= 12; sequence += 1) {
        const second = new Shard(
          state,
          env,
          {
            getByName: (name) => ({ bookFromShard: (batch) => flaky(name, (ledger) => ledger.bookFromShard(batch)) }),
          },
          limits,
          { write: () => undefined },
        );
        await second.bookForRoot(batchOf('isolate-a', sequence, 4));
        await second.passOn();
      }
    });
    vi.useRealTimers();
    await evictDurableObject(shard());
    expect(await shard().passOn()).toBe(true);
    expect(await totals()).toMatchObject({ requests: 48, tokens: { total: 48 * tokensPerEntry } });
  });
});

describe('isolates', () => {
  test('a third of the calls fail after they were committed, objects are evicted and aborted: the totals are exact', async () => {
    const count = 6000;
    const clients = ['a', 'b', 'c'].map((name) => isolate(name));
    const state = { isRunning: true };
    const aborts = (async () => {
      while (state.isRunning) {
        await new Promise((resolve) => setTimeout(resolve, 60));
        await abortAllDurableObjects();
      }
    })();
    for (let i = 0; i < count; i += 1) {
      const client = clients[i % clients.length];
      client?.ledger.record({ ...plainEntry, requestId: `r-${i}` }, client.background);
      if (i % 3 === 0) client?.ledger.refuse('invalid_json', client.background);
      if (i % 25 === 24) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    state.isRunning = false;
    await aborts;
    await until('everything is booked', async () => (await clients[0]?.ledger.read(limits))?.totals.requests === count);
    await Promise.all(clients.map((client) => client.settled()));
    for (const client of clients) expect(client.lostCalls()).toBeGreaterThanOrEqual(3);
    const { totals: sums, refusals } = await readAll(clients);
    expect(sums).toMatchObject({
      requests: count,
      succeeded: count,
      tokens: { total: count * tokensPerEntry },
      refused: count / 3,
    });
    expect(refusals).toEqual({ invalid_json: count / 3 });
    await abortAllDurableObjects();
    expect((await readAll(clients)).totals).toEqual(sums);
  });
});

interface Isolate {
  readonly ledger: LedgerPort;
  background(work: Promise<unknown>): void;
  settled(): Promise<void>;
  /** Calls that were carried out and answered with an error. */
  lostCalls(): number;
}

/** An isolate of its own: the real client, whose every third call reaches the object and then fails on its way back. */
function isolate(senderId: string): Isolate {
  const works: Promise<unknown>[] = [];
  const call = failingAfterCommit((name) => env.LEDGER.getByName(name), 3);
  const namespace = {
    getByName: (name: string) => ({
      bookForRoot: (batch: Batch) => call(name, (ledger) => ledger.bookForRoot(batch)),
      book: (batch: Batch) => call(name, (ledger) => ledger.book(batch)),
      passOn: () => call(name, (ledger) => ledger.passOn()),
      total: () => call(name, (ledger) => ledger.total()),
    }),
  } as unknown as typeof env.LEDGER;
  return {
    ledger: createLedgerClient(namespace, { calls: { take: () => [] }, senderId, shards: 2, clock, log: silent }),
    background: (work) => void works.push(work),
    async settled() {
      for (const work of works) await work;
    },
    lostCalls: () => call.lost(),
  };
}

type Ledger = ReturnType<typeof env.LEDGER.getByName>;

/** Calls an object; every `nth` call is carried out and then answered with an error. */
function failingAfterCommit(stubOf: (name: string) => Ledger, nth: number) {
  let calls = 0;
  const call = async <T>(name: string, make: (ledger: Ledger) => Promise<T>): Promise<T> => {
    calls += 1;
    const isLost = calls % nth === 0;
    const answer = await make(stubOf(name));
    if (isLost) throw new Error('the answer was lost');
    return answer;
  };
  return Object.assign(call, { lost: () => Math.floor(calls / nth) });
}

async function readAll(clients: readonly Isolate[]): Promise<Stats> {
  const [first] = clients;
  if (first === undefined) throw new Error('no isolates');
  return first.ledger.read(limits);
}
