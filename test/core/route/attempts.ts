/** Plans, outcomes and snapshots in short form for the tests of the step between attempts. */
import type { RoutingConfig } from '../../../shared/config.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { noFailures } from '../../../worker/core/health/failure-run.ts';
import type { HealthSnapshot, InstanceSnapshot, InstanceStatus } from '../../../worker/core/health/snapshot.ts';
import type { Candidate, FailedOutcome, Plan } from '../../../worker/core/route/attempt.ts';
import type { FailureCause } from '../../../worker/core/upstreams/causes.ts';
import { routeKey } from '../../../worker/core/upstreams/route-key.ts';

export const retry: RoutingConfig['retry'] = {
  max_attempts: 3,
  attempts_per_model: 2,
  backoff_base_ms: 100,
  backoff_max_ms: 2000,
  max_retry_after_ms: 3000,
  budget_ratio: 0.2,
  budget_floor_per_second: 0.5,
};

export function candidate(modelId: string, change: Partial<Candidate> = {}): Candidate {
  return { modelId, upstreamId: `u-${modelId}`, tunnelId: 'main', contextTokens: 32_768, reason: 'test', ...change };
}

export function planOf(...candidates: readonly Candidate[]): Plan {
  return { candidates, requiredContextTokens: 1000 };
}

const codes: Record<FailureCause, ErrorCode> = {
  unreachable: 'upstream_unreachable',
  reset: 'upstream_unreachable',
  timeout: 'upstream_timeout',
  server_error: 'upstream_error',
  gateway_error: 'upstream_error',
  overload: 'upstream_overloaded',
  rate_limited: 'upstream_rate_limited',
  auth: 'upstream_auth',
  tunnel: 'tunnel_down',
  account: 'upstream_quota',
  misfit: 'upstream_error',
  model_missing: 'upstream_model_missing',
  invalid_answer: 'upstream_invalid_answer',
  broken_off: 'upstream_truncated',
  unfit_answer: 'invalid_structured_output',
  degenerate: 'upstream_invalid_answer',
  empty_answer: 'upstream_invalid_answer',
  low_confidence: 'upstream_invalid_answer',
  context_length: 'context_length_exceeded',
  content_policy: 'content_policy_violation',
  client: 'upstream_rejected',
};

export function failed(on: Candidate, cause: FailureCause, retryAfterMs?: number): FailedOutcome {
  const failure = retryAfterMs === undefined ? { code: codes[cause] } : { code: codes[cause], retryAfterMs };
  return { isOk: false, candidate: on, cause, failure, roomTokens: null };
}

/** A snapshot at 0 of the given routes; everything else is unknown to it. */
export function health(...states: readonly (readonly [Candidate, InstanceStatus, Partial<InstanceSnapshot>?])[]): HealthSnapshot {
  const instances = states.map(([route, status, change]): [string, InstanceSnapshot] => [
    routeKey(route),
    {
      modelId: route.modelId,
      upstreamId: route.upstreamId,
      tunnelId: route.tunnelId,
      status,
      breaker: 'closed',
      untilMs: status === 'up' || status === 'half_open' ? null : 60_000,
      hasPermit: false,
      isLastResort: false,
      consecutiveFailures: 0,
      failedInARow: 0,
      failures: noFailures,
      running: null,
      waiting: null,
      kvCacheUsage: null,
      wedgedSinceMs: null,
      lastProbeAtMs: null,
      contextTokens: null,
      ...change,
    },
  ]);
  return { version: 1, atMs: 0, instances: Object.fromEntries(instances), models: {}, tunnels: {} };
}
