/**
 * The records that outlive a request: what the ledger books, and what `GET /stats` returns. Only the gateway writes and reads them, so they
 * are plain types.
 */
import type { GpuStats, Usage } from './usage.ts';
import type { Intent, Strategy, Tier } from './config.ts';
import type { ErrorCode } from './errors.ts';
import type { RowsStatus } from './rows-status.ts';

/**
 * How an admitted request ended; every one ends in exactly one of these. `rejected`: the model server refused what the client asked
 * for. `unknown`: its ending was not reported before its reservation ran out.
 */
export const endingIds = ['ok', 'client_abort', 'cancelled', 'upstream_error', 'timeout', 'rejected', 'unknown'] as const;
export type Ending = (typeof endingIds)[number];

/** `unchecked`: the tool declared no schema, or one that is not supported. */
export const argumentsVerdictIds = ['valid', 'repaired', 'invalid', 'unchecked'] as const;
export type ArgumentsVerdict = (typeof argumentsVerdictIds)[number];

/** How sure the gateway was of the intent: from 0.8 and from 0.5 on, or less. */
export const intentBandIds = ['high', 'medium', 'low'] as const;
export type IntentBand = (typeof intentBandIds)[number];

/** `hit`: given again; `shared`: one call answered several requests at once; `miss`: looked for; `bypass`: not looked for. */
export const cacheStateIds = ['hit', 'shared', 'miss', 'bypass'] as const;
export type CacheState = (typeof cacheStateIds)[number];

/**
 * Where a hit was found: in the isolate's memory, in the cache of its location, in the database, or among the answers that the tenant's objects
 * keep.
 */
export const cacheLevelIds = ['isolate', 'location', 'database', 'objects'] as const;
export type CacheLevel = (typeof cacheLevelIds)[number];

/** Tokens that one upstream attempt used, and their price. */
export interface AttemptUsage {
  /** Configured model id. */
  readonly model: string;
  readonly usage: Usage;
  readonly costNanoUsd: number;
  /** Its part of its GPU's time, and of what that costs; absent without a configured card, and from earlier versions. */
  readonly gpuMs?: number;
  readonly gpuNanoUsd?: number;
  /**
   * False when the client's answer does not contain these tokens (an answer replaced by an escalation) or contains them again from a
   * later attempt (a restart).
   */
  readonly isPartOfAnswer: boolean;
}

/** One call of a model server; times by the gateway's clock. */
export interface CallTrace {
  readonly model: string;
  readonly upstream: string;
  readonly startedAtMs: number;
  /** `null` when nothing of an answer came. */
  readonly firstByteAtMs: number | null;
  readonly endedAtMs: number;
  /** `ok`, or why it was no answer. */
  readonly outcome: string;
}

/** What only a request's own record shows of it, and no sum. */
export interface RequestTrace {
  readonly startedAtMs: number;
  /** What its score was compared with. */
  readonly threshold: number;
  /** In its intent. */
  readonly confidence: number;
  readonly signals: readonly { readonly id: string; readonly value: number; readonly contribution: number }[];
  readonly calls: readonly CallTrace[];
  /** For each of `attemptUsages` the number of its call, from 1 on. */
  readonly billedCalls: readonly number[];
}

