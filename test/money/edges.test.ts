/** Money where it is easily got wrong: at the edge of a budget, of a month, of a request's life; and by names, counts and clocks of others. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, until } from '../../infra/rig/waiting.ts';
import { plainEntry } from '../core/ledger/entry.ts';
import { type Asked, codeOf, keptRows, keptUnder, type MadeKey, type MoneyLab, openLab, times } from './money-lab.ts';

let lab: MoneyLab;

beforeAll(async () => {
  lab = await openLab({
    routing: {
      escalation: { enabled: true },
      agents: { planner: { budgets: [{ period: 'month', limit_usd: 0, when_exhausted: 'refuse' }] } },
    },
  });
});

afterAll(() => lab.stop());

const usd = (nanoUsd: number) => nanoUsd / 1e9;
const day = (limitNanoUsd: number, more = {}) => ({ budgets: [{ period: 'day', limit_usd: usd(limitNanoUsd), ...more }] });
const doubtful = `[[say64:${Buffer.from("I'm not sure. I do not know.").toString('base64')}]]`;
const whole = { text: doubtful, body: { model: 'auto' } };
const stream = { text: doubtful, body: { model: 'auto', stream: true } };

/** What such a request reserves, read from the object while it runs. */
async function reservedFor(asked: Asked): Promise<number> {
  const { id, key } = await lab.makeKey(day(1e9));
  const running = lab.ask(key, { ...asked, paceMs: 60 });
  await until('it is reserved', async () => (await lab.held(id)).reservedNanoUsd > 0);
  const { reservedNanoUsd } = await lab.held(id);
  await (await running).text();
  return reservedNanoUsd;
}

/** A key whose budget has room for one such request, and for nothing more that it might need. */
async function keyFor(asked: Asked): Promise<MadeKey & { readonly limitNanoUsd: number }> {
  // The pace makes the body a little longer.
  const limitNanoUsd = await reservedFor(asked);
  return { ...(await lab.makeKey(day(limitNanoUsd))), limitNanoUsd };
}

describe.concurrent('at the edge of a budget', () => {
  test('a broken stream is not taken up again when that could pass it: it ends with what broke it', async () => {
    const asked = { text: '[[fault:mid-reset;on=small;after=4]]', tokens: 20, body: { stream: true } };
    const { id, key, limitNanoUsd } = await keyFor(asked);
    const text = await (await lab.ask(key, asked)).text();
    expect(text).toContain('"code":"upstream_');
    expect(text).not.toContain('[DONE]');
    const { spentNanoUsd } = await lab.settled(id);
    expect(spentNanoUsd).toBe(await lab.booked(id, 1));
    expect(spentNanoUsd).toBeLessThanOrEqual(limitNanoUsd);
    const { key: rich } = await lab.makeKey(day(1e9));
    expect(await (await lab.ask(rich, asked)).text()).toContain('[DONE]');
  });

  test('a whole answer that would have been escalated is shown as it is', async () => {
    const { id, key, limitNanoUsd } = await keyFor(whole);
    const response = await lab.ask(key, whole);
    const routing = JSON.parse(response.headers.get('x-routing-metadata') ?? '{}') as Record<string, unknown>;
    expect([response.status, routing['model_id'], routing['escalated']]).toEqual([200, 'qwen2.5-7b', false]);
    expect((await lab.settled(id)).spentNanoUsd).toBe(await lab.booked(id, 1));
    expect((await lab.held(id)).spentNanoUsd).toBeLessThanOrEqual(limitNanoUsd);
    const rich = await lab.ask((await lab.makeKey(day(1e9))).key, whole);
    expect(JSON.parse(rich.headers.get('x-routing-metadata') ?? '{}')).toMatchObject({ escalated: true });
  });

  test('a stream that would have been escalated is shown as it is', async () => {
    const { id, key, limitNanoUsd } = await keyFor(stream);
    const response = await lab.ask(key, stream);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/" sure"[^]*\[DONE\]/);
    expect((await lab.settled(id)).spentNanoUsd).toBe(await lab.booked(id, 1));
    expect((await lab.held(id)).spentNanoUsd).toBeLessThanOrEqual(limitNanoUsd);
  });

  test.each([
    ['whole', whole],
    ['streamed', stream],
  ])('once it is used up and the small tier goes on, a doubtful answer of it is shown: %s', async (_, asked) => {
    const { id, key } = await lab.makeKey(day(0, { when_exhausted: 'cheap_tier' }));
    const response = await lab.ask(key, asked);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/not sure|" sure"[^]*\[DONE\]/);
    expect((await lab.settled(id)).spentNanoUsd).toBe(await lab.booked(id, 1));
  });
});

