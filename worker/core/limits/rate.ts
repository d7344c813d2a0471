/**
 * Requests and tokens per minute, exact: a fixed window that opens with the first request after the last one has ended, so that no 60
 * seconds from its opening see more than the limit. Tokens are reserved by estimate and corrected when the truth is known.
 */
import type { Failure } from '../../../shared/errors.ts';

export interface RateLimits {
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

export interface RateState {
  /** `null` before the first request. */
  readonly windowStartMs: number | null;
  readonly requests: number;
  /** Reserved and settled tokens of the window. */
  readonly tokens: number;
  /** Reservations of the window that are not settled yet. */
  readonly reserved: readonly (readonly [id: string, tokens: number])[];
  /** The newest admitted ids: a repeated call is not counted again. */
  readonly recentIds: readonly string[];
}

export type RateVerdict =
  | { readonly isAllowed: true }
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
/** The platform's coarse limit does not say when there is room again. */
export const coarseWaitMs = 10_000;
/** Covers the repeats of a call whose answer was lost; a later repeat counts twice, which errs on the strict side. */
const maxRecentIds = 128;
/** Beyond, the oldest reservation is forgotten and stays counted at its estimate, which errs on the strict side. */
const maxReserved = 4096;

export const emptyRate: RateState = { windowStartMs: null, requests: 0, tokens: 0, reserved: [], recentIds: [] };

/** Takes one request and its estimated tokens out of the window, or neither. Repeating an id changes nothing. */
export function takeRequest(
  state: RateState,
  request: { readonly id: string; readonly estimatedTokens: number },
  limits: RateLimits,
  nowMs: number,
): { readonly state: RateState; readonly verdict: RateVerdict } {
  if (isRecent(state, request.id)) return { state, verdict: { isAllowed: true } };
  const window = openWindow(state, nowMs);
  const numbers = rateNumbers(state, limits, nowMs);
  const tokens = Math.max(0, Math.ceil(request.estimatedTokens));
  const isHopeless = limits.tokensPerMinute !== null && tokens > limits.tokensPerMinute;
  if (numbers.remainingRequests !== null && numbers.remainingRequests < 1) {
    return { state, verdict: { isAllowed: false, exceeded: 'requests', retryAfterMs: numbers.resetMs, isHopeless } };
  }
  if (numbers.remainingTokens !== null && numbers.remainingTokens < tokens) {
    return { state, verdict: { isAllowed: false, exceeded: 'tokens', retryAfterMs: numbers.resetMs, isHopeless } };
  }
  const taken = {
    ...window,
    requests: window.requests + 1,
    tokens: window.tokens + tokens,
    reserved: limits.tokensPerMinute === null ? [] : [...window.reserved, [request.id, tokens] as const].slice(-maxReserved),
    recentIds: rememberId(window, request.id).recentIds,
  };
  return { state: taken, verdict: { isAllowed: true } };
}

/** @param ofWhat such as ` for qwen2.5-7b`; empty for the key as a whole */
export function rateFailure(verdict: Exclude<RateVerdict, { isAllowed: true }>, ofWhat = ''): Failure {
  const { exceeded, retryAfterMs, isHopeless } = verdict;
  const detail = isHopeless
    ? `The request alone asks for more tokens than the limit per minute${ofWhat}.`
    : `The limit of ${exceeded} per minute${ofWhat} is reached.`;
  return { code: 'rate_limit_exceeded', detail, retryAfterMs };
}

/**
 * Replaces a reservation by the tokens really used, once. They count in the window of the request's admission: when that has ended, or
 * the id is unknown, nothing changes.
 */
export function settleTokens(state: RateState, id: string, tokens: number): RateState {
  const reservation = state.reserved.find(([known]) => known === id);
  if (reservation === undefined) return state;
  return {
    ...state,
    tokens: state.tokens - reservation[1] + Math.max(0, tokens),
    reserved: state.reserved.filter(([known]) => known !== id),
  };
}

/** The state of the window as it is now. */
export function rateNumbers(state: RateState, limits: RateLimits, nowMs: number): RateNumbers {
  const hasWindow = isOpen(state, nowMs);
  const requests = hasWindow ? state.requests : 0;
  const tokens = hasWindow ? state.tokens : 0;
  return {
    limitRequests: limits.requestsPerMinute,
    remainingRequests: limits.requestsPerMinute === null ? null : Math.max(0, limits.requestsPerMinute - requests),
    limitTokens: limits.tokensPerMinute,
    remainingTokens: limits.tokensPerMinute === null ? null : Math.max(0, limits.tokensPerMinute - tokens),
    resetMs: hasWindow ? Math.min(rateWindowMs, (state.windowStartMs ?? nowMs) + rateWindowMs - nowMs) : 0,
  };
}

/** What a key is shown that passed the platform's coarse limit, whatever its window still holds. */
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

/** The id is done with: whoever comes with it again is taken for a repeat. */
export function rememberId(state: RateState, id: string): RateState {
  return isRecent(state, id) ? state : { ...state, recentIds: [...state.recentIds, id].slice(-maxRecentIds) };
}

/** Whether the id was admitted, or ended, a moment ago. */
export function isRecent(state: RateState, id: string): boolean {
  return state.recentIds.includes(id);
}

/** A clock that steps back finds itself in the open window: it can only make the limiter stricter. */
function isOpen(state: RateState, nowMs: number): boolean {
  return state.windowStartMs !== null && nowMs < state.windowStartMs + rateWindowMs;
}

function openWindow(state: RateState, nowMs: number): RateState {
  return isOpen(state, nowMs) ? state : { ...emptyRate, windowStartMs: nowMs, recentIds: state.recentIds };
}
