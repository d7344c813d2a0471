/** A clock and timers that are moved by hand: minutes pass in microseconds, and a request that would wait forever is noticed. */
import type { Clock, Timers } from '../../../worker/core/ports.ts';

export interface FakeTime {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Lets `ms` pass, firing what falls due, in order. */
  advance(ms: number): Promise<void>;
  /** Lets time pass until `work` is settled. Throws when nothing would ever settle it, or when it takes more than an hour. */
  runUntil<T>(work: Promise<T>): Promise<T>;
  sleep(ms: number): Promise<void>;
}

interface Timer {
  dueMs: number;
  readonly everyMs: number | null;
  readonly fire: () => void;
}

const longestMs = 3_600_000;

export function createFakeTime(startMs = 1_800_000_000_000): FakeTime {
  let nowMs = startMs;
  const pending = new Set<Timer>();

  const add = (timer: Timer): (() => void) => {
    pending.add(timer);
    return () => void pending.delete(timer);
  };
  const timers: Timers = {
    every: (everyMs, fire) => add({ dueMs: nowMs + everyMs, everyMs, fire }),
    once: (afterMs, fire) => add({ dueMs: nowMs + afterMs, everyMs: null, fire }),
  };
  const nextDue = (): Timer | undefined => {
    let earliest: Timer | undefined;
    for (const timer of pending) if (earliest === undefined || timer.dueMs < earliest.dueMs) earliest = timer;
    return earliest;
  };
  const fireNext = (timer: Timer): void => {
    nowMs = Math.max(nowMs, timer.dueMs);
    if (timer.everyMs === null) pending.delete(timer);
    else timer.dueMs += timer.everyMs;
    timer.fire();
  };

  return {
    clock: { now: () => nowMs },
    timers,
    async advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        await settleMicrotasks();
        const timer = nextDue();
        if (timer === undefined || timer.dueMs > untilMs) break;
        fireNext(timer);
      }
      nowMs = untilMs;
      await settleMicrotasks();
    },
    async runUntil(work) {
      let isSettled = false;
      const done = (): void => {
        isSettled = true;
      };
      work.then(done, done);
      for (;;) {
        await settleMicrotasks();
        if (isSettled) return work;
        const timer = nextDue();
        if (timer === undefined) throw new Error('this would never end: nothing is waited for');
        if (timer.dueMs > startMs + longestMs) throw new Error('this takes more than an hour');
        fireNext(timer);
      }
    },
    sleep: (ms) => new Promise((resolve) => void timers.once(ms, resolve)),
  };
}

/** Everything that is ready to run has run: promises, and the turns that Node's streams take. */
export async function settleMicrotasks(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => void setImmediate(resolve));
}
