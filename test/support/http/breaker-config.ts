/** The configuration for outages: fast breakers and probes, rescue, and one model that has nobody to stand in for it. */
import { steadyOverrides } from './steady.ts';

const { upstreams, routing, limits } = steadyOverrides;
/** A model behind no gate and with nobody to stand in for it. Its tier keeps it out of every other model's plan. */
export const direct = {
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

export const breakerOverrides = {
  upstreams: {
    ...upstreams,
    direct: {
      url_var: 'DIRECT_UPSTREAM_URL',
      dialect: 'vllm',
      access: false,
      tunnel: 'none',
      timeouts_ms: upstreams.small.timeouts_ms,
    },
  },
  models: { direct },
  routing: {
    ...routing,
    chains: { direct: [] },
    rescue: { enabled: true, max_rescues: 1 },
    retry: { ...routing.retry, max_retry_after_ms: 1500, budget_ratio: 0.2, budget_floor_per_second: 0.5 },
    health: {
      ...routing.health,
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
  limits,
};
