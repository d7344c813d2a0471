/**
 * The configuration that most files share: limits of a few seconds, no breaker and no throttle, so that what one request meets says
 * nothing about the next and rows may run side by side. Rescue is off: the rows here are about honest endings.
 *
 * `hold_status_ms` is longer than anything a row without a limit takes, and shorter than every limit: so whether an error has its true
 * status or comes as an event does not depend on the machine.
 */
const timeouts_ms = { connect: 1300, first_event: 1700, idle: 1500, total: 4000 };

export const steadyOverrides = {
  upstreams: { small: { timeouts_ms }, large: { timeouts_ms } },
  // What is slower is ended at `total`.
  models: { 'qwen2.5-32b': { slow_tokens_per_second: 15 } },
  routing: {
    retry: {
      backoff_base_ms: 5,
      backoff_max_ms: 10,
      max_retry_after_ms: 200,
      budget_ratio: 1,
      budget_floor_per_second: 1000,
    },
    health: {
      probe_interval_ms: 500,
      probe_interval_down_ms: 200,
      probe_interval_idle_ms: 60_000,
      probe_timeout_ms: 3000,
      unhealthy_threshold: 50,
      snapshot_max_age_ms: 100,
      throttle_max_ms: 1,
      // What a 404 takes out comes back soon.
      breaker: { enabled: false, ejection_base_ms: 500, ejection_max_ms: 1000 },
    },
    rescue: { enabled: false },
    // Longer than three attempts that each run into `total` (about 5 s here), so rows that fail late still have their true status.
    streaming: { hold_status_ms: 1000, ping_ms: 300, hold_whole_ms: 30_000 },
  },
  limits: { body_read_timeout_ms: 1000, max_answer_bytes: 500_000 },
};
