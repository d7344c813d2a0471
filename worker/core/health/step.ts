/**
 * The health reducer: (state, event, now, config) → state. It counts, opens and closes; it sends nothing, and what a request may use is
 * read from `snapshot`. Work is linear in the batch and in the number of instances.
 */
import { routeKey } from '../upstreams/route-key.ts';
import { ruleOf } from '../upstreams/causes.ts';
import {
  beginTrials,
  close,
  grantPermit,
  keepOut,
  isTrial,
  open,
  phaseOf,
  probeFailed,
  probeSucceeded,
  releasePermit,
  startTrial,
} from './breaker.ts';
import { addFailures, endRun, isSeenByProbes, isTooLong, noFailures, withoutUnsure } from './failure-run.ts';
import type { HealthConfig, Instance } from './health-config.ts';
import type { ListedModel } from '../upstreams/dialect.ts';
import { type AttemptReport, type FailureReport, type HealthEvent, maxReports, type ProbeResult } from './health-event.ts';
import { type HealthState, instanceOf, tunnelOf, upstreamOf, withInstance, withTunnel, withUpstream } from './health-state.ts';
import { noteRestart } from './restart.ts';
import { stillEngines, wedgedSince } from './stillness.ts';
import { blameTunnel, clearTunnel, probedTunnel } from './tunnel.ts';

type SuccessReport = Pick<AttemptReport, 'startedAtMs' | 'atMs'> & { readonly kind: 'begun' | 'success' };

/** A permit not used before the isolate's next snapshot goes to another isolate, this much later because a report may be on its way. */
const reportDelayMs = 1000;

/** A 429 without Retry-After keeps traffic away for this long. */
const defaultThrottleMs = 1000;

/** Takes one event in. Events about instances that the configuration does not name change nothing. */
export function step(state: HealthState, event: HealthEvent, nowMs: number, config: HealthConfig): HealthState {
  const next = { ...state, version: state.version + 1 };
  switch (event.kind) {
    case 'reports':
      return takeReports({ ...next, lastActivityAtMs: nowMs }, event.isolateId, event.reports, nowMs, config);
    case 'probe':
      return takeProbe(next, event, nowMs, config);
    case 'restart_asked': {
      const { restart } = upstreamOf(state, event.upstreamId);
      return withUpstream(next, event.upstreamId, { restart: noteRestart(restart, event.isHeard, nowMs, config.rules.wedge) });
    }
    case 'snapshot_read':
      return handOutPermits({ ...next, lastActivityAtMs: nowMs }, event.isolateId, nowMs, config);
  }
}

function takeReports(
  state: HealthState,
  isolateId: string,
  reports: readonly AttemptReport[],
  nowMs: number,
  config: HealthConfig,
): HealthState {
  let next = state;
  for (const report of reports.slice(-maxReports)) {
    const key = routeKey(report);
    const instance = config.instances.find((known) => routeKey(known) === key);
    if (instance === undefined) continue;
    if (report.kind === 'trial') next = takeTrial(next, instance, isolateId, nowMs);
    else if (report.kind === 'failure') next = takeFailure(next, instance, report, nowMs, config);
    else next = takeSuccess(next, instance, { ...report, kind: report.kind }, nowMs);
  }
  return next;
}

function takeTrial(state: HealthState, instance: Instance, isolateId: string, nowMs: number): HealthState {
  const key = routeKey(instance);
  const own = startTrial(instanceOf(state, key).breaker, isolateId, nowMs);
  const shared = startTrial(tunnelOf(state, instance.tunnelId).breaker, isolateId, nowMs);
  return withTunnel(withInstance(state, key, { breaker: own }), instance.tunnelId, { breaker: shared });
}

function takeSuccess(state: HealthState, instance: Instance, report: SuccessReport, nowMs: number): HealthState {
  const { kind, startedAtMs, atMs = nowMs } = report;
  const key = routeKey(instance);
  const { run, breaker, throttle, missingSinceMs } = instanceOf(state, key);
  const isNewer = breaker.openedAtMs === null || startedAtMs >= breaker.openedAtMs;
  const next = withInstance(forgetUnsure(state), key, {
    run: endRun(run, kind, atMs),
    failedInARow: 0,
    breaker: isNewer ? close(breaker, nowMs) : breaker,
    throttle: throttle !== null && startedAtMs >= throttle.atMs ? null : throttle,
    missingSinceMs: missingSinceMs !== null && startedAtMs >= missingSinceMs ? null : missingSinceMs,
  });
  const { lastProbeAtMs, still } = upstreamOf(next, instance.upstreamId);
  // What has answered has moved, whatever a page of counters says that some proxy keeps. Of several engines it may be another one.
  const moved = still.length === 1 ? { still: [], wedgedSinceMs: null } : {};
  const answered = atMs >= (lastProbeAtMs ?? 0) ? withUpstream(next, instance.upstreamId, { probeFailures: 0, ...moved }) : next;
  return clearTunnel(answered, instance.tunnelId, startedAtMs, atMs, nowMs);
}

