/** What a request needs of the objects: nothing, for a key without limits on a warm isolate; and what happens to it when they are down. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, until } from '../../infra/rig/waiting.ts';
import { type Asked, codeOf, type MadeKey, type MoneyLab, openLab, times } from './money-lab.ts';

const bindings = ['HEALTH', 'ADMISSION', 'KEPT', 'KEYS', 'TENANT', 'SESSION', 'LEDGER'] as const;
let lab: MoneyLab;
let plain: MadeKey;
let budgeted: MadeKey;

beforeAll(async () => {
  lab = await openLab();
  plain = await lab.makeKey();
  budgeted = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
  for (const { key } of [plain, budgeted]) await (await lab.ask(key)).text();
});

afterAll(() => lab.stop());

async function wireAll(wire: Parameters<MoneyLab['wire']>[1]): Promise<void> {
  for (const binding of bindings) await lab.wire(binding, wire);
}

// Before all others: calls that they leave behind would be counted, too.
describe('an overloaded object', () => {
  test('is not asked again: once for an admission, once to give back what that may have taken', async () => {
    // The settlement of the request before is a call as well.
    await lab.settled(budgeted.id);
    await lab.counts(true);
    await lab.wire('TENANT', { isOverloaded: true });
    await (await lab.ask(budgeted.key)).text();
    await pause(100);
    await lab.wire('TENANT', null);
    expect((await lab.counts()).calls['TENANT.take']).toBe(2);
  });

  test('hears of an ending once it is not overloaded any more, long before it would give the request up', async () => {
    const stream = await lab.ask(budgeted.key, { body: { stream: true }, tokens: 40, paceMs: 5 });
    await lab.wire('TENANT', { isOverloaded: true });
    await stream.text();
    await pause(200);
    await lab.wire('TENANT', null);
    expect(await lab.settled(budgeted.id)).toMatchObject({ leases: 0 });
  });
});

describe('a key without budget or exact limits, on a warm isolate', () => {
  const kinds: readonly (readonly [string, Asked])[] = [
    ['a whole answer', {}],
    ['a stream', { body: { stream: true } }],
    ['an answer after a fallback', { text: '[[fault:server-error;on=small]]' }],
    ['a routed request', { body: { model: 'auto' } }],
    ['a wrong body', { body: { temperature: 9 } }],
    [
      'a turn of a conversation that this isolate has seen',
      { body: { model: 'auto' }, headers: { 'x-session-id': 'seen-before' } },
    ],
  ];

  test.each(kinds)('%s: comes while not one call to an object is let out', async (_, options) => {
    await (await lab.ask(plain.key, options)).text();
    await wireAll({ hold: 'request' });
    const answers = await Promise.all(times(5, async () => (await (await lab.ask(plain.key, options)).text()).length));
    await wireAll(null);
    expect(Math.min(...answers)).toBeGreaterThan(0);
  });

  test('what was counted meanwhile is booked when the objects are back', async () => {
    const own = await lab.makeKey();
    await (await lab.ask(own.key)).text();
    await wireAll({ hold: 'request' });
    await Promise.all(times(20, async () => (await lab.ask(own.key)).text()));
    await wireAll(null);
    expect(await lab.booked(own.id, 21)).toBeGreaterThan(0);
  });

  test('a hundred requests cost a handful of calls, none of them to the key’s object', async () => {
    await lab.counts(true);
    await Promise.all(times(100, async () => (await lab.ask(plain.key)).text()));
    await until('they are booked', async () => Object.keys((await lab.counts()).calls).includes('LEDGER.bookForRoot'));
    const { calls } = await lab.counts();
    expect(Object.keys(calls).filter((name) => name.startsWith('TENANT.') || name.startsWith('SESSION.'))).toEqual([]);
    expect(Object.values(calls).reduce((sum, count) => sum + count, 0)).toBeLessThan(30);
  });
});

describe('an object that is down', () => {
  const modes = [
    ['unreachable', { loseRequest: 1 }],
    ['overloaded', { isOverloaded: true }],
  ] as const;

  test.each(modes)('the key’s own, %s: a budget that cannot be checked is closed, other keys notice nothing', async (_, wire) => {
    await lab.wire('TENANT', wire);
    const closed = await lab.ask(budgeted.key);
    const open = await lab.ask(plain.key);
    await lab.wire('TENANT', null);
    expect([closed.status, await codeOf(closed), closed.headers.get('retry-after')]).toEqual([503, 'state_unavailable', '1']);
    expect(open.status).toBe(200);
    expect((await lab.ask(budgeted.key)).status).toBe(200);
  });

  test.each(['HEALTH', 'ADMISSION', 'KEPT', 'SESSION', 'LEDGER'])('%s: every key is answered', async (binding) => {
    await lab.wire(binding, { loseRequest: 1 });
    const statuses = [
      (await lab.ask(plain.key)).status,
      (await lab.ask(budgeted.key, { body: { stream: true } })).status,
      (await lab.ask(plain.key, { headers: { 'x-session-id': 'never-seen' }, body: { model: 'auto' } })).status,
    ];
    await lab.wire(binding, null);
    expect(statuses).toEqual([200, 200, 200]);
  });

  test('the ledger, for a while: nothing is lost, nothing counted twice', async () => {
    const own = await lab.makeKey();
    await lab.wire('LEDGER', { loseRequest: 0.5, loseReply: 0.5 });
    for (let wave = 0; wave < 6; wave += 1) {
      await Promise.all(times(20, async () => (await lab.ask(own.key)).text()));
      await lab.object('LEDGER', 'root', { do: 'break' }).catch(() => undefined);
      for (const shard of [0, 1, 2, 3]) await lab.object('LEDGER', `shard:${shard}`, { do: 'break' }).catch(() => undefined);
    }
    await lab.wire('LEDGER', null);
    expect(await lab.booked(own.id, 120)).toBeGreaterThan(0);
  });
});
