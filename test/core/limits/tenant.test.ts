import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, shouldRetry } from '../../../shared/errors.ts';
import type { BudgetLimit } from '../../../worker/core/limits/budget-state.ts';
import { doubtfulMs, graceMs, heartbeatMs, leaseMs } from '../../../worker/core/limits/heartbeat.ts';
import { budgetsFor, hasLimits, type TenantLimits } from '../../../worker/core/limits/tenant-limits.ts';
import { maxOpen } from '../../../worker/core/limits/tenant-state.ts';
import { admit, emptyShelf, extend, finish, fold, hear, numbersOf, openIds, reload, type Shelf, sweep } from './shelf.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const budget: BudgetLimit = { name: 'key', period: 'day', limitNanoUsd: 1000, whenExhausted: 'refuse' };
const none: TenantLimits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null, budgets: [] };
const all: TenantLimits = { requestsPerMinute: 10, tokensPerMinute: 1000, maxConcurrent: 3, budgets: [budget] };
const request = (id: string, changes: Partial<Parameters<typeof admit>[1]> = {}) => ({
  id,
  estimatedTokens: 100,
  costNanoUsd: 100,
  cheapCostNanoUsd: null,
  expiresAtMs: nowMs + 330_000,
  ...changes,
});

/** Sends requests one after another, all still running. */
function admitMany(count: number, limits: TenantLimits, changes = {}): { state: Shelf; codes: string[] } {
  let state = emptyShelf;
  const codes: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const step = admit(state, request(`r${index}`, changes), nowMs, limits);
    state = step.state;
    codes.push(step.result.ok ? 'ok' : step.result.failure.code);
  }
  return { state, codes };
}
const passed = (codes: readonly string[]) => codes.filter((code) => code === 'ok').length;

describe('admit', () => {
  it.each([
    ['requests per minute', { ...none, requestsPerMinute: 5 }, 'rate_limit_exceeded', 5],
    ['tokens per minute', { ...none, tokensPerMinute: 750 }, 'rate_limit_exceeded', 7],
    ['concurrency', { ...none, maxConcurrent: 4 }, 'concurrency_limit_exceeded', 4],
    ['a budget', { ...none, budgets: [budget] }, 'concurrency_limit_exceeded', 10],
    ['the tightest of all', all, 'concurrency_limit_exceeded', 3],
  ] as const)('stops exactly at %s', (_, limits, code, count) => {
    const { codes } = admitMany(200, limits);
    expect(passed(codes)).toBe(count);
    expect(new Set(codes)).toEqual(new Set(['ok', code]));
  });

  it('takes nothing when it refuses, whichever limit it was', () => {
    const { state } = admitMany(3, all);
    for (const limits of [
      all,
      { ...all, maxConcurrent: null, budgets: [{ ...budget, limitNanoUsd: 350 }] },
      { ...all, requestsPerMinute: 3 },
    ]) {
      const refused = admit(state, request('late'), nowMs, limits);
      expect(refused.result.ok).toBe(false);
      expect(refused.state).toBe(state);
    }
  });

  it('admits a repeated id again without taking anything', () => {
    const first = admit(emptyShelf, request('a'), nowMs, all);
    const again = admit(first.state, request('a'), nowMs, all);
    expect(again.state).toBe(first.state);
    expect(again).toEqual(first);
  });

  it('holds nothing for a repeat that comes after the ending', () => {
    const ended = finish(admit(emptyShelf, request('a'), nowMs, all).state, { id: 'a', tokens: 1, costNanoUsd: 1 }).state;
    expect(admit(ended, request('a'), nowMs, all)).toMatchObject({ result: { ok: true }, state: ended });
  });

  it('names what to do about each refusal', () => {
    const rate = admit(admitMany(5, { ...none, requestsPerMinute: 5 }).state, request('x'), nowMs + 20_000, {
      ...none,
      requestsPerMinute: 5,
    });
    expect(rate.result).toMatchObject({
      failure: { retryAfterMs: 40_000, detail: 'The limit of requests per minute is reached.' },
    });
    const { state: running } = admitMany(1, { ...none, budgets: [budget] });
    expect(admit(running, request('x', { costNanoUsd: 901 }), nowMs, all).result).toEqual({
      ok: false,
      failure: {
        code: 'concurrency_limit_exceeded',
        detail: 'Requests that run hold the rest of the daily budget of the key, and free what they do not cost as they end.',
      },
    });
    const spent = finish(running, { id: 'r0', tokens: 1, costNanoUsd: 100 }).state;
    const money = admit(spent, request('x', { costNanoUsd: 901 }), nowMs, all);
    expect(money.result).toEqual({
      ok: false,
      failure: {
        code: 'budget_exceeded',
        detail: 'The daily budget of the key starts again at 2026-11-21T00:00:00.000Z.',
        retryAfterMs: Date.UTC(2026, 10, 21) - nowMs,
      },
    });
  });

  it.each([
    ['tokens than a minute has', { estimatedTokens: 1001 }, 'request_exceeds_limit', 'more tokens than the limit per minute'],
    ['money than a whole budget has', { costNanoUsd: 1001 }, 'budget_exceeded', 'more than the whole daily budget of the key'],
  ])('tells a request that may need more %s that no waiting helps', (_, changes, code, text) => {
    const { result } = admit(admitMany(1, all).state, request('x', changes), nowMs, all);
    expect(result).toMatchObject({ ok: false, failure: { code, detail: expect.stringContaining(text) } });
    expect(result.ok ? null : result.failure.retryAfterMs).toBeUndefined();
    expect(shouldRetry(code as ErrorCode)).toBe(false);
  });

  it('shows the numbers after its decision', () => {
    const step = admit(emptyShelf, request('a'), nowMs, all);
    expect(step.rate).toEqual({
      limitRequests: 10,
      remainingRequests: 9,
      limitTokens: 1000,
      remainingTokens: 900,
      resetMs: 60_000,
    });
  });

  it('needs an ending only where something is held', () => {
    const free = admit(emptyShelf, request('a'), nowMs, { ...none, requestsPerMinute: 5 });
    expect(free.result).toEqual({ ok: true, value: { isCheapTierOnly: false, closedModels: [], mustFinish: false } });
    expect(sweep(free.state, nowMs).nextSweepAtMs).toBeNull();
    expect(admit(emptyShelf, request('a'), nowMs, all).result).toMatchObject({ value: { mustFinish: true } });
    expect([hasLimits(none), hasLimits(all), hasLimits({ ...none, requestsPerMinute: 1 })]).toEqual([false, true, true]);
  });

  it('says when only the small tier is left, on a repeat too', () => {
    const limits = { ...none, budgets: [{ ...budget, limitNanoUsd: 50, whenExhausted: 'cheap_tier' } as const] };
    const step = admit(emptyShelf, request('a', { cheapCostNanoUsd: 10 }), nowMs, limits);
    expect(step.result).toMatchObject({ value: { isCheapTierOnly: true } });
    expect(admit(step.state, request('a', { cheapCostNanoUsd: 10 }), nowMs, limits).result).toEqual(step.result);
  });
});

