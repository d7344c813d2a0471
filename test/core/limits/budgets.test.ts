import { describe, expect, it } from 'vitest';
import { periodEndMs, periodStartMs } from '../../../worker/core/limits/budget-period.ts';
import type { BudgetLimit } from '../../../worker/core/limits/budget-state.ts';
import { emptyShelf, extendBudget, numbersOf, openIds, reserveBudget, settleBudget, type Shelf, sweep } from './shelf.ts';

const at = (text: string) => Date.parse(text);
const noonMs = at('2026-11-20T12:00:00Z');
const day = (limitNanoUsd: number, whenExhausted: BudgetLimit['whenExhausted'] = 'refuse', name = 'key'): BudgetLimit => ({
  name,
  period: 'day',
  limitNanoUsd,
  whenExhausted,
});
const month = (limitNanoUsd: number): BudgetLimit => ({ ...day(limitNanoUsd), period: 'month' });

function reserve(
  state: Shelf,
  id: string,
  amountNanoUsd: number,
  limits: readonly BudgetLimit[],
  nowMs = noonMs,
  cheap: number | null = null,
) {
  return reserveBudget(state, { id, amountNanoUsd, cheapAmountNanoUsd: cheap, expiresAtMs: nowMs + 300_000 }, limits, nowMs);
}
/** As if the latest time seen were another. */
const atClock = (shelf: Shelf, clockMs: number): Shelf => {
  const { sums } = shelf.state;
  return { ...shelf, state: { ...shelf.state, sums: { ...sums, budgets: { ...sums.budgets, clockMs } } } };
};
const spent = (state: Shelf, limits: readonly BudgetLimit[], nowMs = noonMs) =>
  numbersOf(state, limits, nowMs).map(({ spentNanoUsd, reservedNanoUsd, remainingNanoUsd }) => [
    spentNanoUsd,
    reservedNanoUsd,
    remainingNanoUsd,
  ]);

