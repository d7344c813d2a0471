/**
 * What is stored about an API key, and how the admin routes change it. The key itself is not stored, only its hash and eight visible
 * characters. Random bytes, hashes and the time come from the caller.
 */
import type {
  BudgetPeriod,
  CreateKeyBody,
  ExhaustedPolicy,
  RotateKeyBody,
  Scope,
  UpdateKeyBody,
} from '../../../shared/key-bodies.ts';
import { isoTime, nanoUsdFromUsd, usdFromNanoUsd } from '../../../shared/units.ts';
import type { BudgetLimit } from '../limits/budget-state.ts';
import { budgetsFor, type TenantLimits } from '../limits/tenant-limits.ts';

export interface KeyRecord {
  /** Names the key in logs, the ledger and the admin routes. A rotated key has a new one. */
  readonly id: string;
  /**
   * Names the tenant object, which holds limits and budgets. It is the id of the first key in a series of rotations, so a rotation
   * neither refills a budget nor doubles the limits while both keys work.
   */
  readonly tenantId: string;
  /** SHA-256 of the whole token, lower-case hex: what keys are looked up by. */
  readonly hashHex: string;
  /** The first 8 random characters of the token. */
  readonly prefix: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Configured model ids; `null` allows all. */
  readonly allowedModels: readonly string[] | null;
  /** Agent names the key may send; `null` allows any. */
  readonly agents: readonly string[] | null;
  readonly plan: string;
  readonly limits: Omit<TenantLimits, 'budgets'>;
  readonly budgets: readonly BudgetLimit[];
  readonly expiresAtMs: number | null;
  /** May be in the future: the end of a rotation's grace period. */
  readonly revokedAtMs: number | null;
  readonly createdAtMs: number;
  /** Its streams can be resumed unless a request says otherwise. Missing in records from before there were such streams. */
  readonly hasResumableStreams?: boolean;
  /** Missing in records from before there was a cache; then it may. */
  readonly mayUseCache?: boolean;
  /** The request log keeps its texts. Missing in records from before there was one. */
  readonly logsContent?: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  /** The id of the key this one replaces. */
  readonly rotatedFrom: string | null;
}

/** Prefix of the name of a budget that covers one agent; see `BudgetLimit`. */
const agentPrefix = 'agent:';

/** The identity of a freshly made key. */
export type NewKey = Pick<KeyRecord, 'id' | 'hashHex' | 'prefix'>;

/** The record of a new key. */
export function createKeyRecord(body: CreateKeyBody, key: NewKey, nowMs: number): KeyRecord {
  return {
    ...key,
    tenantId: key.id,
    name: body.name,
    scopes: body.scopes,
    allowedModels: body.allowed_models,
    agents: body.agents,
    plan: body.plan,
    limits: { ...readLimit(body.limits), models: readModelLimits(body.limits.models) },
    budgets: body.budgets.map(readBudget),
    expiresAtMs: body.expires_at === null ? null : Date.parse(body.expires_at),
    revokedAtMs: null,
    createdAtMs: nowMs,
    hasResumableStreams: body.resumable_streams,
    mayUseCache: body.cache,
    logsContent: body.log_content,
    metadata: body.metadata,
    rotatedFrom: null,
  };
}

/** Changes the fields that are given. Spending and open requests stay counted: a budget lowered below them is used up. */
export function updateKeyRecord(record: KeyRecord, body: UpdateKeyBody): KeyRecord {
  const { limits: given = {} } = body;
  const { limits } = record;
  return {
    ...record,
    name: body.name ?? record.name,
    scopes: body.scopes ?? record.scopes,
    allowedModels: body.allowed_models === undefined ? record.allowedModels : body.allowed_models,
    agents: body.agents === undefined ? record.agents : body.agents,
    plan: body.plan ?? record.plan,
    limits: {
      requestsPerMinute: given.requests_per_minute === undefined ? limits.requestsPerMinute : given.requests_per_minute,
      tokensPerMinute: given.tokens_per_minute === undefined ? limits.tokensPerMinute : given.tokens_per_minute,
      maxConcurrent: given.max_concurrent === undefined ? limits.maxConcurrent : given.max_concurrent,
      models: given.models === undefined ? (limits.models ?? []) : readModelLimits(given.models),
    },
    budgets: body.budgets === undefined ? record.budgets : body.budgets.map(readBudget),
    expiresAtMs:
      body.expires_at === undefined ? record.expiresAtMs : body.expires_at === null ? null : Date.parse(body.expires_at),
    hasResumableStreams: body.resumable_streams ?? record.hasResumableStreams === true,
    mayUseCache: body.cache ?? record.mayUseCache !== false,
    logsContent: body.log_content ?? record.logsContent === true,
    metadata: body.metadata ?? record.metadata,
  };
}

/** Why a key cannot be changed or replaced any more; null where it can. */
export function endedWhy({ revokedAtMs, expiresAtMs }: KeyRecord, nowMs: number): 'revoked' | 'expired' | null {
  if (revokedAtMs !== null) return 'revoked';
  return expiresAtMs !== null && expiresAtMs <= nowMs ? 'expired' : null;
}

