import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countRequest,
  countRetry,
  emptyRetryBudget,
  mayRetry,
  type RetryBudget,
  retryWindowSeconds,
} from '../../../worker/core/route/retry-budget.ts';

const config = { budget_ratio: 0.25, budget_floor_per_second: 0.5 };

/** Requests `perSecond` for `seconds`, each of which wants a retry; returns the retries made. */
function run(perSecond: number, seconds: number, from: RetryBudget = emptyRetryBudget): number {
  let budget = from;
  let retries = 0;
  for (let index = 0; index < perSecond * seconds; index += 1) {
    const nowMs = (index * 1000) / perSecond;
    budget = countRequest(budget, nowMs);
    if (!mayRetry(budget, nowMs, config)) continue;
    budget = countRetry(budget, nowMs);
    retries += 1;
  }
  return retries;
}

describe('the retry budget', () => {
  it.each([
    [2, 60],
    [10, 60],
    [50, 60],
  ])('at %i requests a second lets through the ratio and the floor, and no more', (perSecond, seconds) => {
    const requests = perSecond * seconds;
    const most = config.budget_ratio * requests + config.budget_floor_per_second * (seconds + retryWindowSeconds);
    const retries = run(perSecond, seconds);
    expect(retries).toBeLessThanOrEqual(most);
    expect(retries).toBeGreaterThan(config.budget_ratio * requests * 0.9);
  });

  it('lets a fresh isolate spend the floor of one window at once', () => {
    let budget = emptyRetryBudget;
    let retries = 0;
    while (mayRetry(budget, 0, config)) {
      budget = countRetry(budget, 0);
      retries += 1;
    }
    expect(retries).toBe(5);
  });

  it('allows nothing with a ratio and a floor of zero', () => {
    expect(mayRetry(countRequest(emptyRetryBudget, 0), 0, { budget_ratio: 0, budget_floor_per_second: 0 })).toBe(false);
  });

  it('goes on when the clock steps back', () => {
    const budget = countRequest(countRequest(emptyRetryBudget, 9000), 4000);
    expect(budget).toEqual([{ second: 9, requests: 2, retries: 0 }]);
  });
});

/** All events with their second: the plainest sliding window. */
interface Model {
  nowMs: number;
  events: { second: number; isRetry: boolean }[];
}
interface Real {
  budget: RetryBudget;
}

const modelAllows = ({ nowMs, events }: Model) => {
  const live = events.filter((event) => event.second > Math.floor(nowMs / 1000) - retryWindowSeconds);
  const retries = live.filter((event) => event.isRetry).length;
  return retries + 1 <= config.budget_ratio * (live.length - retries) + config.budget_floor_per_second * retryWindowSeconds;
};

const event = (isRetry: boolean): fc.Command<Model, Real> => ({
  check: () => true,
  run(model, real) {
    model.events.push({ second: Math.floor(model.nowMs / 1000), isRetry });
    real.budget = (isRetry ? countRetry : countRequest)(real.budget, model.nowMs);
    expect(mayRetry(real.budget, model.nowMs, config)).toBe(modelAllows(model));
    expect(real.budget.length).toBeLessThanOrEqual(retryWindowSeconds);
  },
  toString: () => (isRetry ? 'retry' : 'request'),
});

const advance = (ms: number): fc.Command<Model, Real> => ({
  check: () => true,
  run(model, real) {
    model.nowMs += ms;
    expect(mayRetry(real.budget, model.nowMs, config)).toBe(modelAllows(model));
  },
  toString: () => `+${ms} ms`,
});

it('agrees with a window that remembers every event', () => {
  const commands = fc.commands(
    [fc.nat(4000).map(advance), fc.constantFrom(event(true), event(false)), fc.constant(event(false))],
    {
      size: '+1',
      maxCommands: 80,
    },
  );
  const start = () => ({ model: { nowMs: 0, events: [] }, real: { budget: emptyRetryBudget } });
  fc.assert(
    fc.property(commands, (run) => fc.modelRun(start, run)),
    { numRuns: 500 },
  );
});