describe('finish', () => {
  const { state } = admitMany(3, all);

  it('gives back place, tokens and money, once', () => {
    const done = finish(state, { id: 'r0', tokens: 20, costNanoUsd: 30 });
    expect(done).toMatchObject({ wasHeld: true, excessNanoUsd: 0 });
    const next = admit(done.state, request('next'), nowMs, all);
    expect(next.result.ok).toBe(true);
    expect(next.rate.remainingTokens).toBe(1000 - 20 - 300);
    const again = finish(done.state, { id: 'r0', tokens: 20, costNanoUsd: 30 });
    expect(again.wasHeld).toBe(false);
    expect(numbersOf(again.state, [budget], nowMs)).toEqual(numbersOf(done.state, [budget], nowMs));
  });

  it('keeps the estimate where the tokens are unknown', () => {
    const done = finish(state, { id: 'r0', tokens: null, costNanoUsd: null }).state;
    expect(admit(done, request('next'), nowMs, all).rate.remainingTokens).toBe(600);
  });

  it('takes nothing for an id that was never admitted, and admits it no more', () => {
    const done = finish(state, { id: 'stranger', tokens: 1, costNanoUsd: 1 });
    expect(done).toMatchObject({ wasHeld: false, excessNanoUsd: 0 });
    expect(done.state.state.sums).toBe(state.state.sums);
    expect([openIds(done.state), done.state.written]).toEqual([openIds(state), 0]);
    expect(admit(done.state, request('stranger'), nowMs, all).state).toBe(done.state);
  });
});