describe.concurrent('the names of agents', () => {
  test.each(['planner', 'Planner', 'PLANNER', 'planner_agent', 'planner-agent', 'Planner-Agent'])(
    '%s: is covered by the budgets of planner, the key’s and the deployment’s',
    async (name) => {
      const headers = { 'x-agent-name': name };
      const own = await lab.makeKey({ budgets: [{ agent: 'writer', period: 'day', limit_usd: 0 }] });
      const shared = await lab.ask(own.key, { headers });
      expect([shared.status, await codeOf(shared)]).toEqual([429, 'budget_exceeded']);
      const asWriter = { 'x-agent-name': name.replace(/planner/i, (word) => (word === 'planner' ? 'writer' : 'Writer')) };
      expect(await codeOf(await lab.ask(own.key, { headers: asWriter }))).toBe('budget_exceeded');
      expect((await lab.ask(own.key, { headers: { 'x-agent-name': 'planners' } })).status).toBe(200);
    },
  );
});

describe.concurrent('counts that a client sets', () => {
  test.each([-1, 0, 1.5, '5', true])('max_tokens %s: refused, nothing is reserved', async (maxTokens) => {
    const { id, key } = await lab.makeKey(day(1e9));
    for (const name of ['max_tokens', 'max_completion_tokens']) {
      const response = await lab.ask(key, { body: { max_tokens: undefined, [name]: maxTokens } });
      expect([response.status, await codeOf(response)]).toEqual([400, 'invalid_value']);
    }
    expect(await lab.held(id)).toMatchObject({ leases: 0, state: { sums: { budgets: { windows: [] } } } });
  });

  test.each([
    ['n: 1', { n: 1 }],
    ['n: 4', { n: 4 }],
    ['n: 4, streamed', { n: 4, stream: true }],
    ['the largest answer', { max_tokens: 16_384 }],
    ['both limits, of which the newer holds', { max_tokens: 1, max_completion_tokens: 60 }],
    ['no limit', { max_tokens: null }],
  ])('%s: reserves at least what it costs, and books what the ledger says', async (_, body) => {
    const reservedNanoUsd = await reservedFor({ body });
    const { id, key } = await lab.makeKey(day(reservedNanoUsd));
    const response = await lab.ask(key, { tokens: 60, body });
    expect(response.status).toBe(200);
    await response.text();
    const { spentNanoUsd } = await lab.settled(id);
    expect(spentNanoUsd).toBeGreaterThan(0);
    expect(spentNanoUsd).toBe(await lab.booked(id, 1));
    expect(spentNanoUsd).toBeLessThanOrEqual(reservedNanoUsd);
    expect(lab.output()).not.toContain('reservation_too_small');
  });

  test('n: 4 reserves four answers', async () => {
    const [one, four] = [await reservedFor({ body: { n: 1 } }), await reservedFor({ body: { n: 4 } })];
    // 50 tokens of the dearest model in the plan, three times more.
    expect(four - one).toBe(3 * 50 * 800);
  });
});

