/** A small fleet for the health tests: two models behind one tunnel, a third behind its own; the rules as shipped, but two good probes close. */
import type { HealthConfig, HealthRules } from '../../../worker/core/health/health-config.ts';
import type { AttemptReport, HealthEvent, ProbeResult } from '../../../worker/core/health/health-event.ts';
import type { ListedModel } from '../../../worker/core/upstreams/dialect.ts';
import { type HealthState, unknownHealth } from '../../../worker/core/health/health-state.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { step } from '../../../worker/core/health/step.ts';
import type { FailureCause } from '../../../worker/core/upstreams/causes.ts';

export const rules: HealthRules = {
  probe_interval_ms: 30_000,
  probe_interval_down_ms: 5000,
  probe_interval_idle_ms: 120_000,
  probe_timeout_ms: 3000,
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  snapshot_max_age_ms: 2000,
  breaker: {
    enabled: true,
    consecutive_local_failures: 3,
    consecutive_server_errors: 5,
    ejection_base_ms: 10_000,
    ejection_max_ms: 300_000,
  },
  wedge: { enabled: true, still_ms: 25_000, restart_every_ms: 600_000, restart_tries: 3 },
  throttle_max_ms: 10_000,
};

export const pair: HealthConfig = {
  rules,
  instances: [
    { modelId: 'small', upstreamId: 'u-small', tunnelId: 'main', servedName: 'Small' },
    { modelId: 'large', upstreamId: 'u-large', tunnelId: 'main', servedName: 'Large' },
  ],
  chains: { small: ['large'], large: ['small'] },
};

export const trio: HealthConfig = {
  ...pair,
  instances: [...pair.instances, { modelId: 'hosted', upstreamId: 'u-hosted', tunnelId: 'other', servedName: 'Hosted' }],
  chains: { small: ['large', 'hosted'], large: ['small', 'hosted'], hosted: [] },
};

/** One row of a timeline: a cause of failure, or one of the four other things that happen. `by` is an isolate. */
export interface Happening {
  readonly is: FailureCause | 'success' | 'begun' | 'trial' | 'probe' | 'read';
  readonly on?: string;
  readonly by?: string;
  readonly count?: number;
  readonly startedAtMs?: number;
  readonly atMs?: number;
  readonly retryAfterMs?: number;
  /** Of a probe that failed. */
  readonly cause?: FailureCause;
  readonly modelsServed?: readonly (string | ListedModel)[];
  readonly engines?: ProbeResult['engines'];
}

/** Turns a row into an event. */
export function eventOf(happening: Happening, nowMs: number): HealthEvent {
  const { is, on = 'small', by = 'i1' } = happening;
  if (is === 'read') return { kind: 'snapshot_read', isolateId: by };
  if (is === 'probe') return { kind: 'probe', ...probeOf(on, happening) };
  return { kind: 'reports', isolateId: by, reports: [reportOf(is, on, happening, nowMs)] };
}

export function reportOf(
  is: FailureCause | 'success' | 'begun' | 'trial',
  on: string,
  happening: Partial<Happening>,
  nowMs: number,
): AttemptReport {
  const { count = 1, startedAtMs = nowMs, atMs = nowMs, retryAfterMs = null } = happening;
  const facts = { modelId: on, upstreamId: `u-${on}`, startedAtMs, atMs, count };
  if (is === 'success' || is === 'begun' || is === 'trial') return { ...facts, kind: is };
  return { ...facts, kind: 'failure', cause: is, retryAfterMs };
}

function probeOf(
  on: string,
  { cause, modelsServed, engines = [] }: Pick<Happening, 'cause' | 'modelsServed' | 'engines'>,
): ProbeResult {
  const load =
    cause === undefined ? { running: 3, waiting: 0, kvCacheUsage: 0.25 } : { running: null, waiting: null, kvCacheUsage: null };
  const listed = modelsServed?.map((line) => (typeof line === 'string' ? { name: line, contextTokens: null } : line)) ?? null;
  return { upstreamId: `u-${on}`, cause: cause ?? null, modelsServed: listed, ...load, engines };
}

/** Plays happenings at their times. */
export function play(
  timeline: readonly (readonly [number, Happening])[],
  config: HealthConfig = pair,
  from = unknownHealth,
): HealthState {
  return timeline.reduce((state, [atMs, happening]) => step(state, eventOf(happening, atMs), atMs, config), from);
}

export type Timeline = readonly (readonly [number, Happening])[];

/** A model's status after what happened, as a snapshot at `atMs` has it. */
export const status = (timeline: Timeline, atMs: number, model = 'small', config = pair) =>
  snapshot(play(timeline, config), atMs, config).models[model]?.status;

/** `count` failures, one every 100 ms from `fromMs`. */
export const failures = (is: FailureCause, on: string, count: number, fromMs = 0): Timeline =>
  Array.from({ length: count }, (_, index) => [fromMs + index * 100, { is, on }] as const);