describe('extend', () => {
  it('asks the budget before a second bill', () => {
    const { state } = admitMany(1, all);
    const more = (extraCostNanoUsd: number) => ({ id: 'r0', extraCostNanoUsd, modelId: 'small', estimatedTokens: 1 });
    expect(extend(state, more(900), nowMs, all).result.ok).toBe(true);
    expect(extend(state, more(901), nowMs, all).result).toMatchObject({ failure: { code: 'budget_exceeded' } });
    expect(extend(emptyShelf, more(901), nowMs, none).result.ok).toBe(true);
  });
});

describe('a request that is heard of no more', () => {
  const { state } = admitMany(3, all);
  const silentMs = nowMs + leaseMs;

  it('is over after half a minute: its place is free, its money booked, and it is named once', () => {
    expect(sweep(state, nowMs).nextSweepAtMs).toBe(silentMs);
    expect(sweep(state, silentMs - 1)).toMatchObject({ orphans: [], nextSweepAtMs: silentMs });
    const swept = sweep(state, silentMs);
    expect(swept.orphans).toEqual(['r0', 'r1', 'r2']);
    expect(openIds(swept.state)).toEqual([]);
    expect(sweep(swept.state, silentMs).orphans).toEqual([]);
    expect(admit(swept.state, request('x', { costNanoUsd: 701 }), silentMs, all).result.ok).toBe(false);
    expect(admit(swept.state, request('x', { costNanoUsd: 700 }), silentMs, all).result.ok).toBe(true);
  });

  it('is corrected by an ending that comes after it', () => {
    const swept = sweep(admitMany(1, all).state, silentMs).state;
    const late = finish(swept, { id: 'r0', tokens: 10, costNanoUsd: 10 });
    expect(late.wasHeld).toBe(false);
    expect(admit(late.state, request('x', { costNanoUsd: 990 }), silentMs, all).result.ok).toBe(true);
  });

  it('lives on as long as it is heard of, up to the longest a request can last', () => {
    let heard = state;
    for (let atMs = nowMs; atMs < nowMs + 330_000; atMs += heartbeatMs) {
      heard = hear(heard, ['r1', 'stranger'], atMs);
      expect(heard.written).toBe(0);
      heard = sweep(heard, atMs).state;
    }
    expect(openIds(heard)).toEqual(['r1']);
    expect(sweep(hear(heard, ['r1'], nowMs + 329_999), nowMs + 330_000).orphans).toEqual(['r1']);
  });

  it('says in Retry-After when its place will be free; a place in use may be free in a second', () => {
    const refusal = (shelf: Shelf, atMs: number) => admit(shelf, request('x'), atMs, all).result;
    expect(refusal(state, nowMs + 1)).toEqual({ ok: false, failure: { code: 'concurrency_limit_exceeded' } });
    const quietMs = silentMs - doubtfulMs + 1;
    expect(refusal(state, quietMs)).toMatchObject({ failure: { retryAfterMs: doubtfulMs - 1 } });
    const heard = hear(state, openIds(state), quietMs);
    expect(refusal(heard, quietMs)).toEqual({ ok: false, failure: { code: 'concurrency_limit_exceeded' } });
  });
});

describe('a state that is loaded again', () => {
  it('gives what was open a little time to be heard of, and ends it then', () => {
    const lateMs = nowMs + 200_000;
    const { state } = admitMany(3, all);
    const again = reload(state, lateMs);
    expect(openIds(again)).toEqual(['r0', 'r1', 'r2']);
    expect(admit(again, request('x'), lateMs, all).result).toMatchObject({ failure: { retryAfterMs: graceMs } });
    const heard = hear(again, ['r1'], lateMs + heartbeatMs);
    expect(sweep(heard, lateMs + graceMs).orphans).toEqual(['r0', 'r2']);
    expect(admit(heard, request('x', { costNanoUsd: 0 }), lateMs + graceMs, all).result.ok).toBe(true);
  });

  it('knows the minute’s requests and tokens of admissions that nothing else was written for', () => {
    const { state } = admitMany(3, all);
    expect(state.sums).toBeNull();
    const { rate } = admit(reload(state, nowMs), request('r0'), nowMs, all);
    expect(rate).toMatchObject({ remainingRequests: 7, remainingTokens: 700 });
  });
});