function forgetUnsure(state: HealthState): HealthState {
  let next = state;
  for (const [key, { run }] of Object.entries(state.instances)) next = withInstance(next, key, { run: withoutUnsure(run) });
  return next;
}

function takeFailure(
  state: HealthState,
  instance: Instance,
  report: FailureReport,
  nowMs: number,
  config: HealthConfig,
): HealthState {
  const key = routeKey(instance);
  const { countsAs, tunnel } = ruleOf(report.cause);
  let next = countsAs === null && report.cause !== 'model_missing' ? state : withFailures(state, key, report.count);
  if (report.cause === 'model_missing') next = takeAbsence(next, key, report, nowMs, config);
  if (report.cause === 'rate_limited') {
    const throttleMs = Math.min(Math.max(0, report.retryAfterMs ?? defaultThrottleMs), config.rules.throttle_max_ms);
    const untilMs = Math.max(nowMs + throttleMs, instanceOf(next, key).throttle?.untilMs ?? 0);
    next = withInstance(next, key, { throttle: { atMs: nowMs, untilMs } });
  }
  if (tunnel === 'clears') next = clearTunnel(next, instance.tunnelId, report.startedAtMs, report.atMs ?? nowMs, nowMs);
  if (tunnel === 'blames') {
    const blame = { source: 'requests', cause: report.cause, count: report.count, startedAtMs: report.startedAtMs } as const;
    const blamed = blameTunnel(next, instance, blame, nowMs, config);
    if (blamed.isAbsorbed) return blamed.state;
    next = blamed.state;
  }
  if (countsAs !== null) return countFailure(next, instance, report, nowMs, config);
  return withInstance(next, key, { breaker: releasePermit(instanceOf(next, key).breaker, report.startedAtMs) });
}

function withFailures(state: HealthState, key: string, count: number): HealthState {
  return withInstance(state, key, { failedInARow: instanceOf(state, key).failedInARow + count });
}

/** One 404 is enough, since the server knows which models it has. A trial finds out when that changes. */
function takeAbsence(state: HealthState, key: string, report: FailureReport, nowMs: number, config: HealthConfig): HealthState {
  const { breaker } = instanceOf(state, key);
  if (phaseOf(breaker, nowMs) !== 'closed' && !isTrial(breaker, report.startedAtMs)) return state;
  const outage = { needsTrial: true, sawBadProbe: false };
  return withInstance(state, key, {
    run: noFailures,
    breaker: open(breaker, nowMs, outage, config.rules.breaker),
    missingSinceMs: nowMs,
  });
}

function countFailure(
  state: HealthState,
  instance: Instance,
  report: FailureReport,
  nowMs: number,
  config: HealthConfig,
): HealthState {
  const rules = config.rules.breaker;
  const key = routeKey(instance);
  const { run, breaker } = instanceOf(state, key);
  const sawBadProbe = upstreamOf(state, instance.upstreamId).probeFailures > 0;
  const opened = open(breaker, nowMs, { needsTrial: !isSeenByProbes(report.cause), sawBadProbe }, rules);
  if (phaseOf(breaker, nowMs) !== 'closed') {
    const isTried = isTrial(breaker, report.startedAtMs);
    return isTried ? withInstance(state, key, { breaker: opened, missingSinceMs: null }) : state;
  }
  const longer = addFailures(run, report, report.atMs ?? nowMs);
  if (!rules.enabled || !isTooLong(longer, rules)) return withInstance(state, key, { run: longer });
  return withInstance(state, key, { run: noFailures, breaker: opened });
}

function takeProbe(state: HealthState, probe: ProbeResult, nowMs: number, config: HealthConfig): HealthState {
  const instances = config.instances.filter((instance) => instance.upstreamId === probe.upstreamId);
  const first = instances[0];
  if (first === undefined) return state;
  const { running, waiting, kvCacheUsage } = probe;
  const { enabled, still_ms } = config.rules.wedge;
  const still =
    probe.cause === null && enabled ? stillEngines(upstreamOf(state, probe.upstreamId).still, probe.engines, nowMs) : [];
  const wedgedSinceMs = wedgedSince(still, nowMs, still_ms);
  const seen = { lastProbeAtMs: nowMs, running, waiting, kvCacheUsage, still, wedgedSinceMs };
  const next = withUpstream(state, probe.upstreamId, seen);
  if (wedgedSinceMs !== null) return takeWedge(next, first, instances, nowMs, config);
  return probe.cause === null
    ? takeGoodProbe(next, first, instances, probe.modelsServed, nowMs, config)
    : takeBadProbe(next, first, instances, probe.cause, nowMs, config);
}

