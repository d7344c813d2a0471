/** The session object inside workerd: its rows are bounded in number, size and lifetime, whatever happens to the object meanwhile. */
import { env, evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test } from 'vitest';
import { maxRows } from '../../worker/objects/session-object.ts';

const hourMs = 3_600_000;
const sessions = () => env.SESSION.getByName('sessions:0');

afterEach(() => reset());

/** Rows that were used `agoMs(index)` ago, with an hour to live from then. */
function fill(count: number, agoMs: (index: number) => number): Promise<void> {
  return runInDurableObject(sessions(), (_, { storage }) => {
    const nowMs = Date.now();
    for (let index = 0; index < count; index += 1) {
      const usedMs = nowMs - agoMs(index);
      storage.sql.exec('INSERT INTO memories VALUES (?, ?, ?, ?)', `filled-${index}`, '{}', usedMs, usedMs + hourMs);
    }
  });
}

function rows(): Promise<{ id: string; used_ms: number; until_ms: number }[]> {
  return runInDurableObject(sessions(), (_, { storage }) =>
    storage.sql
      .exec<{ id: string; used_ms: number; until_ms: number }>('SELECT id, used_ms, until_ms FROM memories ORDER BY used_ms')
      .toArray(),
  );
}

describe('what a conversation remembers', () => {
  test('is there again after an eviction, and gone after its lifetime', async () => {
    await sessions().put('a', '{"tier":"large"}', hourMs);
    await sessions().put('b', '{}', 1);
    await evictDurableObject(sessions());
    expect(await sessions().get('a', true)).toBe('{"tier":"large"}');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await sessions().get('b', true)).toBeNull();
  });

  test('lives on while it is used, at the price of a row at most every quarter of its lifetime', async () => {
    await fill(2, (index) => (index === 0 ? hourMs / 8 : hourMs / 2));
    const before = await rows();
    for (const id of ['filled-0', 'filled-1']) await sessions().get(id, true);
    const after = await rows();
    expect(after.find(({ id }) => id === 'filled-0')).toEqual(before.find(({ id }) => id === 'filled-0'));
    const used = after.find(({ id }) => id === 'filled-1');
    expect(used?.until_ms).toBeGreaterThanOrEqual(Date.now() + hourMs - 5000);
    expect((used?.until_ms ?? 0) - (used?.used_ms ?? 0)).toBe(hourMs);
  });

  test('does not live on because somebody looked at it', async () => {
    await fill(1, () => hourMs / 2);
    const before = await rows();
    expect(await sessions().get('filled-0', false)).toBe('{}');
    expect(await rows()).toEqual(before);
  });

  test('that is longer than anything the gateway writes is not kept', async () => {
    await sessions().put('x'.repeat(2000), '{}', hourMs);
    await sessions().put('long', 'x'.repeat(2000), hourMs);
    expect(await rows()).toEqual([]);
  });
});

describe('the alarm', () => {
  test('deletes what is over and comes again while something is left', async () => {
    await sessions().put('fresh', '{}', hourMs);
    await fill(50, () => 2 * hourMs);
    await evictDurableObject(sessions());
    expect(await runDurableObjectAlarm(sessions())).toBe(true);
    expect((await rows()).map(({ id }) => id)).toEqual(['fresh']);
    expect(await runInDurableObject(sessions(), (_, { storage }) => storage.getAlarm())).toBeGreaterThan(Date.now());
  });

  test('comes no more when nothing is left', async () => {
    await sessions().put('short', '{}', 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await runDurableObjectAlarm(sessions());
    expect(await rows()).toEqual([]);
    expect(await runInDurableObject(sessions(), (_, { storage }) => storage.getAlarm())).toBeNull();
  });
});

describe('a full object', () => {
  test('makes room by what was not used for longest, and is never above its bound', async () => {
    await sessions().put('first', '{}', hourMs);
    // The first filled ones are the longest unused.
    await fill(maxRows - 1, (index) => hourMs / 2 - index);
    // Counted when the object starts.
    await evictDurableObject(sessions());
    await sessions().put('new', '{"tier":"small"}', hourMs);
    const kept = await rows();
    expect(kept.length).toBeLessThanOrEqual(maxRows);
    expect(kept.length).toBeGreaterThan(maxRows / 2);
    const ids = new Set(kept.map(({ id }) => id));
    expect([ids.has('filled-0'), ids.has(`filled-${maxRows - 2}`), ids.has('first'), ids.has('new')]).toEqual([
      false,
      true,
      true,
      true,
    ]);
    // Going on with what is known needs no room.
    await sessions().put('new', '{"tier":"large"}', hourMs);
    expect(await rows()).toHaveLength(kept.length);
  });

  test('lets go of what is over before anything that is not', async () => {
    await fill(maxRows, (index) => (index < 100 ? 2 * hourMs : 1));
    await evictDurableObject(sessions());
    await sessions().put('new', '{}', hourMs);
    const kept = await rows();
    expect(kept.filter(({ until_ms: untilMs }) => untilMs <= Date.now())).toEqual([]);
    expect(kept).toHaveLength(maxRows - 100 + 1);
  });
});
