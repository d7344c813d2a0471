/** An engine that is dead behind probes that are well: who pays for finding out, and how often. */
import { describe, expect, it } from 'vitest';
import { candidate, planOf } from '../route/attempts.ts';
import { type Fault, simulate } from './simulation.ts';

const plan = planOf(candidate('small'), candidate('large'));
const minuteMs = 60_000;

const kinds: readonly (readonly [string, Fault])[] = [
  ['answers 500', { cause: 'server_error', afterMs: 20, isSeenByProbes: false }],
  ['never answers', { cause: 'timeout', afterMs: 12_000, isSeenByProbes: false }],
  ['breaks off', { cause: 'broken_off', afterMs: 500, isSeenByProbes: false }],
  ['resets every call', { cause: 'reset', afterMs: 20, isSeenByProbes: false }],
  ['refuses every call', { cause: 'unreachable', afterMs: 2, isSeenByProbes: false }],
];

describe.each(kinds)('an engine that %s while its probes are well', (_, fault) => {
  const deadUntilMs = 60 * minuteMs;
  const { calls, requests } = simulate({
    requestsPerSecond: 1 / 20,
    isolates: 1,
    plan,
    untilMs: 90 * minuteMs,
    faultOf: (modelId, nowMs) => (modelId === 'small' && nowMs < deadUntilMs ? fault : null),
  });
  const onSmall = calls.filter(({ modelId }) => modelId === 'small');

  it('is tried more and more seldom by the one user of every twenty seconds', () => {
    const trials = onSmall.filter(({ isTrial, atMs }) => isTrial && atMs < deadUntilMs).map(({ atMs }) => atMs);
    // 10 s, 20 s … 300 s: after an hour about every 260 s.
    expect(trials.length).toBeLessThanOrEqual(30);
    const late = trials.filter((atMs) => atMs > 30 * minuteMs);
    expect(late.length).toBeLessThanOrEqual(10);
  });

  it('costs nobody an answer', () => {
    expect(requests.filter(({ isOk }) => !isOk)).toEqual([]);
  });

  it('is used again within the longest ejection and one visit after it is back', () => {
    const back = onSmall.find(({ isOk }) => isOk)?.atMs ?? Infinity;
    expect(back - deadUntilMs).toBeLessThanOrEqual(300_000 + 40_000);
    const after = requests.filter(({ atMs }) => atMs > back + minuteMs);
    expect(after.every(({ calls: made }) => made === 1)).toBe(true);
  });
});

it('a process that was down, as its probes saw, is used again at the next probe', () => {
  const backAtMs = 10 * minuteMs;
  const { calls } = simulate({
    requestsPerSecond: 1,
    isolates: 2,
    plan,
    untilMs: 12 * minuteMs,
    faultOf: (modelId, nowMs) =>
      modelId === 'small' && nowMs < backAtMs ? { cause: 'unreachable', afterMs: 2, isSeenByProbes: true } : null,
  });
  const back = calls.find(({ modelId, isOk }) => modelId === 'small' && isOk)?.atMs ?? Infinity;
  expect(back - backAtMs).toBeLessThanOrEqual(10_000);
});
