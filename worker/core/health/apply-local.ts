/**
 * An isolate's own overlay on a snapshot, so that what it has just seen counts for its next request, before the object's next snapshot can
 * show it. Reports that are not delivered yet are applied again to every new snapshot. It never declares a tunnel down: that takes the
 * evidence of all isolates.
 */
import { routeKey } from '../upstreams/route-key.ts';
import { ruleOf } from '../upstreams/causes.ts';
import { addFailures, endRun, isTooLong, runLength, withoutUnsure } from './failure-run.ts';
import type { HealthRules } from './health-config.ts';
import type { AttemptReport, FailureReport } from './health-event.ts';
import { type HealthSnapshot, type InstanceSnapshot, isAsleep } from './snapshot.ts';

/** Returns the snapshot with one report applied; the version stays the object's. */
export function applyLocal(snapshot: HealthSnapshot, report: AttemptReport, nowMs: number, rules: HealthRules): HealthSnapshot {
  const key = routeKey(report);
  const instance = snapshot.instances[key];
  // Of a pod that is not running, what calls still see there changes nothing.
  if (instance === undefined || isAsleep(instance.status)) return snapshot;
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

/** An answer came: this instance and its tunnel work. Other instances behind the tunnel keep their status until the next snapshot. */
function revive(snapshot: HealthSnapshot, instance: InstanceSnapshot, kind: 'begun' | 'success', atMs: number): HealthSnapshot {
  const failures = endRun(instance.failures, kind, atMs);
  if (isWell(snapshot, instance) && failures === instance.failures) return snapshot;
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

/** Nothing speaks against this instance, nor is any other's failure to be taken back: nearly every answer finds it so. */
function isWell({ instances, models, tunnels }: HealthSnapshot, instance: InstanceSnapshot): boolean {
  const { status, untilMs, hasPermit, isLastResort, failures, consecutiveFailures, modelId, tunnelId } = instance;
  if (status !== 'up' || untilMs !== null || hasPermit || isLastResort || consecutiveFailures !== runLength(failures))
    return false;
  const tunnel = tunnels[tunnelId];
  if (models[modelId]?.status !== 'up' || tunnel?.status !== 'up' || tunnel.untilMs !== null) return false;
  for (const key in instances) if (instances[key]?.failures.unsure.length !== 0) return false;
  return true;
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
