import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatReset, rateLimitHeaders } from '../../../worker/core/limits/rate-headers.ts';
import * as core from '../../../worker/core/limits/rate.ts';
import { rateWindowMs, type RateHold, type RateLimits, type RateWindow } from '../../../worker/core/limits/rate.ts';

/** A window with what each request holds of it. */
interface RateState {
  readonly window: RateWindow;
  readonly holds: ReadonlyMap<string, RateHold>;
}

const emptyRate: RateState = { window: core.emptyRate, holds: new Map() };
const rateNumbers = ({ window }: RateState, of: RateLimits, nowMs: number) => core.rateNumbers(window, of, nowMs);

function takeRequest(
  state: RateState,
  { id, estimatedTokens }: { id: string; estimatedTokens: number },
  of: RateLimits,
  nowMs: number,
) {
  const { window, verdict } = core.takeRequest(state.window, estimatedTokens, of, nowMs);
  if (!verdict.isAllowed) return { state, verdict };
  return { state: { window, holds: new Map([...state.holds, [id, verdict.hold]]) }, verdict };
}

function settleTokens(state: RateState, id: string, tokens: number): RateState {
  const hold = state.holds.get(id);
  if (hold === undefined) return state;
  const holds = new Map([...state.holds].filter(([known]) => known !== id));
  return { window: core.settleTokens(state.window, hold, tokens), holds };
}

const limits = (requestsPerMinute: number | null, tokensPerMinute: number | null = null): RateLimits => ({
  requestsPerMinute,
  tokensPerMinute,
});

/** Sends `count` requests; returns how many passed. */
function takeMany(
  state: RateState,
  count: number,
  nowMs: number,
  of: RateLimits,
  tokens = 1,
): { state: RateState; passed: number } {
  let passed = 0;
  for (let index = 0; index < count; index += 1) {
    const step = takeRequest(state, { id: `${nowMs}-${index}`, estimatedTokens: tokens }, of, nowMs);
    state = step.state;
    if (step.verdict.isAllowed) passed += 1;
  }
  return { state, passed };
}

describe('requests per minute', () => {
  it.each([1, 7, 60, 1000])('lets exactly %d of many pass in a window, and as many in the next', (limit) => {
    const first = takeMany(emptyRate, limit * 3, 1234, limits(limit));
    expect(first.passed).toBe(limit);
    expect(takeMany(first.state, limit * 3, 1234 + rateWindowMs - 1, limits(limit)).passed).toBe(0);
    expect(takeMany(first.state, limit * 3, 1234 + rateWindowMs, limits(limit)).passed).toBe(limit);
  });

  it('tells a wait after which a request passes, and before which none does', () => {
    const { state } = takeMany(emptyRate, 5, 1000, limits(5));
    const refused = takeRequest(state, { id: 'x', estimatedTokens: 1 }, limits(5), 20_000);
    expect(refused.verdict).toEqual({ isAllowed: false, exceeded: 'requests', retryAfterMs: 41_000, isHopeless: false });
    expect(refused.state).toBe(state);
    expect(takeRequest(state, { id: 'x', estimatedTokens: 1 }, limits(5), 60_999).verdict.isAllowed).toBe(false);
    expect(takeRequest(state, { id: 'x', estimatedTokens: 1 }, limits(5), 61_000).verdict.isAllowed).toBe(true);
  });

  it('stays in the window when the clock steps back', () => {
    const { state } = takeMany(emptyRate, 5, 100_000, limits(5));
    expect(takeMany(state, 5, 50_000, limits(5)).passed).toBe(0);
    expect(rateNumbers(state, limits(5), 50_000).resetMs).toBe(rateWindowMs);
  });

  it('lets everything pass without a limit', () => {
    expect(takeMany(emptyRate, 500, 1000, limits(null)).passed).toBe(500);
  });
});

describe('tokens per minute', () => {
  it('reserves the estimate and gives back what was not used', () => {
    const reserved = takeRequest(emptyRate, { id: 'a', estimatedTokens: 900 }, limits(null, 1000), 1000).state;
    expect(takeRequest(reserved, { id: 'b', estimatedTokens: 200 }, limits(null, 1000), 1000).verdict).toMatchObject({
      exceeded: 'tokens',
    });
    const settled = settleTokens(reserved, 'a', 100);
    expect(rateNumbers(settled, limits(null, 1000), 1000).remainingTokens).toBe(900);
    expect(takeRequest(settled, { id: 'b', estimatedTokens: 200 }, limits(null, 1000), 1000).verdict.isAllowed).toBe(true);
  });

  it('settles once, and never below zero', () => {
    const reserved = takeRequest(emptyRate, { id: 'a', estimatedTokens: 900 }, limits(null, 1000), 1000).state;
    const settled = settleTokens(reserved, 'a', -5);
    expect(settled.window.tokens).toBe(0);
    expect(settleTokens(settled, 'a', 400)).toBe(settled);
  });

  it('does not charge a new window for a request of the last one', () => {
    const old = takeRequest(emptyRate, { id: 'a', estimatedTokens: 900 }, limits(null, 1000), 1000).state;
    const next = takeRequest(old, { id: 'b', estimatedTokens: 500 }, limits(null, 1000), 61_000).state;
    expect(settleTokens(next, 'a', 5000).window).toBe(next.window);
    expect(rateNumbers(next, limits(null, 1000), 61_000).remainingTokens).toBe(500);
  });

  it('books more than was estimated when that is the truth, and shows no negative remainder', () => {
    const reserved = takeRequest(emptyRate, { id: 'a', estimatedTokens: 10 }, limits(null, 1000), 1000).state;
    expect(rateNumbers(settleTokens(reserved, 'a', 1500), limits(null, 1000), 1000).remainingTokens).toBe(0);
  });

  it('calls a request hopeless that asks for more than a whole window', () => {
    const verdict = takeRequest(emptyRate, { id: 'a', estimatedTokens: 1001 }, limits(null, 1000), 1000).verdict;
    expect(verdict).toMatchObject({ isAllowed: false, isHopeless: true });
  });
});

