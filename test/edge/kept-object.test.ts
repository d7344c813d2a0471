/** The kept object inside workerd: its log outlives evictions, and what it holds is bounded. */
import { env, evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createKeptClient, keptName } from '../../worker/io/kept-client.ts';
import { maxAnswers, maxBytes, maxRunning } from '../../worker/objects/kept-store.ts';
import { complete, keptSuite, openingOf } from '../support/suites/kept-suite.ts';

const log = { write: () => undefined };
const realNow = Date.now.bind(Date);
let aheadMs = 0;

afterEach(async () => {
  vi.restoreAllMocks();
  aheadMs = 0;
  await reset();
});

function passing(): (ms: number) => void {
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + aheadMs);
  return (ms) => {
    aheadMs += ms;
  };
}

const place = { tenantId: 't', id: 'answer-1' };
const object = (id = place.id) => env.KEPT.getByName(keptName('t', id));
const port = () => createKeptClient(env.KEPT, log);
const batchOf = (from: number, pieces: readonly string[]) => ({ writerId: 'writer-1', from, pieces, ending: null });

function counts(): Promise<{ answers: number; pieces: number; bytes: number }> {
  return runInDurableObject(object(), (_, { storage }) => {
    const count = (table: string) => storage.sql.exec<{ count: number }>(`SELECT COUNT(*) AS count FROM ${table}`).one().count;
    const { bytes } = storage.sql.exec<{ bytes: number | null }>('SELECT SUM(LENGTH(pieces)) AS bytes FROM pieces').one();
    return { answers: count('answers'), pieces: count('pieces'), bytes: bytes ?? 0 };
  });
}

describe('kept answers by their objects', () => keptSuite(() => ({ port: port(), pass: passing() })));

describe('an object that is evicted', () => {
  test('in the middle of an answer has lost nothing: the writer goes on, and readers have every piece once', async () => {
    await port().open(place, openingOf());
    const all: string[] = [];
    for (let index = 0; index < 40; index += 1) {
      const pieces = [JSON.stringify(`${index}`), JSON.stringify(`${index}!`)];
      expect(await port().append(place, batchOf(all.length, pieces))).toMatchObject({ kind: 'taken' });
      all.push(...pieces);
      if (index % 5 === 0) await evictDurableObject(object());
      if (index % 7 === 0) await port().append(place, batchOf(all.length - 2, pieces));
    }
    await port().append(place, { ...batchOf(all.length, []), ending: complete });
    await evictDurableObject(object());
    for (const after of [0, 1, 2, 33, 79, 80])
      expect((await port().read(place, 'writer-1', after, 0))?.pieces).toEqual(all.slice(after));
  });

  test('still knows that an answer is to be stopped', async () => {
    await port().open(place, openingOf());
    const cancelled = port()
      .cancel(place, null)
      .catch(() => null);
    await vi.waitUntil(async () => {
      const reply = await port().append(place, batchOf(0, []));
      return reply.kind === 'taken' && reply.isCancelAsked;
    });
    await evictDurableObject(object());
    expect(await port().append(place, batchOf(0, []))).toMatchObject({ isCancelAsked: true });
    await port().append(place, { ...batchOf(0, []), ending: { kind: 'cancelled', metadata: null } });
    await cancelled;
  });

  test('waits as long again for a writer, and no longer', async () => {
    const pass = passing();
    await port().open(place, openingOf());
    pass(14_000);
    await evictDurableObject(object());
    expect((await port().read(place, null, 0, 0))?.ending).toBeNull();
    pass(14_000);
    expect((await port().read(place, null, 0, 0))?.ending).toBeNull();
    pass(1000);
    expect((await port().read(place, null, 0, 0))?.ending).toMatchObject({ kind: 'failed' });
  });
});

