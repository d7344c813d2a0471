/** The gateway's own count of what the platform bills, against the lab, which counts every call on its way. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { comesTrue } from '../../infra/rig/waiting.ts';
import { type MoneyLab, openLab } from './money-lab.ts';

let lab: MoneyLab;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab.stop());

const classes = ['keys', 'session', 'tenant'] as const;

function toldIn(page: string, name: string): number {
  return Number(new RegExp(`^pointsman_object_calls_total\\{object="${name}"\\} (\\d+)$`, 'm').exec(page)?.[1]);
}

function madeOf(calls: Readonly<Record<string, number>>, prefix: string): number {
  return Object.entries(calls).reduce((sum, [name, count]) => (name.startsWith(prefix) ? sum + count : sum), 0);
}

test('calls of objects are counted to the last one', async () => {
  const { key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
  for (let index = 0; index < 20; index += 1) await (await lab.ask(key, { body: { model: 'auto' } })).text();
  let told: Record<string, number> = {};
  let made: Record<string, number> = {};
  const agree = async (): Promise<boolean> => {
    // Counts go along with the next batch: this refusal is one.
    expect((await lab.get('/v1/models', 'sk-of-nobody')).status).toBe(401);
    const page = await (await lab.get('/metrics')).text();
    const { calls } = await lab.counts();
    told = Object.fromEntries(classes.map((name) => [name, toldIn(page, name)]));
    made = Object.fromEntries(classes.map((name) => [name, madeOf(calls, `${name.toUpperCase()}.`)]));
    // Endings may go along with the next admission.
    return (made['tenant'] ?? 0) > 20 && (made['keys'] ?? 0) > 1 && classes.every((name) => told[name] === made[name]);
  };
  const tookMs = await comesTrue(agree, 20_000, 500);
  expect(told).toEqual(made);
  expect(tookMs).not.toBeNull();
}, 30_000);
