/**
 * Budgets that hold: nothing passes them however many ask at once, nothing stays reserved however a request ends, and what is booked
 * is what the ledger says it cost.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import { codeOf, countBy, dayMs, type MadeKey, type MoneyLab, openLab, patient, sum, times } from './money-lab.ts';

let lab: MoneyLab;

beforeAll(async () => {
  lab = await openLab(patient);
});

afterAll(() => lab.stop());

const usd = (nanoUsd: number) => nanoUsd / 1e9;

/** No dearer model may stand in, so that a request costs a fair part of what it reserves. */
const smallOnly = { allowed_models: ['qwen2.5-7b'] };

/** What one request reserves, read from the object while it runs. */
async function worstCaseOf(): Promise<number> {
  const { id, key } = await lab.makeKey({ ...smallOnly, budgets: [{ period: 'day', limit_usd: 1 }] });
  const running = lab.ask(key, { paceMs: 60, body: { max_tokens: 100 } });
  await until('it is reserved', async () => (await lab.held(id)).reservedNanoUsd > 0);
  const { reservedNanoUsd } = await lab.held(id);
  await (await running).text();
  return reservedNanoUsd;
}

describe('two hundred requests at once at the edge of a budget', () => {
  const places = 7;
  let worstNanoUsd: number;
  let limitNanoUsd: number;
  let budgeted: MadeKey;
  let codes: (string | null)[];

  beforeAll(async () => {
    worstNanoUsd = await worstCaseOf();
    limitNanoUsd = worstNanoUsd * places + Math.floor(worstNanoUsd / 2);
    budgeted = await lab.makeKey({ ...smallOnly, budgets: [{ period: 'day', limit_usd: usd(limitNanoUsd) }] });
    // Slow enough that all are decided before the first has ended.
    const answers = times(200, () => lab.ask(budgeted.key, { paceMs: 250, body: { max_tokens: 100 } }));
    codes = await Promise.all(answers.map(async (answer) => codeOf(await answer)));
  });

  test('exactly as many are admitted as fit, and less than one reservation is left over', () => {
    // The others would fit when these have ended: nothing is spent yet.
    expect(countBy(codes.map(String))).toEqual({ null: places, concurrency_limit_exceeded: 200 - places });
    expect(limitNanoUsd - places * worstNanoUsd).toBeLessThan(worstNanoUsd);
  });

  test('no model server was asked by the others', () => {
    expect(lab.calls().filter(({ body }) => body !== undefined).length).toBe(places + 1);
  });

  test('when all have ended, what is booked is what the ledger says, and nothing is reserved', async () => {
    const { spentNanoUsd } = await lab.settled(budgeted.id);
    expect(spentNanoUsd).toBe(await lab.booked(budgeted.id, places));
    expect(spentNanoUsd).toBeGreaterThan(0);
    expect(spentNanoUsd).toBeLessThanOrEqual(limitNanoUsd);
  });

  test('asked for until it is dry, the budget is used up to less than one reservation, and never passed', async () => {
    let ended = places;
    for (let isDry = false; !isDry;) {
      const wave = await Promise.all(
        times(40, async () => codeOf(await lab.ask(budgeted.key, { tokens: 60, body: { max_tokens: 100 } }))),
      );
      ended += wave.filter((code) => code === null).length;
      isDry = wave.every((code) => code === 'budget_exceeded');
      expect((await lab.held(budgeted.id)).spentNanoUsd).toBeLessThanOrEqual(limitNanoUsd);
      await lab.settled(budgeted.id);
    }
    const { spentNanoUsd } = await lab.held(budgeted.id);
    expect(limitNanoUsd - spentNanoUsd).toBeGreaterThanOrEqual(0);
    expect(limitNanoUsd - spentNanoUsd).toBeLessThan(worstNanoUsd);
    expect(spentNanoUsd).toBe(await lab.booked(budgeted.id, ended));
  });

  test('the refusal says when the budget starts again, and that repeating is of no use', async () => {
    const response = await lab.ask(budgeted.key, { body: { max_tokens: 100 } });
    expect(response.status).toBe(429);
    expect(response.headers.get('x-should-retry')).toBe('false');
    // To the end of the day, of which a header says an hour at most.
    const leftSeconds = Math.ceil((dayMs - (Date.now() % dayMs)) / 1000);
    const retryAfter = response.headers.get('retry-after') ?? '';
    expect(retryAfter).toMatch(/^\d+$/);
    expect(Math.abs(Number(retryAfter) - Math.min(3600, leftSeconds))).toBeLessThanOrEqual(1);
    expect(await response.json()).toMatchObject({
      error: {
        code: 'budget_exceeded',
        type: 'insufficient_quota',
        message: expect.stringContaining('The daily budget of the key starts again at '),
      },
    });
  });
});

