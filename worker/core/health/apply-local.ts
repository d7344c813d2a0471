/**
 * An isolate's own overlay on a snapshot: what it has just seen counts for its next request at once, up to a snapshot and a batch of
 * reports before the object's answer shows it. Reports that are not delivered yet are applied again to every new snapshot. It judges no
 * tunnel down: that takes everybody's evidence.
 */
import { routeKey } from '../upstreams/route-key.ts';
import { ruleOf } from '../upstreams/causes.ts';
import { addFailures, endRun, isTooLong, runLength, withoutUnsure } from './failure-run.ts';
import type { HealthRules } from './health-config.ts';
import type { AttemptReport, FailureReport } from './health-event.ts';
import type { HealthSnapshot, InstanceSnapshot } from './snapshot.ts';

/** Returns the snapshot with one report applied; the version stays the object's. */
export function applyLocal(snapshot: HealthSnapshot, report: AttemptReport, nowMs: number, rules: HealthRules): HealthSnapshot {
  const key = routeKey(report);
  const instance = snapshot.instances[key];
  if (instance === undefined) return snapshot;
  switch (report.kind) {
    case 'trial':
      return spendPermit(snapshot, instance);
    case 'begun':
    case 'success':
      return revive(snapshot, instance, report.kind, report.atMs ?? nowMs);
    case 'failure':
      return withInstance(snapshot, { ...instance, ...afterFailure(instance, report, nowMs, rules) });
  }
}

function afterFailure(
  instance: InstanceSnapshot,
  report: FailureReport,
  nowMs: number,
  rules: HealthRules,
): Partial<InstanceSnapshot> {
  const { ejection_base_ms, enabled } = rules.breaker;
  if (report.cause === 'model_missing') return { status: 'missing', untilMs: nowMs + ejection_base_ms, hasPermit: false };
  if (report.cause === 'rate_limited' && (instance.status === 'up' || instance.status === 'throttled')) {
    const throttleMs = Math.min(Math.max(0, report.retryAfterMs ?? 1000), rules.throttle_max_ms);
    return { status: 'throttled', untilMs: Math.max(nowMs + throttleMs, instance.untilMs ?? 0) };
  }
  if (ruleOf(report.cause).countsAs === null) return {};
  const failures = addFailures(instance.failures, report, report.atMs ?? nowMs);
  const counted = { failures, consecutiveFailures: runLength(failures) };
  const opens = instance.status === 'half_open' || (instance.status === 'up' && enabled && isTooLong(failures, rules.breaker));
  return opens ? { ...counted, status: 'down', untilMs: nowMs + ejection_base_ms, hasPermit: false } : counted;
}

/** An answer came: this instance works, and so does its tunnel. The others behind it stay as they are until the next snapshot. */
function revive(snapshot: HealthSnapshot, instance: InstanceSnapshot, kind: 'begun' | 'success', atMs: number): HealthSnapshot {
  const failures = endRun(instance.failures, kind, atMs);
  const revived: InstanceSnapshot = {
    ...instance,
    status: 'up',
    untilMs: null,
    hasPermit: false,
    isLastResort: false,
    failures,
    consecutiveFailures: runLength(failures),
  };
  const next = withInstance({ ...snapshot, instances: withoutAnyUnsure(snapshot.instances) }, revived);
  const models = { ...snapshot.models, [instance.modelId]: { status: 'up' } as const };
  const tunnels = { ...snapshot.tunnels, [instance.tunnelId]: { status: 'up', untilMs: null } as const };
  return { ...next, models, tunnels };
}

function withoutAnyUnsure(instances: HealthSnapshot['instances']): HealthSnapshot['instances'] {
  const all = Object.entries(instances);
  if (all.every(([, { failures }]) => failures.unsure.length === 0)) return instances;
  return Object.fromEntries(
    all.map(([key, instance]) => {
      const failures = withoutUnsure(instance.failures);
      return [key, { ...instance, failures, consecutiveFailures: runLength(failures) }];
    }),
  );
}

function spendPermit(snapshot: HealthSnapshot, instance: InstanceSnapshot): HealthSnapshot {
  if (!instance.hasPermit) return snapshot;
  const isShared = snapshot.tunnels[instance.tunnelId]?.status === 'half_open';
  const instances = Object.entries(snapshot.instances).map(([key, other]) => {
    const isSpent = other === instance || (isShared && other.tunnelId === instance.tunnelId);
    return [key, isSpent ? { ...other, hasPermit: false } : other];
  });
  return { ...snapshot, instances: Object.fromEntries(instances) };
}

function withInstance(snapshot: HealthSnapshot, instance: InstanceSnapshot): HealthSnapshot {
  return { ...snapshot, instances: { ...snapshot.instances, [routeKey(instance)]: instance } };
}