describe('x-ratelimit headers', () => {
  it('name limit, remainder and reset of what is limited, and nothing else', () => {
    const { state } = takeMany(emptyRate, 3, 1000, limits(5), 10);
    expect(rateLimitHeaders(rateNumbers(state, limits(5), 2000))).toEqual([
      ['x-ratelimit-limit-requests', '5'],
      ['x-ratelimit-remaining-requests', '2'],
      ['x-ratelimit-reset-requests', '59s'],
    ]);
    expect(rateLimitHeaders(rateNumbers(emptyRate, limits(null, 100), 2000)).map(([, value]) => value)).toEqual([
      '100',
      '100',
      '0s',
    ]);
    expect(rateLimitHeaders(rateNumbers(state, limits(null), 2000))).toEqual([]);
  });

  it.each([
    [0, '0s'],
    [-5, '0s'],
    [1, '1s'],
    [59_001, '1m0s'],
    [60_000, '1m0s'],
    [61_000, '1m1s'],
  ])('write %d ms as %s', (durationMs, text) => {
    expect(formatReset(durationMs)).toBe(text);
  });
});

describe('against a model', () => {
  interface Model {
    nowMs: number;
    windowStartMs: number | null;
    /** Requests admitted in the window, by id. */
    admitted: Map<string, { tokens: number; isSettled: boolean }>;
    serial: number;
  }
  interface Real {
    state: RateState;
  }
  const of = limits(6, 1000);
  const used = (model: Model) => [...model.admitted.values()].reduce((sum, { tokens }) => sum + tokens, 0);
  const roll = (model: Model) => {
    if (model.windowStartMs !== null && model.nowMs >= model.windowStartMs + 60_000) {
      model.windowStartMs = null;
      model.admitted.clear();
    }
  };

  const command = (name: string, step: (model: Model, real: Real) => void): fc.Command<Model, Real> => ({
    check: () => true,
    run: (model, real) => {
      step(model, real);
      roll(model);
      const numbers = rateNumbers(real.state, of, model.nowMs);
      expect(numbers.remainingRequests).toBe(6 - model.admitted.size);
      expect(numbers.remainingTokens).toBe(1000 - used(model));
      expect(model.admitted.size).toBeLessThanOrEqual(6);
      expect(used(model)).toBeLessThanOrEqual(1000);
    },
    toString: () => name,
  });

  const take = fc.nat(500).map((tokens) =>
    command(`take ${tokens}`, (model, real) => {
      roll(model);
      const id = `r${model.serial++}`;
      const step = takeRequest(real.state, { id, estimatedTokens: tokens }, of, model.nowMs);
      real.state = step.state;
      expect(step.verdict.isAllowed).toBe(model.admitted.size < 6 && used(model) + tokens <= 1000);
      if (!step.verdict.isAllowed) return;
      model.windowStartMs ??= model.nowMs;
      model.admitted.set(id, { tokens, isSettled: false });
    }),
  );
  const settle = fc.tuple(fc.nat(50), fc.nat(100)).map(([pick, percent]) =>
    command(`settle ${pick} at ${percent} %`, (model, real) => {
      const id = `r${model.serial === 0 ? 0 : pick % model.serial}`;
      roll(model);
      const request = model.admitted.get(id);
      const tokens = request === undefined ? 400 : Math.floor((request.tokens * percent) / 100);
      real.state = settleTokens(real.state, id, tokens);
      if (request !== undefined && !request.isSettled) model.admitted.set(id, { tokens, isSettled: true });
    }),
  );
  const wait = fc.integer({ min: 1, max: 70_000 }).map((durationMs) =>
    command(`wait ${durationMs}`, (model) => {
      model.nowMs += durationMs;
    }),
  );

  it('never lets more pass than the limits, nor refuses what fits, under any interleaving', () => {
    fc.assert(
      fc.property(fc.commands([take, settle, wait], { maxCommands: 120, size: 'max' }), (commands) => {
        fc.modelRun(
          () => ({
            model: { nowMs: 1_000_000, windowStartMs: null, admitted: new Map(), serial: 0 },
            real: { state: emptyRate },
          }),
          commands,
        );
      }),
      { numRuns: 200 },
    );
  });
});