/**
 * Replaces a key. The new key copies everything but the identity; the old key keeps working for the grace period, but never beyond its
 * own expiry. `null` when the old key is already revoked or expired. Limits and budgets count both keys together.
 */
export function rotateKeyRecord(
  old: KeyRecord,
  body: RotateKeyBody,
  key: NewKey,
  nowMs: number,
): { readonly old: KeyRecord; readonly fresh: KeyRecord } | null {
  if (endedWhy(old, nowMs) !== null) return null;
  return {
    old: { ...old, revokedAtMs: nowMs + body.grace_seconds * 1000 },
    fresh: { ...old, ...key, createdAtMs: nowMs, rotatedFrom: old.id },
  };
}

/** Revokes a key now. Revoking it again keeps the earlier time. */
export function revokeKeyRecord(record: KeyRecord, nowMs: number): KeyRecord {
  return { ...record, revokedAtMs: Math.min(record.revokedAtMs ?? nowMs, nowMs) };
}

/** The record to store: a change decided on an older copy must not undo a revocation. */
export function keepRevocation(stored: KeyRecord | null, next: KeyRecord): KeyRecord {
  if (stored === null || stored.revokedAtMs === null) return next;
  return { ...next, revokedAtMs: Math.min(stored.revokedAtMs, next.revokedAtMs ?? stored.revokedAtMs) };
}

/** A key as the admin routes show it: the words and units of the body it was made from, and no hash. Times are ISO 8601 in UTC. */
export interface PublicKey extends Omit<CreateKeyBody, 'budgets'> {
  readonly id: string;
  readonly tenant_id: string;
  readonly prefix: string;
  readonly budgets: readonly PublicBudget[];
  readonly created_at: string;
  readonly revoked_at: string | null;
  readonly rotated_from: string | null;
}

interface PublicBudget {
  /** Present when the budget covers one agent only. */
  readonly agent?: string;
  readonly period: BudgetPeriod;
  readonly limit_usd: number;
  readonly when_exhausted: ExhaustedPolicy;
}

export function publicKey(record: KeyRecord): PublicKey {
  const { limits } = record;
  return {
    id: record.id,
    tenant_id: record.tenantId,
    prefix: record.prefix,
    name: record.name,
    resumable_streams: record.hasResumableStreams === true,
    cache: record.mayUseCache !== false,
    log_content: record.logsContent === true,
    scopes: [...record.scopes],
    allowed_models: record.allowedModels === null ? null : [...record.allowedModels],
    agents: record.agents === null ? null : [...record.agents],
    plan: record.plan,
    limits: publicLimits(limits),
    budgets: record.budgets.map(publicBudget),
    expires_at: isoTime(record.expiresAtMs),
    metadata: { ...record.metadata },
    created_at: new Date(record.createdAtMs).toISOString(),
    revoked_at: isoTime(record.revokedAtMs),
    rotated_from: record.rotatedFrom,
  };
}

export function publicBudget({ name, period, limitNanoUsd, whenExhausted }: BudgetLimit): PublicBudget {
  return {
    ...(name.startsWith(agentPrefix) ? { agent: name.slice(agentPrefix.length) } : {}),
    period,
    limit_usd: usdFromNanoUsd(limitNanoUsd),
    when_exhausted: whenExhausted,
  };
}

/** The limits in the words of the body. */
export function publicLimits(limits: KeyRecord['limits']): CreateKeyBody['limits'] {
  const { models = [] } = limits;
  return { ...limitFields(limits), models: Object.fromEntries(models.map((limit) => [limit.modelId, limitFields(limit)])) };
}

function readModelLimits(models: CreateKeyBody['limits']['models']): NonNullable<KeyRecord['limits']['models']> {
  return Object.entries(models).map(([modelId, limit]) => ({ modelId, ...readLimit(limit) }));
}

function readBudget(budget: CreateKeyBody['budgets'][number]): BudgetLimit {
  return {
    name: budget.agent === undefined ? 'key' : `${agentPrefix}${budget.agent}`,
    period: budget.period,
    limitNanoUsd: nanoUsdFromUsd(budget.limit_usd),
    whenExhausted: budget.when_exhausted,
  };
}

function readLimit({ requests_per_minute, tokens_per_minute, max_concurrent }: Omit<CreateKeyBody['limits'], 'models'>) {
  return { requestsPerMinute: requests_per_minute, tokensPerMinute: tokens_per_minute, maxConcurrent: max_concurrent };
}

function limitFields({ requestsPerMinute, tokensPerMinute, maxConcurrent }: Omit<KeyRecord['limits'], 'models'>) {
  return { requests_per_minute: requestsPerMinute, tokens_per_minute: tokensPerMinute, max_concurrent: maxConcurrent };
}

/** The limits and budgets that apply to a request of this key. */
export function limitsOf({ limits, budgets }: Pick<KeyRecord, 'limits' | 'budgets'>, agent: string | null): TenantLimits {
  return { ...limits, budgets: budgetsFor(budgets, agent) };
}
