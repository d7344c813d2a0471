/**
 * A tunnel counts as down when every model behind it fails with a tunnel failure, or when probes find no connector (530). One 302 or 530
 * proves nothing, and a refused login or a 502 may concern one model only. While a tunnel is down its failures open no model's breaker.
 */
import type { FailureCause } from '../upstreams/causes.ts';
import { routeKey } from '../upstreams/route-key.ts';
import { close, isTrial, open, phaseOf, probeFailed } from './breaker.ts';
import { noFailures } from './failure-run.ts';
import type { HealthConfig, Instance } from './health-config.ts';
import type { Evidence, HealthState, TunnelState } from './health-state.ts';
import { tunnelOf, withInstance, withTunnel } from './health-state.ts';

/** Evidence older than this no longer counts: three probe intervals of a tunnel that is down. Proposed. */
const evidenceMaxAgeMs = 30_000;

/** Fewer failures than this are never enough, however few models there are. */
const leastBlame = 2;

interface Blame {
  readonly source: 'requests' | 'probes';
  readonly cause: FailureCause;
  readonly count: number;
  readonly startedAtMs: number;
}

/** An answer came through, seen at `atMs`: newer evidence stays. An attempt sent before the ejection does not end it. */
export function clearTunnel(state: HealthState, tunnelId: string, startedAtMs: number, atMs: number, nowMs: number): HealthState {
  const tunnel = state.tunnels[tunnelId];
  if (tunnel === undefined) return state;
  const { openedAtMs } = tunnel.breaker;
  if (openedAtMs !== null && startedAtMs < openedAtMs) return state;
  const requests = newerThan(tunnel.requests, atMs);
  const probes = newerThan(tunnel.probes, atMs);
  return withTunnel(state, tunnelId, { breaker: close(tunnel.breaker, nowMs), requests, probes });
}

/** A probe came through. If probes never failed, that says nothing about a tunnel that calls have shown to be down. */
export function probedTunnel(state: HealthState, tunnelId: string, nowMs: number): HealthState {
  const { breaker } = tunnelOf(state, tunnelId);
  if (breaker.openedAtMs !== null && !breaker.sawBadProbe) return state;
  return clearTunnel(state, tunnelId, nowMs, nowMs, nowMs);
}

/**
 * Counts a failure against the tunnel of an instance.
 *
 * @returns `isAbsorbed`: the tunnel is down, and the model is not to blame
 */
export function blameTunnel(
  state: HealthState,
  instance: Instance,
  blame: Blame,
  nowMs: number,
  config: HealthConfig,
): { state: HealthState; isAbsorbed: boolean } {
  const { tunnelId } = instance;
  const tunnel = tunnelOf(state, tunnelId);
  if (phaseOf(tunnel.breaker, nowMs) !== 'closed') {
    const isProbe = blame.source === 'probes';
    const seen = isProbe ? withTunnel(state, tunnelId, { breaker: probeFailed(tunnel.breaker) }) : state;
    if (!isTrial(tunnel.breaker, blame.startedAtMs)) return { state: seen, isAbsorbed: true };
    return { state: openTunnel(seen, tunnelId, isProbe, nowMs, config), isAbsorbed: true };
  }
  const blamed = addEvidence(tunnel, blame.source === 'probes' ? instance.upstreamId : routeKey(instance), blame, nowMs);
  const next = withTunnel(state, tunnelId, blamed);
  if (!isDown(blamed, tunnelId, nowMs, config)) return { state: next, isAbsorbed: false };
  const sawBadProbe = Object.keys(blamed.probes).length > 0;
  return { state: openTunnel(next, tunnelId, sawBadProbe, nowMs, config), isAbsorbed: true };
}

function addEvidence(tunnel: TunnelState, id: string, blame: Blame, nowMs: number): TunnelState {
  const known = tunnel[blame.source][id];
  const before = known !== undefined && isFresh(known, nowMs) ? known : { count: 0, proofs: 0 };
  const proofs = before.proofs + (blame.cause === 'tunnel' ? blame.count : 0);
  const evidence: Evidence = { count: before.count + blame.count, proofs, lastAtMs: nowMs };
  return { ...tunnel, [blame.source]: { ...tunnel[blame.source], [id]: evidence } };
}

function isDown(tunnel: TunnelState, tunnelId: string, nowMs: number, config: HealthConfig): boolean {
  const probes = Object.entries(tunnel.probes).filter(([, evidence]) => isFresh(evidence, nowMs));
  if (probes.some(([, evidence]) => evidence.proofs >= config.rules.unhealthy_threshold)) return true;
  if (!config.rules.breaker.enabled) return false;
  const requests = Object.entries(tunnel.requests).filter(([, evidence]) => isFresh(evidence, nowMs));
  const total = [...probes, ...requests].reduce((sum, [, evidence]) => sum + evidence.count, 0);
  const seen = new Set([...probes, ...requests].map(([id]) => id));
  const behind = config.instances.filter((instance) => instance.tunnelId === tunnelId);
  return total >= leastBlame && behind.every((instance) => seen.has(routeKey(instance)) || seen.has(instance.upstreamId));
}

/** The failures so far were the tunnel's, so the models behind it start again without them. */
function openTunnel(
  state: HealthState,
  tunnelId: string,
  sawBadProbe: boolean,
  nowMs: number,
  config: HealthConfig,
): HealthState {
  const breaker = open(tunnelOf(state, tunnelId).breaker, nowMs, { needsTrial: false, sawBadProbe }, config.rules.breaker);
  let next = withTunnel(state, tunnelId, { breaker, requests: {}, probes: {} });
  for (const instance of config.instances) {
    const key = routeKey(instance);
    if (instance.tunnelId === tunnelId) next = withInstance(next, key, { run: noFailures });
  }
  return next;
}

function newerThan(evidence: Readonly<Record<string, Evidence>>, atMs: number): Readonly<Record<string, Evidence>> {
  const entries = Object.entries(evidence);
  const newer = entries.filter(([, { lastAtMs }]) => lastAtMs > atMs);
  return newer.length === entries.length ? evidence : Object.fromEntries(newer);
}

function isFresh(evidence: Evidence, nowMs: number): boolean {
  return nowMs - evidence.lastAtMs < evidenceMaxAgeMs;
}
