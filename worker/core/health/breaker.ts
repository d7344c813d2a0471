/**
 * One circuit breaker as plain data: closed, open for an ejection that grows, then half open with one trial at a time. Callers count
 * failures and tell it when to open and close. Instances and tunnels each have one. Why a successful probe proves nothing when all probes
 * before it succeeded too: docs/decisions/0006-probes-and-trials.md.
 */
import type { HealthRules } from './health-config.ts';

/** The right to send one trial request to something half open. */
export interface Permit {
  /** The isolate that has it. */
  readonly holder: string;
  /** From then on another isolate may get it. */
  readonly untilMs: number;
  /** The trial is under way. */
  readonly isUsed: boolean;
}

export interface Breaker {
  /** `null`: closed. */
  readonly openedAtMs: number | null;
  /** When trials begin: the end of the ejection, or the probe that saw the outage end. */
  readonly halfOpenAtMs: number;
  /** It failed in a way that probes cannot see, because they generate no text: only an answer closes it. */
  readonly needsTrial: boolean;
  /** Probes have failed in this outage, so a successful one is evidence. */
  readonly sawBadProbe: boolean;
  /** The n of "base · n". */
  readonly ejections: number;
  readonly closedAtMs: number;
  /** Probes that succeeded since it opened, without a failure between them. */
  readonly probeSuccesses: number;
  readonly permit: Permit | null;
}

export type Phase = 'closed' | 'open' | 'half_open';

type EjectionRules = Pick<HealthRules['breaker'], 'ejection_base_ms' | 'ejection_max_ms'>;

/** A trial without a report (its isolate died) blocks the next one for this long: the slowest first event plus one batch of reports. */
const trialMaxMs = 31_000;

export const closedBreaker: Breaker = {
  openedAtMs: null,
  halfOpenAtMs: 0,
  needsTrial: false,
  sawBadProbe: false,
  ejections: 0,
  closedAtMs: 0,
  probeSuccesses: 0,
  permit: null,
};

export function phaseOf(breaker: Breaker, nowMs: number): Phase {
  if (breaker.openedAtMs === null) return 'closed';
  return nowMs < breaker.halfOpenAtMs ? 'open' : 'half_open';
}

/** What led to an ejection. */
export type Outage = Pick<Breaker, 'needsTrial' | 'sawBadProbe'>;

/**
 * Ejects for base · n, at most `ejection_max_ms`. n grows by one each time; every `ejection_base_ms` spent closed takes one off again
 * (as Envoy's outlier detection does in its sweeps), so that only a relapse is punished.
 */
export function open(breaker: Breaker, nowMs: number, outage: Outage, rules: EjectionRules): Breaker {
  const isRelapse = breaker.openedAtMs !== null;
  const forgiven = isRelapse ? 0 : Math.floor(Math.max(0, nowMs - breaker.closedAtMs) / rules.ejection_base_ms);
  const most = Math.ceil(rules.ejection_max_ms / rules.ejection_base_ms);
  const ejections = Math.min(Math.max(0, breaker.ejections - forgiven) + 1, most);
  const untilMs = nowMs + Math.min(rules.ejection_base_ms * ejections, rules.ejection_max_ms);
  const times = { openedAtMs: nowMs, halfOpenAtMs: untilMs };
  // An instance that failed calls must answer one, whatever its probes did in the meantime.
  const needsTrial = outage.needsTrial || (isRelapse && breaker.needsTrial);
  return { ...breaker, ...times, ...outage, needsTrial, ejections, probeSuccesses: 0, permit: null };
}

export function close(breaker: Breaker, nowMs: number): Breaker {
  if (breaker.openedAtMs === null) return breaker;
  return { ...breaker, openedAtMs: null, closedAtMs: nowMs, probeSuccesses: 0, permit: null };
}

/** Keeps out what is out at least until then, whatever its ejection was. */
export function keepOut(breaker: Breaker, untilMs: number): Breaker {
  return breaker.openedAtMs === null ? breaker : { ...breaker, halfOpenAtMs: Math.max(breaker.halfOpenAtMs, untilMs) };
}

/** A probe failed while it is out. */
export function probeFailed(breaker: Breaker): Breaker {
  if (breaker.openedAtMs === null) return breaker;
  return { ...breaker, probeSuccesses: 0, sawBadProbe: true };
}

/**
 * A probe succeeded. It counts only if probes have failed in this outage: then the server was down and is back, and `healthyThreshold`
 * successes in a row close the breaker, or begin trials where only an answer can prove health. A server whose probes never failed returns
 * only through a trial at the end of its ejection.
 */
export function probeSucceeded(breaker: Breaker, nowMs: number, healthyThreshold: number): Breaker {
  if (breaker.openedAtMs === null || !breaker.sawBadProbe) return breaker;
  const probeSuccesses = breaker.probeSuccesses + 1;
  if (!breaker.needsTrial && probeSuccesses >= healthyThreshold) return close(breaker, nowMs);
  return beginTrials({ ...breaker, probeSuccesses }, nowMs);
}

/** Ends the ejection, not the outage: the next request may be the trial. */
export function beginTrials(breaker: Breaker, nowMs: number): Breaker {
  return { ...breaker, halfOpenAtMs: Math.min(breaker.halfOpenAtMs, nowMs) };
}

/** Whether an attempt that started then is evidence about the time after the ejection. Earlier ones were sent before or in spite of it. */
export function isTrial(breaker: Breaker, startedAtMs: number): boolean {
  return breaker.openedAtMs !== null && startedAtMs >= breaker.halfOpenAtMs;
}

/** Gives the trial to an isolate that is about to decide, unless another one has it. */
export function grantPermit(breaker: Breaker, holder: string, nowMs: number, leaseMs: number): Breaker {
  if (phaseOf(breaker, nowMs) !== 'half_open') return breaker;
  const { permit } = breaker;
  const isFree = permit === null || nowMs >= permit.untilMs || (permit.holder === holder && !permit.isUsed);
  return isFree ? { ...breaker, permit: { holder, untilMs: nowMs + leaseMs, isUsed: false } } : breaker;
}

/** The holder's trial has started; no other isolate starts one until it is reported or presumed lost. */
export function startTrial(breaker: Breaker, holder: string, nowMs: number): Breaker {
  if (breaker.permit?.holder !== holder) return breaker;
  return { ...breaker, permit: { holder, untilMs: nowMs + trialMaxMs, isUsed: true } };
}

/** The trial ended without proving anything, such as a 400: the next may start. */
export function releasePermit(breaker: Breaker, startedAtMs: number): Breaker {
  return breaker.permit !== null && isTrial(breaker, startedAtMs) ? { ...breaker, permit: null } : breaker;
}

/** Whether this isolate may start a trial now. */
export function hasPermit(breaker: Breaker, holder: string, nowMs: number): boolean {
  const { permit } = breaker;
  return permit !== null && permit.holder === holder && !permit.isUsed && nowMs < permit.untilMs;
}