describe('whatever becomes of a request', () => {
  const fates: readonly (readonly [string, Parameters<MoneyLab['ask']>[1] & object])[] = [
    ['answered', {}],
    ['streamed', { body: { stream: true } }],
    ['answered by another model after a failure', { text: '[[fault:server-error;on=small]]' }],
    ['failed everywhere', { text: '[[fault:server-error]]' }],
    ['refused by the model server', { text: '[[fault:bad-request]]' }],
    ['broken off in mid-stream, and rescued', { text: '[[fault:mid-reset;on=small]]', tokens: 20, body: { stream: true } }],
    ['broken off in mid-stream everywhere', { text: '[[fault:mid-reset]]', tokens: 20, body: { stream: true } }],
    ['stalled', { text: '[[fault:stall]]', tokens: 20, body: { stream: true } }],
    ['answered with impossible counts', { text: '[[fault:usage-huge]]' }],
    ['answered without counts', { text: '[[fault:no-usage]]', body: { stream: true } }],
  ];

  test.concurrent.each(fates)('%s: nothing stays reserved, and the booking is the ledger’s', async (_, options) => {
    const { id, key } = await lab.makeKey({ limits: { max_concurrent: 3 }, budgets: [{ period: 'month', limit_usd: 1 }] });
    await (await lab.ask(key, options)).text();
    const { spentNanoUsd, leases } = await lab.settled(id);
    expect(leases).toBe(0);
    expect(spentNanoUsd).toBe(await lab.booked(id, 1));
    expect(lab.output()).not.toContain('reservation_too_small');
  });

  test('refused by another budget: the key pays nothing', async () => {
    const own = await openLab({ limits: { budgets: [{ period: 'day', limit_usd: 0.000001, when_exhausted: 'refuse' }] } });
    const { id, key } = await own.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
    expect(await codeOf(await own.ask(key))).toBe('budget_exceeded');
    expect((await own.settled(id)).spentNanoUsd).toBe(0);
    await own.stop();
  });
});

