/** The shape of `routing`: how a request finds its model, and what happens when that one fails. */
import { budgets, id, int, intentIds, ms, number, scoreBuckets, share, strategyIds, text, tierIds } from './config-values.ts';
import * as z from './zod.ts';

/** `pass`: shown unchanged. `repair`: repaired where possible. `escalate`: another try, as long as nothing was shown. */
const argumentsPolicyIds = ['pass', 'repair', 'escalate'] as const;

/** Words and phrases; nested lists only group them for the reader. */
const keywords = z
  .pipe(
    z.array(z.union([text(1, 60), z.array(text(1, 60))])),
    z.transform((list) => list.flat()),
  )
  .check(z.maxLength(2000));

export const Classifier = z.lateObject(() => ({
  mode: z.enum(['heuristic', 'learned', 'hybrid']),
  /** `calibrated` are this project's curves, `seed` the published original's (substring keywords, no renormalisation). */
  curves: z.enum(['calibrated', 'seed']),
  threshold: share,
  weights: z.strictObject({ length: share, keywords: share, tools: share, depth: share, structured: share }),
  /** Scores this close to the threshold count as unsure. */
  abstain_band: share,
  keywords,
  /** The usual distribution of scores, as `npm run calibrate -- FILE --reference` prints it; `/stats` shows the drift from it. */
  reference: z.optional(
    z.strictObject({
      /** The classifier that gave the scores; scores of another version are not compared. */
      version: text(1, 64),
      counts: z.array(int(0, 1_000_000_000)).check(z.length(scoreBuckets)),
      source: text(1, 200),
      as_of: z.iso.date(),
    }),
  ),
}));

export const Intent = z.lateObject(() => ({
  thresholds: z.strictObject({ high: share, medium: share, low: share }),
  keywords: z.strictObject({ code: keywords, reasoning: keywords }),
  /** Specialists: the model an intent goes to. Empty: intents are reported and do not route. */
  models: z.partialRecord(z.enum(intentIds), id),
}));

const Agent = z.lateObject(() => ({
  /** Always the large tier, whatever the text looks like. */
  critical: z._default(z.boolean(), false),
  default_tier: z.optional(z.enum(tierIds)),
  allowed_models: z.optional(z.array(id).check(z.minLength(1))),
  strategy: z.optional(z.enum(strategyIds)),
  /** False: its answers may repeat themselves. */
  runaway_guard: z.optional(z.boolean()),
  /** For this agent's requests over all keys. */
  budgets: z._default(budgets, []),
}));

const Strategy = z.lateObject(() => ({
  /** Added to the score before it is compared with the threshold. */
  score_offset: number(-1, 1),
  /** How much load (queue per place) counts against a model. */
  load_weight: number(0, 1),
  /** How much a higher price counts against a model. */
  price_weight: number(0, 1),
}));

const Retry = z.lateObject(() => ({
  /** Attempts of one request over the whole chain. */
  max_attempts: int(1, 10),
  /** Attempts on the same model before the chain moves on. */
  attempts_per_model: int(1, 5),
  /** Full-jitter backoff: a random wait below base · 2^n, at most max. */
  backoff_base_ms: ms,
  backoff_max_ms: ms,
  /** A longer Retry-After is not waited out: the chain moves on. */
  max_retry_after_ms: int(0, 60_000),
  /** Retries may be this share of requests, plus a floor per second. */
  budget_ratio: share,
  budget_floor_per_second: number(0, 1000),
}));

const Wedge = z.lateObject(() => ({
  enabled: z._default(z.boolean(), true),
  /** Nothing that an engine with work counts has moved for so long; below `probe_interval_ms`, so that two probes find it. */
  still_ms: z._default(ms, 25_000),
  /** A server's pod hook is told no more often than this. */
  restart_every_ms: z._default(ms, 600_000),
  /** How often one order is tried; each at the next probe. */
  restart_tries: z._default(int(1, 20), 3),
}));

const Health = z.lateObject(() => ({
  probe_interval_ms: ms,
  probe_interval_down_ms: ms,
  probe_interval_idle_ms: ms,
  probe_timeout_ms: ms,
  /** Probes in a row that take a model down, and up again. */
  unhealthy_threshold: int(1, 100),
  healthy_threshold: int(1, 100),
  /** The maximum age of a snapshot that isolates decide by. */
  snapshot_max_age_ms: ms,
  breaker: z.strictObject({
    enabled: z.boolean(),
    consecutive_local_failures: int(1, 100),
    consecutive_server_errors: int(1, 100),
    ejection_base_ms: ms,
    ejection_max_ms: ms,
  }),
  /** A server whose engine is dead while its API answers. */
  wedge: z.prefault(Wedge, {}),
  /** Longest time a 429 of a model server keeps traffic away from it. */
  throttle_max_ms: ms,
}));

