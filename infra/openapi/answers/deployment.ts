/** What the deployment is and how it does: models, health, the fleet, the configuration in force. */
import * as z from 'zod';
import { capabilityIds } from '../../../shared/config-values.ts';
import type { FeedTicket as FeedTicketType, Fleet as FleetType, PodReport } from '../../../shared/observed.ts';
import { describes } from './same-type.ts';
import { RequestLogState } from './statistics.ts';
import { count, kind, settings, tier, time } from './values.ts';

const state = z.string();

const price = z.looseObject({ input_per_million_usd: z.number(), source: z.string(), as_of: z.string() });

/** The last ones say the same under the names that clients of other servers look for. */
const listed = {
  id: z.string(),
  object: z.literal('model'),
  type: z.literal('model'),
  display_name: z.string(),
  created: count,
  created_at: time,
  owned_by: z.literal('pointsman'),
  context_length: count,
  max_model_len: count,
  max_input_tokens: count,
  max_output_tokens: count.optional(),
  max_tokens: count.optional(),
};

/** A configured model, or (`routed`) a name that leaves the choice to the gateway. */
export const Model = z.union([
  z.object({
    ...listed,
    kind,
    served_name: z.string(),
    tier: tier.optional(),
    capabilities: z.array(z.enum(capabilityIds)).optional(),
    context_tokens: count,
    price,
    health_status: state,
  }),
  z.object({ ...listed, routed: z.literal(true) }),
]);

export const ModelList = z.object({
  object: z.literal('list'),
  data: z.array(Model),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.literal(false),
});

const load = {
  running: z.number().nullable(),
  waiting: z.number().nullable(),
  kv_cache_usage: z.number().nullable(),
  wedged_since: time.nullable(),
  last_probe: time.nullable(),
};
const fleetStatus = z.enum(['healthy', 'degraded', 'unhealthy', 'unknown']);

export const Health = z.object({
  status: fleetStatus,
  timestamp: time,
  models: z.record(
    z.string(),
    z.object({
      name: z.string(),
      tier: tier.optional(),
      kind: kind.optional(),
      status: state,
      instances: z.array(
        z.object({
          upstream: z.string(),
          status: state,
          until: time.nullable(),
          consecutive_failures: count,
          context_tokens: count.nullable(),
          ...load,
        }),
      ),
    }),
  ),
  tunnels: z.record(z.string(), z.object({ status: state, until: time.nullable() })),
});

export const Alive = z.object({ status: z.literal('ok') });
export const Ready = z.object({ status: z.literal('ready'), profile: z.string() });

export const Fleet = describes<FleetType>()(
  z.object({
    status: fleetStatus,
    models: z.array(
      z.object({
        id: z.string(),
        status: z.string(),
        tier: tier.nullable(),
        places: count.nullable(),
        in_use: count,
        queued: count,
        instances: z.array(
          z.object({
            upstream: z.string(),
            status: z.string(),
            breaker: z.enum(['closed', 'open', 'half_open']),
            until: time.nullable(),
            consecutive_failures: count,
            ...load,
          }),
        ),
      }),
    ),
    tunnels: z.array(z.object({ id: z.string(), status: z.string(), until: time.nullable() })),
    pods: z.array(
      z.object({
        id: z.string(),
        phase: z.string(),
        trouble: z.string().nullable(),
        held: count,
        ready_at: time.nullable(),
      }),
    ),
  }),
);

export const Pod = describes<PodReport>()(
  z.object({
    id: z.string(),
    provider: z.string(),
    upstreams: z.array(z.string()),
    phase: z.string(),
    since: time,
    is_held_down: z.boolean(),
    trouble: z.string().nullable(),
    ready_at: time.nullable(),
    last_wanted: time.nullable(),
    wakes: count,
    usual_wake_seconds: count,
    up_hours: z.number(),
    up_hours_today: z.number(),
    up_hours_by_day: z.array(z.object({ day: z.string(), hours: z.number() })),
    usd_per_hour: z.number().nullable(),
    cost_usd: z.number().nullable(),
  }),
);

export const PodList = z.object({ pods: z.array(Pod) });

const interval = z.object({ value: z.number(), low: z.number(), high: z.number() });

/** Parts of the configuration stand here as they are in force; docs/configuration.md has every key of them. */
export const RouterInfo = z.object({
  profile: z.string(),
  environment: z.string(),
  config: z.object({ version: count, at: time.nullable(), actor: z.string().nullable(), in_force: z.boolean() }),
  versions: z.object({ gateway: z.string(), commit: z.string().nullable(), classifier: z.string() }),
  features: z.record(z.string(), z.boolean()),
  postgres: z.enum(['off', 'hyperdrive', 'direct']),
  models: z.record(z.string(), settings),
  upstreams: z.record(z.string(), settings),
  classifier: settings,
  classifier_evaluation: settings.nullable(),
  learned: z
    .object({
      version: count,
      in_force: z.boolean(),
      trained_at: time.nullable(),
      outcomes: z.object({ pairs: count, rated: count }),
      evaluation: z
        .object({
          outcomes: count,
          weight: z.number(),
          mean_gain: z.number(),
          apgr: z.number().nullable(),
          apgr_shipped: z.number().nullable(),
          lead: interval,
        })
        .nullable(),
      quality: z.object({ compared: count, answered_by_small: count, given_up: interval }).nullable(),
      today: z.object({ shadow_calls: count, ungraded: count, cost_nano_usd: count }),
    })
    .nullable(),
  intent: settings,
  aliases: settings,
  fallback_chains: settings,
  retry: settings,
  health_check: settings,
  streaming: settings,
  routing: settings,
  limits: settings,
  cors: settings,
  cache: settings,
  rag: settings,
  pods: z.array(Pod).nullable(),
  request_log: z.looseObject({ queue: z.boolean(), rows: RequestLogState.nullable() }),
});

const overrides = settings;

export const ConfigState = z.object({
  version: count,
  profile: z.string(),
  overrides,
  mistakes: z.array(z.string()),
  effective: settings,
  in_force_within_seconds: count,
  versions: z.array(
    z.object({
      version: count,
      at: time,
      actor: z.string(),
      action: z.enum(['set', 'merge', 'rollback']),
      note: z.string().nullable(),
      overrides,
    }),
  ),
});

export const ConfigChanged = z.object({
  dry_run: z.boolean(),
  version: count,
  changes: z.array(z.object({ path: z.string(), from: z.unknown(), to: z.unknown() })),
  overrides,
  /** Left out of a dry run. */
  in_force_within_seconds: count.optional(),
});

export const FeedTicket = describes<FeedTicketType>()(z.object({ ticket: z.string(), expires_at: time }));