function takeGoodProbe(
  state: HealthState,
  first: Instance,
  instances: readonly Instance[],
  modelsServed: readonly ListedModel[] | null,
  nowMs: number,
  config: HealthConfig,
): HealthState {
  const { modelsListed } = upstreamOf(state, first.upstreamId);
  const listed = modelsServed === null ? modelsListed : linesOfInterest(modelsServed, instances);
  const upstream = { probeFailures: 0, modelsListed: listed };
  let next = probedTunnel(withUpstream(state, first.upstreamId, upstream), first.tunnelId, nowMs);
  for (const instance of instances) {
    const key = routeKey(instance);
    const { breaker, missingSinceMs } = instanceOf(next, key);
    const probed = probeSucceeded(breaker, nowMs, config.rules.healthy_threshold);
    // A list proves nothing, but a change in it justifies a trial.
    const isNew = missingSinceMs !== null && isListed(listed, instance) && !isListed(modelsListed, instance);
    next = withInstance(next, key, { breaker: isNew ? beginTrials(probed, nowMs) : probed });
  }
  return next;
}

/** The server answers and its engine does not: out, and no request is spent on a trial until something moves again. */
function takeWedge(
  state: HealthState,
  first: Instance,
  instances: readonly Instance[],
  nowMs: number,
  config: HealthConfig,
): HealthState {
  const { rules } = config;
  let next = probedTunnel(withUpstream(state, first.upstreamId, { probeFailures: 0 }), first.tunnelId, nowMs);
  for (const instance of instances) {
    const key = routeKey(instance);
    next = withFailures(next, key, 1);
    const { breaker } = instanceOf(next, key);
    const outage = { needsTrial: true, sawBadProbe: true };
    const isOut = phaseOf(breaker, nowMs) === 'open';
    const after = isOut ? { ...probeFailed(breaker), needsTrial: true } : open(breaker, nowMs, outage, rules.breaker);
    next = withInstance(next, key, { breaker: keepOut(after, nowMs + 2 * rules.probe_interval_ms), run: noFailures });
  }
  return next;
}

/** Providers list hundreds of models; stored are only the configured ones, or the single entry of a server that has one model. */
function linesOfInterest(models: readonly ListedModel[], instances: readonly Instance[]): readonly ListedModel[] {
  return models.length === 1 ? models : models.filter(({ name }) => instances.some(({ servedName }) => servedName === name));
}

function isListed(models: readonly ListedModel[] | null, { servedName }: Instance): boolean {
  return models?.some(({ name }) => name === servedName) === true;
}

function takeBadProbe(
  state: HealthState,
  first: Instance,
  instances: readonly Instance[],
  cause: NonNullable<ProbeResult['cause']>,
  nowMs: number,
  config: HealthConfig,
): HealthState {
  let next = state;
  const { tunnel } = ruleOf(cause);
  if (tunnel === 'clears') next = probedTunnel(next, first.tunnelId, nowMs);
  if (tunnel === 'blames') {
    const blamed = blameTunnel(next, first, { source: 'probes', cause, count: 1, startedAtMs: nowMs }, nowMs, config);
    if (blamed.isAbsorbed) return withUpstream(blamed.state, first.upstreamId, { probeFailures: 0 });
    next = blamed.state;
  }
  const probeFailures = upstreamOf(next, first.upstreamId).probeFailures + 1;
  next = withUpstream(next, first.upstreamId, { probeFailures });
  for (const instance of instances) {
    const key = routeKey(instance);
    next = withFailures(next, key, 1);
    const { breaker } = instanceOf(next, key);
    const phase = phaseOf(breaker, nowMs);
    const opens = phase === 'half_open' || (phase === 'closed' && probeFailures >= config.rules.unhealthy_threshold);
    const outage = { needsTrial: false, sawBadProbe: true };
    const after = opens ? open(breaker, nowMs, outage, config.rules.breaker) : probeFailed(breaker);
    next = withInstance(next, key, opens ? { breaker: after, run: noFailures } : { breaker: after });
  }
  return next;
}

function handOutPermits(state: HealthState, isolateId: string, nowMs: number, config: HealthConfig): HealthState {
  const leaseMs = config.rules.snapshot_max_age_ms + reportDelayMs;
  let next = state;
  for (const [key, instance] of Object.entries(state.instances)) {
    next = withInstance(next, key, { breaker: grantPermit(instance.breaker, isolateId, nowMs, leaseMs) });
  }
  for (const [tunnelId, tunnel] of Object.entries(state.tunnels)) {
    next = withTunnel(next, tunnelId, { breaker: grantPermit(tunnel.breaker, isolateId, nowMs, leaseMs) });
  }
  return next;
}
