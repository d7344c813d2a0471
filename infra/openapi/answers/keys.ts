/** API keys as operators see them, what a key has used, and who changed what. */
import * as z from 'zod';
import { budgetPeriodIds, scopeIds } from '../../../shared/key-bodies.ts';
import type { KeyUsage } from '../../../shared/records.ts';
import type { PublicKey } from '../../../worker/core/auth/key-record.ts';
import { describes } from './same-type.ts';
import { tokens } from './statistics.ts';
import { count, time, tier } from './values.ts';

const limit = {
  requests_per_minute: count.nullable(),
  tokens_per_minute: count.nullable(),
  max_concurrent: count.nullable(),
};
const limits = z.object({ ...limit, models: z.record(z.string(), z.object(limit)) });

const budget = z.object({
  agent: z.string().optional(),
  period: z.enum(budgetPeriodIds),
  limit_usd: z.number(),
  when_exhausted: z.enum(['refuse', 'cheap_tier']),
});

const key = z.object({
  id: z.string(),
  tenant_id: z.string(),
  prefix: z.string(),
  name: z.string(),
  resumable_streams: z.boolean(),
  cache: z.boolean(),
  log_content: z.boolean(),
  scopes: z.array(z.enum(scopeIds)),
  allowed_models: z.array(z.string()).nullable(),
  agents: z.array(z.string()).nullable(),
  plan: z.string(),
  limits,
  budgets: z.array(budget),
  expires_at: time.nullable(),
  metadata: z.record(z.string(), z.string()),
  created_at: time,
  revoked_at: time.nullable(),
  rotated_from: z.string().nullable(),
});

export const Key = describes<PublicKey>()(key);
/** `key` is the key itself, shown this once. */
export const NewKey = key.extend({ key: z.string() });
export const SeenKey = key.extend({ spent_usd: z.number(), last_used_at: time.nullable() });

export const KeyList = z.object({
  object: z.literal('list'),
  data: z.array(SeenKey),
  has_more: z.boolean(),
  last_id: z.string().nullable(),
});

export const KeyDeleted = z.object({ object: z.literal('key'), id: z.string(), deleted: z.literal(true) });

const used = z.object({
  since: time.nullable(),
  usage: z
    .object({
      requests: count,
      succeeded: count,
      replayed: count,
      tokens,
      cost_usd: z.number(),
      gpu_seconds: z.number(),
      by_tier: z.record(tier, count),
    })
    .nullable(),
});
describes<KeyUsage>()(used);

export const UsageOfKey = used.extend({
  object: z.literal('usage'),
  key_id: z.string(),
  from: z.iso.date().nullable().optional(),
  to: z.iso.date().nullable().optional(),
  group_by: z.enum(['model', 'agent', 'day']).optional(),
  /** Null where the statistics count this key together with other keys. */
  groups: z
    .array(
      z.object({
        model: z.string().optional(),
        agent: z.string().optional(),
        day: z.string().optional(),
        requests: count,
        succeeded: count,
        tokens,
        cost_usd: z.number(),
        gpu_seconds: z.number(),
      }),
    )
    .nullable()
    .optional(),
  limits,
  budgets: z.array(
    budget.extend({
      spent_usd: z.number(),
      reserved_usd: z.number(),
      remaining_usd: z.number(),
      resets_at: time,
    }),
  ),
});

export const AuditLog = z.object({
  object: z.literal('list'),
  data: z.array(z.object({ at: time, actor: z.string(), action: z.string(), subject: z.string() })),
});
