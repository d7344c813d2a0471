/**
 * What operators and customers look at, as JSON: the record of one request, statistics over time, the state of the fleet, the live
 * feed. Written by the gateway, read by its pages and by tests; the routes are in docs/api.md.
 */
import type { Intent, Strategy, Tier } from './config.ts';
import type { ErrorCode } from './errors.ts';
import type { Ending, GroupStats, LatencyStats, RoutingAlert } from './records.ts';

/** One call of a model server, on the request's own clock. */
export interface AttemptRecord {
  readonly model: string;
  readonly upstream: string;
  /** Since the request came in. */
  readonly started_ms: number;
  /** `null` when nothing of an answer came. */
  readonly first_byte_ms: number | null;
  readonly ended_ms: number;
  /** `ok`, or why it was no answer: a failure's cause, `low_confidence`, `client_abort`. */
  readonly outcome: string;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly cost_nano_usd: number;
}

/** One ended request, as the feed and the list of requests show it. No word of a prompt or an answer. */
export interface RequestRecord {
  readonly id: string;
  /** When it ended, ISO 8601. */
  readonly at: string;
  readonly key_id: string;
  readonly agent: string | null;
  /** `x-session-id`; `null` without one. */
  readonly session: string | null;
  readonly requested_model: string;
  readonly routed_model: string | null;
  readonly served_model: string | null;
  readonly tier: Tier | null;
  readonly intent: Intent | null;
  readonly strategy: Strategy | null;
  readonly score: number | null;
  readonly rule: string | null;
  readonly reason: string;
  readonly ending: Ending;
  readonly error_code: ErrorCode | null;
  readonly stream: boolean;
  readonly fallback_used: boolean;
  readonly escalated: boolean;
  readonly rescued: boolean;
  readonly cache: string;
  readonly latency_ms: number;
  readonly first_byte_ms: number | null;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly cost_nano_usd: number;
  readonly all_large_cost_nano_usd: number;
  /** Its part of the time of configured cards, all its calls together; absent from what an earlier version kept. */
  readonly gpu_ms?: number;
  readonly gpu_cost_nano_usd?: number;
}

/** `GET /admin/requests/:id`: the record with what explains it. */
export interface RequestDetail extends RequestRecord {
  readonly threshold: number | null;
  readonly confidence: number | null;
  /** The classifier's readings, each with its part in the score; empty when the client named the model. */
  readonly signals: readonly { readonly name: string; readonly value: number; readonly weight: number }[];
  readonly attempts: readonly AttemptRecord[];
  /** Only in the log, and only where the key’s record says that texts are kept. */
  readonly prompt: string | null;
  readonly answer: string | null;
}

/** `log`: the database has every request. `recent`: the newest, as the ledger keeps them. */
export const requestSourceIds = ['log', 'recent'] as const;
export type RequestSource = (typeof requestSourceIds)[number];

/** `GET /admin/requests`: the newest first, by the filters of `core/ledger/request-filters.ts`. */
export interface RequestList {
  readonly requests: readonly RequestRecord[];
  /** Where they come from. */
  readonly source: RequestSource;
  /** There is a log, and it did not answer: the newest requests stand in for it. */
  readonly log_down: boolean;
  /** When the oldest request ended that the source has, ISO 8601; `null` where it has none. */
  readonly oldest_at: string | null;
  /** For `before`; `null` at the end. */
  readonly next: string | null;
  /** Records kept are a bounded number of the newest, and of a very busy second a sample: how many requests have none; 0 of the log. */
  readonly unrecorded: number;
}

export const rangeIds = ['hour', 'day', 'week', 'month'] as const;
export type RangeId = (typeof rangeIds)[number];

/** One stretch of time. Sums over all of them are the range's. */
export interface SeriesBucket {
  /** Its beginning, ISO 8601 UTC. */
  readonly at: string;
  readonly requests: number;
  readonly succeeded: number;
  readonly refused: number;
  readonly cost_nano_usd: number;
  readonly all_large_cost_nano_usd: number;
  /** The same tokens at the small model's price: with `all_large_cost_nano_usd` the two ends between which routing moves. */
  readonly all_small_cost_nano_usd: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly routing: Readonly<Record<Tier, number>>;
  readonly endings: Readonly<Partial<Record<Ending, number>>>;
  readonly fallbacks: number;
  readonly escalations: number;
  readonly rescues: number;
  readonly cache_hits: number;
  readonly models: Readonly<
    Record<
      string,
      {
        readonly requests: number;
        readonly cost_nano_usd: number;
        readonly latency_ms: LatencyStats;
        readonly first_byte_ms: LatencyStats;
      }
    >
  >;
}