describe('what changes while a request runs', () => {
  const slow = { paceMs: 60, tokens: 15 };
  const begun = (own: MoneyLab, id: string) => until('it runs', async () => (await own.held(id)).leases === 1);
  const limits = { max_concurrent: 5 };

  test('its key is rotated without grace: it ends as it began, booked once, for the line of keys', async () => {
    const { id, key } = await lab.makeKey({ ...day(1e9), limits });
    const running = lab.ask(key, slow);
    await begun(lab, id);
    const fresh = (await (await lab.admin('POST', `/admin/keys/${id}/rotate`, {})).json()) as MadeKey;
    expect((await lab.ask(key)).status).toBe(401);
    expect((await running).status).toBe(200);
    const { spentNanoUsd } = await lab.settled(id);
    expect(spentNanoUsd).toBe(await lab.booked(id, 1));
    await (await lab.ask(fresh.key)).text();
    const after = await lab.settled(id);
    expect(after.spentNanoUsd).toBe(spentNanoUsd + (await lab.booked(fresh.id, 1)));
  });

  test('the statistics are reset: nothing is counted twice, no budget forgets', async () => {
    const { id, key } = await lab.makeKey(day(1e9));
    const wave = () => Promise.all(times(15, async () => (await lab.ask(key, { paceMs: 5 })).text()));
    const resets = (async () => {
      for (let index = 0; index < 5; index += 1) expect((await lab.admin('POST', '/admin/stats/reset')).status).toBe(200);
    })();
    await Promise.all([wave(), wave(), resets]);
    const before = await lab.settled(id);
    // Longer than a batch takes.
    await pause(1200);
    const counted = (await lab.stats()).keys[id]?.requests ?? 0;
    expect(counted).toBeLessThanOrEqual(30);
    await wave();
    await lab.booked(id, counted + 15);
    expect((await lab.settled(id)).spentNanoUsd).toBe(before.spentNanoUsd * 1.5);
  });

  test('the month ends: it belongs to the month it was admitted in', async () => {
    const own = await openLab();
    const endMs = Date.UTC(2027, 1, 1);
    await own.clock(endMs - 8_000 - Date.now());
    const { id, key } = await own.makeKey({ limits, budgets: [{ period: 'month', limit_usd: 1 }] });
    const running = own.ask(key, slow);
    await begun(own, id);
    await own.clock(endMs + 8_000 - Date.now());
    await (await own.ask(key)).text();
    await (await running).text();
    const { state } = await own.settled(id);
    const spentIn = (startMs: number) =>
      state.sums.budgets.windows.find((window) => window.startMs === startMs)?.spentNanoUsd ?? 0;
    const [january, february] = [Date.UTC(2027, 0, 1), endMs].map(spentIn);
    expect(february).toBeGreaterThan(0);
    // Nothing needs the old month any more once its last request has ended.
    expect(january === 0 || january === (await own.booked(id, 2)) - (february ?? 0)).toBe(true);
    await own.stop();
  });

  test('nobody is heard of it: swept, booked in full as unknown, and corrected when it ends after all, in both books', async () => {
    const timeouts_ms = { total: 300_000 };
    const own = await openLab({ upstreams: { small: { timeouts_ms }, large: { timeouts_ms } } });
    const { id, key } = await own.makeKey({ ...day(1e9), limits });
    const running = own.ask(key, { paceMs: 100, tokens: 40 });
    await begun(own, id);
    const { reservedNanoUsd } = await own.held(id);
    await own.clock(40_000);
    await own.object('TENANT', `tenant:${id}`, { do: 'alarm' });
    const swept = await own.held(id);
    expect([swept.leases, swept.reservedNanoUsd, swept.spentNanoUsd]).toEqual([0, 0, reservedNanoUsd]);
    expect(await own.booked(id, 1)).toBe(reservedNanoUsd);
    expect((await own.stats()).endings).toMatchObject({ unknown: 1 });
    await (await running).text();
    const endings = async () => (await own.stats()).endings;
    await until('the ledger knows better', async () => (await endings())['ok'] === 1);
    expect((await endings())['unknown']).toBe(0);
    const costNanoUsd = await own.booked(id, 1);
    expect(costNanoUsd).toBeLessThan(reservedNanoUsd);
    expect((await own.held(id)).spentNanoUsd).toBe(costNanoUsd);
    await own.stop();
  });
});

