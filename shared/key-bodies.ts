/** The bodies of the admin routes for API keys; schemas, because they come from outside. */
import * as z from './zod.ts';

export const scopeIds = ['chat', 'embeddings', 'classify', 'rag', 'documents', 'feedback', 'usage'] as const;
export type Scope = (typeof scopeIds)[number];

export const budgetPeriodIds = ['day', 'month'] as const;
export type BudgetPeriod = (typeof budgetPeriodIds)[number];

/** `refuse` is exact. `cheap_tier` is soft: requests continue in the small tier, and their cost is booked beyond the limit. */
const exhaustedPolicyIds = ['refuse', 'cheap_tier'] as const;
export type ExhaustedPolicy = (typeof exhaustedPolicyIds)[number];

const configId = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case id of letters, digits, dot, dash, underscore'));
const agentName = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, dot, dash, underscore; at most 64'));
/** `null`, also when left out, means no limit. */
const orNone = <T extends z.core.SomeType>(schema: T) => z._default(z.nullable(schema), null);
const listOf = <T extends z.core.SomeType>(item: T, max: number) => z.array(item).check(z.minLength(1), z.maxLength(max));
const perMinute = orNone(z.int().check(z.gte(1), z.lte(1_000_000_000)));

const limitFields = {
  requests_per_minute: perMinute,
  tokens_per_minute: perMinute,
  max_concurrent: orNone(z.int().check(z.gte(1), z.lte(4096))),
};

/** At most `max` entries, so that a key's record stays far below the 2 MB of a row. */
const mapOf = <T extends z.core.SomeType>(nameLength: number, value: T, max: number) =>
  z
    .record(z.string().check(z.minLength(1), z.maxLength(nameLength)), value)
    .check(z.refine((map) => Object.keys(map).length <= max, `at most ${max} entries`));

const LimitsBody = z.lateObject(() => ({
  ...limitFields,
  /** By model: a configured id, or another name of one model. They apply in addition to the key's own limits. */
  models: z._default(mapOf(128, z.strictObject(limitFields), 50), {}),
}));

const BudgetBody = z.lateObject(() => ({
  /** Counts only this agent's requests; without it the budget covers the whole key. */
  agent: z.optional(agentName),
  period: z.enum(budgetPeriodIds),
  limit_usd: z.number().check(z.gte(0), z.lte(1_000_000)),
  when_exhausted: z._default(z.enum(exhaustedPolicyIds), 'refuse'),
}));

const keyName = z.string().check(z.minLength(1), z.maxLength(100));

/** `POST /admin/keys`. */
export const CreateKeyBody = z.lateObject(() => ({
  name: keyName,
  scopes: z._default(listOf(z.enum(scopeIds), scopeIds.length), [...scopeIds]),
  /** Configured model ids; `null` allows all. */
  allowed_models: orNone(listOf(configId, 100)),
  /** Agent names the key may send; `null` allows any. */
  agents: orNone(listOf(agentName, 200)),
  plan: z._default(configId, 'default'),
  limits: z.prefault(LimitsBody, {}),
  budgets: z._default(z.array(BudgetBody).check(z.maxLength(50)), []),
  /** Streams can be resumed without asking for it in each request. */
  resumable_streams: z._default(z.boolean(), false),
  /** Its requests may be answered from the cache, and kept there. */
  cache: z._default(z.boolean(), true),
  /** The request log keeps the texts of its requests and answers. */
  log_content: z._default(z.boolean(), false),
  expires_at: orNone(z.iso.datetime({ offset: true })),
  metadata: z._default(mapOf(64, z.string().check(z.maxLength(512)), 32), {}),
}));
export type CreateKeyBody = z.infer<typeof CreateKeyBody>;

/** `PATCH /admin/keys/:id`: changes what is given, `limits` field by field, everything else as a whole; null removes a limit. */
export const UpdateKeyBody = z.lateObject(() => ({
  name: z.optional(keyName),
  scopes: z.optional(listOf(z.enum(scopeIds), scopeIds.length)),
  allowed_models: z.optional(z.nullable(listOf(configId, 100))),
  agents: z.optional(z.nullable(listOf(agentName, 200))),
  plan: z.optional(configId),
  limits: z.optional(
    z.strictObject({
      requests_per_minute: z.optional(z.nullable(z.int().check(z.gte(1), z.lte(1_000_000_000)))),
      tokens_per_minute: z.optional(z.nullable(z.int().check(z.gte(1), z.lte(1_000_000_000)))),
      max_concurrent: z.optional(z.nullable(z.int().check(z.gte(1), z.lte(4096)))),
      models: z.optional(mapOf(128, z.strictObject(limitFields), 50)),
    }),
  ),
  budgets: z.optional(z.array(BudgetBody).check(z.maxLength(50))),
  resumable_streams: z.optional(z.boolean()),
  cache: z.optional(z.boolean()),
  log_content: z.optional(z.boolean()),
  expires_at: z.optional(z.nullable(z.iso.datetime({ offset: true }))),
  metadata: z.optional(mapOf(64, z.string().check(z.maxLength(512)), 32)),
}));
export type UpdateKeyBody = z.infer<typeof UpdateKeyBody>;

/** `POST /admin/keys/:id/rotate`: the old key keeps working for the grace period. */
export const RotateKeyBody = z.lateObject(() => ({
  grace_seconds: z._default(z.int().check(z.gte(0), z.lte(7 * 86_400)), 0),
}));
export type RotateKeyBody = z.infer<typeof RotateKeyBody>;

/** `POST /admin/keys/:id/revoke`: takes no options, so a misspelt one is refused rather than ignored. */
export const RevokeKeyBody = z.strictObject({});
export type RevokeKeyBody = z.infer<typeof RevokeKeyBody>;
