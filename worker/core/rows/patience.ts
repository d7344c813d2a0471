/** When a database that keeps failing is left alone for a while, so that what can do without it does not wait for it again and again. */

export interface Patience {
  /** Failures in a row. */
  readonly failures: number;
  readonly pausedUntilMs: number;
}

export const freshPatience: Patience = { failures: 0, pausedUntilMs: 0 };

/** So many failures in a row may be chance. */
const failuresBeforePause = 3;
const firstPauseMs = 2000;
const longestPauseMs = 30_000;

export function mayAsk({ pausedUntilMs }: Patience, nowMs: number): boolean {
  return nowMs >= pausedUntilMs;
}

/** After a pause one failure is enough for the next, longer one. */
export function afterAsking(before: Patience, isOk: boolean, nowMs: number): Patience {
  if (isOk) return freshPatience;
  const failures = before.failures + 1;
  const over = failures - failuresBeforePause;
  const pauseMs = over < 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, over));
  return { failures, pausedUntilMs: nowMs + pauseMs };
}
