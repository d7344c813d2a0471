/** Counts, sums and single requests. */
import * as z from 'zod';
import {
  type BudgetList as BudgetListType,
  rangeIds,
  type RequestDetail as RequestDetailType,
  type RequestList as RequestListType,
  requestSourceIds,
  type Series as SeriesType,
} from '../../../shared/observed.ts';
import { countIds, endingIds, type Stats as StatsType } from '../../../shared/records.ts';
import type { RowsStatus } from '../../../shared/rows-status.ts';
import { describes } from './same-type.ts';
import { count, errorCode, intent, strategy, tier, time } from './values.ts';

const byName = <Value extends z.ZodType>(value: Value) => z.record(z.string(), value);
const ending = z.enum(endingIds);
/** Money is counted in whole nano-USD. */
const nanoUsd = z.int();

export const tokens = z.object({
  prompt: count,
  completion: count,
  cached: count,
  reasoning: count,
  estimated: count,
  total: count,
});
const latency = z.object({
  count,
  mean: z.number().nullable(),
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});
const group = z.object({
  requests: count,
  succeeded: count,
  tokens,
  cost_nano_usd: nanoUsd,
  all_large_cost_nano_usd: nanoUsd,
  gpu_ms: count,
  gpu_cost_nano_usd: nanoUsd,
  routing: z.record(tier, count),
  fallbacks: count,
  escalations: count,
  rescues: count,
  replayed: count,
});
const rating = z.object({ count, mean_score: z.number().nullable(), cost_nano_usd: nanoUsd });
const judged = z.object({ answers: count, escalated: count, rate: z.number().nullable() });
const drift = z.object({
  psi: z.number(),
  by_chance: z.number(),
  reading: z.enum(['stable', 'moderate', 'shifted']).nullable(),
});
const alert = z.object({
  code: z.enum(['escalation_rate', 'score_drift']),
  value: z.number(),
  limit: z.number(),
  window: z.string(),
  sample: count,
});

export const RequestLogState = describes<RowsStatus>()(
  z.object({
    waiting: count,
    waiting_since: time.nullable(),
    dropped: count,
    refused: count,
    replayed: count,
    last_error: z.string().nullable(),
    maintained_at: time.nullable(),
  }),
);

const counts = byName(count);
const countsById = Object.fromEntries(countIds.map((id) => [id, counts])) as Record<(typeof countIds)[number], typeof counts>;

const stats = z.object({
  totals: z.object({
    requests: count,
    succeeded: count,
    refused: count,
    streamed: count,
    forced: count,
    attempts: count,
    replayed: count,
    tokens,
    cost_nano_usd: nanoUsd,
    all_large_cost_nano_usd: nanoUsd,
    all_small_cost_nano_usd: nanoUsd,
    cache_saved_nano_usd: nanoUsd,
    gpu_ms: count,
    gpu_cost_nano_usd: nanoUsd,
  }),
  savings: z.object({ nano_usd: nanoUsd, usd: z.number(), percent: z.number().nullable() }),
  latency_ms: latency,
  first_byte_ms: latency,
  routing_split: z.record(tier, z.object({ requests: count, percent: z.number().nullable() })),
  fallbacks: count,
  escalations: z.object({ count, judged: count, rate: z.number().nullable() }),
  rescues: count,
  models: byName(group.extend({ latency_ms: latency, first_byte_ms: latency, judged })),
  agents: byName(group),
  keys: byName(group),
  tiers: byName(group),
  intents: byName(group),
  arms: byName(group.extend({ latency_ms: latency })),
  ...countsById,
  feedback: byName(rating),
  shadows: byName(rating),
  first_at: time.nullable(),
  last_at: time.nullable(),
  days: byName(
    z.object({
      judged: byName(judged),
      scores: byName(z.object({ requests: count, counts: z.array(count), drift: drift.nullable() })),
    }),
  ),
  alerts: z.array(alert),
  request_log: RequestLogState.nullable().optional(),
});
describes<StatsType>()(stats);

/** As `GET /stats` shows it: keys with their names. */
export const Stats = stats.extend({ keys: byName(group.extend({ name: z.string().nullable() })) });

export const StatsReset = z.object({ reset: z.literal(true) });

export const Series = describes<SeriesType>()(
  z.object({
    range: z.enum(rangeIds),
    bucket_seconds: count,
    buckets: z.array(
      z.object({
        at: time,
        requests: count,
        succeeded: count,
        refused: count,
        cost_nano_usd: nanoUsd,
        all_large_cost_nano_usd: nanoUsd,
        all_small_cost_nano_usd: nanoUsd,
        prompt_tokens: count,
        completion_tokens: count,
        routing: z.record(tier, count),
        endings: z.partialRecord(ending, count),
        fallbacks: count,
        escalations: count,
        rescues: count,
        cache_hits: count,
        models: byName(z.object({ requests: count, cost_nano_usd: nanoUsd, latency_ms: latency, first_byte_ms: latency })),
      }),
    ),
  }),
);

const request = z.object({
  id: z.string(),
  at: time,
  key_id: z.string(),
  agent: z.string().nullable(),
  session: z.string().nullable(),
  requested_model: z.string(),
  routed_model: z.string().nullable(),
  served_model: z.string().nullable(),
  tier: tier.nullable(),
  intent: intent.nullable(),
  strategy: strategy.nullable(),
  score: z.number().nullable(),
  rule: z.string().nullable(),
  reason: z.string(),
  ending,
  error_code: errorCode.nullable(),
  stream: z.boolean(),
  fallback_used: z.boolean(),
  escalated: z.boolean(),
  rescued: z.boolean(),
  cache: z.string(),
  latency_ms: count,
  first_byte_ms: count.nullable(),
  prompt_tokens: count,
  completion_tokens: count,
  cost_nano_usd: nanoUsd,
  all_large_cost_nano_usd: nanoUsd,
  gpu_ms: count.optional(),
  gpu_cost_nano_usd: nanoUsd.optional(),
});

export const RequestList = describes<RequestListType>()(
  z.object({
    requests: z.array(request),
    source: z.enum(requestSourceIds),
    log_down: z.boolean(),
    oldest_at: time.nullable(),
    next: z.string().nullable(),
    unrecorded: count,
  }),
);

export const RequestDetail = describes<RequestDetailType>()(
  request.extend({
    threshold: z.number().nullable(),
    confidence: z.number().nullable(),
    signals: z.array(z.object({ name: z.string(), value: z.number(), weight: z.number() })),
    attempts: z.array(
      z.object({
        model: z.string(),
        upstream: z.string(),
        started_ms: z.number(),
        first_byte_ms: z.number().nullable(),
        ended_ms: z.number(),
        outcome: z.string(),
        prompt_tokens: count,
        completion_tokens: count,
        cost_nano_usd: nanoUsd,
      }),
    ),
    prompt: z.string().nullable(),
    answer: z.string().nullable(),
  }),
);

export const BudgetList = describes<BudgetListType>()(
  z.object({
    budgets: z.array(
      z.object({
        key_id: z.string(),
        key_name: z.string(),
        window: z.string(),
        limit_usd: z.number(),
        spent_usd: z.number(),
        reserved_usd: z.number(),
        remaining_usd: z.number(),
        resets_at: time,
      }),
    ),
  }),
);
