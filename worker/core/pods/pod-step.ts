/**
 * One pod's life: (state, event, now, rules) → state, and what is to be asked of the world next. It asks nothing itself; repeats and late
 * answers of the world do no harm, since every start begins with a look.
 *
 *   running ─ idle ─▶ draining ─ nothing in flight ─▶ stopping ─▶ stopped ─ wanted ─▶ starting ─▶ warming ─ answers ─▶ running
 *      ▲─── wanted, or still busy ──┘                     └───────── wanted meanwhile ─────▲
 */
import type { PodConfig } from '../../../shared/config-pods.ts';
import type { PodPhase, PodTrouble } from '../health/snapshot.ts';
import { booked, hourMs, isKeptUp, type PodState, recentWakes, woken } from './pod-state.ts';

export interface PodRules extends PodConfig {
  /** It shares its models with others of a group: what it drains of goes to them. */
  readonly isInGroup: boolean;
  /** Idleness alone may stop it; false for those that a group needs. */
  readonly mayIdle: boolean;
}

/** What the provider says of a call. `limited`: too many calls. `failed`: the API itself, or the way to it. */
export interface PodCallFailure {
  readonly kind: 'no_gpu' | 'refused' | 'gone' | 'limited' | 'failed';
  readonly retryAfterMs: number | null;
}

export type PodEvent =
  | { readonly kind: 'wanted' }
  | { readonly kind: 'by_hand' | 'scaled'; readonly to: 'start' | 'stop' }
  | { readonly kind: 'looked'; readonly isRunning: boolean; readonly usdPerHour: number | null }
  | { readonly kind: 'told'; readonly to: 'start' | 'stop' }
  | { readonly kind: 'failed'; readonly failure: PodCallFailure }
  /** At the end of draining. */
  | { readonly kind: 'checked'; readonly isBusy: boolean }
  /** While it warms up. */
  | { readonly kind: 'probed'; readonly isReady: boolean }
  /** None of its servers answers although it should run. */
  | { readonly kind: 'silent' };

/** `look`: ask the provider for its state. `check`: is anything in flight. `probe`: do all of its servers answer. */
export type PodAction = 'look' | 'start' | 'stop' | 'check' | 'probe';

const lookEveryMs = 300_000;
const lookAgainMs = 10_000;
const checkEveryMs = 5000;
const probeEveryMs = 2000;
/** Who still wants it says so every few seconds; a start that fails is given up when nobody does any more. */
const wantedForMs = 120_000;
const longestPauseMs = 300_000;

/** Takes one event in, or with null what time alone has changed. */
export function stepPod(pod: PodState, event: PodEvent | null, nowMs: number, rules: PodRules): PodState {
  const next = event === null ? pod : take(booked(pod, nowMs), event, nowMs, rules);
  return passTime(next, nowMs, rules);
}

function take(pod: PodState, event: PodEvent, nowMs: number, rules: PodRules): PodState {
  switch (event.kind) {
    case 'wanted':
      return { ...pod, wantedAtMs: nowMs };
    case 'by_hand':
      if (event.to === 'start') return { ...pod, isHeldDown: false, wantedAtMs: nowMs, retryAtMs: nowMs };
      return drained({ ...pod, isHeldDown: true }, nowMs, rules);
    case 'scaled':
      return event.to === 'stop' ? drained(pod, nowMs, rules) : startedFrom(pod, nowMs);
    case 'looked':
      return looked(pod, event, nowMs);
    case 'told':
      return told(pod, event.to, nowMs);
    case 'failed':
      return failed(pod, event.failure, nowMs);
    case 'checked':
      return checked(pod, event.isBusy, nowMs, rules);
    case 'probed':
      return event.isReady ? ready(pod, nowMs) : { ...pod, retryAtMs: nowMs + probeEveryMs };
    case 'silent':
      return nowMs - (pod.lookedAtMs ?? 0) < lookAgainMs ? pod : { ...pod, lookedAtMs: null };
  }
}

