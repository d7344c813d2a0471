/** What is remembered of one rented pod, as plain JSON, and what is read from it. */
import type { PodConfig } from '../../../shared/config-pods.ts';
import type { PodPhase, PodTrouble } from '../health/snapshot.ts';

export interface PodState {
  readonly phase: PodPhase;
  readonly phaseAtMs: number;
  /** Somebody wanted one of its models. */
  readonly wantedAtMs: number | null;
  /** An operator has stopped it: it stays so until an operator starts it. */
  readonly isHeldDown: boolean;
  /** When the start under way was asked for. */
  readonly wokenAtMs: number | null;
  /** Since when the provider has billed it; null while it is stopped. */
  readonly upSinceMs: number | null;
  /** When the provider was last asked for its state. */
  readonly lookedAtMs: number | null;
  /** Nothing is asked of the provider before then. */
  readonly retryAtMs: number;
  /** Calls of the provider in a row that failed, and starts in a row after which no server answered. */
  readonly failures: number;
  readonly vainStarts: number;
  readonly trouble: PodTrouble | null;
  /** When it was woken, within the last hour, and how long the newest wakes took until a server answered. */
  readonly wakesAtMs: readonly number[];
  readonly wakeTimesMs: readonly number[];
  readonly wakes: number;
  /** Billed time by UTC day, the newest last, at most `keptDays`. */
  readonly upMsByDay: readonly { readonly day: string; readonly upMs: number }[];
  readonly upMs: number;
  readonly usdPerHour: number | null;
}

export const hourMs = 3_600_000;
const keptDays = 31;
const keptWakeTimes = 9;

/** Of a pod that nobody has looked at: taken for running, so that nothing is held up for want of knowledge. */
export function unknownPod(nowMs: number): PodState {
  return {
    phase: 'running',
    phaseAtMs: nowMs,
    wantedAtMs: null,
    isHeldDown: false,
    wokenAtMs: null,
    upSinceMs: null,
    lookedAtMs: null,
    retryAtMs: 0,
    failures: 0,
    vainStarts: 0,
    trouble: null,
    wakesAtMs: [],
    wakeTimesMs: [],
    wakes: 0,
    upMsByDay: [],
    upMs: 0,
    usdPerHour: null,
  };
}

/** Whether its servers may be called, or are about to be left alone. */
export function isUp({ phase }: Pick<PodState, 'phase'>): boolean {
  return phase === 'running' || phase === 'draining';
}

export function isWaking({ phase }: Pick<PodState, 'phase'>): boolean {
  return phase === 'starting' || phase === 'warming';
}

/** Booked time and the time since, in milliseconds. */
export function upMsUntil(pod: PodState, nowMs: number): number {
  return pod.upMs + (pod.upSinceMs === null ? 0 : Math.max(0, nowMs - pod.upSinceMs));
}

/** Books the billed time so far, by day; a pod that is not billed is unchanged. */
export function booked(pod: PodState, nowMs: number): PodState {
  const { upSinceMs } = pod;
  if (upSinceMs === null || nowMs <= upSinceMs) return pod;
  const byDay = new Map(pod.upMsByDay.map(({ day, upMs }) => [day, upMs]));
  for (let fromMs = upSinceMs; fromMs < nowMs;) {
    const day = new Date(fromMs).toISOString().slice(0, 10);
    const untilMs = Math.min(nowMs, Date.parse(`${day}T00:00:00Z`) + 24 * hourMs);
    byDay.set(day, (byDay.get(day) ?? 0) + untilMs - fromMs);
    fromMs = untilMs;
  }
  const upMsByDay = [...byDay].slice(-keptDays).map(([day, upMs]) => ({ day, upMs }));
  return { ...pod, upSinceMs: nowMs, upMs: pod.upMs + nowMs - upSinceMs, upMsByDay };
}

/** The wake that has just ended in an answering server. */
export function woken(pod: PodState, nowMs: number): PodState {
  if (pod.wokenAtMs === null) return pod;
  return {
    ...pod,
    wokenAtMs: null,
    wakes: pod.wakes + 1,
    wakesAtMs: [...recentWakes(pod, nowMs), nowMs],
    wakeTimesMs: [...pod.wakeTimesMs, nowMs - pod.wokenAtMs].slice(-keptWakeTimes),
  };
}

export function recentWakes({ wakesAtMs }: PodState, nowMs: number): readonly number[] {
  return wakesAtMs.filter((atMs) => nowMs - atMs < hourMs);
}

/** Before a wake was measured. Downloads and graph captures that are kept on the volume are loaded, not made: minutes. */
const presumedWakeMs = 180_000;

/** How long a wake takes: the median of the measured ones. */
export function usualWakeMs({ wakeTimesMs }: PodState): number {
  const sorted = wakeTimesMs.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? presumedWakeMs;
}

/** When its servers should answer. A wake that takes longer than usual is given half as long again each time. */
export function readyAtMs(pod: PodState, nowMs: number): number {
  const notBeforeMs = Math.max(nowMs, pod.phase === 'warming' ? 0 : pod.retryAtMs);
  const fromMs = pod.wokenAtMs ?? notBeforeMs;
  let lastsMs = usualWakeMs(pod);
  while (fromMs + lastsMs <= nowMs) lastsMs *= 1.5;
  return Math.max(fromMs, notBeforeMs > nowMs ? notBeforeMs : 0) + lastsMs;
}

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** Within hours in which it is kept up. Hours that end before they begin run over midnight, into the next day. */
export function isKeptUp({ keep_up: hours }: Pick<PodConfig, 'keep_up'>, nowMs: number): boolean {
  const now = new Date(nowMs);
  const time = now.toISOString().slice(11, 16);
  const [today, yesterday] = [now.getUTCDay(), (now.getUTCDay() + 6) % 7].map((day) => weekdays[day]);
  return hours.some(({ days, from_utc: from, until_utc: until }) => {
    const isOn = (day: (typeof weekdays)[number] | undefined): boolean => days.some((one) => one === day);
    if (from < until) return isOn(today) && time >= from && time < until;
    return (isOn(today) && time >= from) || (isOn(yesterday) && time < until);
  });
}
