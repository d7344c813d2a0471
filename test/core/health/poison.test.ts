/** A body that no server can take must not eject models for all clients; a fleet that answers no request must still be noticed. */
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/chat.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { addFailures, isTooLong, noFailures } from '../../../worker/core/health/failure-run.ts';
import { addReport, type AttemptReport } from '../../../worker/core/health/health-event.ts';
import { bodyMark, mayBeTheRequest, speaksOfRequest } from '../../../worker/core/health/request-blame.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { step } from '../../../worker/core/health/step.ts';
import { unknownHealth } from '../../../worker/core/health/health-state.ts';
import { causes, type FailureCause } from '../../../worker/core/upstreams/causes.ts';
import { candidate, planOf } from '../route/attempts.ts';
import { pair, reportOf, rules } from './fleet.ts';
import { simulate } from './simulation.ts';

const causeIds = Object.keys(causes) as FailureCause[];
const plan = planOf(candidate('small'), candidate('large'));
const boom = { cause: 'server_error', afterMs: 20, isSeenByProbes: false } as const;

const unsure = (mark: number, on = 'small'): AttemptReport => {
  const line = reportOf('server_error', on, {}, mark);
  return line.kind === 'failure' ? { ...line, bodyMark: mark } : line;
};

describe('a failure that may be the request\u2019s own', () => {
  it('is an error of the server\u2019s code or an answer without sense, and never a connection', () => {
    expect(causeIds.filter(mayBeTheRequest).toSorted()).toEqual(['invalid_answer', 'server_error']);
    for (const cause of ['unreachable', 'reset', 'timeout', 'gateway_error', 'tunnel', 'broken_off'] as const)
      expect(speaksOfRequest(cause)).toBe('nothing');
  });

  it('counts once for one body, however often that is sent', () => {
    let run = noFailures;
    for (let time = 0; time < 100; time += 1) run = addFailures(run, { cause: 'server_error', count: 3, bodyMark: 7 }, time);
    expect([run.unsure, isTooLong(run, rules.breaker)]).toEqual([[7], false]);
  });

  it('counts less than a proven one for every other body: six take a model out that five of those would', () => {
    const state = (marks: number) =>
      snapshot(
        step(
          unknownHealth,
          { kind: 'reports', isolateId: 'i', reports: Array.from({ length: marks }, (_, n) => unsure(n)) },
          9,
          pair,
        ),
        10,
        pair,
      ).models['small']?.status;
    expect([state(5), state(6)]).toEqual(['up', 'down']);
  });

  it('is forgotten with the next answer', () => {
    const run = addFailures(noFailures, { cause: 'server_error', count: 1, bodyMark: 7 }, 0);
    const success = step(
      step(unknownHealth, { kind: 'reports', isolateId: 'i', reports: [unsure(1), unsure(2)] }, 5, pair),
      { kind: 'reports', isolateId: 'i', reports: [reportOf('success', 'small', {}, 6)] },
      6,
      pair,
    );
    expect(run.unsure).toEqual([7]);
    expect(success.instances['small@u-small']?.run.unsure).toEqual([]);
  });

  it('keeps its mark in a batch', () => {
    const batch = [unsure(1), unsure(1), unsure(2)].reduce(addReport, [] as readonly AttemptReport[]);
    expect(batch.map((line) => line.count)).toEqual([2, 1]);
  });

  it('has the mark of what a model reads, and of nothing else', () => {
    const request = { model: 'auto', messages: [{ role: 'user' as const, content: 'a' }] };
    const mark = (change: Partial<ChatRequest>) => bodyMark(innerRequest({ ...request, ...change }));
    expect(mark({ model: 'small', stream: true, user: 'u' })).toBe(mark({}));
    expect(mark({ messages: [{ role: 'user', content: 'b' }] })).not.toBe(mark({}));
    expect(mark({ tools: [{ type: 'function', function: { name: 'f' } }] })).not.toBe(mark({}));
  });
});

describe('a client that sends the same poison a hundred times', () => {
  const poisoned = (isPoison: (request: number) => boolean, isSame: boolean) =>
    simulate({
      requestsPerSecond: 5,
      isolates: 2,
      plan,
      untilMs: 60_000,
      faultOf: (_model, _nowMs, request) => (request !== null && isPoison(request) ? boom : null),
      markOf: (request) => (isPoison(request) && isSame ? -1 : request),
    });

  it.each([
    ['between other clients', (request: number) => request % 3 === 0, true],
    ['alone, before the others come', (request: number) => request < 100, true],
    ['between other clients, a little different every time', (request: number) => request % 3 === 0, false],
  ])('takes no model from anybody: %s', (_, isPoison, isSame) => {
    const { requests, calls } = poisoned(isPoison, isSame);
    const poison = Array.from({ length: requests.length }, (_request, index) => index).filter(isPoison).length;
    expect(poison).toBeGreaterThanOrEqual(100);
    // Nobody else has lost an answer, and no model was ever out: a trial would say so.
    expect(requests.filter(({ isOk }) => !isOk).length).toBe(poison);
    expect(requests.filter(({ isOk }) => isOk).every(({ calls: made }) => made === 1)).toBe(true);
    expect(calls.some(({ isTrial }) => isTrial)).toBe(false);
  });
});
