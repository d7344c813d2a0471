import { afterAll, describe, expect, it } from 'vitest';
import type { FailureCause } from '../../../worker/core/upstreams/causes.ts';
import { candidate, planOf } from '../route/attempts.ts';
import { type Fault, simulate } from './simulation.ts';

const startMs = 20_000;
const endMs = startMs + 60_000;
const plan = planOf(candidate('small'), candidate('large'));

/** The worst of each kind over all loads. */
const worst = new Map<string, { perRequest: number; trials: number; recoveryMs: number }>();
afterAll(() => {
  const lines = [...worst].map(
    ([name, { perRequest, trials, recoveryMs }]) =>
      `${name}: ${perRequest.toFixed(3)}, ${trials}, ${(recoveryMs / 1000).toFixed(1)} s`,
  );
  console.log(
    [
      '60 s of outage at 2 to 50 requests/s: most calls a request without trials, most trials, latest first good call after it',
      ...lines,
    ].join('\n'),
  );
});

function note(
  name: string,
  { perRequest, trials, recoveryMs }: { perRequest: number; trials: number; recoveryMs: number },
): void {
  const before = worst.get(name) ?? { perRequest: 0, trials: 0, recoveryMs: 0 };
  worst.set(name, {
    perRequest: Math.max(before.perRequest, perRequest),
    trials: Math.max(before.trials, trials),
    recoveryMs: Math.max(before.recoveryMs, recoveryMs),
  });
}

interface Kind {
  readonly name: string;
  readonly fault: Fault;
}

const kind = (cause: FailureCause, afterMs: number, isSeenByProbes: boolean, name: string = cause): Kind => ({
  name,
  fault: { cause, afterMs, isSeenByProbes },
});

const kinds = [
  kind('unreachable', 2, true),
  kind('reset', 20, true),
  kind('timeout', 3000, true, 'no headers for 3 s'),
  kind('server_error', 20, false, '500, probes are fine'),
  kind('gateway_error', 20, true),
  kind('tunnel', 30, true),
  kind('auth', 30, true),
  kind('invalid_answer', 100, false, 'garbage, probes are fine'),
  kind('broken_off', 500, false, 'breaks off, probes are fine'),
];

const loads = [
  { requestsPerSecond: 2, isolates: 1 },
  { requestsPerSecond: 2, isolates: 6 },
  { requestsPerSecond: 10, isolates: 3 },
  { requestsPerSecond: 50, isolates: 6 },
];
const cases = kinds.flatMap(({ name, fault }) => loads.map((load) => ({ name, fault, ...load })));

/** Runs 20 s of health, 60 s of outage, 40 s of recovery. */
function outage(dead: readonly string[], fault: Fault, load: { requestsPerSecond: number; isolates: number }) {
  const isDead = (modelId: string, nowMs: number) => dead.includes(modelId) && nowMs >= startMs && nowMs < endMs;
  const { calls, requests } = simulate({
    ...load,
    plan,
    untilMs: endMs + 40_000,
    faultOf: (modelId, nowMs) => (isDead(modelId, nowMs) ? fault : null),
  });
  const during = calls.filter((call) => call.atMs >= startMs && call.atMs < endMs);
  const asked = requests.filter((request) => request.atMs >= startMs && request.atMs < endMs);
  const trials = during.filter((call) => call.isTrial).length;
  const recoveredAtMs = dead.map(
    (modelId) => calls.find((call) => call.modelId === modelId && call.isOk && call.atMs >= endMs)?.atMs ?? Infinity,
  );
  return {
    calls,
    requests,
    during,
    asked,
    trials,
    perRequest: (during.length - trials) / asked.length,
    recoveryMs: Math.min(...recoveredAtMs) - endMs,
  };
}

describe('a steady outage of both models', () => {
  it.each(cases)(
    '$name at $requestsPerSecond/s on $isolates isolates: at most 1.2 calls a request, back within 30 s',
    ({ name, fault, ...load }) => {
      const { during, asked, perRequest, trials, recoveryMs, requests } = outage(['small', 'large'], fault, load);
      note(`both dead, ${name}`, { perRequest, trials, recoveryMs });
      expect(requests.length).toBe(120 * load.requestsPerSecond);
      expect(perRequest).toBeLessThanOrEqual(1.2);
      expect(during.length).toBeGreaterThanOrEqual(asked.length);
      // Two models, a good probe every five seconds at most, and the ends of the ejections.
      expect(trials).toBeLessThanOrEqual(2 * (60 / 5 + 4));
      expect(recoveryMs).toBeLessThanOrEqual(30_000);
      const late = requests.filter((request) => request.atMs >= endMs + 30_000);
      expect(late.every((request) => request.isOk)).toBe(true);
    },
  );
});

describe('one dead model of two', () => {
  it.each(cases)(
    '$name at $requestsPerSecond/s on $isolates isolates: every request is answered, and the model is used again within 30 s',
    ({ name, fault, ...load }) => {
      const { perRequest, trials, recoveryMs, requests } = outage(['small'], fault, load);
      note(`one dead, ${name}`, { perRequest, trials, recoveryMs });
      expect(requests.filter((request) => !request.isOk)).toEqual([]);
      expect(perRequest).toBeLessThanOrEqual(1.2);
      expect(recoveryMs).toBeLessThanOrEqual(30_000);
    },
  );
});

it('a burst of 40 requests into a dead fleet makes at most 1.6 calls a request', () => {
  const fault: Fault = { cause: 'unreachable', afterMs: 2, isSeenByProbes: true };
  const { calls, requests } = simulate({ requestsPerSecond: 4000, isolates: 1, untilMs: 10, plan, faultOf: () => fault });
  note('burst of 40', { perRequest: calls.length / requests.length, trials: 0, recoveryMs: 0 });
  expect(requests.length).toBe(40);
  expect(calls.length / requests.length).toBeLessThanOrEqual(1.6);
});
