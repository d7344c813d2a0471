/** The learning object inside workerd: outcomes and the head outlive evictions, nothing counts twice, and what it holds is bounded. */
import { env, evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { denseNames, type LearnFeatures } from '../../worker/core/classify/adaptive/features.ts';
import { leastOutcomes, mostOutcomes } from '../../worker/core/learn/head.ts';
import { decodeFeatures, encodeFeatures } from '../../worker/core/learn/stored.ts';
import type { Compared } from '../../worker/core/learn/ports.ts';
import type { KeptAnswer } from '../../worker/objects/learn-object.ts';

const object = () => env.LEARN.getByName('learn:small|large');
const dayMs = 86_400_000;
const realNow = Date.now.bind(Date);
let aheadMs = 0;
let state = 5;
const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;

beforeEach(() => {
  // Alarms are set by this clock and ring by the real one: none rings before it is told to.
  aheadMs = 3_600_000;
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + aheadMs);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** A request of seven words out of eight thousand, and one that says what it is about. */
function featuresOf(topic: number): LearnFeatures {
  const dense = new Float32Array(denseNames.length);
  dense[1] = random(1000) / 500 - 1;
  return { dense, grams: Uint16Array.from([topic, ...Array.from({ length: 7 }, () => 100 + random(8000))]), words: 8 };
}

function answerOf(id: string, topic = 1): KeptAnswer {
  return { id, shown: 'small', modelId: 'small', features: encodeFeatures(featuresOf(topic)) };
}

const smallFails: Compared = { small: 0, large: 1 };
const bothRight: Compared = { small: 1, large: 1 };

/** Of every other answer the small model's is wrong, and its topic says so. */
async function compare(count: number, prefix = 'pair'): Promise<void> {
  for (let at = 0; at < count; at += 1)
    await object().shadowed(answerOf(`${prefix}-${at}`, 1 + (at % 2)), at % 2 === 0 ? smallFails : bothRight, 0);
}

function rows(): Promise<{ outcomes: number; graded: number; days: number }> {
  return runInDurableObject(object(), (_, { storage }) => {
    const count = (from: string): number => storage.sql.exec<{ n: number }>(`SELECT COUNT(*) AS n FROM ${from}`).one().n;
    return { outcomes: count('outcomes'), graded: count('outcomes WHERE is_graded = 1'), days: count('spending') };
  });
}

const alarmAtMs = () => runInDurableObject(object(), (_, { storage }) => storage.getAlarm());

describe('an object that is evicted', () => {
  test('still has every outcome, what calls have cost, and the alarm that trains on them', async () => {
    expect(await object().mayShadow(300)).toBe(true);
    await object().shadowed(answerOf('one'), smallFails, 100);
    await object().keep(answerOf('two'));
    await object().rate('two', 1);
    const [before, alarm] = [await object().status(), await alarmAtMs()];
    expect(before).toMatchObject({ outcomes: { pairs: 1, rated: 1 }, today: { shadows: 1, costNanoUsd: 200 } });
    await evictDurableObject(object());
    expect(await object().status()).toEqual(before);
    expect(await alarmAtMs()).toBe(alarm);
    expect(alarm).not.toBeNull();
  });

  test('gives out the same head under the same version, and keeps what it was trained on as it was', async () => {
    await compare(80);
    await runDurableObjectAlarm(object());
    const before = await object().active(0);
    if (before === null || before === 'same') throw new Error('the head is not in force');
    await evictDurableObject(object());
    expect(await object().active(0)).toEqual(before);
    expect(await object().active(before.version)).toBe('same');
    expect(await object().status()).toMatchObject({ version: 1, isOn: true, evaluation: { outcomes: 80, pairs: 80 } });
    const features = featuresOf(3);
    await object().keep({ ...answerOf('kept'), features: encodeFeatures(features) });
    await evictDurableObject(object());
    const kept = await runInDurableObject(object(), (_, { storage }) => {
      const { bytes } = storage.sql
        .exec<{ bytes: ArrayBuffer }>("SELECT features AS bytes FROM outcomes WHERE id = 'kept'")
        .one();
      return decodeFeatures(new Uint8Array(bytes));
    });
    expect(kept).toEqual(features);
  });

  test('from a deployment that counted no ungraded calls yet goes on with what that one kept', async () => {
    await object().shadowed(answerOf('one'), smallFails, 0);
    await object().mayShadow(70);
    await runInDurableObject(object(), (_, { storage }) => void storage.sql.exec('ALTER TABLE spending DROP COLUMN ungraded'));
    await evictDurableObject(object());
    await object().shadowed(answerOf('two'), 'ungraded', 20);
    expect((await object().status()).today).toEqual({ shadows: 1, ungraded: 1, costNanoUsd: 50 });
  });
});

describe('the alarm', () => {
  test('is set by an outcome, no sooner than the pace of trainings allows, and trains once there are enough', async () => {
    expect(await alarmAtMs()).toBeNull();
    await compare(leastOutcomes - 1);
    expect(((await alarmAtMs()) ?? 0) - Date.now()).toBeLessThanOrEqual(1000);
    await runDurableObjectAlarm(object());
    expect(await object().status()).toMatchObject({ version: 0, evaluation: null });
    await compare(1, 'last');
    await runDurableObjectAlarm(object());
    expect(await object().status()).toMatchObject({ version: 1 });
    await compare(1, 'later');
    expect(((await alarmAtMs()) ?? 0) - Date.now()).toBeGreaterThan(200_000);
  });

  test('that fails is tried again, through an eviction, and nothing is lost', async () => {
    await compare(80);
    await runInDurableObject(object(), (_, { storage }) => void storage.sql.exec('DROP TABLE head'));
    await runDurableObjectAlarm(object());
    const again = await alarmAtMs();
    expect((again ?? 0) - Date.now()).toBeGreaterThan(200_000);
    await evictDurableObject(object());
    expect(await alarmAtMs()).toBe(again);
    expect(await object().status()).toMatchObject({ version: 0, outcomes: { pairs: 80 } });
    expect(await runDurableObjectAlarm(object())).toBe(true);
    expect(await object().status()).toMatchObject({ version: 1, isOn: true, evaluation: { outcomes: 80 } });
  });

  test('twice counts no outcome twice and comes to the same head', async () => {
    await compare(80);
    await runDurableObjectAlarm(object());
    const [first, status] = [await object().active(0), await object().status()];
    await runInDurableObject(object(), (learn) => learn.alarm());
    const [second, later] = [await object().active(0), await object().status()];
    if (first === null || first === 'same' || second === null || second === 'same') throw new Error('the head is not in force');
    expect(second.head).toEqual(first.head);
    expect(later.evaluation).toEqual(status.evaluation);
    expect(later.outcomes).toEqual(status.outcomes);
  });
});

describe('what is broken in its storage', () => {
  test('is passed over: a row that cannot be read, and a head that cannot score', async () => {
    await compare(80);
    await runInDurableObject(
      object(),
      (_, { storage }) => void storage.sql.exec("UPDATE outcomes SET features = zeroblob(40) WHERE id LIKE 'pair-1%'"),
    );
    await runDurableObjectAlarm(object());
    expect(await object().status()).toMatchObject({ version: 1, isOn: true, evaluation: { outcomes: 69 } });
    await runInDurableObject(object(), (_, { storage }) => {
      const { bytes } = storage.sql.exec<{ bytes: ArrayBuffer }>('SELECT model AS bytes FROM head').one();
      storage.sql.exec('UPDATE head SET model = ?', new Uint8Array(bytes).fill(0xff, 400, 404).buffer);
    });
    // The shipped router decides until the next training.
    expect(await object().active(0)).toBeNull();
    await runInDurableObject(object(), (learn) => learn.alarm());
    expect(await object().active(0)).toMatchObject({ version: 2 });
  });
});

describe('an outcome', () => {
  test('told twice, or after it was rated, is one', async () => {
    await object().keep(answerOf('one'));
    await object().rate('one', 0);
    await object().shadowed(answerOf('one'), bothRight, 0);
    await object().shadowed(answerOf('one'), bothRight, 0);
    await object().keep(answerOf('one'));
    expect(await object().status()).toMatchObject({ outcomes: { pairs: 1, rated: 1 } });
    expect(await object().rate('one', 1)).toEqual({ modelId: 'small', before: 0 });
    expect(await rows()).toMatchObject({ outcomes: 1, graded: 1 });
  });

  test('is none where a call led to no grades; such calls are counted, and calls that were not made are not', async () => {
    for (const compared of ['ungraded', 'not_asked', 'ungraded'] as const) {
      await object().mayShadow(500);
      await object().shadowed(answerOf(`of-${compared}`), compared, compared === 'not_asked' ? 500 : 200);
    }
    expect(await object().status()).toMatchObject({
      outcomes: { pairs: 0, rated: 0 },
      today: { shadows: 2, ungraded: 2, costNanoUsd: 600 },
    });
    expect(await alarmAtMs()).toBeNull();
  });

  test('cannot be made by a rating that comes a day late', async () => {
    await object().keep(answerOf('one'));
    aheadMs += dayMs + 1;
    expect(await object().rate('one', 1)).toBeNull();
  });
});

describe('what an object holds', () => {
  const keepMany = (count: number, prefix: string, isGraded = false) =>
    runInDurableObject(object(), async (learn) => {
      for (let at = 0; at < count; at += 1) {
        learn.keep(answerOf(`${prefix}-${at}`));
        if (isGraded) await learn.rate(`${prefix}-${at}`, at % 2);
      }
    });

  test('is bounded however many answers nobody rates, also when it is evicted after every few', async () => {
    for (let time = 0; time < 100; time += 1) {
      await keepMany(50, `time-${time}`);
      await evictDurableObject(object());
    }
    expect((await rows()).outcomes).toBeLessThanOrEqual(4100);
    aheadMs += 2 * dayMs;
    await keepMany(100, 'next');
    expect((await rows()).outcomes).toBeLessThanOrEqual(100);
  });

  test('is the newest outcomes, and a week of days', async () => {
    await keepMany(mostOutcomes + 300, 'rated', true);
    expect((await rows()).graded).toBeLessThanOrEqual(mostOutcomes + 100);
    for (let day = 0; day < 12; day += 1) {
      aheadMs += dayMs;
      await object().mayShadow(1);
    }
    await runInDurableObject(object(), (learn) => learn.alarm());
    expect(await rows()).toMatchObject({ graded: mostOutcomes, days: 8 });
  });
});
