/**
 * The configuration that most files share: limits of about a second, no breaker and no throttle, so that what one request meets says
 * nothing about the next and rows may run side by side. Rescue is off: the rows here are about honest endings.
 */
export const steadyOverrides = {
  upstreams: {
    small: { timeouts_ms: { connect: 1000, first_event: 1000, idle: 1000, total: 5000 } },
    large: { timeouts_ms: { connect: 1000, first_event: 1500, idle: 1000, total: 5000 } },
  },
  routing: {
    retry: {
      backoff_base_ms: 10,
      backoff_max_ms: 50,
      max_retry_after_ms: 200,
      budget_ratio: 1,
      budget_floor_per_second: 1000,
    },
    health: {
      probe_interval_ms: 500,
      probe_interval_down_ms: 200,
      probe_interval_idle_ms: 60_000,
      probe_timeout_ms: 2000,
      unhealthy_threshold: 5,
      snapshot_max_age_ms: 100,
      throttle_max_ms: 1,
      breaker: { enabled: false },
    },
    rescue: { enabled: false },
    streaming: { hold_status_ms: 400, ping_ms: 300 },
  },
  limits: { body_read_timeout_ms: 1000 },
};
