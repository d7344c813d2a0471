/**
 * One coarse interval per answer instead of a timer per chunk: it counts quiet ticks, so a chunk only resets an integer. While the
 * client is being waited for (`hold`), silence is the client's and neither pings nor the idle limit count.
 */
import type { Clock, Timers } from '../core/ports.ts';

export interface WatchOptions {
  readonly idleMs: number;
  readonly totalMs: number;
  /** Silence towards the client before a ping; null when there is nothing to ping. */
  readonly pingMs: number | null;
  /** @param isHeld the client is being waited for */
  onLimit(limit: 'idle' | 'total', isHeld: boolean): void;
  onPing(): void;
  /** Every ten seconds, whatever happens: for leases. */
  onBeat(): void;
}

const beatMs = 10_000;

export interface Watch {
  /** The server sent something. */
  touch(): void;
  /** A write to the client began (+1) or ended (-1); more than one can be pending. Only writes put pings off. */
  hold(by: 1 | -1): void;
  stop(): void;
}

/**
 * Limits are kept to within a tenth of the shortest of them, or one second if that is less. The whole time is read off the clock; silence
 * is counted in ticks, so that an isolate which was itself held up does not take its own absence for the server's.
 */
export function startWatch(clock: Clock, timers: Timers, options: WatchOptions): Watch {
  const shortest = Math.min(options.idleMs, options.totalMs, options.pingMs ?? Number.POSITIVE_INFINITY);
  const tickMs = Math.min(1000, Math.max(20, Math.floor(shortest / 10)));
  let held = 0;
  let quietTicks = 0;
  let unpingedTicks = 0;
  let allTicks = 0;
  const startedAtMs = clock.now();
  const stop = timers.every(tickMs, () => {
    allTicks += 1;
    if ((allTicks * tickMs) % beatMs < tickMs) options.onBeat();
    if (clock.now() - startedAtMs >= options.totalMs) return options.onLimit('total', held > 0);
    if (held > 0) return undefined;
    quietTicks += 1;
    unpingedTicks += 1;
    if (quietTicks * tickMs >= options.idleMs) return options.onLimit('idle', false);
    if (options.pingMs !== null && unpingedTicks * tickMs >= options.pingMs) {
      unpingedTicks = 0;
      options.onPing();
    }
    return undefined;
  });
  return {
    touch() {
      quietTicks = 0;
    },
    hold(by) {
      held += by;
      unpingedTicks = 0;
    },
    stop,
  };
}