const Admission = z.lateObject(() => ({
  enabled: z.boolean(),
  /** Waiting places per place in flight. */
  queue_ratio: number(0, 100),
  max_wait_ms: ms,
  /** The same for a long prompt that waits until others are read; who would wait longer is refused at once. */
  max_prefill_wait_ms: z._default(ms, 60_000),
  /** By a key's plan: its share against other keys, and its class; 0 goes first. Plans not named here count as `default`. */
  plans: z.record(id, z.strictObject({ weight: z.number().check(z.gt(0), z.lte(1000)), priority: int(0, 9) })),
}));

const Escalation = z.lateObject(() => ({
  enabled: z.boolean(),
  /** A small model's answer with less confidence is answered again by the large tier. */
  min_confidence: share,
  /** A streamed answer holds back at most this much text until its beginning is judged. */
  hold_back_chars: int(0, 100_000),
  alert_rate: share,
}));

const Rescue = z.strictObject({ enabled: z.boolean(), max_rescues: int(0, 5) });

/** What ends an answer that repeats one passage over and over. */
const RunawayGuard = z.strictObject({
  enabled: z._default(z.boolean(), true),
  /** Repetition that an answer may have in one stretch, in tokens as the gateway estimates them; rows of data eight times as much. */
  max_tokens: z._default(int(64, 100_000), 256),
});

const Sessions = z.strictObject({ enabled: z.boolean(), ttl_ms: int(1000, 86_400_000) });

/** Answers that are kept to be resumed. */
const Kept = z.lateObject(() => ({
  /** A resumable stream goes on for so long when its client has left and nobody else reads. The platform ends it after 30 s. */
  grace_ms: int(0, 30_000),
  /** How long a resumable stream can be read after its end. */
  lifetime_ms: int(1000, 86_400_000),
}));

/** Who answers where no model of a request's plan is up: usually a hosted one, when the GPU is gone. Never before, and in no tier's list. */
const LastResort = z.strictObject({
  model: id,
  /** For what it answers, besides every other budget. */
  budgets: z._default(budgets, []),
});

const Arm = z.lateObject(() => ({
  weight: z.number().check(z.gte(0)),
  model: z.optional(id),
  strategy: z.optional(z.enum(strategyIds)),
}));
const Experiment = z.lateObject(() => ({
  enabled: z.boolean(),
  arms: z.record(id, Arm),
  shadow: z.optional(z.strictObject({ model: id, share })),
}));

export const gradingIds = ['agreement', 'judge'] as const;

/** What a deployment learns from its own traffic. Off unless a deployment says otherwise: shadow calls cost money. */
const Learning = z.lateObject(() => ({
  enabled: z._default(z.boolean(), false),
  /** Of the requests that are routed by their content, for so many the other model is asked as well, unseen. */
  shadow_share: z._default(share, 0.05),
  /** Shadow calls and their judge, by UTC day, in all. */
  daily_budget_usd: z._default(z.number().check(z.gte(0)), 1),
  /** How two answers are graded that both do what can be checked. */
  grading: z._default(z.enum(gradingIds), 'agreement'),
  judge_model: z.optional(id),
  /** Whether `POST /v1/feedback` counts; an object is called for every answer then. */
  feedback: z._default(z.boolean(), true),
  train_every_ms: z._default(int(1000, 86_400_000), 300_000),
}));

export const Routing = z.lateObject(() => ({
  default_strategy: z.optional(z.enum(strategyIds)),
  classifier: Classifier,
  intent: Intent,
  aliases: z.record(text(1, 200), text(1, 200)),
  chains: z.record(id, z.array(id)),
  agents: z.record(id, Agent),
  strategies: z.strictObject({ cost: Strategy, latency: Strategy, quality: Strategy }),
  retry: Retry,
  health: Health,
  admission: Admission,
  escalation: Escalation,
  rescue: Rescue,
  last_resort: z.optional(LastResort),
  runaway_guard: z.prefault(RunawayGuard, {}),
  sessions: Sessions,
  experiments: z.record(id, Experiment),
  learning: z.prefault(Learning, {}),
  tools: z.strictObject({
    /** What to do with tool arguments that break the tool's schema. */
    invalid_arguments: z.enum(argumentsPolicyIds),
    /** The same for a call that the request demands (`required`, or a named tool): servers constrain its name, not its arguments. */
    invalid_required_arguments: z._default(z.enum(argumentsPolicyIds), 'escalate'),
  }),
  kept: z._default(Kept, { grace_ms: 25_000, lifetime_ms: 3_600_000 }),
  streaming: z.strictObject({
    /** Headers are sent with the first event, or after this time, followed by pings. */
    hold_status_ms: ms,
    ping_ms: ms,
    /** A client of a whole answer gets its headers after this time, if the answer has begun; then white space, to notice when it leaves. */
    hold_whole_ms: z._default(ms, 5000),
    whole_ping_ms: z._default(ms, 1000),
    /** A whole answer that may take longer is read from the model as a stream, so that silence is noticed. */
    plain_json_max_ms: ms,
    /** Whether a model's speed of the last two minutes counts in that, or only `slow_tokens_per_second`. */
    plain_json_by_recent_speed: z._default(z.boolean(), true),
  }),
}));