/** `GET /stats/series?range=hour|day|week|month`: minutes, quarter hours, hours or six-hour stretches, the oldest first, none left out. */
export interface Series {
  readonly range: RangeId;
  readonly bucket_seconds: number;
  readonly buckets: readonly SeriesBucket[];
}

/** `GET /admin/fleet`: what stands behind the gateway, now. */
export interface Fleet {
  readonly status: 'healthy' | 'degraded' | 'unhealthy' | 'unknown';
  readonly models: readonly FleetModel[];
  readonly tunnels: readonly { readonly id: string; readonly status: string; readonly until: string | null }[];
  /** Rented pods; none where nothing is stopped. */
  readonly pods: readonly {
    readonly id: string;
    readonly phase: string;
    readonly trouble: string | null;
    readonly held: number;
    readonly ready_at: string | null;
  }[];
}

export interface FleetModel {
  readonly id: string;
  readonly status: string;
  readonly tier: Tier | null;
  /** Calls that it may serve at once, places handed out (isolates hold some to spare), and calls that wait for one. */
  readonly places: number | null;
  readonly in_use: number;
  readonly queued: number;
  readonly instances: readonly {
    readonly upstream: string;
    readonly status: string;
    readonly breaker: 'closed' | 'open' | 'half_open';
    readonly until: string | null;
    readonly consecutive_failures: number;
    readonly running: number | null;
    readonly waiting: number | null;
    readonly kv_cache_usage: number | null;
    /** Its engine is dead while its API answers. */
    readonly wedged_since: string | null;
    readonly last_probe: string | null;
  }[];
}

/** `GET /admin/pods`: a rented pod, what it has cost, and how it is with its starts. Hours and cost are since its first day here. */
export interface PodReport {
  readonly id: string;
  readonly provider: string;
  readonly upstreams: readonly string[];
  readonly phase: string;
  readonly since: string;
  /** Stopped by hand: no request starts it. */
  readonly is_held_down: boolean;
  readonly trouble: string | null;
  /** While it is being started. */
  readonly ready_at: string | null;
  readonly last_wanted: string | null;
  readonly wakes: number;
  readonly usual_wake_seconds: number;
  readonly up_hours: number;
  readonly up_hours_today: number;
  readonly up_hours_by_day: readonly { readonly day: string; readonly hours: number }[];
  readonly usd_per_hour: number | null;
  readonly cost_usd: number | null;
}

/** `GET /admin/budgets`: every budget of every key, the fullest first, at most 500. */
export interface BudgetList {
  readonly budgets: readonly {
    readonly key_id: string;
    readonly key_name: string;
    readonly window: string;
    readonly limit_usd: number;
    readonly spent_usd: number;
    readonly reserved_usd: number;
    readonly remaining_usd: number;
    readonly resets_at: string;
  }[];
}

/** `POST /admin/feed/ticket`: good for one socket, for thirty seconds. */
export interface FeedTicket {
  readonly ticket: string;
  readonly expires_at: string;
}

/** What the socket at `GET /admin/feed?ticket=` sends, as JSON text, at most once a second; nothing while nothing happens. */
export interface FeedMessage {
  readonly type: 'requests';
  /** At most fifty, the oldest first. */
  readonly requests: readonly RequestRecord[];
  /** How many more ended since the last message. */
  readonly more: number;
  readonly totals: Pick<GroupStats, 'requests' | 'succeeded' | 'cost_nano_usd' | 'all_large_cost_nano_usd'>;
  readonly alerts: readonly RoutingAlert[];
}

export interface ShownInterval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** `learned` of `GET /router/info`: what a deployment has learned from its own traffic. */
export interface LearnedReport {
  /** 0 before the first training. */
  readonly version: number;
  readonly in_force: boolean;
  readonly trained_at: string | null;
  readonly outcomes: { readonly pairs: number; readonly rated: number };
  /**
   * Of the blend of own head and shipped router that decides, or comes nearest to it, on outcomes that the head had not seen. `weight`: of the
   * head in it, 0 to 1; it decides while `lead.low` is above 0. The interval holds 60 %.
   */
  readonly evaluation: {
    readonly outcomes: number;
    readonly weight: number;
    readonly mean_gain: number;
    readonly apgr: number | null;
    readonly apgr_shipped: number | null;
    readonly lead: ShownInterval;
  } | null;
  /** Against sending everything to the large model, in grade points of a request, with 95 %. Null for a handful of comparisons. */
  readonly quality: {
    readonly compared: number;
    readonly answered_by_small: number;
    readonly given_up: ShownInterval;
  } | null;
  /** `ungraded`: shadow calls without an outcome, as the model failed, or the judge did or said no grades. */
  readonly today: { readonly shadow_calls: number; readonly ungraded: number; readonly cost_nano_usd: number };
}