/** One admitted request, booked once when it has ended. */
export interface LedgerEntry {
  readonly requestId: string;
  /** When it ended. */
  readonly atMs: number;
  readonly keyId: string;
  /** The tenant: the same for a key and its rotations. */
  readonly tenantId: string;
  /** `x-agent-name`; chosen by clients, so the ledger bounds the number of different names. */
  readonly agent: string | null;
  /** `x-session-id`; chosen by clients. */
  readonly session: string | null;
  readonly requestedModel: string;
  /** The first model of the plan; `null` when no plan was possible. */
  readonly routedModel: string | null;
  /** The model whose answer the client got; `null` when there was none. */
  readonly servedModel: string | null;
  /** The model that the router chose before health, limits and budgets were considered. */
  readonly primaryModel: string | null;
  /** Which routing rule decided. */
  readonly rule: string | null;
  /** How long classifying took. 0 in workerd, where the clock stands still between I/O. */
  readonly classificationMs: number;
  /** The tier of `routedModel`. */
  readonly tier: Tier | null;
  readonly intent: Intent | null;
  readonly intentBand: IntentBand | null;
  readonly strategy: Strategy | null;
  /** The reason of the routing decision, as the client reads it in its routing metadata. */
  readonly reason: string;
  /** The client named the model or tier itself. */
  readonly isForced: boolean;
  readonly ending: Ending;
  readonly errorCode: ErrorCode | null;
  /** OpenAI's type of the error. */
  readonly errorType: string | null;
  readonly isStream: boolean;
  /** Upstream calls made, whether or not they produced tokens. */
  readonly attempts: number;
  readonly fallbackUsed: boolean;
  /** From which model to which; `null` without a fallback. */
  readonly fallback: { readonly from: string; readonly to: string } | null;
  readonly escalated: boolean;
  /** The model of the small tier whose answer was judged before it was shown; `null` when none was. */
  readonly judged: { readonly model: string; readonly isEscalated: boolean } | null;
  /** The routing score, and which classifier gave it; `null` when the client named model or tier. */
  readonly scored: { readonly version: string; readonly score: number } | null;
  readonly rescued: boolean;
  /** The models whose answers were cut because they repeated themselves without end; absent where none was. */
  readonly runaways?: readonly string[];
  /** `experiment:arm`; `null` when it took part in none. */
  readonly arm: string | null;
  /** Tool calls shown, by whether their arguments satisfy the tool's schema. */
  readonly toolCalls: Readonly<Record<ArgumentsVerdict, number>>;
  readonly cache: CacheState;
  /** Of a hit. */
  readonly cacheLevel: CacheLevel | null;
  readonly latencyMs: number;
  /** Until the first data event or the JSON body; `null` when nothing was sent. */
  readonly firstByteMs: number | null;
  /** Every attempt that produced tokens: an escalation or a rescue bills more than one. */
  readonly attemptUsages: readonly AttemptUsage[];
  /** The sum over `attemptUsages`. */
  readonly costNanoUsd: number;
  /** What the answer's tokens would have cost on the large model. */
  readonly allLargeCostNanoUsd: number;
  /** The same on the small model. */
  readonly allSmallCostNanoUsd: number;
  /** What the answer of a hit or a shared call would have cost; 0 for every other request. */
  readonly cacheSavedNanoUsd: number;
  /** Some token count was estimated here. */
  readonly isEstimated: boolean;
  /** `null` when its ending was not reported. */
  readonly trace: RequestTrace | null;
}

interface TokenStats {
  readonly prompt: number;
  readonly completion: number;
  /** Prompt tokens known to come from the model server's prefix cache. */
  readonly cached: number;
  /** Completion tokens known to be reasoning. */
  readonly reasoning: number;
  /** Prompt and completion tokens that were estimated here rather than reported. */
  readonly estimated: number;
  /** prompt + completion. */
  readonly total: number;
}

interface SavingsStats {
  readonly nano_usd: number;
  readonly usd: number;
  /** `null` before anything was spent. */
  readonly percent: number | null;
}