describe('two thousand cuts', () => {
  test('of streams whose object is evicted again and again: every reader has the answer, each event once', async () => {
    const frameOf = (number: number) => `data: ${number}\n\n`;
    let state = 7;
    const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
    let [cuts, evictions] = [0, 0];
    for (let stream = 0; stream < 20; stream += 1) {
      const there = { tenantId: 't', id: `stream-${stream % 4}` };
      const writerId = `writer-${stream}`;
      const length = 100 + random(60);
      await port().open(there, openingOf({ writerId, fingerprint: `${stream}` }));
      // A reader has what it has read, to the last event; it is cut anywhere, and goes on from there.
      const readers = Array.from({ length: 3 }, () => ({ text: '', at: 0, isOver: false }));
      for (let written = 0; readers.some(({ isOver }) => !isOver);) {
        if (written < length) {
          const count = Math.min(length - written, 1 + random(6));
          // What was acknowledged is sent again as well, as after a lost reply.
          const from = Math.max(0, written - random(4));
          const pieces = Array.from({ length: written + count - from }, (_, index) => JSON.stringify(from + index));
          written += count;
          const ending =
            written === length
              ? { kind: 'failed' as const, failure: { code: 'upstream_error' as const }, metadata: null, isFinal: false }
              : null;
          expect(await port().append(there, { writerId, from, pieces, ending })).toMatchObject({ kind: 'taken' });
        }
        for (const reader of readers.filter(({ isOver }) => !isOver)) {
          if (random(40) === 0) {
            evictions += 1;
            await evictDurableObject(object(there.id));
          }
          const page = await port().read(there, writerId, reader.at, 0);
          if (page === null) throw new Error('lost');
          const taken = page.pieces.slice(0, random(page.pieces.length + 2));
          reader.text += taken.map((piece) => frameOf(Number(piece))).join('');
          reader.at += taken.length;
          reader.isOver = page.ending !== null && taken.length === page.pieces.length;
          cuts += 1;
        }
      }
      const whole = Array.from({ length }, (_, index) => frameOf(index)).join('');
      for (const { text } of readers) expect(text).toBe(whole);
    }
    expect(cuts).toBeGreaterThan(2000);
    expect(evictions).toBeGreaterThan(20);
  }, 60_000);
});

describe('what an object holds', () => {
  /** Answers that all belong into one object. */
  const fill = (count: number, piece: string, isEnded = true) =>
    runInDurableObject(object(), async (kept) => {
      for (let index = 0; index < count; index += 1) {
        await kept.open(`filled-${index}`, openingOf());
        kept.append(`filled-${index}`, { ...batchOf(0, [piece]), ending: isEnded ? complete : null });
      }
    });

  test('is bounded in bytes: the oldest ended ones make room', async () => {
    const piece = JSON.stringify('x'.repeat(900_000));
    await fill(50, piece);
    const { answers, bytes } = await counts();
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    expect(bytes).toBeGreaterThan(maxBytes / 2);
    const [first, last] = await runInDurableObject(object(), async (kept) => [
      await kept.read('filled-0', null, 0, 0),
      await kept.read('filled-49', null, 0, 0),
    ]);
    expect([first, last?.pieces]).toEqual([null, [piece]]);
    // Counted anew by the next one.
    await evictDurableObject(object());
    await fill(1, piece);
    expect((await counts()).answers).toBeLessThanOrEqual(answers + 1);
  });

  test('is bounded in number, and a running one is never forgotten', async () => {
    await runInDurableObject(object(), (kept) => kept.open('running', openingOf()));
    await fill(maxAnswers + 20, '"a"');
    expect((await counts()).answers).toBeLessThanOrEqual(maxAnswers + 1);
    expect(await runInDurableObject(object(), (kept) => kept.read('running', null, 0, 0))).toMatchObject({ ending: null });
  });

  test('is bounded in what runs: one more is refused, until the writers of others are silent', async () => {
    const pass = passing();
    await fill(maxRunning, '"a"', false);
    const more = () => runInDurableObject(object(), (kept) => kept.open('one-more', openingOf()));
    expect(await more()).toEqual({ kind: 'full' });
    pass(15_000);
    expect(await more()).toEqual({ kind: 'lead' });
  });

  test('is deleted by the alarm when nobody reads it, which comes no more when nothing is left', async () => {
    const pass = passing();
    await fill(20, '"a"');
    await fill(20, '"a"', false);
    expect(await runInDurableObject(object(), (_, { storage }) => storage.getAlarm())).not.toBeNull();
    pass(20_000);
    await runDurableObjectAlarm(object());
    expect((await counts()).answers).toBe(20);
    pass(3_600_000);
    await runInDurableObject(object(), (kept) => kept.alarm());
    expect(await counts()).toEqual({ answers: 0, pieces: 0, bytes: 0 });
  });
});