describe('a client that leaves before its first byte', () => {
  test('with an idempotency key: nothing is booked but what was spent, nothing is held, the key is free', async () => {
    const { id, key } = await lab.makeKey({ ...day(1e9), limits: { max_concurrent: 40 } });
    await Promise.all(
      times(40, async (index) => {
        const signal = AbortSignal.timeout(5 + index * 3);
        const headers = { 'idempotency-key': `early-${index}` };
        const asked = { headers, signal, text: '[[fault:slow-first-event;ms=400]]', body: { stream: true } };
        await lab.ask(key, asked).then(
          (response) => response.text().catch(() => ''),
          () => '',
        );
      }),
    );
    const held = await lab.settled(id);
    expect([held.leases, held.reservedNanoUsd]).toEqual([0, 0]);
    await until('the ledger agrees', async () => ((await lab.stats()).keys[id]?.cost_nano_usd ?? 0) === held.spentNanoUsd);
    const objects = new Set(times(40, (index) => keptUnder(id, `early-${index}`).object));
    await until('every idempotency key is free', async () => {
      const rows = await Promise.all([...objects].map((object) => keptRows(lab, object)));
      return rows.flat().every(({ ended_ms: endedMs }) => endedMs !== null);
    });
  });
});

test('an admission that was held up on its way, and comes after its request was given up, takes nothing', async () => {
  const { id } = await lab.makeKey();
  const tenant = (method: string, args: readonly unknown[]) => lab.object('TENANT', `tenant:${id}`, { do: 'call', method, args });
  const budgets = [{ name: 'key', period: 'day', limitNanoUsd: 1000, whenExhausted: 'refuse' }];
  const limits = { requestsPerMinute: 5, tokensPerMinute: 500, maxConcurrent: 1, budgets };
  await tenant('finish', [{ id: 'late', tokens: 0, costNanoUsd: 0 }]);
  const request = { id: 'late', estimatedTokens: 5, costNanoUsd: 900, cheapCostNanoUsd: null, expiresAtMs: Date.now() + 60_000 };
  await tenant('admit', [request, limits]);
  expect(await lab.held(id)).toMatchObject({ leases: 0, state: { sums: { rate: { requests: 0, tokens: 0 } } } });
});

test('an isolate of an earlier version, which says one thing a call and in another form, is understood', async () => {
  const { id } = await lab.makeKey();
  const tenant = (method: string, args: readonly unknown[]) => lab.object('TENANT', `tenant:${id}`, { do: 'call', method, args });
  const budgets = [{ name: 'key', period: 'day', limitNanoUsd: 9000, whenExhausted: 'refuse' }];
  const limits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null, budgets };
  const entry = { ...plainEntry, keyId: id, tenantId: id, atMs: Date.now() };
  const request = { estimatedTokens: 5, costNanoUsd: 4000, cheapCostNanoUsd: null, expiresAtMs: Date.now() + 60_000 };
  for (const name of ['ended', 'lost'])
    await tenant('admit', [{ ...request, id: name, draft: { kind: 'request', entry } }, limits]);
  await tenant('finish', [
    { id: 'ended', tokens: 15, costNanoUsd: 1500 },
    { kind: 'request', entry },
  ]);
  expect(await lab.booked(id, 1)).toBe(1500);
  await lab.object('TENANT', `tenant:${id}`, { do: 'break' }).catch(() => undefined);
  expect(await lab.held(id)).toMatchObject({ leases: 1, reservedNanoUsd: 4000, spentNanoUsd: 1500 });
  await tenant('finish', [
    { id: 'lost', tokens: 15, costNanoUsd: 1500 },
    { kind: 'request', entry: { ...entry, requestId: 'r-2' } },
  ]);
  expect(await lab.booked(id, 2)).toBe(3000);
});
