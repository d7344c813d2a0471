import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errors } from '../../../shared/errors.ts';
import { isUsable } from '../../../worker/core/health/usable.ts';
import { statusIds } from '../../../worker/core/health/snapshot.ts';
import type { Candidate, AttemptOutcome } from '../../../worker/core/route/attempt.ts';
import { causes, type FailureCause, ruleOf } from '../../../worker/core/upstreams/causes.ts';
import { routeKey } from '../../../worker/core/upstreams/route-key.ts';
import { next, type NextStep } from '../../../worker/core/route/next.ts';
import { candidate, failed, health, planOf, retry } from './attempts.ts';

const causeIds = Object.keys(causes) as FailureCause[];
const models = ['a', 'b', 'c', 'd'];

const routes = fc.uniqueArray(
  fc.record({
    modelId: fc.constantFrom(...models),
    upstreamId: fc.constantFrom('u1', 'u2', 'u3', 'u4'),
    tunnelId: fc.constantFrom('t1', 't2'),
    contextTokens: fc.constantFrom(500, 1000, 2000, 4000),
  }),
  { selector: ({ modelId, upstreamId }) => `${modelId}@${upstreamId}`, maxLength: 7 },
);

/** Everything a request can meet: a plan, a health, what each attempt comes to, and whether each retry is paid for. */
const world = fc.record({
  plan: routes.map((list) => planOf(...list.map(({ modelId, ...rest }) => candidate(modelId, rest)))),
  statuses: fc.array(fc.tuple(fc.constantFrom(...statusIds), fc.boolean()), { minLength: 7, maxLength: 7 }),
  endings: fc.array(
    fc.record({
      cause: fc.option(fc.constantFrom(...causeIds), { freq: 12 }),
      retryAfterMs: fc.option(fc.constantFrom(0, 500, 3000, 3001, 120_000)),
    }),
    { minLength: 10, maxLength: 10 },
  ),
  allowed: fc.array(fc.boolean(), { minLength: 11, maxLength: 11 }),
  maxAttempts: fc.integer({ min: 1, max: 10 }),
  perModel: fc.integer({ min: 1, max: 5 }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

/** Plays a request to its end. */
function play(given: World) {
  const states = given.plan.candidates.map((route, index) => {
    const [status, hasPermit] = given.statuses[index] ?? ['up', false];
    return [route, status, { hasPermit: status === 'half_open' && hasPermit }] as const;
  });
  const snapshot = health(...states);
  const outcomes: AttemptOutcome[] = [];
  const tries: { step: Extract<NextStep, { kind: 'try' }>; isRetryAllowed: boolean; before: readonly AttemptOutcome[] }[] = [];
  for (;;) {
    const isRetryAllowed = given.allowed[outcomes.length] ?? false;
    const config = { ...retry, max_attempts: given.maxAttempts, attempts_per_model: given.perModel };
    const step = next(given.plan, outcomes, {
      nowMs: 0,
      random: () => given.random,
      retry: config,
      isRetryAllowed,
      snapshot,
    });
    if (step.kind !== 'try') return { end: step, outcomes, tries, snapshot };
    tries.push({ step, isRetryAllowed, before: [...outcomes] });
    const ending = given.endings[outcomes.length];
    if (ending === undefined) throw new Error('more attempts than any configuration allows');
    const { cause, retryAfterMs } = ending;
    outcomes.push(
      cause === null ? { isOk: true, candidate: step.candidate } : failed(step.candidate, cause, retryAfterMs ?? undefined),
    );
  }
}

const holds = (property: (given: World) => void) => fc.assert(fc.property(world, property), { numRuns: 1500 });
const tried = (outcomes: readonly AttemptOutcome[], same: (route: Candidate) => boolean) =>
  outcomes.filter((outcome) => same(outcome.candidate));

describe('whatever happens to a request', () => {
  it('ends after at most max_attempts attempts, attempts_per_model of them on one model', () => {
    holds((given) => {
      const { outcomes } = play(given);
      expect(outcomes.length).toBeLessThanOrEqual(given.maxAttempts);
      for (const modelId of models) {
        expect(tried(outcomes, (route) => route.modelId === modelId).length).toBeLessThanOrEqual(given.perModel);
      }
    });
  });

  it('answers exactly when the last attempt succeeded, and shows one of its own failures otherwise', () => {
    holds((given) => {
      const { end, outcomes } = play(given);
      expect(end.kind === 'answer').toBe(outcomes.at(-1)?.isOk === true);
      if (end.kind !== 'fail' || outcomes.length === 0) return;
      expect(outcomes.some((outcome) => !outcome.isOk && outcome.failure === end.failure)).toBe(true);
      expect(errors[end.failure.code].status).toBeGreaterThanOrEqual(400);
    });
  });

  it('never tries a route again whose failure forbids it', () => {
    holds((given) => {
      for (const { step, before } of play(given).tries) {
        for (const outcome of tried(before, (route) => routeKey(route) === routeKey(step.candidate))) {
          expect(outcome.isOk ? 'ok' : ruleOf(outcome.cause).sameRoute).not.toBe('never');
        }
      }
    });
  });

  it('comes back to no route and no model that it has left', () => {
    holds((given) => {
      const { outcomes } = play(given);
      for (const keyOf of [routeKey, (route: Candidate) => route.modelId]) {
        const inOrder = outcomes.map((outcome) => keyOf(outcome.candidate));
        const changes = inOrder.filter((key, index) => key !== inOrder[index - 1]);
        expect(new Set(changes).size).toBe(changes.length);
      }
    });
  });

  it('never goes on after a failure that ends the request', () => {
    holds((given) => {
      for (const { before } of play(given).tries) {
        for (const outcome of before) expect(outcome.isOk ? 'ok' : ruleOf(outcome.cause).elsewhere).not.toBe('never');
      }
    });
  });

  it('never uses a model that is out while one that fits can be used, and after the first attempt never at all', () => {
    holds((given) => {
      const { tries, snapshot } = play(given);
      const canBeUsed = (route: Candidate) => isUsable(snapshot, route, 0);
      for (const { step, before } of tries) {
        if (canBeUsed(step.candidate)) continue;
        const isWaitedFor = step.as === 'retry' && before.at(-1)?.candidate === step.candidate;
        if (isWaitedFor) continue;
        expect(step.as).toBe('last_resort');
        expect(before.length).toBe(0);
        expect(given.plan.candidates.filter((route) => route.contextTokens >= 1000 && canBeUsed(route))).toEqual([]);
      }
    });
  });

  it('never tries a model without room, nor one with no more room after "too long"', () => {
    holds((given) => {
      for (const { step, before } of play(given).tries) {
        expect(step.candidate.contextTokens).toBeGreaterThanOrEqual(1000);
        for (const outcome of before) {
          if (!outcome.isOk && outcome.cause === 'context_length')
            expect(step.candidate.contextTokens).toBeGreaterThan(outcome.candidate.contextTokens);
        }
      }
    });
  });

  it('knocks at most twice at a tunnel that refuses', () => {
    holds((given) => {
      for (const { before } of play(given).tries) {
        for (const tunnelId of ['t1', 't2']) {
          const refused = before.filter(
            (outcome) => !outcome.isOk && ruleOf(outcome.cause).elsewhere === 'once' && outcome.candidate.tunnelId === tunnelId,
          );
          expect(refused.length).toBeLessThanOrEqual(2);
        }
      }
    });
  });

  it('pays for every second try of a model, and never waits longer than the longest backoff or Retry-After', () => {
    holds((given) => {
      for (const { step, before, isRetryAllowed } of play(given).tries) {
        const isSecondTry = tried(before, (route) => route.modelId === step.candidate.modelId).length > 0;
        if (isSecondTry) expect([step.as, isRetryAllowed]).toEqual(['retry', true]);
        expect(step.waitMs).toBeGreaterThanOrEqual(0);
        expect(step.waitMs).toBeLessThan(Math.max(retry.backoff_max_ms, retry.max_retry_after_ms + retry.backoff_base_ms));
      }
    });
  });
});
