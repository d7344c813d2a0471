import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyLocal } from '../../../worker/core/health/apply-local.ts';
import { addReport, type AttemptReport, maxReports } from '../../../worker/core/health/health-event.ts';
import { unknownHealth } from '../../../worker/core/health/health-state.ts';
import type { HealthSnapshot } from '../../../worker/core/health/snapshot.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { step } from '../../../worker/core/health/step.ts';
import { currentStatus, isUsable } from '../../../worker/core/health/usable.ts';
import { pair, play, reportOf, rules } from './fleet.ts';

const small = { modelId: 'small', upstreamId: 'u-small' };
const large = { modelId: 'large', upstreamId: 'u-large' };

const statusAfter = (view: HealthSnapshot, reports: readonly AttemptReport[], nowMs: number) =>
  reports.reduce((seen, report) => applyLocal(seen, report, nowMs, rules), view).instances['small@u-small']?.status;

describe("an isolate's overlay", () => {
  const up = snapshot(unknownHealth, 0, pair);

  it.each([
    ['two resets leave it up', [reportOf('reset', 'small', { count: 2 }, 0)], 'up'],
    ['three resets take it down', [reportOf('reset', 'small', { count: 3 }, 0)], 'down'],
    [
      'a success ends the run',
      [reportOf('reset', 'small', { count: 2 }, 0), reportOf('success', 'small', {}, 0), reportOf('reset', 'small', {}, 0)],
      'up',
    ],
    ['a 429 throttles it', [reportOf('rate_limited', 'small', { retryAfterMs: 2000 }, 0)], 'throttled'],
    ['a 404 makes it missing', [reportOf('model_missing', 'small', {}, 0)], 'missing'],
    ['a 400 says nothing', [reportOf('client', 'small', { count: 99 }, 0)], 'up'],
    ['a success brings it back', [reportOf('reset', 'small', { count: 3 }, 0), reportOf('begun', 'small', {}, 1)], 'up'],
  ] as const)('%s', (_, reports, expected) => {
    expect(statusAfter(up, reports, 0)).toBe(expected);
  });

  it('goes on from the failures that the object has counted', () => {
    const seen = snapshot(play([[0, { is: 'reset', on: 'small', count: 2 }]]), 1, pair);
    expect(statusAfter(seen, [reportOf('reset', 'small', {}, 1)], 1)).toBe('down');
  });

  it('sends one trial with a permit, and none after it failed', () => {
    const state = play([
      [0, { is: 'reset', on: 'small', count: 3 }],
      [10_100, { is: 'read', by: 'i1' }],
    ]);
    const seen = snapshot(state, 10_100, pair, 'i1');
    expect(isUsable(seen, small, 10_100)).toBe(true);
    const trying = applyLocal(seen, reportOf('trial', 'small', {}, 10_200), 10_200, rules);
    expect(isUsable(trying, small, 10_200)).toBe(false);
    const failed = applyLocal(trying, reportOf('reset', 'small', {}, 10_300), 10_300, rules);
    expect(failed.instances['small@u-small']).toMatchObject({ status: 'down', untilMs: 20_300 });
  });

  it('spends the one permit of a tunnel for all models behind it, and revives the tunnel with one of them', () => {
    const state = play([
      [0, { is: 'tunnel', on: 'small' }],
      [1, { is: 'tunnel', on: 'large' }],
      [10_100, { is: 'read', by: 'i1' }],
    ]);
    const seen = snapshot(state, 10_100, pair, 'i1');
    expect([isUsable(seen, small, 10_100), isUsable(seen, large, 10_100)]).toEqual([true, true]);
    const trying = applyLocal(seen, reportOf('trial', 'small', {}, 10_200), 10_200, rules);
    expect([isUsable(trying, small, 10_200), isUsable(trying, large, 10_200)]).toEqual([false, false]);
    const revived = applyLocal(trying, reportOf('success', 'small', {}, 10_300), 10_300, rules);
    expect(revived.tunnels['main']?.status).toBe('up');
    expect(isUsable(revived, small, 10_300)).toBe(true);
  });

  it('knows by itself when a throttle is over, and lets traffic through when no snapshot comes for long after an ejection', () => {
    const seen = snapshot(
      play([
        [0, { is: 'rate_limited', on: 'small', retryAfterMs: 2000 }],
        [0, { is: 'reset', on: 'large', count: 3 }],
      ]),
      1,
      pair,
    );
    const at = (key: string, nowMs: number) => {
      const instance = seen.instances[key];
      return instance && currentStatus(instance, nowMs);
    };
    expect([at('small@u-small', 1999), at('small@u-small', 2000)]).toEqual(['throttled', 'up']);
    expect([at('large@u-large', 19_999), at('large@u-large', 20_000)]).toEqual(['down', 'up']);
  });

  it('counts what it has never heard of as usable', () => {
    expect(isUsable(null, small, 0)).toBe(true);
    expect(isUsable(up, { modelId: 'new', upstreamId: 'u-new' }, 0)).toBe(true);
  });
});

describe("an isolate's batch", () => {
  it('counts repeats instead of growing, per route, with the newest start', () => {
    const lines = [
      reportOf('reset', 'small', {}, 1),
      reportOf('success', 'large', {}, 2),
      reportOf('reset', 'small', {}, 3),
      reportOf('success', 'small', {}, 4),
    ];
    const batch = lines.reduce(addReport, [] as readonly AttemptReport[]);
    expect(batch.map((line) => [line.modelId, line.kind, line.count, line.startedAtMs])).toEqual([
      ['small', 'failure', 2, 3],
      ['large', 'success', 1, 2],
      ['small', 'success', 1, 4],
    ]);
  });

  it('never passes its bound and drops the oldest first', () => {
    let batch: readonly AttemptReport[] = [];
    for (let index = 0; index < 3 * maxReports; index += 1)
      batch = addReport(batch, reportOf(index % 2 ? 'success' : 'reset', 'small', {}, index));
    expect(batch.length).toBe(maxReports);
    expect(batch.at(-1)?.startedAtMs).toBe(3 * maxReports - 1);
  });

  it('means the same to the object as the lines one by one', () => {
    const line = fc.record({
      is: fc.constantFrom('reset', 'server_error', 'success', 'begun', 'rate_limited'),
      on: fc.constantFrom('small', 'large'),
    });
    const property = fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
      const reports = lines.map(({ is, on }) => reportOf(is, on, {}, 0));
      const batch = reports.reduce(addReport, [] as readonly AttemptReport[]);
      const ofBatch = step(unknownHealth, { kind: 'reports', isolateId: 'i1', reports: batch }, 5, pair);
      const ofLines = reports.reduce(
        (state, report) => step(state, { kind: 'reports', isolateId: 'i1', reports: [report] }, 5, pair),
        unknownHealth,
      );
      expect(snapshot({ ...ofBatch, version: 0 }, 6, pair).models).toEqual(snapshot({ ...ofLines, version: 0 }, 6, pair).models);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