describe('what a step writes', () => {
  it('does not depend on how many requests are open: one row to admit, one to end, one to take it away', () => {
    const limits = {
      ...all,
      requestsPerMinute: null,
      tokensPerMinute: 1e9,
      maxConcurrent: null,
      budgets: [{ ...budget, limitNanoUsd: 1e12 }],
    };
    let shelf = emptyShelf;
    for (let index = 0; index < 300; index += 1) {
      shelf = admit(shelf, request(`r${index}`), nowMs, limits).state;
      expect(shelf.written).toBe(1);
    }
    for (const id of ['r5', 'r6', 'r7']) {
      shelf = finish(shelf, { id, tokens: 1, costNanoUsd: 1 }).state;
      expect(shelf.written).toBe(1);
    }
    // What has ended goes when the sums are written.
    expect(fold(shelf).written).toBe(4);
  });

  it('is one row for a key that only counts requests', () => {
    expect(admit(emptyShelf, request('a'), nowMs, { ...none, requestsPerMinute: 5 }).state.written).toBe(1);
  });

  it('is bounded: no more than so many are open, with or without a limit', () => {
    const open = new Map(Array.from({ length: maxOpen }, (_, index) => [`r${index}`, { id: `r${index}` }]));
    const full = { ...emptyShelf, state: { ...emptyShelf.state, open: open as never, earliestMs: nowMs + leaseMs } };
    const limits = { ...none, tokensPerMinute: 1e9 };
    expect(admit(full, request('x'), nowMs, limits).result).toMatchObject({ failure: { code: 'concurrency_limit_exceeded' } });
  });
});

describe('budgetsFor', () => {
  it('takes the budgets of the key and of the agent named, no other agent’s', () => {
    const budgets = ['key', 'total', 'agent:planner', 'agent:coder'].map((name) => ({ ...budget, name }));
    const names = (agent: string | null) => budgetsFor(budgets, agent).map(({ name }) => name);
    expect(names('planner')).toEqual(['key', 'total', 'agent:planner']);
    expect(names(null)).toEqual(['key', 'total']);
    expect(names('')).toEqual(['key', 'total']);
  });

  it.each(['Planner', 'PLANNER', 'planner-agent', 'Planner_Agent'])('knows the agent by %s, too', (agent) => {
    const budgets = ['agent:planner', 'agent:plan'].map((name) => ({ ...budget, name }));
    expect(budgetsFor(budgets, agent).map(({ name }) => name)).toEqual(['agent:planner']);
  });
});

describe('a life of random requests', () => {
  it('passes no limit, and is empty again when all have ended', () => {
    const step = fc.record({
      kind: fc.constantFrom('admit', 'admit', 'finish', 'lose', 'wait', 'sweep', 'fold', 'reload'),
      size: fc.nat(300),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        let state = emptyShelf;
        let clockMs = nowMs;
        const running = new Map<string, { cost: number; expiresAtMs: number }>();
        let settledCost = 0;
        const collect = (swept: ReturnType<typeof sweep>) => {
          state = swept.state;
          for (const id of swept.orphans) settledCost += running.get(id)?.cost ?? Number.NaN;
          for (const id of swept.orphans) running.delete(id);
        };
        steps.forEach(({ kind, size }, index) => {
          const [first] = running.keys();
          if (kind === 'admit') {
            collect(sweep(state, clockMs));
            const asked = request(`r${index}`, { costNanoUsd: size, estimatedTokens: size, expiresAtMs: clockMs + 10_000 });
            const { state: next, result } = admit(state, asked, clockMs, all);
            state = next;
            if (result.ok) running.set(asked.id, { cost: size, expiresAtMs: asked.expiresAtMs });
          } else if (kind === 'finish' && first !== undefined) {
            const cost = Math.floor((running.get(first)?.cost ?? 0) / 2);
            state = finish(state, { id: first, tokens: 0, costNanoUsd: cost }).state;
            settledCost += cost;
            running.delete(first);
          } else if (kind === 'wait') {
            clockMs += size * 20;
          } else if (kind === 'fold') {
            state = fold(state);
          } else if (kind === 'reload') {
            state = reload(state, clockMs);
          } else {
            collect(sweep(state, clockMs));
          }
          const live = [...running.values()].filter(({ expiresAtMs }) => expiresAtMs > clockMs).length;
          expect(live).toBeLessThanOrEqual(3);
          const held = [...running.values()].reduce((sum, { cost }) => sum + cost, 0);
          expect(settledCost + held).toBeLessThanOrEqual(budget.limitNanoUsd);
        });
        for (const id of running.keys()) state = finish(state, { id, tokens: 0, costNanoUsd: 0 }).state;
        expect(openIds(state)).toEqual([]);
        expect(state.state.sums.budgets.windows.reduce((sum, { spentNanoUsd }) => sum + spentNanoUsd, 0)).toBe(settledCost);
      }),
      { numRuns: 200 },
    );
  });
});
