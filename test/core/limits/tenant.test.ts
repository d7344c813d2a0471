import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BudgetLimit } from '../../../worker/core/limits/budget-state.ts';
import {
  admit,
  budgetsFor,
  emptyTenant,
  extend,
  finish,
  hasLimits,
  nextSweepAtMs,
  sweep,
  type TenantLimits,
  type TenantState,
} from '../../../worker/core/limits/tenant.ts';

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
function admitMany(count: number, limits: TenantLimits, changes = {}): { state: TenantState; codes: string[] } {
  let state = emptyTenant;
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
    ['a budget', { ...none, budgets: [budget] }, 'budget_exceeded', 10],
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
    const first = admit(emptyTenant, request('a'), nowMs, all);
    const again = admit(first.state, request('a'), nowMs, all);
    expect(again).toEqual(first);
  });

  it('holds nothing for a repeat that comes after the ending', () => {
    const ended = finish(admit(emptyTenant, request('a'), nowMs, all).state, { id: 'a', tokens: 1, costNanoUsd: 1 }).state;
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
    const hopeless = admit(emptyTenant, request('x', { estimatedTokens: 1001 }), nowMs, all);
    expect(hopeless.result).toMatchObject({ failure: { detail: expect.stringContaining('alone') } });
    const money = admit(emptyTenant, request('x', { costNanoUsd: 1001 }), nowMs, all);
    expect(money.result).toEqual({
      ok: false,
      failure: {
        code: 'budget_exceeded',
        detail: 'The daily budget of the key starts again at 2026-11-21T00:00:00.000Z.',
        retryAfterMs: Date.UTC(2026, 10, 21) - nowMs,
      },
    });
  });

  it('shows the numbers after its decision', () => {
    const step = admit(emptyTenant, request('a'), nowMs, all);
    expect(step.rate).toEqual({
      limitRequests: 10,
      remainingRequests: 9,
      limitTokens: 1000,
      remainingTokens: 900,
      resetMs: 60_000,
    });
  });

  it('needs an ending only where something is held', () => {
    const free = admit(emptyTenant, request('a'), nowMs, { ...none, requestsPerMinute: 5 });
    expect(free.result).toEqual({ ok: true, value: { isCheapTierOnly: false, closedModels: [], mustFinish: false } });
    expect(nextSweepAtMs(free.state)).toBeNull();
    expect(admit(emptyTenant, request('a'), nowMs, all).result).toMatchObject({ value: { mustFinish: true } });
    expect([hasLimits(none), hasLimits(all), hasLimits({ ...none, requestsPerMinute: 1 })]).toEqual([false, true, true]);
  });

  it('says when only the small tier is left, on a repeat too', () => {
    const limits = { ...none, budgets: [{ ...budget, limitNanoUsd: 50, whenExhausted: 'cheap_tier' } as const] };
    const step = admit(emptyTenant, request('a', { cheapCostNanoUsd: 10 }), nowMs, limits);
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
    expect(again).toMatchObject({ wasHeld: false, state: done.state });
  });

  it('keeps the estimate where the tokens are unknown', () => {
    const done = finish(state, { id: 'r0', tokens: null, costNanoUsd: null }).state;
    expect(admit(done, request('next'), nowMs, all).rate.remainingTokens).toBe(600);
  });

  it('takes nothing for an id that was never admitted, and admits it no more', () => {
    const done = finish(state, { id: 'stranger', tokens: 1, costNanoUsd: 1 });
    expect(done).toMatchObject({ wasHeld: false, excessNanoUsd: 0 });
    const { recentIds: before, ...rate } = state.rate;
    expect(done.state).toMatchObject({ rate, leases: state.leases, budgets: state.budgets });
    expect(done.state.rate.recentIds).toEqual([...before, 'stranger']);
    expect(admit(done.state, request('stranger'), nowMs, all).state).toBe(done.state);
  });
});

describe('extend', () => {
  it('asks the budget before a second bill', () => {
    const { state } = admitMany(1, all);
    const more = (extraCostNanoUsd: number) => ({ id: 'r0', extraCostNanoUsd, modelId: 'small', estimatedTokens: 1 });
    expect(extend(state, more(900), nowMs, all).result.ok).toBe(true);
    expect(extend(state, more(901), nowMs, all).result).toMatchObject({ failure: { code: 'budget_exceeded' } });
    expect(extend(emptyTenant, more(901), nowMs, none).result.ok).toBe(true);
  });
});

describe('sweep', () => {
  it('frees the places of lost requests, books their money, and names each once', () => {
    const { state } = admitMany(3, all);
    expect(nextSweepAtMs(state)).toBe(nowMs + 330_000);
    expect(sweep(state, nowMs + 329_999)).toMatchObject({ orphans: [], nextSweepAtMs: nowMs + 330_000 });
    const swept = sweep(state, nowMs + 330_000);
    expect(swept.orphans).toEqual(['r0', 'r1', 'r2']);
    expect(swept.nextSweepAtMs).toBeNull();
    expect(sweep(swept.state, nowMs + 330_000).orphans).toEqual([]);
    expect(admit(swept.state, request('x', { costNanoUsd: 701 }), nowMs + 330_000, all).result.ok).toBe(false);
    expect(admit(swept.state, request('x', { costNanoUsd: 700 }), nowMs + 330_000, all).result.ok).toBe(true);
  });

  it('is corrected by an ending that comes after it', () => {
    const swept = sweep(admitMany(1, all).state, nowMs + 330_000).state;
    const late = finish(swept, { id: 'r0', tokens: 10, costNanoUsd: 10 });
    expect(late.wasHeld).toBe(false);
    expect(admit(late.state, request('x', { costNanoUsd: 990 }), nowMs + 330_000, all).result.ok).toBe(true);
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
    const step = fc.record({ kind: fc.constantFrom('admit', 'admit', 'finish', 'lose', 'wait', 'sweep'), size: fc.nat(300) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        let state = emptyTenant;
        let clockMs = nowMs;
        const running = new Map<string, { cost: number; expiresAtMs: number }>();
        let settledCost = 0;
        steps.forEach(({ kind, size }, index) => {
          const [first] = running.keys();
          if (kind === 'admit') {
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
          } else if (kind === 'sweep' || kind === 'lose') {
            const swept = sweep(state, clockMs);
            state = swept.state;
            for (const id of swept.orphans) settledCost += running.get(id)?.cost ?? Number.NaN;
            for (const id of swept.orphans) running.delete(id);
          }
          state = JSON.parse(JSON.stringify(state));
          const live = [...running.values()].filter(({ expiresAtMs }) => expiresAtMs > clockMs).length;
          expect(live).toBeLessThanOrEqual(3);
          const held = [...running.values()].reduce((sum, { cost }) => sum + cost, 0);
          expect(settledCost + held).toBeLessThanOrEqual(budget.limitNanoUsd);
        });
        for (const id of running.keys()) state = finish(state, { id, tokens: 0, costNanoUsd: 0 }).state;
        expect([state.leases, state.budgets.open, nextSweepAtMs(state)]).toEqual([[], [], null]);
        expect(state.budgets.windows.reduce((sum, { spentNanoUsd }) => sum + spentNanoUsd, 0)).toBe(settledCost);
      }),
      { numRuns: 200 },
    );
  });
});
