/** What isolates decide by: the state of every instance, model and tunnel at one moment, as small JSON. It holds no history. */
import type { Phase } from './breaker.ts';
import type { FailureRun } from './failure-run.ts';

/**
 * Best first. `missing`: the server answers, but does not have the model. `waking`, `stopped`: it is on a pod that is being started, or is not
 * running on purpose; no failure.
 */
export const statusIds = ['up', 'half_open', 'throttled', 'down', 'missing', 'waking', 'stopped'] as const;
export type InstanceStatus = (typeof statusIds)[number];

export interface InstanceSnapshot {
  readonly modelId: string;
  readonly upstreamId: string;
  readonly tunnelId: string;
  readonly status: InstanceStatus;
  /** The instance's own, whatever else keeps traffic away. */
  readonly breaker: Phase;
  /** When the status ends by itself, in epoch milliseconds; `null` for `up` and `half_open`. */
  readonly untilMs: number | null;
  /** Half open, and this isolate may send the one trial. */
  readonly hasPermit: boolean;
  /** Every model of some chain is out, and this one is the least bad. It stays usable, so that no chain is ever empty. */
  readonly isLastResort: boolean;
  /** Failures that count towards the breaker, since the last success or opening. */
  readonly consecutiveFailures: number;
  /** Calls and probes in a row that failed, for people. */
  readonly failedInARow: number;
  /** The same failures by kind, for the isolate's own overlay. */
  readonly failures: FailureRun;
  readonly running: number | null;
  readonly waiting: number | null;
  readonly kvCacheUsage: number | null;
  /** Its server's engine is dead while its API answers: since when. */
  readonly wedgedSinceMs: number | null;
  readonly lastProbeAtMs: number | null;
  /** The model's room as its server says it; `null` where it has not said. */
  readonly contextTokens: number | null;
}

/**
 * `draining`: up, and gets no new calls. `stopping`, `starting`: the provider is told so. `warming`: started, its servers do not answer yet.
 */
export const podPhases = ['running', 'draining', 'stopping', 'stopped', 'starting', 'warming'] as const;
export type PodPhase = (typeof podPhases)[number];

/**
 * Why a pod is not where it should be. `no_gpu`: its machine has no GPU free, so the provider cannot start it. `never_ready`: it was started
 * and no server answered in time. `refused`: the API key is not valid. `gone`: there is no such pod. `api`: the provider's API fails.
 */
export const podTroubles = ['no_gpu', 'never_ready', 'refused', 'gone', 'api'] as const;
export type PodTrouble = (typeof podTroubles)[number];

/** A rented pod, as far as a request has to know. */
export interface PodSnapshot {
  readonly phase: PodPhase;
  readonly trouble: PodTrouble | null;
  /** An operator has stopped it: no request starts it. */
  readonly isHeldDown: boolean;
  /** When its servers should answer; null while they do. */
  readonly readyAtMs: number | null;
  /** How long a start takes, by the measured ones. */
  readonly usualWakeMs: number;
  /** Requests that wait for it, over all isolates. */
  readonly held: number;
}

export interface TunnelSnapshot {
  readonly status: 'up' | 'half_open' | 'down';
  readonly untilMs: number | null;
}

export interface HealthSnapshot {
  readonly version: number;
  readonly atMs: number;
  /** By route key. */
  readonly instances: Readonly<Record<string, InstanceSnapshot>>;
  /** The best status among the model's instances. */
  readonly models: Readonly<Record<string, { readonly status: InstanceStatus }>>;
  readonly tunnels: Readonly<Record<string, TunnelSnapshot>>;
  /** By pod id; absent where there are none. */
  readonly pods?: Readonly<Record<string, PodSnapshot>>;
}

export function isAsleep(status: InstanceStatus): boolean {
  return status === 'stopped' || status === 'waking';
}
