/** Budgets against a model that keeps every request forever and adds them up each time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { periodStartMs } from '../../../worker/core/limits/budget-period.ts';
import type { BudgetLimit } from '../../../worker/core/limits/budget-state.ts';
import {
  emptyShelf,
  extendBudget,
  fold,
  numbersOf,
  reserveBudget,
  settleBudget,
  type Shelf,
  sweep as sweepShelf,
} from './shelf.ts';

const dayMs = 86_400_000;
const limits: readonly BudgetLimit[] = [
  { name: 'key', period: 'day', limitNanoUsd: 1000, whenExhausted: 'refuse' },
  { name: 'key', period: 'month', limitNanoUsd: 3000, whenExhausted: 'refuse' },
  { name: 'agent:a', period: 'day', limitNanoUsd: 600, whenExhausted: 'cheap_tier' },
];
const hard = limits.filter(({ whenExhausted }) => whenExhausted === 'refuse');

interface Request {
  admittedAtMs: number;
  reserved: number;
  expiresAtMs: number;
  sweptAtMs: number | null;
  isForgotten: boolean;
  /** `null` until settled. */
  cost: number | null;
}
interface Model {
  nowMs: number;
  requests: Map<string, Request>;
  serial: number;
}
interface Real {
  state: Shelf;
}

const taken = ({ cost, reserved }: Request) => cost ?? reserved;
const inPeriod = (model: Model, limit: BudgetLimit, atMs: number) =>
  [...model.requests.values()].filter(
    ({ admittedAtMs }) => periodStartMs(limit.period, admittedAtMs) === periodStartMs(limit.period, atMs),
  );
const takenIn = (model: Model, limit: BudgetLimit, atMs: number) =>
  inPeriod(model, limit, atMs).reduce((sum, request) => sum + taken(request), 0);
/** Everything that decides looks first at what has ended by itself. */
function expire(model: Model): void {
  for (const request of model.requests.values()) {
    if (request.cost !== null) continue;
    if (request.sweptAtMs !== null && request.sweptAtMs + dayMs <= model.nowMs) request.isForgotten = true;
    if (request.sweptAtMs === null && request.expiresAtMs <= model.nowMs) request.sweptAtMs = model.nowMs;
  }
}
const isOpen = ({ cost, sweptAtMs }: Request) => cost === null && sweptAtMs === null;

/** After every step: each current window shows what the model adds up, and no hard limit of any period was ever passed. */
function compare(model: Model, real: Real): void {
  for (const limit of limits) {
    const [numbers] = numbersOf(real.state, [limit], model.nowMs);
    const requests = inPeriod(model, limit, model.nowMs);
    const open = requests.filter(isOpen).reduce((sum, request) => sum + taken(request), 0);
    const spent = requests.reduce((sum, request) => sum + taken(request), 0) - open;
    expect(numbers).toMatchObject({ reservedNanoUsd: open, spentNanoUsd: spent });
    expect(Number.isSafeInteger(spent) && spent >= 0).toBe(true);
  }
  for (const limit of hard) {
    const byPeriod = new Map<number, number>();
    for (const request of model.requests.values()) {
      const startMs = periodStartMs(limit.period, request.admittedAtMs);
      byPeriod.set(startMs, (byPeriod.get(startMs) ?? 0) + taken(request));
    }
    expect(Math.max(0, ...byPeriod.values())).toBeLessThanOrEqual(limit.limitNanoUsd);
  }
}

const command = (name: string, step: (model: Model, real: Real) => void): fc.Command<Model, Real> => ({
  check: () => true,
  run: (model, real) => {
    step(model, real);
    compare(model, real);
  },
  toString: () => name,
});

const reserve = fc.tuple(fc.nat(400), fc.option(fc.nat(40)), fc.integer({ min: 1, max: 600_000 })).map(([amount, cheap, ttlMs]) =>
  command(`reserve ${amount} (${cheap}) for ${ttlMs} ms`, (model, real) => {
    const id = `r${model.serial++}`;
    expire(model);
    const cheapAmount = cheap === null ? null : Math.min(cheap, amount);
    const expiresAtMs = model.nowMs + ttlMs;
    const lacking = limits.filter((limit) => limit.limitNanoUsd - takenIn(model, limit, model.nowMs) < amount);
    const isCheap =
      lacking.length > 0 && cheapAmount !== null && lacking.every(({ whenExhausted }) => whenExhausted === 'cheap_tier');
    const { state, result, reservation } = reserveBudget(
      real.state,
      { id, amountNanoUsd: amount, cheapAmountNanoUsd: cheapAmount, expiresAtMs },
      limits,
      model.nowMs,
    );
    real.state = state;
    expect(result.ok).toBe(lacking.length === 0 || isCheap);
    if (!result.ok) return;
    expect(reservation?.isCheapTierOnly).toBe(isCheap);
    const reserved = isCheap ? (cheapAmount ?? 0) : amount;
    model.requests.set(id, { admittedAtMs: model.nowMs, reserved, expiresAtMs, sweptAtMs: null, isForgotten: false, cost: null });
  }),
);

