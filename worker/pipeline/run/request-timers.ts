/**
 * One timer of the platform for all that a request waits for. A stream would have six otherwise (limits, pings, the status that is held
 * back, a client that takes nothing), nearly all of them set and cleared for nothing, and each costs as much as a write to the client
 * (docs/decisions/0013-cost-of-a-stream.md). Per request and not per isolate: a timer can only touch the I/O of the request that set it.
 */
import type { Clock, Timers } from '../../core/ports.ts';

/** The timer goes off this often at the latest: then hardly anything that is set later has to set it again. */
const longestMs = 1000;

interface Alarm {
  dueMs: number;
  /** Null for one that goes off once. */
  readonly everyMs: number | null;
  readonly fire: () => void;
}

/** An alarm that is taken back leaves the timer as it is: at worst it goes off once for nothing, and it ends with the request. */
export function requestTimers(platform: Timers, clock: Clock): Timers {
  /** Few at a time: a list costs less than a set, which makes its tables at once. */
  const alarms: Alarm[] = [];
  let disarm: (() => void) | null = null;
  let armedForMs = 0;

  const arm = (nowMs: number): void => {
    let atMs = nowMs + longestMs;
    for (const { dueMs } of alarms) atMs = Math.min(atMs, dueMs);
    if (disarm !== null && armedForMs <= atMs) return;
    disarm?.();
    armedForMs = atMs;
    disarm = platform.once(Math.max(0, atMs - nowMs), onTimer);
  };

  const drop = (alarm: Alarm): void => {
    const at = alarms.indexOf(alarm);
    if (at >= 0) alarms.splice(at, 1);
  };

  /** One at a time, and the timer set before it: what one throws keeps no other from going off. */
  const onTimer = (): void => {
    disarm = null;
    const nowMs = clock.now();
    let due: Alarm | null = null;
    for (const alarm of alarms) if (alarm.dueMs <= nowMs && (due === null || alarm.dueMs < due.dueMs)) due = alarm;
    if (due !== null && due.everyMs === null) drop(due);
    // Rounds that were missed are not made up for.
    else if (due?.everyMs != null) due.dueMs = Math.max(due.dueMs + due.everyMs, nowMs + 1);
    if (alarms.length > 0) arm(nowMs);
    due?.fire();
  };

  const add = (afterMs: number, everyMs: number | null, fire: () => void): (() => void) => {
    const nowMs = clock.now();
    const alarm = { dueMs: nowMs + afterMs, everyMs, fire };
    alarms.push(alarm);
    arm(nowMs);
    return () => drop(alarm);
  };
  return {
    every: (everyMs, tick) => add(everyMs, everyMs, tick),
    once: (afterMs, fire) => add(afterMs, null, fire),
  };
}
