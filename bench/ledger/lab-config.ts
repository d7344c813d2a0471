/**
 * The configuration of the lab: limits of about a second, so that every fault shows itself soon, and no breaker, throttle or queue, so
 * that what one request meets says nothing about the next. What is counted, reserved and refused is as shipped.
 */
const timeouts_ms = { connect: 1500, first_event: 1500, idle: 1000, total: 6000 };

export const labOverrides = {
  upstreams: { small: { timeouts_ms }, large: { timeouts_ms } },
  models: { 'qwen2.5-7b': { max_in_flight: 1000 }, 'qwen2.5-32b': { max_in_flight: 1000 } },
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
      unhealthy_threshold: 100,
      throttle_max_ms: 1,
      breaker: { enabled: false },
    },
    streaming: { hold_status_ms: 1000, ping_ms: 300 },
  },
} as const;
