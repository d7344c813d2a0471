/** Error answers. */
import { harmless, refused, type FaultCase } from '../fault-case.ts';

export const status: readonly FaultCase[] = [
  refused('bad-request', 'upstream_rejected'),
  refused('unprocessable', 'upstream_unprocessable'),
  refused('context-length', 'context_length_exceeded'),
  refused('content-policy', 'content_policy_violation'),
  refused('unauthorized', 'upstream_auth'),
  refused('forbidden', 'upstream_auth'),
  refused('model-missing', 'upstream_model_missing', { isContagious: true }),
  refused('rate-limit', 'upstream_rate_limited', { settings: 'after=7', retryAfterSeconds: 7 }),
  refused('rate-limit-date', 'upstream_rate_limited', { settings: 'after=30', retryAfterSeconds: 30 }),
  refused('rate-limit-absurd', 'upstream_rate_limited', { retryAfterSeconds: 3600 }),
  refused('rate-limit-garbage', 'upstream_rate_limited', { retryAfterSeconds: 1 }),
  refused('server-error', 'upstream_error'),
  refused('legacy-error', 'upstream_error'),
  refused('out-of-memory', 'upstream_error'),
  refused('bad-gateway', 'upstream_unreachable'),
  refused('unavailable', 'upstream_overloaded', { retryAfterSeconds: 1 }),
  refused('unavailable-retry', 'upstream_overloaded', { settings: 'after=9', retryAfterSeconds: 9 }),

  // The provider's own problem, under any status, is not the client's fault: the next model is tried.
  refused('foreign-status', 'upstream_quota', { settings: 'status=402;says=Insufficient credits' }),
  refused('foreign-status', 'upstream_error', { settings: 'status=405;says=Method Not Allowed' }),
  refused('foreign-status', 'upstream_unreachable', { settings: 'status=407;says=Proxy Authentication Required' }),
  refused('foreign-status', 'upstream_unreachable', { settings: 'status=421;says=Misdirected Request' }),
  refused('foreign-status', 'upstream_unreachable', { settings: 'status=425;says=Too Early' }),
  refused('foreign-status', 'upstream_unreachable', { settings: 'status=499;says=Client Closed Request' }),
  refused('foreign-status', 'upstream_quota', { settings: 'status=400;says=Your credit balance is too low to access this API' }),
  refused('foreign-status', 'upstream_error', { settings: 'status=500;says=boom' }),
  // Only a continuation can trigger these; sequences.ts tests that.
  harmless('refuses-prefill', 'same'),
  harmless('starts-over', 'same'),
];
