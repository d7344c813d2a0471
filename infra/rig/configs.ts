/** Configurations of rigs, as merge patches over the shipped one. */

/** A failure of one request does not affect the next. */
const unblamed = {
  retry: { backoff_base_ms: 5, backoff_max_ms: 10, max_retry_after_ms: 200, budget_ratio: 1, budget_floor_per_second: 1000 },
  health: { probe_interval_ms: 500, probe_interval_down_ms: 200, throttle_max_ms: 1 },
};
const steadyTimeouts = { connect: 1300, first_event: 1700, idle: 1500, total: 4000 };
const labTimeouts = { connect: 1500, first_event: 1500, idle: 1000, total: 6000 };

/**
 * Shared by most tests over HTTP: limits of a few seconds, no breaker and no throttle, so that rows may run in parallel. Rescue is off, so
 * that broken answers end as such.
 *
 * `hold_status_ms` decides whether an error still has its true status or comes as an event. It is far above what a row without a limit
 * takes (three whole answers; two seconds were seen on a machine with ten runnable processes per core), and below the 3.4 s of the two
 * attempts after which a row that runs into `first_event` fails. Both are timers of one isolate, so their order does not depend on load.
 */
export const steadyOverrides = {
  upstreams: { small: { timeouts_ms: steadyTimeouts }, large: { timeouts_ms: steadyTimeouts } },
  // Slower answers are ended at `total`.
  models: { 'qwen2.5-32b': { slow_tokens_per_second: 15 } },
  routing: {
    retry: unblamed.retry,
    health: {
      ...unblamed.health,
      probe_interval_idle_ms: 60_000,
      probe_timeout_ms: 3000,
      unhealthy_threshold: 50,
      snapshot_max_age_ms: 100,
      // A model ejected by a 404 comes back soon.
      breaker: { enabled: false, ejection_base_ms: 500, ejection_max_ms: 1000 },
    },
    rescue: { enabled: false },
    // `hold_whole_ms`: longer than three attempts that each run into `total`, so whole answers that fail late still have their true status.
    // Stand-ins are fast, and most faults show in streams only: whole answers are asked for as streams here, whatever was seen before.
    streaming: { hold_status_ms: 3000, ping_ms: 300, hold_whole_ms: 30_000, plain_json_by_recent_speed: false },
  },
  limits: { body_read_timeout_ms: 1000, max_answer_bytes: 500_000 },
};

/**
 * For the lab: limits of about a second, so that every fault shows soon, and no breaker, throttle or queue. Counting, reservations and
 * refusals are as shipped.
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

/** A model reached without the gate and without stand-ins. Its tier keeps it out of every other model's plan. */
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

/** For outages: fast breakers and probes, rescue, and one model without stand-ins. */
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
      // The default ratio: an ejected upstream is probed six times as often as a healthy one.
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

/** Options of a rig for outages. */
export const breakerRig = {
  overrides: breakerOverrides,
  direct: [{ id: 'direct', servedName: directModel.served_name, role: 'small' }],
} as const;