/** Any request ever made: open, settled already, expired and swept, never granted. */
const picked = (model: Model, pick: number) => (model.serial === 0 ? 'nobody' : `r${pick % model.serial}`);

const settle = fc.tuple(fc.nat(100), fc.option(fc.nat(100))).map(([pick, percent]) =>
  command(`settle ${pick} at ${percent} %`, (model, real) => {
    const id = picked(model, pick);
    const request = model.requests.get(id);
    const cost = request === undefined ? 5 : percent === null ? null : Math.floor((request.reserved * percent) / 100);
    const settled = settleBudget(real.state, id, cost);
    real.state = settled.state;
    if (request === undefined || request.cost !== null || request.isForgotten) {
      expect(settled.isSettled).toBe(false);
    } else {
      expect(settled.isSettled).toBe(true);
      request.cost = cost ?? request.reserved;
    }
    expect(settled.excessNanoUsd).toBe(0);
  }),
);

const release = fc.nat(100).map((pick) =>
  command(`release ${pick}`, (model, real) => {
    const id = picked(model, pick);
    const settled = settleBudget(real.state, id, 0);
    real.state = settled.state;
    const request = model.requests.get(id);
    if (settled.isSettled && request !== undefined) request.cost = 0;
    expect(settled.isSettled && request === undefined).toBe(false);
  }),
);

const repeat = fc.nat(100).map((pick) =>
  command(`repeat the reservation of ${pick}`, (model, real) => {
    const id = picked(model, pick);
    const request = model.requests.get(id);
    if (request === undefined || !isOpen(request)) return;
    if (request.expiresAtMs <= model.nowMs) return;
    expire(model);
    const again = { id, amountNanoUsd: 999, cheapAmountNanoUsd: null, expiresAtMs: model.nowMs + 1 };
    const { state, result, reservation } = reserveBudget(real.state, again, limits, model.nowMs);
    real.state = state;
    expect([result.ok, reservation?.amountNanoUsd]).toEqual([true, request.reserved]);
  }),
);

const extend = fc.tuple(fc.nat(100), fc.nat(300)).map(([pick, extra]) =>
  command(`extend ${pick} by ${extra}`, (model, real) => {
    const id = picked(model, pick);
    const request = model.requests.get(id);
    expire(model);
    const { state, isGranted } = extendBudget(real.state, { id, extraNanoUsd: extra }, limits, model.nowMs);
    real.state = state;
    const hasRoom =
      request !== undefined &&
      isOpen(request) &&
      hard.every((limit) => limit.limitNanoUsd - takenIn(model, limit, request.admittedAtMs) >= extra);
    expect(isGranted).toBe(hasRoom);
    if (isGranted && request !== undefined) request.reserved += extra;
  }),
);

/** Minutes as a rule, so that reservations expire; hours and days now and then, so that periods roll over. */
const wait = fc
  .oneof(
    { weight: 6, arbitrary: fc.nat(400_000) },
    { weight: 2, arbitrary: fc.nat(2 * 3_600_000) },
    { weight: 1, arbitrary: fc.nat(40 * dayMs) },
  )
  .map((durationMs) =>
    command(`wait ${durationMs}`, (model) => {
      model.nowMs += durationMs;
    }),
  );

const sweep = fc.constant(
  command('sweep', (model, real) => {
    const expired = [...model.requests].filter(([, request]) => isOpen(request) && request.expiresAtMs <= model.nowMs);
    const swept = sweepShelf(real.state, model.nowMs);
    real.state = swept.state;
    expect([...swept.orphans].sort()).toEqual(expired.map(([id]) => id).sort());
    expire(model);
    expect([...real.state.state.open.values()].every(({ expiresAtMs }) => expiresAtMs > model.nowMs)).toBe(true);
  }),
);

const foldSums = fc.constant(
  command('fold', (_, real) => {
    real.state = fold(real.state);
  }),
);

describe('budgets against a model', () => {
  it('never pass a hard limit, in any period, under any interleaving, and always add up', () => {
    fc.assert(
      fc.property(
        fc.commands([reserve, reserve, reserve, settle, release, repeat, extend, wait, sweep, foldSums], {
          maxCommands: 150,
          size: 'max',
        }),
        (commands) => {
          const nowMs = Date.parse('2026-11-20T22:00:00Z');
          fc.modelRun(() => ({ model: { nowMs, requests: new Map(), serial: 0 }, real: { state: emptyShelf } }), commands);
        },
      ),
      { numRuns: 100 },
    );
  }, 20_000);
});
