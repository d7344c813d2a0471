/** How long to wait before the same route is tried again. It does not decide whether to retry. */
import type { RoutingConfig } from '../../../shared/config.ts';

type BackoffConfig = Pick<RoutingConfig['retry'], 'backoff_base_ms' | 'backoff_max_ms'>;

/**
 * Full jitter: a whole number of milliseconds, uniform below `base · 2^retries`, at most `backoff_max_ms`. Of the usual schemes it
 * leaves the fewest calls at the same moment (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 *
 * @param retries how many retries of this request came before: 0 for the first
 */
export function backoffMs(retries: number, random: () => number, config: BackoffConfig): number {
  const ceilingMs = Math.min(config.backoff_max_ms, config.backoff_base_ms * 2 ** Math.min(retries, 30));
  return Math.floor(random() * ceilingMs);
}

/** Waits out a Retry-After, then up to `backoff_base_ms` more, so that clients told the same time do not return at the same moment. */
export function afterRetryAfterMs(retryAfterMs: number, random: () => number, config: BackoffConfig): number {
  return Math.max(0, Math.ceil(retryAfterMs)) + Math.floor(random() * config.backoff_base_ms);
}