/** What happens by itself. Idempotent. */
function passTime(pod: PodState, nowMs: number, rules: PodRules): PodState {
  switch (pod.phase) {
    case 'running':
      return isIdle(pod, nowMs, rules) ? drained(pod, nowMs, rules) : pod;
    case 'draining':
      return isWanted(pod, nowMs) && !pod.isHeldDown ? enter(pod, 'running', nowMs) : pod;
    case 'stopped':
      return (isWanted(pod, nowMs) || isKeptUp(rules, nowMs)) && nowMs >= pod.retryAtMs ? startedFrom(pod, nowMs) : pod;
    case 'starting':
      return isGivenUp(pod, nowMs, rules) ? { ...enter(pod, 'stopped', nowMs), wokenAtMs: null } : pod;
    case 'warming':
      return nowMs - pod.phaseAtMs >= rules.wake_timeout_ms ? inVain(pod, nowMs) : pod;
    case 'stopping':
      return pod;
  }
}

function enter(pod: PodState, phase: PodPhase, nowMs: number): PodState {
  return { ...pod, phase, phaseAtMs: nowMs, retryAtMs: nowMs, failures: 0 };
}

/** Since it was last to be stopped, which forgets earlier wishes. */
function isWanted({ wantedAtMs }: PodState, nowMs: number): boolean {
  return wantedAtMs !== null && nowMs - wantedAtMs < wantedForMs;
}

function isIdle(pod: PodState, nowMs: number, rules: PodRules): boolean {
  if (!rules.mayIdle || isKeptUp(rules, nowMs)) return false;
  const sinceMs = Math.max(pod.wantedAtMs ?? 0, pod.phaseAtMs);
  const isNew = nowMs - pod.phaseAtMs < rules.min_up_ms;
  return nowMs - sinceMs >= rules.idle_after_ms && !isNew && recentWakes(pod, nowMs).length < rules.max_wakes_per_hour;
}

/** Of a pod that is up: no new calls. One that is being started is stopped at once, since nothing runs on it. */
function drained(pod: PodState, nowMs: number, { drain_ms: drainMs }: PodRules): PodState {
  if (pod.phase === 'running') return { ...enter(pod, 'draining', nowMs), wantedAtMs: null, retryAtMs: nowMs + drainMs };
  if (pod.phase !== 'starting' && pod.phase !== 'warming') return pod;
  return { ...enter(pod, 'stopping', nowMs), wantedAtMs: null, wokenAtMs: null };
}

function startedFrom(pod: PodState, nowMs: number): PodState {
  if (pod.isHeldDown) return pod;
  if (pod.phase === 'draining') return enter(pod, 'running', nowMs);
  return pod.phase === 'stopped' ? { ...enter(pod, 'starting', nowMs), wokenAtMs: nowMs, lookedAtMs: null } : pod;
}

function looked(pod: PodState, { isRunning, usdPerHour }: Extract<PodEvent, { kind: 'looked' }>, nowMs: number): PodState {
  const known = { ...pod, lookedAtMs: nowMs, failures: 0, usdPerHour: usdPerHour ?? pod.usdPerHour };
  const seen = { ...known, trouble: pod.trouble === 'no_gpu' || pod.trouble === 'never_ready' ? pod.trouble : null };
  if (isRunning) {
    const billed = { ...seen, upSinceMs: pod.upSinceMs ?? nowMs };
    if (pod.phase === 'starting') return { ...enter(billed, 'warming', nowMs), lookedAtMs: nowMs };
    // Started by somebody else.
    return pod.phase === 'stopped' ? { ...enter(billed, 'warming', nowMs), wokenAtMs: pod.wokenAtMs ?? nowMs } : billed;
  }
  const unbilled = { ...seen, upSinceMs: null };
  // Stopped by somebody else, or by the provider.
  return isUpPhase(pod.phase) ? { ...enter(unbilled, 'stopped', nowMs), wantedAtMs: null, wokenAtMs: null } : unbilled;
}

function isUpPhase(phase: PodPhase): boolean {
  return phase === 'running' || phase === 'draining' || phase === 'warming';
}

function told(pod: PodState, to: 'start' | 'stop', nowMs: number): PodState {
  if (to === 'start' && pod.phase === 'starting')
    return { ...enter(pod, 'warming', nowMs), upSinceMs: pod.upSinceMs ?? nowMs, trouble: keptTrouble(pod) };
  if (to !== 'stop' || pod.phase !== 'stopping') return pod;
  const stopped = { ...enter(pod, 'stopped', nowMs), upSinceMs: null, lookedAtMs: nowMs, trouble: keptTrouble(pod) };
  const pauseMs = pod.vainStarts < 2 ? 0 : Math.min(hourMs, longestPauseMs * 2 ** (pod.vainStarts - 2));
  return { ...stopped, retryAtMs: nowMs + pauseMs };
}

