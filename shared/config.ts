/**
 * The shape of the configuration tree, file by file, as zod schemas: what `configs/*.yaml` may say, and what `CONFIG_OVERRIDES` may
 * change. Keys are snake_case because people write them in YAML. Cross-references (a chain that names a model) are checked in
 * `shared/config-check.ts`; nothing here knows where the tree comes from.
 */
import * as z from './zod.ts';

const int = (min: number, max: number) => z.int().check(z.gte(min), z.lte(max));
const number = (min: number, max: number) => z.number().check(z.gte(min), z.lte(max));
const text = (min: number, max: number) => z.string().check(z.minLength(min), z.maxLength(max));

/** Where one key opens every server, it is the secret of this name. */
export const defaultKeyVar = 'UPSTREAM_API_KEY';

const id = z.string().check(z.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case id of letters, digits, dot, dash, underscore'));
const ms = int(1, 3_600_000);
const variable = (example: string) =>
  z
    .string()
    .check(
      z.regex(
        /^[A-Z][A-Z0-9_]{2,63}$/,
        `the name of an environment variable, such as ${example}: 3 to 64 capital letters, digits and underscores, a letter first`,
      ),
    );
const share = number(0, 1);
const usd = number(0, 100_000);

export const toolFormatIds = [
  'hermes',
  'llama3_json',
  'mistral',
  'pythonic',
  'qwen3_xml',
  'deepseek',
  'json_fenced',
  'json_bare',
] as const;
export const capabilityIds = ['tools', 'json_schema', 'logprobs', 'continue', 'vision'] as const;
/** What a model is asked for. A model stands in for others of its kind only. */
export const modelKindIds = ['chat', 'embedding'] as const;
export const tierIds = ['small', 'large', 'vision'] as const;
export const intentIds = ['code', 'reasoning', 'general'] as const;
export const strategyIds = ['cost', 'latency', 'quality'] as const;
/** Equal parts of the score's range in which scores are counted. */
export const scoreBuckets = 20;
export const signalIds = ['length', 'keywords', 'tools', 'depth', 'structured'] as const;

/** Shown as they are; what can be repaired repaired; another try, as long as nothing was shown. */
const argumentsPolicyIds = ['pass', 'repair', 'escalate'] as const;

const Timeouts = z.strictObject({
  /**
   * To connect, for adapters that are told when a connection stands. The Workers' `fetch` is not: it hands over headers, and many servers send
   * those with the first token. There it limits nothing, and `first_event` ends a connection that never comes about.
   */
  connect: z._default(ms, 3000),
  /** From the call to a stream's first data event, connection and headers included; comments do not count. Also for all that comes instead of a stream. */
  first_event: ms,
  /** Longest time inside a stream without a token; comments and empty events do not count. */
  idle: ms,
  /** The whole answer, unless its tokens still come at `slow_tokens_per_second` and are no more than were asked for. */
  total: ms,
});

export const Upstream = z.strictObject({
  /** Name of the environment variable that holds the origin (no path). Addresses never stand in the config. */
  url_var: variable('SMALL_UPSTREAM_URL'),
  /** Name of the secret that holds this server's API key. No other upstream gets that key unless it names the same secret. */
  key_var: z._default(variable(defaultKeyVar), defaultKeyVar),
  /** A name from the Worker's registry of dialects, which is handed to the check. */
  dialect: id,
  /** Send the Cloudflare Access service token. */
  access: z.boolean(),
  /** Upstreams with the same tunnel share its fate. */
  tunnel: z._default(id, 'main'),
  /** Share of a model's traffic against its other upstreams. */
  weight: z._default(number(0, 1000), 1),
  timeouts_ms: Timeouts,
});

const Price = z.strictObject({
  input_per_million_usd: usd,
  cached_input_per_million_usd: usd,
  output_per_million_usd: usd,
  source: z.string().check(z.minLength(1)),
  as_of: z.iso.date(),
});

export const Model = z.strictObject({
  kind: z._default(z.enum(modelKindIds), 'chat'),
  upstreams: z.array(id).check(z.minLength(1)),
  /** The name the model server knows the model by; clients may use it, too. */
  served_name: text(1, 200),
  /** Read of chat models only. */
  tier: z.enum(tierIds),
  context_tokens: int(256, 10_000_000),
  capabilities: z.array(z.enum(capabilityIds)),
  /** Text formats in which this model writes tool calls, the most likely first; [] trusts the server's own tool_calls only. */
  tool_formats: z.array(z.enum(toolFormatIds)),
  /** `atomic` shows a call when it is whole; `early` streams its arguments as they come. */
  tool_emission: z._default(z.enum(['atomic', 'early']), 'atomic'),
  reasoning: z.enum(['none', 'think', 'think_open']),
  /** Output tokens per second when the server is at its busiest: below it an answer is too slow to go on beyond `total`, and how long plain JSON may take. */
  slow_tokens_per_second: number(0.1, 100_000),
  /** Output tokens per second that one answer gets at most: what a call is billed by whose end nobody saw. */
  tokens_per_second: z._default(number(0.1, 100_000), 60),
  /** Requests this model may have in flight, over all isolates; more wait in the queue. */
  max_in_flight: int(1, 100_000),
  price: Price,
});

/** Words and phrases; lists in the list are for the reader's order only. */
const keywords = z
  .pipe(
    z.array(z.union([text(1, 60), z.array(text(1, 60))])),
    z.transform((list) => list.flat()),
  )
  .check(z.maxLength(2000));

const Classifier = z.strictObject({
  mode: z.enum(['heuristic', 'learned', 'hybrid']),
  /** `calibrated` are this project's curves, `seed` the published original's (substring keywords, no renormalisation). */
  curves: z.enum(['calibrated', 'seed']),
  threshold: share,
  weights: z.strictObject({ length: share, keywords: share, tools: share, depth: share, structured: share }),
  /** Scores this close to the threshold count as unsure. */
  abstain_band: share,
  keywords,
  /** How scores are usually spread, as `npm run calibrate -- FILE --reference` prints it; `/stats` shows the drift from it. */
  reference: z.optional(
    z.strictObject({
      /** The classifier that gave the scores; those of another one are not compared. */
      version: text(1, 64),
      counts: z.array(int(0, 1_000_000_000)).check(z.length(scoreBuckets)),
      source: text(1, 200),
      as_of: z.iso.date(),
    }),
  ),
});

const Intent = z.strictObject({
  thresholds: z.strictObject({ high: share, medium: share, low: share }),
  keywords: z.strictObject({ code: keywords, reasoning: keywords }),
  /** Specialists: the model an intent goes to. Empty: intents are reported and do not route. */
  models: z.partialRecord(z.enum(intentIds), id),
});

const Budget = z.strictObject({
  period: z.enum(['day', 'month']),
  limit_usd: usd,
  /** `cheap_tier`: go on with the small tier only. */
  when_exhausted: z.enum(['refuse', 'cheap_tier']),
});

/** One for the day and one for the month. */
const budgets = z.array(Budget).check(z.maxLength(2));

const Agent = z.strictObject({
  /** Always the large tier, whatever the text looks like. */
  critical: z._default(z.boolean(), false),
  default_tier: z.optional(z.enum(tierIds)),
  allowed_models: z.optional(z.array(id).check(z.minLength(1))),
  strategy: z.optional(z.enum(strategyIds)),
  /** For this agent's requests over all keys. */
  budgets: z._default(budgets, []),
});

const Strategy = z.strictObject({
  /** Added to the score before it is compared with the threshold. */
  score_offset: number(-1, 1),
  /** How much a loaded model (queue per place) lowers its own attraction. */
  load_weight: number(0, 1),
  /** How much a higher price lowers a model's attraction. */
  price_weight: number(0, 1),
});

const Retry = z.strictObject({
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
});

const Health = z.strictObject({
  probe_interval_ms: ms,
  probe_interval_down_ms: ms,
  probe_interval_idle_ms: ms,
  probe_timeout_ms: ms,
  /** Probes in a row that take a model down, and up again. */
  unhealthy_threshold: int(1, 100),
  healthy_threshold: int(1, 100),
  /** How old a snapshot an isolate may decide by. */
  snapshot_max_age_ms: ms,
  breaker: z.strictObject({
    enabled: z.boolean(),
    consecutive_local_failures: int(1, 100),
    consecutive_server_errors: int(1, 100),
    ejection_base_ms: ms,
    ejection_max_ms: ms,
  }),
  /** Longest time a 429 of a model server keeps traffic away from it. */
  throttle_max_ms: ms,
});

const Admission = z.strictObject({
  enabled: z.boolean(),
  /** Waiting places per place in flight. */
  queue_ratio: number(0, 100),
  max_wait_ms: ms,
  /** By a key's plan: its share against other keys, and its class; 0 goes first. Plans not named here count as `default`. */
  plans: z.record(id, z.strictObject({ weight: z.number().check(z.gt(0), z.lte(1000)), priority: int(0, 9) })),
});

const Escalation = z.strictObject({
  enabled: z.boolean(),
  /** A small model's answer with less confidence is answered again by the large tier. */
  min_confidence: share,
  /** A streamed answer holds back at most this much text until its beginning is judged. */
  hold_back_chars: int(0, 100_000),
  alert_rate: share,
});

const Rescue = z.strictObject({ enabled: z.boolean(), max_rescues: int(0, 5) });

const Sessions = z.strictObject({ enabled: z.boolean(), ttl_ms: int(1000, 86_400_000) });

const Arm = z.strictObject({
  weight: z.number().check(z.gte(0)),
  model: z.optional(id),
  strategy: z.optional(z.enum(strategyIds)),
});
const Experiment = z.strictObject({
  enabled: z.boolean(),
  arms: z.record(id, Arm),
  shadow: z.optional(z.strictObject({ model: id, share })),
});

export const Routing = z.strictObject({
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
  sessions: Sessions,
  experiments: z.record(id, Experiment),
  tools: z.strictObject({
    /** What to do with tool arguments that break the tool's schema. */
    invalid_arguments: z.enum(argumentsPolicyIds),
    /** The same for a call that the request demands (`required`, or a named tool): servers constrain its name, not its arguments. */
    invalid_required_arguments: z._default(z.enum(argumentsPolicyIds), 'escalate'),
  }),
  streaming: z.strictObject({
    /** Headers go out with the first event, or after this long with pings. */
    hold_status_ms: ms,
    ping_ms: ms,
    /** A client that waits for a whole answer gets its headers after this long, if the answer has begun; then white space, to see whether it is there. */
    hold_whole_ms: z._default(ms, 5000),
    whole_ping_ms: z._default(ms, 1000),
    /** A non-streamed answer that may take longer is read from the model as a stream, whose silence is noticed. */
    plain_json_max_ms: ms,
  }),
});

export const Limits = z.strictObject({
  max_body_bytes: int(1000, 90_000_000),
  body_read_timeout_ms: ms,
  max_depth: int(4, 200),
  max_messages: int(1, 10_000),
  max_content_parts: int(1, 1_000_000),
  max_tools: int(1, 10_000),
  max_stop: int(1, 64),
  max_n: int(1, 64),
  max_top_logprobs: int(0, 100),
  /** Sent upstream when the client names no limit. */
  default_completion_tokens: int(1, 1_000_000),
  max_completion_tokens: int(1, 1_000_000),
  max_schema_bytes: int(100, 1_000_000),
  max_schema_depth: int(2, 64),
  max_event_bytes: int(1000, 16_000_000),
  max_answer_bytes: int(1000, 64_000_000),
  max_tool_arguments_bytes: int(100, 16_000_000),
  max_repair_bytes: int(100, 1_000_000),
  /** Objects that isolates write their counts to; each takes some hundred batches a second. */
  ledger_shards: int(1, 64),
  /** Look-ups of keys that an isolate does not know, per second; ten seconds' worth at once. */
  unknown_keys_per_second: int(1, 100_000),
  /** For all requests of the deployment together. Each one makes every request ask one object before it runs. */
  budgets,
});

const origin = z
  .string()
  .check(
    z.regex(/^(?:\*|[a-z][a-z0-9+.-]*:\/\/[a-z0-9.:[\]-]+)$/, 'an origin such as https://app.example.com, or "*" for every one'),
  );

/** Web pages that may call the gateway from a browser, with a key of their own. Never the operators' paths, never with cookies. */
const Cors = z.strictObject({ allowed_origins: z.array(origin).check(z.maxLength(100)) });

export const ConfigTree = z.strictObject({
  upstreams: z.record(id, Upstream),
  models: z.record(id, Model),
  routing: Routing,
  limits: Limits,
  cors: z._default(Cors, { allowed_origins: [] }),
});

export type ConfigTree = z.infer<typeof ConfigTree>;
export type UpstreamConfig = z.infer<typeof Upstream>;
export type ModelConfig = z.infer<typeof Model>;
export type RoutingConfig = z.infer<typeof Routing>;
export type LimitsConfig = z.infer<typeof Limits>;
export type ModelKind = (typeof modelKindIds)[number];
export type Tier = (typeof tierIds)[number];
export type Intent = (typeof intentIds)[number];
export type Strategy = (typeof strategyIds)[number];
export type SignalId = (typeof signalIds)[number];
export type ToolFormatId = (typeof toolFormatIds)[number];
export type Capability = (typeof capabilityIds)[number];
