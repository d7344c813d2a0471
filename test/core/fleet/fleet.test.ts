/** What operators are shown of the fleet: statuses, breakers and places, from the state of health and admission. */
import { describe, expect, it } from 'vitest';
import { fleetOf } from '../../../worker/core/fleet/fleet.ts';
import { healthConfig } from '../../../worker/core/health/health-config.ts';
import type { FailureReport } from '../../../worker/core/health/health-event.ts';
import { unknownHealth } from '../../../worker/core/health/health-state.ts';
import { step } from '../../../worker/core/health/step.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { configWith } from '../../support/fakes/config.ts';

const config = configWith({});
const rules = healthConfig(config);
const down: FailureReport = {
  modelId: 'qwen2.5-32b',
  upstreamId: 'large',
  kind: 'failure',
  cause: 'unreachable',
  startedAtMs: 900,
  count: 5,
  retryAfterMs: null,
};
const failed = step(unknownHealth, { kind: 'reports', isolateId: 'i1', reports: [down] }, 1000, rules);

describe('the fleet', () => {
  it('is unknown as long as no server was looked at, and has every model with its places', () => {
    const { status, models, tunnels } = fleetOf(config, snapshot(unknownHealth, 0, rules), {});
    expect(status).toBe('unknown');
    expect(models.map(({ id, places, in_use, queued }) => [id, places, in_use, queued])).toEqual(
      Object.entries(config.models).map(([id, { max_in_flight }]) => [id, max_in_flight, 0, 0]),
    );
    expect(models.flatMap(({ instances }) => instances).map(({ status: one, breaker }) => [one, breaker])).toEqual([
      ['unknown', 'closed'],
      ['unknown', 'closed'],
    ]);
    expect(tunnels).toEqual([{ id: 'main', status: 'up', until: null }]);
  });

  it('shows a breaker open until its ejection ends, then half open', () => {
    const breakers = (nowMs: number) =>
      fleetOf(config, snapshot(failed, nowMs, rules), {})
        .models.flatMap(({ instances }) => instances)
        .map(({ upstream, breaker, until }) => [upstream, breaker, until]);
    const untilMs = 1000 + rules.rules.breaker.ejection_base_ms;
    expect(breakers(untilMs - 1)).toEqual([
      ['small', 'closed', null],
      ['large', 'open', new Date(untilMs).toISOString()],
    ]);
    expect(breakers(untilMs)).toEqual([
      ['small', 'closed', null],
      ['large', 'half_open', null],
    ]);
    expect(fleetOf(config, snapshot(failed, 1001, rules), {}).status).toBe('degraded');
  });

  it('shows who holds places and who waits; without admission there are no places', () => {
    const occupied = { 'qwen2.5-7b': { inUse: 7, queued: 2 } };
    const [small] = fleetOf(config, snapshot(unknownHealth, 0, rules), occupied).models;
    expect(small).toMatchObject({ in_use: 7, queued: 2 });
    const { routing } = config;
    const open = { ...config, routing: { ...routing, admission: { ...routing.admission, enabled: false } } };
    expect(fleetOf(open, snapshot(unknownHealth, 0, rules), {}).models.map(({ places }) => places)).toEqual([null, null]);
  });
});
