/** What the log says of models that go down and come back, and how many failures are shown. */
import { describe, expect, it } from 'vitest';
import { healthConfig } from '../../../worker/core/health/health-config.ts';
import type { AttemptReport } from '../../../worker/core/health/health-event.ts';
import { type HealthState, unknownHealth } from '../../../worker/core/health/health-state.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { statusChanges } from '../../../worker/core/health/status-changes.ts';
import { step } from '../../../worker/core/health/step.ts';
import { configWith } from '../../support/fakes/config.ts';

const config = healthConfig(configWith());
const route = { modelId: 'qwen2.5-7b', upstreamId: 'small' };
const failure = (startedAtMs: number): AttemptReport => ({
  ...route,
  kind: 'failure',
  startedAtMs,
  cause: 'unreachable',
  retryAfterMs: null,
  count: 1,
});
const success = (startedAtMs: number): AttemptReport => ({ ...route, kind: 'success', startedAtMs, count: 1 });
const report = (state: HealthState, reports: readonly AttemptReport[], nowMs: number): HealthState =>
  step(state, { kind: 'reports', isolateId: 'a', reports }, nowMs, config);
const shown = (state: HealthState, nowMs: number) => snapshot(state, nowMs, config).instances['qwen2.5-7b@small'];
const news = (before: HealthState, after: HealthState, nowMs: number): string[] =>
  statusChanges(snapshot(before, nowMs, config), snapshot(after, nowMs, config)).map(({ event, model }) => `${event} ${model}`);

describe('statusChanges', () => {
  const down = report(unknownHealth, [failure(0), failure(1), failure(2)], 10);

  it('tells a model that went down once, and not again while it stays down', () => {
    expect(news(unknownHealth, down, 10)).toEqual(['model_down qwen2.5-7b']);
    expect(news(down, report(down, [failure(3)], 20), 20)).toEqual([]);
  });

  it('tells a model that came back when it has answered, not when it is only on trial', () => {
    expect(news(down, down, 11_000)).toEqual([]);
    expect(news(down, report(down, [success(11_000)], 11_500), 11_500)).toEqual(['model_up qwen2.5-7b']);
  });

  it('says nothing of one failure', () => {
    expect(news(unknownHealth, report(unknownHealth, [failure(0)], 10), 10)).toEqual([]);
  });
});

describe('failures in a row', () => {
  it('are all counted while a model is down, and none after a success', () => {
    const down = report(unknownHealth, [failure(0), failure(1), failure(2)], 10);
    expect(shown(down, 10)).toMatchObject({ status: 'down', failedInARow: 3 });
    const probed = step(
      down,
      {
        kind: 'probe',
        upstreamId: 'small',
        cause: 'unreachable',
        modelsServed: null,
        running: null,
        waiting: null,
        kvCacheUsage: null,
        engines: [],
      },
      20,
      config,
    );
    expect(shown(probed, 20)).toMatchObject({ failedInARow: 4 });
    expect(shown(report(probed, [success(11_000)], 11_500), 11_500)).toMatchObject({ status: 'up', failedInARow: 0 });
  });
});
