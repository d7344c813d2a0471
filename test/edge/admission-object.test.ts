/** The admission object inside workerd: a queued request gets its place or its answer, whatever becomes of the object meanwhile. */
import { abortAllDurableObjects, env, evictDurableObject, reset, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test } from 'vitest';
import type { Ticket } from '../../worker/core/admission/fair-queue.ts';

const modelId = 'qwen2.5-32b';
/** `max_in_flight` of that model in configs/models.yaml. */
const places = 32;
const model = () => env.ADMISSION.getByName(`model:${modelId}`);

afterEach(() => reset());

function ticket(ticketId: string): Ticket {
  return { ticketId, isolateId: 'isolate-a', keyId: 'key', weight: 1, priority: 1 };
}

async function fill(): Promise<void> {
  for (let index = 0; index < places; index += 1) {
    expect(await model().enter(modelId, ticket(`inside-${index}`))).toMatchObject({ kind: 'admitted' });
  }
}

describe('a ticket in the queue', () => {
  test('that got its place before it began to wait hears of it', async () => {
    await fill();
    await model().enter(modelId, ticket('waiting'));
    await model().leave(modelId, 'inside-0');
    expect(await model().wait('waiting')).toEqual({ kind: 'granted' });
  });

  test('that leaves frees its seat and ends its wait', async () => {
    await fill();
    await model().enter(modelId, ticket('first'));
    await model().enter(modelId, ticket('second'));
    const waiting = model().wait('first');
    await model().leave(modelId, 'first');
    expect(await waiting).toMatchObject({ kind: 'refused' });
    expect(await model().enter(modelId, ticket('second'))).toMatchObject({ kind: 'queued', position: 1 });
  });

  test('is told at once that a restarted object does not know it, and may enter again', async () => {
    await fill();
    await model().enter(modelId, ticket('waiting'));
    await abortAllDurableObjects();
    expect(await model().wait('waiting')).toEqual({ kind: 'unknown' });
    expect(await model().enter(modelId, ticket('waiting'))).toMatchObject({ kind: 'admitted' });
  });
});

test('blocks of places survive a restart, so that what isolates use by lease is not given out twice', async () => {
  expect(await model().renew(modelId, { isolateId: 'isolate-a', sequence: 1, want: 12 })).toMatchObject({ places: 12 });
  await evictDurableObject(model());
  const granted = await model().renew(modelId, { isolateId: 'isolate-b', sequence: 1, want: places });
  expect(granted.places).toBeLessThanOrEqual(places - 12);
});

test.each([
  ['a minute ago may still be held', 60_000, 12],
  ['two minutes ago are held by nobody', 120_000, 0],
  ['some time ago by an earlier version may still be held', null, 12],
])('blocks of places that were last written down %s', async (_, ageMs, held) => {
  await model().renew(modelId, { isolateId: 'isolate-a', sequence: 1, want: 12 });
  await runInDurableObject(model(), (_object, { storage }) => {
    const { atMs, blocks } = JSON.parse(String(storage.sql.exec('SELECT blocks FROM blocks').one()['blocks']));
    const row = ageMs === null ? blocks : { atMs: atMs - ageMs, blocks };
    storage.sql.exec('UPDATE blocks SET blocks = ?', JSON.stringify(row));
  });
  await evictDurableObject(model());
  expect(await model().look(modelId)).toMatchObject({ inUse: held });
});

describe('the lane of long prompts', () => {
  const long = (ticketId: string) => ({ ...ticket(ticketId), cost: 8000, holdMs: 60_000 });

  test('lets the next one in when the first is read, and takes no place', async () => {
    expect(await model().enterLane(modelId, long('first'))).toEqual({ kind: 'admitted' });
    expect(await model().enterLane(modelId, long('second'))).toEqual({ kind: 'queued', position: 1 });
    const waiting = model().wait('second');
    await fill();
    await model().leaveLane(modelId, 'first', true);
    expect(await waiting).toEqual({ kind: 'granted' });
  });

  test('ends the wait of one that leaves', async () => {
    await model().enterLane(modelId, long('first'));
    await model().enterLane(modelId, long('second'));
    const waiting = model().wait('second');
    await model().leaveLane(modelId, 'second', false);
    expect(await waiting).toMatchObject({ kind: 'refused' });
  });

  test('knows after a restart what is being read, and lets those enter again that waited', async () => {
    await model().enterLane(modelId, long('first'));
    await model().enterLane(modelId, long('second'));
    await abortAllDurableObjects();
    expect(await model().wait('second')).toEqual({ kind: 'unknown' });
    expect(await model().enterLane(modelId, long('second'))).toEqual({ kind: 'queued', position: 1 });
    await model().leaveLane(modelId, 'first', true);
    expect(await model().wait('second')).toEqual({ kind: 'granted' });
  });
});
