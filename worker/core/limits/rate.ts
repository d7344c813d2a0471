/**
 * Requests and tokens per minute, exact: a fixed window that opens with the first request after the last one has ended, so that no 60
 * seconds from its opening see more than the limit. Tokens are reserved by estimate and corrected when the truth is known.
 */
import type { Failure } from '../../../shared/errors.ts';

export interface RateLimits {
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

export interface RateWindow {
  /** `null` before the first request. */
  readonly startMs: number | null;
  readonly requests: number;
  /** Reserved and settled tokens of the window. */
  readonly tokens: number;
}

/** What a request has reserved, in the window that was open then. */
export interface RateHold {
  readonly startMs: number;
  readonly tokens: number;
}

export type RateVerdict =
  | { readonly isAllowed: true; readonly hold: RateHold }
  | {
      readonly isAllowed: false;
      readonly exceeded: 'requests' | 'tokens';
      /** Until the window ends. */
      readonly retryAfterMs: number;
      /** The request alone asks for more than a whole window has. */
      readonly isHopeless: boolean;
    };

/** What `x-ratelimit-*` shows; `null` where there is no limit. Times are milliseconds until the window ends, 0 when none is open. */
export interface RateNumbers {
  readonly limitRequests: number | null;
  readonly remainingRequests: number | null;
  readonly limitTokens: number | null;
  readonly remainingTokens: number | null;
  readonly resetMs: number;
}

export const rateWindowMs = 60_000;
/** The wait told to clients when the platform's coarse limit refuses, which names no time itself. */
export const coarseWaitMs = 10_000;

export const emptyRate: RateWindow = { startMs: null, requests: 0, tokens: 0 };

/** Takes one request and its estimated tokens out of the window, or neither. */
export function takeRequest(
  before: RateWindow,
  estimatedTokens: number,
  limits: RateLimits,
  nowMs: number,
): { readonly window: RateWindow; readonly verdict: RateVerdict } {
  const numbers = rateNumbers(before, limits, nowMs);
  const tokens = Math.max(0, Math.ceil(estimatedTokens));
  const isHopeless = limits.tokensPerMinute !== null && tokens > limits.tokensPerMinute;
  const refuse = (exceeded: 'requests' | 'tokens') => ({
    window: before,
    verdict: { isAllowed: false, exceeded, retryAfterMs: numbers.resetMs, isHopeless } as const,
  });
  if (isHopeless) return refuse('tokens');
  if (numbers.remainingRequests !== null && numbers.remainingRequests < 1) return refuse('requests');
  if (numbers.remainingTokens !== null && numbers.remainingTokens < tokens) return refuse('tokens');
  const startMs = isOpen(before, nowMs) ? before.startMs : nowMs;
  const hold = { startMs, tokens };
  return { window: addHold(before, hold), verdict: { isAllowed: true, hold } };
}

/** Counts one request with what it holds: in its own window if that is the open one or newer, else nowhere. */
export function addHold(window: RateWindow, { startMs, tokens }: RateHold): RateWindow {
  if (window.startMs === startMs) return { startMs, requests: window.requests + 1, tokens: window.tokens + tokens };
  return window.startMs === null || startMs > window.startMs ? { startMs, requests: 1, tokens } : window;
}

/** @param ofWhat such as ` for qwen2.5-7b`; empty for the key as a whole */
export function rateFailure(verdict: Exclude<RateVerdict, { isAllowed: true }>, ofWhat = ''): Failure {
  const { exceeded, retryAfterMs, isHopeless } = verdict;
  if (isHopeless) {
    const detail = `It asks for more tokens than the limit per minute${ofWhat} has in a whole minute; a smaller max_tokens may help.`;
    return { code: 'request_exceeds_limit', detail };
  }
  return { code: 'rate_limit_exceeded', detail: `The limit of ${exceeded} per minute${ofWhat} is reached.`, retryAfterMs };
}

/** Replaces the tokens held by those really used. They count in the window of the admission: when that has ended, nothing changes. */
export function settleTokens(window: RateWindow, hold: RateHold, tokens: number): RateWindow {
  if (window.startMs !== hold.startMs) return window;
  return { ...window, tokens: window.tokens - hold.tokens + Math.max(0, tokens) };
}

/** The state of the window as it is now. */
export function rateNumbers(window: RateWindow, limits: RateLimits, nowMs: number): RateNumbers {
  const hasWindow = isOpen(window, nowMs);
  const requests = hasWindow ? window.requests : 0;
  const tokens = hasWindow ? window.tokens : 0;
  return {
    limitRequests: limits.requestsPerMinute,
    remainingRequests: limits.requestsPerMinute === null ? null : Math.max(0, limits.requestsPerMinute - requests),
    limitTokens: limits.tokensPerMinute,
    remainingTokens: limits.tokensPerMinute === null ? null : Math.max(0, limits.tokensPerMinute - tokens),
    resetMs: hasWindow ? Math.min(rateWindowMs, window.startMs + rateWindowMs - nowMs) : 0,
  };
}

/** The numbers shown to a key that exceeded the platform's coarse limit, whatever its own window still holds. */
export function nothingLeft(limits: RateLimits): RateNumbers {
  const noneOf = (limit: number | null) => (limit === null ? null : 0);
  return {
    limitRequests: limits.requestsPerMinute,
    remainingRequests: noneOf(limits.requestsPerMinute),
    limitTokens: limits.tokensPerMinute,
    remainingTokens: noneOf(limits.tokensPerMinute),
    resetMs: coarseWaitMs,
  };
}

/** A time before the window's start counts as inside it, so a clock that steps back only makes the limit stricter. */
function isOpen(window: RateWindow, nowMs: number): window is RateWindow & { readonly startMs: number } {
  return window.startMs !== null && nowMs < window.startMs + rateWindowMs;
}