/** A lack of GPUs is over once it was started, a pod that never answers only once it has answered. */
function keptTrouble({ trouble }: PodState): PodTrouble | null {
  return trouble === 'never_ready' ? trouble : null;
}

const troubles: Readonly<Record<PodCallFailure['kind'], PodTrouble>> = {
  no_gpu: 'no_gpu',
  refused: 'refused',
  gone: 'gone',
  limited: 'api',
  failed: 'api',
};

/** Tried again after a second, then twice as long each time, up to a minute; five where only a person can mend it. */
function failed(pod: PodState, { kind, retryAfterMs }: PodCallFailure, nowMs: number): PodState {
  const failures = pod.failures + 1;
  const isForPeople = kind === 'refused' || kind === 'gone';
  const growingMs = Math.min(kind === 'no_gpu' ? 15_000 * 2 ** pod.failures : 1000 * 2 ** pod.failures, 60_000);
  const pauseMs = Math.min(Math.max(isForPeople ? longestPauseMs : growingMs, retryAfterMs ?? 0), longestPauseMs);
  // One failed call of many is not worth an alert.
  const isTrouble = troubles[kind] !== 'api' || failures >= 3;
  return { ...pod, failures, retryAtMs: nowMs + pauseMs, trouble: isTrouble ? troubles[kind] : pod.trouble };
}

/** A pod of its own goes back to work when there is some; one of a group is left alone until it has none. */
function checked(pod: PodState, isBusy: boolean, nowMs: number, rules: PodRules): PodState {
  if (pod.phase !== 'draining') return pod;
  if (!isBusy) return enter(pod, 'stopping', nowMs);
  if (pod.isHeldDown || rules.isInGroup) return { ...pod, retryAtMs: nowMs + checkEveryMs };
  return { ...enter(pod, 'running', nowMs), wantedAtMs: nowMs };
}

function ready(pod: PodState, nowMs: number): PodState {
  return pod.phase === 'warming' ? { ...woken(enter(pod, 'running', nowMs), nowMs), vainStarts: 0, trouble: null } : pod;
}

function inVain(pod: PodState, nowMs: number): PodState {
  return {
    ...enter(pod, 'stopping', nowMs),
    vainStarts: pod.vainStarts + 1,
    trouble: 'never_ready',
    wantedAtMs: null,
    wokenAtMs: null,
  };
}

function isGivenUp(pod: PodState, nowMs: number, rules: PodRules): boolean {
  return pod.failures > 0 && nowMs - (pod.wantedAtMs ?? 0) > wantedForMs && !isKeptUp(rules, nowMs);
}

/** What to do next, and when; `nowMs` or earlier means at once. */
export function nextAction(pod: PodState, nowMs: number, rules: PodRules): { readonly action: PodAction; readonly atMs: number } {
  switch (pod.phase) {
    case 'running':
    case 'stopped':
      return {
        action: 'look',
        atMs: Math.max(pod.lookedAtMs === null ? nowMs : pod.lookedAtMs + lookEveryMs, pod.failures > 0 ? pod.retryAtMs : 0),
      };
    case 'draining':
      return { action: 'check', atMs: pod.retryAtMs };
    case 'stopping':
      return { action: 'stop', atMs: pod.retryAtMs };
    case 'starting':
      return { action: pod.lookedAtMs === null ? 'look' : 'start', atMs: pod.retryAtMs };
    case 'warming':
      return { action: 'probe', atMs: Math.min(pod.retryAtMs, pod.phaseAtMs + rules.wake_timeout_ms) };
  }
}

/** When time alone may change the state: the alarm for it. `Infinity`: never. */
export function nextChangeAtMs(pod: PodState, nowMs: number, rules: PodRules): number {
  if (pod.phase === 'running') {
    if (!rules.mayIdle) return Number.POSITIVE_INFINITY;
    const idleAtMs = Math.max(pod.wantedAtMs ?? 0, pod.phaseAtMs) + rules.idle_after_ms;
    const dueAtMs = Math.max(idleAtMs, pod.phaseAtMs + rules.min_up_ms);
    // Something else keeps it up: looked at again in a minute.
    return dueAtMs > nowMs ? dueAtMs : nowMs + 60_000;
  }
  if (pod.phase === 'stopped') return nowMs < pod.retryAtMs && isWanted(pod, nowMs) ? pod.retryAtMs : nowMs + 60_000;
  return Number.POSITIVE_INFINITY;
}
