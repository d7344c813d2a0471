/**
 * The retry budget of one isolate: over a sliding window of 10 s, second tries may be a share of the requests plus a floor per second, so
 * that retries cannot multiply an outage. After Finagle's RetryBudget (tokens that live for 10 s) and Envoy's `retry_budget`. It counts
 * retries of the same model only; a fallback is limited by the other model's health instead.
 */
import type { RoutingConfig } from '../../../shared/config.ts';

type RetryBudgetConfig = Pick<RoutingConfig['retry'], 'budget_ratio' | 'budget_floor_per_second'>;

export const retryWindowSeconds = 10;

interface Second {
  readonly second: number;
  readonly requests: number;
  readonly retries: number;
}

/** At most `retryWindowSeconds` entries, the oldest first. */
export type RetryBudget = readonly Second[];

export const emptyRetryBudget: RetryBudget = [];

/** Counts a request; call it once a request, before its first attempt. */
export function countRequest(budget: RetryBudget, nowMs: number): RetryBudget {
  return add(budget, nowMs, 1, 0);
}

/** Counts a retry that is being made. */
export function countRetry(budget: RetryBudget, nowMs: number): RetryBudget {
  return add(budget, nowMs, 0, 1);
}

/**
 * Whether one more retry fits: retries in the window + 1 ≤ ratio · requests in the window + floor · 10 s. A fresh isolate may therefore
 * spend the whole floor at once; that burst is also its bound.
 */
export function mayRetry(budget: RetryBudget, nowMs: number, config: RetryBudgetConfig): boolean {
  let requests = 0;
  let retries = 0;
  for (const entry of inWindow(budget, nowMs)) {
    requests += entry.requests;
    retries += entry.retries;
  }
  return retries + 1 <= config.budget_ratio * requests + config.budget_floor_per_second * retryWindowSeconds;
}

function add(budget: RetryBudget, nowMs: number, requests: number, retries: number): RetryBudget {
  const kept = inWindow(budget, nowMs);
  const last = kept.at(-1);
  const second = Math.floor(nowMs / 1000);
  // A clock that steps back adds to the newest second, so that the entries stay in order.
  if (last !== undefined && last.second >= second) {
    return [...kept.slice(0, -1), { second: last.second, requests: last.requests + requests, retries: last.retries + retries }];
  }
  return [...kept, { second, requests, retries }];
}

function inWindow(budget: RetryBudget, nowMs: number): RetryBudget {
  const oldest = Math.floor(nowMs / 1000) - retryWindowSeconds + 1;
  const first = budget[0];
  return first === undefined || first.second >= oldest ? budget : budget.filter((entry) => entry.second >= oldest);
}
