/** Concurrency limits that neither leak nor give way: as the model server saw it, and after a storm of clients that left. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientIdOf } from '../../infra/standin/request-log.ts';
import { rawChat, openRaw } from '../../infra/rig/raw-client.ts';
import { pause, until } from '../../infra/rig/waiting.ts';
import { bodyOf, codeOf, countBy, type MadeKey, type MoneyLab, mostAtOnce, openLab, patient, times } from './money-lab.ts';

const limit = 6;
let lab: MoneyLab;
let limited: MadeKey;

beforeAll(async () => {
  lab = await openLab(patient);
  limited = await lab.makeKey({ limits: { max_concurrent: limit }, budgets: [{ period: 'day', limit_usd: 10 }] });
});

afterAll(() => lab.stop());

function clearLogs(): void {
  for (const model of Object.values(lab.fleet.models)) model.clearLog();
}

describe('two hundred requests at once', () => {
  test(`let ${limit} through and refuse the others, who may try again`, async () => {
    clearLogs();
    const answers = await Promise.all(times(200, () => lab.ask(limited.key, { paceMs: 250, body: { max_tokens: 100 } })));
    expect(countBy(answers.map(({ status }) => status))).toEqual({ 200: limit, 429: 200 - limit });
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get('x-should-retry')).toBe('true');
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused === undefined ? null : await codeOf(refused)).toBe('concurrency_limit_exceeded');
    expect(mostAtOnce(lab.calls())).toBe(limit);
  });

  test('who keep trying until they are answered are all answered, never more than the limit at a time', async () => {
    clearLogs();
    const insist = async () => {
      for (;;) {
        const response = await lab.ask(limited.key, { paceMs: 2 });
        await response.text();
        if (response.status === 200) return;
        await pause(20 + Math.random() * 60);
      }
    };
    await Promise.all(times(60, insist));
    expect(lab.calls()).toHaveLength(60);
    expect(mostAtOnce(lab.calls())).toBeLessThanOrEqual(limit);
    expect((await lab.settled(limited.id)).leases).toBe(0);
  });
});

describe('a storm of clients that leave', () => {
  test.each([
    ['whole answers, before and while they are made', false],
    ['streams, before, at and after their first event', true],
  ])('%s: no place stays taken, nothing stays reserved, each is in the ledger once', async (_, stream) => {
    const { id, key } = await lab.makeKey({ limits: { max_concurrent: 500 }, budgets: [{ period: 'day', limit_usd: 10 }] });
    clearLogs();
    const body = JSON.stringify(bodyOf({ paceMs: 20, tokens: 30, body: { stream, max_tokens: 100 } }));
    await Promise.all(
      times(120, async (index) => {
        const connection = await openRaw(lab.url);
        connection.socket.write(rawChat(key, body, [`x-request-id: storm-${stream}-${index}`]));
        await pause((index % 40) * 12);
        if (index % 3 === 0) connection.socket.end();
        else connection.socket.resetAndDestroy();
      }),
    );
    const held = await lab.settled(id);
    expect([held.leases, held.reservedNanoUsd]).toEqual([0, 0]);
    await until('every call has ended', async () => lab.calls().every(({ endedAtMs }) => endedAtMs !== null));
    const seen = new Set(lab.calls().map((call) => clientIdOf(call.id)));
    const bookedNow = async () => (await lab.stats()).keys[id];
    await until('the ledger agrees on the cost', async () => (await bookedNow())?.cost_nano_usd === held.spentNanoUsd);
    await pause(600);
    const booked = await bookedNow();
    // Some left before the gateway had read them, and some before it had asked a model server.
    expect(booked?.requests).toBeGreaterThanOrEqual(seen.size);
    expect(booked?.requests).toBeLessThanOrEqual(120);
    expect(booked?.cost_nano_usd).toBe(held.spentNanoUsd);
  });

  test('the limit is whole again afterwards', async () => {
    clearLogs();
    const answers = await Promise.all(times(20, () => lab.ask(limited.key, { paceMs: 150, body: { max_tokens: 100 } })));
    expect(countBy(answers.map(({ status }) => status))).toEqual({ 200: limit, 429: 20 - limit });
  });

  test('who leaves while the key’s object is asked gives the place back, too', async () => {
    const { id, key } = await lab.makeKey({ limits: { max_concurrent: 5 } });
    await lab.wire('TENANT', { hold: 'reply' });
    const connection = await openRaw(lab.url);
    connection.socket.write(rawChat(key, JSON.stringify(bodyOf())));
    await until('the place is taken', async () => (await lab.held(id)).leases === 1);
    connection.socket.resetAndDestroy();
    await pause(100);
    await lab.wire('TENANT', null);
    expect((await lab.settled(id)).leases).toBe(0);
    await until('the ledger has it', async () => (await lab.stats()).keys[id]?.requests === 1);
  });
});