describe('an object that is lost', () => {
  test('evicted between requests, it still knows what was spent', async () => {
    const { id, key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
    await (await lab.ask(key)).text();
    const before = await lab.settled(id);
    expect(await lab.object('TENANT', `tenant:${id}`, { do: 'evict' })).toBe(true);
    await (await lab.ask(key)).text();
    const after = await lab.settled(id);
    expect(before.spentNanoUsd).toBeGreaterThan(0);
    expect(after.spentNanoUsd).toBe(2 * before.spentNanoUsd);
  });

  test('broken while a request runs, it books the request all the same, once', async () => {
    const { id, key } = await lab.makeKey({ limits: { max_concurrent: 1 }, budgets: [{ period: 'day', limit_usd: 1 }] });
    const running = lab.ask(key, { paceMs: 100 });
    await until('it runs', async () => (await lab.held(id)).leases === 1);
    await expect(lab.object('TENANT', `tenant:${id}`, { do: 'break' })).rejects.toThrow();
    expect((await lab.held(id)).leases).toBe(1);
    expect((await running).status).toBe(200);
    const { spentNanoUsd } = await lab.settled(id);
    expect(spentNanoUsd).toBe(await lab.booked(id, 1));
  });

  test('that admits a request and cannot say so, gives everything back', async () => {
    const { id, key } = await lab.makeKey({ limits: { max_concurrent: 1 }, budgets: [{ period: 'day', limit_usd: 1 }] });
    await lab.wire('TENANT', { loseReply: 1 });
    const response = await lab.ask(key);
    expect([response.status, await codeOf(response)]).toEqual([503, 'state_unavailable']);
    expect((await lab.settled(id)).spentNanoUsd).toBe(0);
    await lab.wire('TENANT', null);
    expect((await lab.ask(key)).status).toBe(200);
  });

  test('whose request is never ended is swept by its alarm: the lease ends, the reservation is booked in full', async () => {
    const own = await openLab();
    const { id, key } = await own.makeKey({ limits: { max_concurrent: 1 }, budgets: [{ period: 'day', limit_usd: 1 }] });
    const running = own.ask(key, { paceMs: 50 });
    await until('it runs', async () => (await own.held(id)).leases === 1);
    await own.wire('TENANT', { loseRequest: 1 });
    await (await running).text();
    const orphaned = await own.held(id);
    expect(orphaned.leases).toBe(1);
    const sweepAtMs = await own.object('TENANT', `tenant:${id}`, { do: 'alarm-time' });
    expect(Math.abs(Number(sweepAtMs) - Date.now() - 30_000)).toBeLessThan(5000);
    await own.clock(Number(sweepAtMs) - Date.now() + 1000);
    await own.object('TENANT', `tenant:${id}`, { do: 'alarm' });
    const swept = await own.held(id);
    expect([swept.leases, swept.reservedNanoUsd, swept.spentNanoUsd]).toEqual([0, 0, orphaned.reservedNanoUsd]);
    await until('it is reported', async () => own.output().includes('orphaned_requests'));
    await own.wire('TENANT', null);
    expect((await own.ask(key)).status).toBe(200);
    await own.stop();
  });
});

describe('periods', () => {
  test('a daily budget is full again on the next day of the calendar, a monthly one in the next month', async () => {
    const own = await openLab();
    const startMs = Date.UTC(2027, 0, 30, 12);
    const at = (ms: number) => own.clock(ms - Date.now());
    await at(startMs);
    const probe = await own.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
    await (await own.ask(probe.key)).text();
    const costNanoUsd = (await own.settled(probe.id)).spentNanoUsd;
    const limitNanoUsd = 100_000;
    const daily = await own.makeKey({ ...smallOnly, budgets: [{ period: 'day', limit_usd: usd(limitNanoUsd) }] });
    const monthly = await own.makeKey({ ...smallOnly, budgets: [{ period: 'month', limit_usd: usd(limitNanoUsd) }] });
    const drain = async ({ id, key }: MadeKey) => {
      let spent = 0;
      for (;;) {
        const code = await codeOf(await own.ask(key));
        await own.settled(id);
        if (code === 'budget_exceeded') return spent;
        spent += costNanoUsd;
      }
    };
    expect(await drain(daily)).toBeGreaterThan(0);
    expect(await drain(monthly)).toBeGreaterThan(0);
    await at(Date.UTC(2027, 0, 30, 23, 59, 50));
    expect(await codeOf(await own.ask(daily.key))).toBe('budget_exceeded');
    await at(Date.UTC(2027, 0, 31, 0, 0, 5));
    expect(await codeOf(await own.ask(daily.key))).toBeNull();
    expect(await codeOf(await own.ask(monthly.key))).toBe('budget_exceeded');
    await at(Date.UTC(2027, 1, 1, 0, 0, 5));
    expect(await codeOf(await own.ask(monthly.key))).toBeNull();
    // A clock that steps back opens nothing that was closed.
    await at(startMs);
    // Of the newest window: January's is kept as long as anything may still change it.
    const spentInFebruary = async () => {
      const { windows } = (await own.settled(monthly.id)).state.sums.budgets;
      return windows.toSorted((a, b) => b.startMs - a.startMs)[0]?.spentNanoUsd;
    };
    expect(await spentInFebruary()).toBe(costNanoUsd);
    await (await own.ask(monthly.key)).text();
    expect(await spentInFebruary()).toBe(2 * costNanoUsd);
    await own.clock(dayMs);
    await own.stop();
  });
});

describe('who a budget covers', () => {
  test('an agent’s budget stops that agent and nobody else', async () => {
    const { key } = await lab.makeKey({ budgets: [{ agent: 'planner', period: 'day', limit_usd: 0 }] });
    const as = (agent: string) => lab.ask(key, { headers: { 'x-agent-name': agent } });
    const refused = await as('planner');
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain('of the agent planner');
    expect((await as('writer')).status).toBe(200);
    expect((await lab.ask(key)).status).toBe(200);
  });

  test('the deployment’s budget and its agents’ cover every key, the bootstrap key included', async () => {
    const own = await openLab({
      limits: { budgets: [{ period: 'day', limit_usd: 0.0001, when_exhausted: 'refuse' }] },
      routing: { agents: { planner: { budgets: [{ period: 'month', limit_usd: 0, when_exhausted: 'refuse' }] } } },
    });
    const keys = [undefined, (await own.makeKey()).key, (await own.makeKey()).key];
    const ask = (key: string | undefined, headers = {}) =>
      own.chat(
        { model: 'small', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 20 },
        headers,
        key === undefined ? {} : { key },
      );
    expect(await codeOf(await ask(keys[0], { 'x-agent-name': 'planner' }))).toBe('budget_exceeded');
    const codes: (string | null)[] = [];
    for (let index = 0; index < 60 && codes.filter((code) => code === 'budget_exceeded').length < 3; index += 1) {
      codes.push(await codeOf(await ask(keys[index % 3])));
      await own.settled('deployment');
    }
    expect(codes.slice(-3)).toEqual(['budget_exceeded', 'budget_exceeded', 'budget_exceeded']);
    expect(codes.slice(0, -3).every((code) => code === null)).toBe(true);
    const spent = (await own.held('deployment')).state.sums.budgets.windows.filter(({ name }) => name === 'total');
    expect(sum(spent.map(({ spentNanoUsd }) => spentNanoUsd))).toBe((await own.stats()).totals.cost_nano_usd);
    await own.stop();
  });
});

describe('a budget of the cheap tier', () => {
  test('once used up, the small tier answers and the reason says so; what it costs is booked beyond the limit', async () => {
    const { id, key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 0, when_exhausted: 'cheap_tier' }] });
    const response = await lab.ask(key, { body: { model: 'large' } });
    expect(response.status).toBe(200);
    const metadata = JSON.parse(response.headers.get('x-routing-metadata') ?? '{}') as Record<string, unknown>;
    expect(metadata).toMatchObject({ model_id: 'qwen2.5-7b', fallback_used: false });
    expect(metadata['reason']).toContain('the budget is used up, so the small tier answers');
    await response.text();
    expect((await lab.settled(id)).spentNanoUsd).toBe(await lab.booked(id, 1));
  });

  test('with room left, the large tier answers as asked', async () => {
    const { key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1, when_exhausted: 'cheap_tier' }] });
    const response = await lab.ask(key, { body: { model: 'large' } });
    expect(JSON.parse(response.headers.get('x-routing-metadata') ?? '{}')).toMatchObject({ model_id: 'qwen2.5-32b' });
  });

  test('where no small model may answer, the request is refused', async () => {
    const { key } = await lab.makeKey({
      allowed_models: ['qwen2.5-32b'],
      budgets: [{ period: 'day', limit_usd: 0, when_exhausted: 'cheap_tier' }],
    });
    expect(await codeOf(await lab.ask(key, { body: { model: 'large' } }))).toBe('budget_exceeded');
  });
});
