/**
 * One coarse interval per answer instead of a timer per chunk: it looks whether tokens have come in since it last looked, so a chunk costs
 * nothing. Only tokens count as progress: comments and empty events also come from servers whose engine is dead. While the client is being waited for
 * (`hold`), silence is the client's and neither pings nor the idle limit count.
 */
import type { Clock, Timers } from '../../core/ports.ts';

export interface WatchLimits {
  /** Longest time without a token. */
  readonly idleMs: number;
  /** The whole answer; it may take longer while it keeps the pace. */
  readonly totalMs: number;
  /** The pace: so many tokens a second, pauses up to `idleMs` in all left aside, and no more than `maxTokens`. */
  readonly tokensPerSecond: number;
  readonly maxTokens: number;
  /** What has come in so far. */
  readonly progress: Progress;
}

export interface Progress {
  /** Events that carried text, thinking or a call: at most one per token. */
  readonly contentEvents: number;
  readonly contentChars: number;
}

export interface WatchOptions extends WatchLimits {
  /** Silence towards the client before a ping; null when there is nothing to ping. */
  readonly pingMs: number | null;
  /** @param isHeld the client is being waited for */
  onLimit(limit: 'idle' | 'total', isHeld: boolean): void;
  onPing(): void;
  /** Every ten seconds, whatever happens. @param quietMs without a token until now, the time left out in which the client is awaited */
  onBeat(quietMs: number): void;
}

const beatMs = 10_000;

export interface Watch {
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
  let seenEvents = options.progress.contentEvents;
  const startedAtMs = clock.now();
  const tokensAtStart = tokensIn(options.progress);
  const stop = timers.every(tickMs, () => {
    allTicks += 1;
    if ((allTicks * tickMs) % beatMs < tickMs) options.onBeat(quietTicks * tickMs);
    const tookMs = clock.now() - startedAtMs;
    if (tookMs >= options.totalMs && !keepsPace(options, tokensAtStart, tookMs)) return options.onLimit('total', held > 0);
    if (options.progress.contentEvents !== seenEvents) quietTicks = 0;
    seenEvents = options.progress.contentEvents;
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
    hold(by) {
      held += by;
      unpingedTicks = 0;
    },
    stop,
  };
}

function keepsPace(
  { progress, maxTokens, idleMs, tokensPerSecond }: WatchLimits,
  tokensAtStart: number,
  tookMs: number,
): boolean {
  const neededMs = ((tokensIn(progress) - tokensAtStart) / tokensPerSecond) * 1000;
  return progress.contentEvents <= maxTokens && tookMs - idleMs <= neededMs;
}

const charsPerToken = 4;

/** Servers send about a token an event; those that send several at once are counted by their characters. */
function tokensIn({ contentEvents, contentChars }: Progress): number {
  return Math.max(contentEvents, contentChars / charsPerToken);
}