describe('budget periods', () => {
  it.each([
    ['day', '2026-11-20T12:00:00Z', '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z'],
    ['day', '2026-11-20T23:59:59.999Z', '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z'],
    ['day', '2026-11-21T00:00:00Z', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z'],
    ['month', '2026-12-31T23:59:59Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['month', '2028-02-29T05:00:00Z', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
  ] as const)('a %s that holds %s is from %s to %s', (period, now, start, end) => {
    expect([periodStartMs(period, at(now)), periodEndMs(period, at(now))]).toEqual([at(start), at(end)]);
  });
});

describe('reserve and settle', () => {
  const limits = [day(1000), month(5000)];

  it('holds the worst case until the truth is known', () => {
    const held = reserve(emptyShelf, 'a', 700, limits).state;
    expect(spent(held, limits)).toEqual([
      [0, 700, 300],
      [0, 700, 4300],
    ]);
    const settled = settleBudget(held, 'a', 200);
    expect(settled).toMatchObject({ isSettled: true, excessNanoUsd: 0 });
    expect(spent(settled.state, limits)).toEqual([
      [200, 0, 800],
      [200, 0, 4800],
    ]);
  });

  it('grants up to the last nano-USD and nothing beyond', () => {
    const full = reserve(emptyShelf, 'a', 1000, limits).state;
    expect(reserve(full, 'b', 0, limits).result.ok).toBe(true);
    expect(reserve(settleBudget(full, 'a', 1000).state, 'b', 1, limits).result).toEqual({
      ok: false,
      failure: {
        code: 'budget_exceeded',
        detail: 'The daily budget of the key starts again at 2026-11-21T00:00:00.000Z.',
        retryAfterMs: at('2026-11-21T00:00:00Z') - noonMs,
      },
    });
  });

  it.each([
    ['all', 0, 1000, 'concurrency_limit_exceeded'],
    ['what is too little even when they have ended', 1, 1000, 'budget_exceeded'],
    ['a part', 400, 600, 'concurrency_limit_exceeded'],
    ['a part, and the rest would not do', 400, 601, 'budget_exceeded'],
  ])(
    'tells a request to wait, and not that the budget is used up, where others that run hold it: %s',
    (_, spentBefore, amount, code) => {
      const before = settleBudget(reserve(emptyShelf, 'a', spentBefore, limits).state, 'a', spentBefore).state;
      const held = reserve(before, 'b', 1000 - spentBefore, limits).state;
      expect(reserve(held, 'c', amount, limits).result).toMatchObject({ ok: false, failure: { code } });
      expect(reserve(settleBudget(held, 'b', 0).state, 'c', amount, limits).result.ok).toBe(
        code === 'concurrency_limit_exceeded',
      );
    },
  );

  it('takes from all limits or from none', () => {
    const tight = [day(1000), month(500)];
    const refused = reserve(emptyShelf, 'a', 600, tight);
    expect(refused.result).toMatchObject({ failure: { detail: expect.stringContaining('monthly budget') } });
    expect(spent(refused.state, tight).map(([, reserved]) => reserved)).toEqual([0, 0]);
  });

  it('names the budget that keeps the client waiting longest when several are used up', () => {
    const full = reserve(emptyShelf, 'a', 600, [month(600), day(600)]).state;
    expect(reserve(full, 'b', 600, [day(600), month(600)]).result).toMatchObject({
      failure: { detail: expect.stringContaining('monthly budget') },
    });
  });

  it('never grants more than the limit to 200 requests at once', () => {
    let state = emptyShelf;
    let granted = 0;
    for (let index = 0; index < 200; index += 1) {
      const step = reserve(state, `r${index}`, 30, limits);
      state = step.state;
      if (step.result.ok) granted += 1;
    }
    expect(granted).toBe(33);
    expect(spent(state, limits)[0]).toEqual([0, 990, 10]);
  });

  it('reserves and settles an id once', () => {
    const twice = reserve(reserve(emptyShelf, 'a', 700, limits).state, 'a', 700, limits);
    expect(twice.reservation).toMatchObject({ amountNanoUsd: 700, isCheapTierOnly: false });
    const settled = settleBudget(twice.state, 'a', 100).state;
    expect(settleBudget(settled, 'a', 500)).toMatchObject({ isSettled: false, excessNanoUsd: 0 });
    expect(spent(settled, limits)[0]).toEqual([100, 0, 900]);
  });

  it('books nothing when a request that ran nothing is settled with 0', () => {
    expect(spent(settleBudget(reserve(emptyShelf, 'a', 700, limits).state, 'a', 0).state, limits)[0]).toEqual([0, 0, 1000]);
  });

  it.each([null, Number.NaN, Number.POSITIVE_INFINITY])('books the whole reservation when the cost is %s', (cost) => {
    expect(spent(settleBudget(reserve(emptyShelf, 'a', 700, limits).state, 'a', cost).state, limits)[0]).toEqual([700, 0, 300]);
  });

  it('books whole nano-USD and nothing negative', () => {
    const held = reserve(emptyShelf, 'a', 700, limits).state;
    expect(spent(settleBudget(held, 'a', 10.2).state, limits)[0]?.[0]).toBe(11);
    expect(spent(settleBudget(held, 'a', -10).state, limits)[0]?.[0]).toBe(0);
  });

  it('books the truth when it is more than was reserved, and says by how much', () => {
    const settled = settleBudget(reserve(emptyShelf, 'a', 700, limits).state, 'a', 1200);
    expect(settled.excessNanoUsd).toBe(500);
    expect(spent(settled.state, limits)[0]).toEqual([1200, 0, 0]);
  });

  it('refuses an amount that is no number', () => {
    expect(reserve(emptyShelf, 'a', Number.NaN, limits).result.ok).toBe(false);
  });

  it('refuses everything once a limit was lowered below what is spent', () => {
    const state = settleBudget(reserve(emptyShelf, 'a', 700, limits).state, 'a', 700).state;
    expect(reserve(state, 'b', 1, [day(500)]).result.ok).toBe(false);
    expect(spent(state, [day(500)])[0]).toEqual([700, 0, 0]);
  });
});

describe('a new period', () => {
  const limits = [day(1000), month(1500)];
  const beforeMs = at('2026-11-20T23:59:00Z');
  const afterMs = at('2026-11-21T00:01:00Z');

  it('starts the next day’s budget at zero and goes on with the monthly one', () => {
    const state = settleBudget(reserve(emptyShelf, 'a', 900, limits, beforeMs).state, 'a', 900).state;
    expect(reserve(state, 'b', 500, limits, beforeMs).result.ok).toBe(false);
    expect(reserve(state, 'b', 500, limits, afterMs).result.ok).toBe(true);
    expect(reserve(state, 'b', 601, limits, afterMs).result).toMatchObject({
      failure: { detail: expect.stringContaining('monthly budget') },
    });
  });

  it('books a request in the period of its admission when it ends in the next', () => {
    const held = reserve(emptyShelf, 'a', 900, limits, beforeMs).state;
    const next = reserve(held, 'b', 100, limits, afterMs).state;
    expect(spent(next, limits, afterMs)).toEqual([
      [0, 100, 900],
      [0, 1000, 500],
    ]);
    const settled = settleBudget(next, 'a', 300).state;
    expect(spent(settled, limits, afterMs)).toEqual([
      [0, 100, 900],
      [300, 100, 1100],
    ]);
    expect(spent(atClock(settled, 0), limits, beforeMs)[0]).toEqual([300, 0, 700]);
  });

  it('drops the closed period when nothing refers to it any more', () => {
    const settled = settleBudget(reserve(emptyShelf, 'a', 900, limits, beforeMs).state, 'a', 300).state;
    const other = [day(1000, 'refuse', 'other')];
    const periods = (nowMs: number) =>
      reserve(settled, 'b', 1, other, nowMs)
        .state.state.sums.budgets.windows.filter(({ name }) => name === 'key')
        .map(({ period }) => period);
    expect(periods(afterMs)).toEqual(['month']);
    expect(periods(at('2026-12-01T00:00:00Z'))).toEqual([]);
  });

  it('is not undone by a clock that steps back', () => {
    const late = reserve(emptyShelf, 'a', 900, limits, afterMs).state;
    const back = reserve(late, 'b', 200, limits, beforeMs);
    expect(back.result.ok).toBe(false);
  });
});

describe('an expired reservation', () => {
  const limits = [day(1000)];
  const held = reserve(emptyShelf, 'a', 700, limits).state;
  const expiredMs = noonMs + 300_000;

  it('holds its room until a sweep books it in full and names it once', () => {
    expect(reserve(held, 'b', 301, limits, expiredMs).result.ok).toBe(false);
    const swept = sweep(held, expiredMs);
    expect(swept.orphans).toEqual(['a']);
    expect(spent(swept.state, limits, expiredMs)[0]).toEqual([700, 0, 300]);
    expect(sweep(swept.state, expiredMs).orphans).toEqual([]);
    expect(sweep(held, expiredMs - 1).orphans).toEqual([]);
  });

  it('is corrected by a late settlement, once', () => {
    const swept = sweep(held, expiredMs).state;
    const settled = settleBudget(swept, 'a', 250);
    expect(settled.isSettled).toBe(true);
    expect(spent(settled.state, limits, expiredMs)[0]).toEqual([250, 0, 750]);
    expect(settleBudget(settled.state, 'a', 0).isSettled).toBe(false);
  });

  it('cannot be settled after a day: the full booking stands', () => {
    const swept = sweep(sweep(held, expiredMs).state, expiredMs + 86_400_000).state;
    expect(settleBudget(swept, 'a', 0).isSettled).toBe(false);
    expect([...swept.state.swept, ...swept.rows]).toEqual([]);
  });

  it('is remembered among the newest 256 only', () => {
    let state = emptyShelf;
    for (let index = 0; index < 300; index += 1) state = reserve(state, `r${index}`, 1, limits).state;
    const swept = sweep(state, expiredMs).state;
    expect([swept.state.swept.size, swept.rows.size, openIds(swept)]).toEqual([256, 256, []]);
    expect(spent(swept, limits, expiredMs)[0]?.[0]).toBe(300);
  });
});

describe('a cheap_tier budget', () => {
  const soft = [day(100, 'cheap_tier', 'agent:planner'), day(1000)];

  it('sends a request to the small tier instead of refusing it', () => {
    expect(reserve(emptyShelf, 'a', 150, soft, noonMs, 20).reservation).toMatchObject({
      amountNanoUsd: 20,
      isCheapTierOnly: true,
    });
    expect(reserve(emptyShelf, 'a', 100, soft, noonMs, 20).reservation).toMatchObject({ isCheapTierOnly: false });
  });

  it('goes on beyond its limit in the small tier, counts it, and still stops at the hard limit', () => {
    let state = emptyShelf;
    let granted = 0;
    for (let index = 0; index < 100; index += 1) {
      const step = reserve(state, `r${index}`, 150, soft, noonMs, 20);
      state = step.result.ok ? settleBudget(step.state, `r${index}`, 20).state : step.state;
      if (step.result.ok) granted += 1;
    }
    expect(granted).toBe(43);
    expect(spent(state, soft).map(([cost]) => cost)).toEqual([860, 860]);
  });

  it('refuses a request that cannot go to the small tier', () => {
    expect(reserve(emptyShelf, 'a', 150, soft, noonMs, null).result.ok).toBe(false);
  });

  it('may share a name and period with a hard limit', () => {
    const both = [day(100, 'cheap_tier'), day(1000)];
    const held = reserve(emptyShelf, 'a', 150, both, noonMs, 20).state;
    expect(spent(settleBudget(held, 'a', 20).state, both)).toEqual([
      [20, 0, 80],
      [20, 0, 980],
    ]);
  });
});

describe('extending a reservation', () => {
  const limits = [day(1000)];

  it('takes more from the limit before a second bill, or nothing', () => {
    const held = reserve(emptyShelf, 'a', 400, limits).state;
    const more = extendBudget(held, { id: 'a', extraNanoUsd: 600 }, limits, noonMs);
    expect([more.isGranted, spent(more.state, limits)[0]]).toEqual([true, [0, 1000, 0]]);
    const refused = extendBudget(more.state, { id: 'a', extraNanoUsd: 1 }, limits, noonMs);
    expect([refused.isGranted, spent(refused.state, limits)[0]]).toEqual([false, [0, 1000, 0]]);
    expect(spent(settleBudget(more.state, 'a', 900).state, limits)[0]).toEqual([900, 0, 100]);
  });

  it('draws on the period of the admission', () => {
    const beforeMs = at('2026-11-20T23:59:00Z');
    const held = reserve(emptyShelf, 'a', 400, limits, beforeMs).state;
    const afterMs = at('2026-11-21T00:01:00Z');
    expect(extendBudget(held, { id: 'a', extraNanoUsd: 601 }, limits, afterMs).isGranted).toBe(false);
    expect(extendBudget(held, { id: 'a', extraNanoUsd: 600 }, limits, afterMs).isGranted).toBe(true);
  });

  it('is refused for an id that holds nothing, unless nothing is limited', () => {
    expect(extendBudget(emptyShelf, { id: 'a', extraNanoUsd: 1 }, limits, noonMs).isGranted).toBe(false);
    expect(extendBudget(emptyShelf, { id: 'a', extraNanoUsd: 1 }, [], noonMs).isGranted).toBe(true);
  });

  it('may pass a soft limit', () => {
    const soft = [day(100, 'cheap_tier')];
    const held = reserve(emptyShelf, 'a', 100, soft, noonMs, 10).state;
    expect(extendBudget(held, { id: 'a', extraNanoUsd: 50 }, soft, noonMs).isGranted).toBe(true);
  });
});
