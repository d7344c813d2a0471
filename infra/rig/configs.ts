/** Configurations of rigs, as merge patches: what is not named is as shipped. */

/** What one request meets says nothing about the next. */
const unblamed = {
  retry: { backoff_base_ms: 5, backoff_max_ms: 10, max_retry_after_ms: 200, budget_ratio: 1, budget_floor_per_second: 1000 },
  health: { probe_interval_ms: 500, probe_interval_down_ms: 200, throttle_max_ms: 1 },
};
const steadyTimeouts = { connect: 1300, first_event: 1700, idle: 1500, total: 4000 };
const labTimeouts = { connect: 1500, first_event: 1500, idle: 1000, total: 6000 };

/**
 * What most tests over HTTP share: limits of a few seconds, no breaker and no throttle, so that rows may run side by side. Rescue is off:
 * the rows are about honest endings.
 *
 * `hold_status_ms` is longer than anything a row without a limit takes, and shorter than every limit: so whether an error has its true
 * status or comes as an event does not depend on the machine.
 */
export const steadyOverrides = {
  upstreams: { small: { timeouts_ms: steadyTimeouts }, large: { timeouts_ms: steadyTimeouts } },
  // What is slower is ended at `total`.
  models: { 'qwen2.5-32b': { slow_tokens_per_second: 15 } },
  routing: {
    retry: unblamed.retry,
    health: {
      ...unblamed.health,
      probe_interval_idle_ms: 60_000,
      probe_timeout_ms: 3000,
      unhealthy_threshold: 50,
      snapshot_max_age_ms: 100,
      // What a 404 takes out comes back soon.
      breaker: { enabled: false, ejection_base_ms: 500, ejection_max_ms: 1000 },
    },
    rescue: { enabled: false },
    // Longer than three attempts that each run into `total` (about 5 s here), so rows that fail late still have their true status.
    streaming: { hold_status_ms: 1000, ping_ms: 300, hold_whole_ms: 30_000 },
  },
  limits: { body_read_timeout_ms: 1000, max_answer_bytes: 500_000 },
};

/**
 * The lab's: limits of about a second, so that every fault shows itself soon, and no breaker, throttle or queue. What is counted, reserved
 * and refused is as shipped.
 */
export const labOverrides = {
  upstreams: { small: { timeouts_ms: labTimeouts }, large: { timeouts_ms: labTimeouts } },
  models: { 'qwen2.5-7b': { max_in_flight: 1000 }, 'qwen2.5-32b': { max_in_flight: 1000 } },
  routing: {
    retry: unblamed.retry,
    health: { ...unblamed.health, unhealthy_threshold: 100, breaker: { enabled: false } },
    streaming: { hold_status_ms: 1000, ping_ms: 300 },
  },
};

/** A model behind no gate and with nobody to stand in for it. Its tier keeps it out of every other model's plan. */
const directModel = {
  upstreams: ['direct'],
  served_name: 'stand-in/direct',
  tier: 'vision',
  context_tokens: 32_768,
  capabilities: ['tools'],
  tool_formats: ['hermes'],
  reasoning: 'none',
  slow_tokens_per_second: 15,
  max_in_flight: 64,
  price: {
    input_per_million_usd: 1,
    cached_input_per_million_usd: 1,
    output_per_million_usd: 1,
    source: 'test',
    as_of: '2026-11-20',
  },
};

/** For outages: fast breakers and probes, rescue, and one model that has nobody to stand in for it. */
const breakerOverrides = {
  upstreams: {
    ...steadyOverrides.upstreams,
    direct: {
      url_var: 'DIRECT_UPSTREAM_URL',
      dialect: 'vllm',
      access: false,
      tunnel: 'none',
      timeouts_ms: steadyTimeouts,
    },
  },
  models: { direct: directModel },
  routing: {
    ...steadyOverrides.routing,
    chains: { direct: [] },
    rescue: { enabled: true, max_rescues: 1 },
    retry: { ...unblamed.retry, max_retry_after_ms: 1500, budget_ratio: 0.2, budget_floor_per_second: 0.5 },
    health: {
      ...steadyOverrides.routing.health,
      // The default ratio: something that is out is looked at six times as often as what is well.
      probe_interval_ms: 1200,
      probe_interval_down_ms: 200,
      unhealthy_threshold: 2,
      healthy_threshold: 1,
      throttle_max_ms: 1000,
      breaker: {
        enabled: true,
        consecutive_local_failures: 3,
        consecutive_server_errors: 5,
        ejection_base_ms: 500,
        ejection_max_ms: 1000,
      },
    },
  },
  limits: steadyOverrides.limits,
};

/** What a rig for outages is started with. */
export const breakerRig = {
  overrides: breakerOverrides,
  direct: [{ id: 'direct', servedName: directModel.served_name, role: 'small' }],
} as const;
