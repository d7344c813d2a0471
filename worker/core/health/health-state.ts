/** What health remembers, as plain JSON: per instance, per upstream and per tunnel. A missing entry means unknown, and unknown is usable. */
import type { Breaker } from './breaker.ts';
import { closedBreaker } from './breaker.ts';
import type { FailureRun } from './failure-run.ts';
import { noFailures } from './failure-run.ts';
import { routeKey } from '../upstreams/route-key.ts';
import type { HealthConfig } from './health-config.ts';
import type { RestartOrder } from './restart.ts';
import type { Stillness } from './stillness.ts';
import type { ListedModel } from '../upstreams/dialect.ts';

export interface InstanceState {
  readonly run: FailureRun;
  /** Calls and probes in a row that failed, for people: the run begins again when the breaker opens, this does not. */
  readonly failedInARow: number;
  readonly breaker: Breaker;
  /** Set when a call was told that the model does not exist. A list of models does not clear it; a trial does, as for other ejections. */
  readonly missingSinceMs: number | null;
  /** A 429 keeps traffic away until then. */
  readonly throttle: { readonly atMs: number; readonly untilMs: number } | null;
}

export interface UpstreamState {
  readonly lastProbeAtMs: number | null;
  /** Probes in a row that failed; any success of a request ends the row, too. */
  readonly probeFailures: number;
  readonly running: number | null;
  readonly waiting: number | null;
  readonly kvCacheUsage: number | null;
  /** Engines that had work at the last probe, and since when nothing of it moves. */
  readonly still: readonly Stillness[];
  /** Work runs, and nothing moves: since when. */
  readonly wedgedSinceMs: number | null;
  /** The newest order to restart it; null before any. */
  readonly restart: RestartOrder | null;
  /** What its list of models said of ours when it could last be read. */
  readonly modelsListed: readonly ListedModel[] | null;
}

/** Failures that blame the tunnel, since the last answer came through it. */
export interface Evidence {
  readonly count: number;
  /** Those that are certain: the tunnel has no connector (530). */
  readonly proofs: number;
  readonly lastAtMs: number;
}

export interface TunnelState {
  readonly breaker: Breaker;
  /** By route key, from requests. */
  readonly requests: Readonly<Record<string, Evidence>>;
  /** By upstream id, from probes. */
  readonly probes: Readonly<Record<string, Evidence>>;
}

export interface HealthState {
  /** Grows with every step. */
  readonly version: number;
  readonly instances: Readonly<Record<string, InstanceState>>;
  readonly upstreams: Readonly<Record<string, UpstreamState>>;
  readonly tunnels: Readonly<Record<string, TunnelState>>;
  /** The last report or snapshot read: what tells idle from busy. */
  readonly lastActivityAtMs: number | null;
}

export const unknownHealth: HealthState = { version: 0, instances: {}, upstreams: {}, tunnels: {}, lastActivityAtMs: null };

const freshInstance: InstanceState = {
  run: noFailures,
  failedInARow: 0,
  breaker: closedBreaker,
  missingSinceMs: null,
  throttle: null,
};
const freshUpstream: UpstreamState = {
  lastProbeAtMs: null,
  probeFailures: 0,
  running: null,
  waiting: null,
  kvCacheUsage: null,
  still: [],
  wedgedSinceMs: null,
  restart: null,
  modelsListed: null,
};
const freshTunnel: TunnelState = { breaker: closedBreaker, requests: {}, probes: {} };

export function instanceOf(state: HealthState, key: string): InstanceState {
  return state.instances[key] ?? freshInstance;
}

export function upstreamOf(state: HealthState, upstreamId: string): UpstreamState {
  return state.upstreams[upstreamId] ?? freshUpstream;
}

export function tunnelOf(state: HealthState, tunnelId: string): TunnelState {
  return state.tunnels[tunnelId] ?? freshTunnel;
}

/** The three writers return the same object when nothing changes, so that the Durable Object can skip storing it. */
export function withInstance(state: HealthState, key: string, change: Partial<InstanceState>): HealthState {
  const instances = changed(state.instances, key, instanceOf(state, key), change);
  return instances === state.instances ? state : { ...state, instances };
}

export function withUpstream(state: HealthState, upstreamId: string, change: Partial<UpstreamState>): HealthState {
  const upstreams = changed(state.upstreams, upstreamId, upstreamOf(state, upstreamId), change);
  return upstreams === state.upstreams ? state : { ...state, upstreams };
}

export function withTunnel(state: HealthState, tunnelId: string, change: Partial<TunnelState>): HealthState {
  const tunnels = changed(state.tunnels, tunnelId, tunnelOf(state, tunnelId), change);
  return tunnels === state.tunnels ? state : { ...state, tunnels };
}

/** Reads stored state, perhaps of an earlier version: missing fields get the values of a fresh state. */
export function storedHealth(state: Partial<HealthState>): HealthState {
  const filled = { ...unknownHealth, ...state };
  return {
    ...filled,
    instances: eachOf(filled.instances, (one) => ({
      ...freshInstance,
      ...one,
      run: { ...noFailures, ...one.run },
      breaker: { ...closedBreaker, ...one.breaker },
    })),
    upstreams: eachOf(filled.upstreams, (one) => ({ ...freshUpstream, ...one })),
    tunnels: eachOf(filled.tunnels, (one) => ({ ...freshTunnel, ...one, breaker: { ...closedBreaker, ...one.breaker } })),
  };
}

function eachOf<T>(entries: Readonly<Record<string, T>>, change: (one: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([id, one]) => [id, change(one)]));
}

/** Forgets what the configuration no longer names; call it when stored state meets a new configuration. */
export function retainConfigured(state: HealthState, config: HealthConfig): HealthState {
  const keys = new Set(config.instances.map(routeKey));
  const upstreamIds = new Set(config.instances.map((instance) => instance.upstreamId));
  const tunnelIds = new Set(config.instances.map((instance) => instance.tunnelId));
  return {
    ...state,
    instances: keep(state.instances, keys),
    upstreams: keep(state.upstreams, upstreamIds),
    tunnels: keep(state.tunnels, tunnelIds),
  };
}

/** As if nobody had looked at these upstreams yet, nor at a tunnel that nothing else goes through. */
export function forgetUpstreams(state: HealthState, upstreamIds: ReadonlySet<string>, config: HealthConfig): HealthState {
  const left = config.instances.filter(({ upstreamId }) => !upstreamIds.has(upstreamId));
  const forgotten = retainConfigured(state, { ...config, instances: left });
  return { ...state, instances: forgotten.instances, upstreams: forgotten.upstreams, tunnels: forgotten.tunnels };
}

function keep<T>(entries: Readonly<Record<string, T>>, ids: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([id]) => ids.has(id)));
}

function changed<T extends object>(
  entries: Readonly<Record<string, T>>,
  id: string,
  current: T,
  change: Partial<T>,
): Readonly<Record<string, T>> {
  const next = { ...current, ...change };
  const before = new Map(Object.entries(current));
  const isSame = Object.entries(next).every(([name, value]) => before.get(name) === value);
  return isSame ? entries : { ...entries, [id]: next };
}