/** Percentiles are read from a histogram and at most 2.5 % off. */
export interface LatencyStats {
  readonly count: number;
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

interface SplitStats {
  readonly requests: number;
  readonly percent: number | null;
}

/** One model, agent, key, tier or intent. */
export interface GroupStats extends GpuStats {
  readonly requests: number;
  readonly succeeded: number;
  readonly tokens: TokenStats;
  readonly cost_nano_usd: number;
  readonly all_large_cost_nano_usd: number;
  readonly routing: Readonly<Record<Tier, number>>;
  readonly fallbacks: number;
  readonly escalations: number;
  readonly rescues: number;
  /** Answered from the stored answer of an idempotency key; in no other number. */
  readonly replayed: number;
}

/** What one key has used, for `GET /v1/usage`. */
export interface KeyUsage {
  /** When the first request of any key in the statistics ended, ISO 8601; `null` before there was one. */
  readonly since: string | null;
  /** `null` when the ledger counts this key together with other keys. */
  readonly usage: {
    readonly requests: number;
    readonly succeeded: number;
    readonly replayed: number;
    readonly tokens: TokenStats;
    readonly cost_usd: number;
    readonly gpu_seconds: number;
    /** Requests by the tier they were routed to. */
    readonly by_tier: Readonly<Record<Tier, number>>;
  } | null;
}

/** What the list of keys says of each: since the last reset of the statistics, complete six seconds after an ending. */
export interface KeySeen {
  readonly spent_usd: number;
  readonly last_used_at: string | null;
}

/** What one key has used by model, agent or day; each row has its name under that word. */
export type KeyBreakdown = readonly (Readonly<Record<string, string | number | TokenStats>> & {
  readonly requests: number;
  readonly succeeded: number;
  readonly tokens: TokenStats;
  readonly cost_usd: number;
  readonly gpu_seconds: number;
})[];

/** One arm of an experiment, or one model, as clients rated it; or a shadow, as its answers agreed with those that were shown. */
export interface RatingStats {
  readonly count: number;
  /** Mean of the scores, 0 to 1. */
  readonly mean_score: number | null;
  /** What shadow runs cost; it is also in the totals, the key's and the model's. */
  readonly cost_nano_usd: number;
}

/** Answers of one model that were judged before they were shown, and how many of them another model replaced. */
export interface JudgedStats {
  readonly answers: number;
  readonly escalated: number;
  /** `null` before anything was judged. */
  readonly rate: number | null;
}

/** How far scores are from the configured reference. */
export interface DriftStats {
  /** Population stability index over ten equal parts of the score's range. */
  readonly psi: number;
  /** What chance alone would show at these numbers of requests. */
  readonly by_chance: number;
  /** By the usual limits 0.1 and 0.25; `null` while chance alone could explain it. */
  readonly reading: 'stable' | 'moderate' | 'shifted' | null;
}

/** One UTC day. */
export interface DayStats {
  readonly judged: Readonly<Record<string, JudgedStats>>;
  /** By classifier version. `drift` is `null` without a reference of the same version. */
  readonly scores: Readonly<
    Record<string, { readonly requests: number; readonly counts: readonly number[]; readonly drift: DriftStats | null }>
  >;
}

/** Something that an operator should look at. */
export interface RoutingAlert {
  readonly code: 'escalation_rate' | 'score_drift';
  /** Above `limit`. */
  readonly value: number;
  readonly limit: number;
  /** The UTC day that it was measured on. */
  readonly window: string;
  /** Judged answers, or scored requests. */
  readonly sample: number;
}

/** Dimensions with all of a group's numbers; named as in `GET /stats`. */
export const groupIds = ['models', 'agents', 'keys', 'tiers', 'intents', 'arms'] as const;
export type GroupId = (typeof groupIds)[number];

/** Dimensions with only a number of requests. */
export const countIds = [
  'strategies',
  'endings',
  'caches',
  'cache_levels',
  'errors',
  'error_types',
  'refusals',
  'intent_bands',
  'routing_rules',
  'fallback_paths',
  'tool_calls',
  'runaways',
] as const;
export type CountId = (typeof countIds)[number];

type GroupsShown = Readonly<Record<Exclude<GroupId, 'models' | 'arms'>, Readonly<Record<string, GroupStats>>>>;
/** `fallback_paths` by `from>to`, `tool_calls` by `model:verdict`, `runaways` by model. */
type CountsShown = Readonly<Record<CountId, Readonly<Record<string, number>>>>;

/** The answer of `GET /stats`. */
export interface Stats extends GroupsShown, CountsShown {
  readonly totals: GpuStats & {
    readonly requests: number;
    readonly succeeded: number;
    readonly refused: number;
    readonly streamed: number;
    readonly forced: number;
    readonly attempts: number;
    readonly replayed: number;
    readonly tokens: TokenStats;
    readonly cost_nano_usd: number;
    readonly all_large_cost_nano_usd: number;
    readonly all_small_cost_nano_usd: number;
    /** What hits and shared calls would have cost; in no other number. */
    readonly cache_saved_nano_usd: number;
  };
  readonly savings: SavingsStats;
  readonly latency_ms: LatencyStats;
  readonly first_byte_ms: LatencyStats;
  readonly routing_split: Readonly<Record<Tier, SplitStats>>;
  readonly fallbacks: number;
  /** Answers given by a larger model instead; `rate` is the share of `judged` that were not good enough, `null` before any was. */
  readonly escalations: { readonly count: number; readonly judged: number; readonly rate: number | null };
  readonly rescues: number;
  readonly models: Readonly<
    Record<
      string,
      GroupStats & { readonly latency_ms: LatencyStats; readonly first_byte_ms: LatencyStats; readonly judged: JudgedStats }
    >
  >;
  readonly arms: Readonly<Record<string, GroupStats & { readonly latency_ms: LatencyStats }>>;
  readonly feedback: Readonly<Record<string, RatingStats>>;
  readonly shadows: Readonly<Record<string, RatingStats>>;
  /** When the first and the last counted request ended, ISO 8601. */
  readonly first_at: string | null;
  readonly last_at: string | null;
  /** The newest days that had requests, the newest first. */
  readonly days: Readonly<Record<string, DayStats>>;
  /** The alerts of today. */
  readonly alerts: readonly RoutingAlert[];
  /** What waits for the database of the request log, and what was lost; `null` or absent without one. */
  readonly request_log?: RowsStatus | null;
}
