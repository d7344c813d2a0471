/**
 * The shape of the configuration tree, file by file, as zod schemas: what `configs/*.yaml` may say, and what `CONFIG_OVERRIDES` may
 * change. Keys are snake_case because people write them in YAML. Cross-references (a chain that names a model) are checked in
 * `shared/config-check.ts`; nothing here knows where the tree comes from.
 */
import { Routing } from './config-routing.ts';
import {
  budgets,
  capabilityIds,
  defaultKeyVar,
  id,
  int,
  modelKindIds,
  ms,
  number,
  text,
  tierIds,
  toolFormatIds,
  usd,
  variable,
} from './config-values.ts';
import * as z from './zod.ts';

export { Routing };
export { defaultKeyVar, intentIds, scoreBuckets, signalIds, strategyIds, tierIds } from './config-values.ts';
export type { Capability, Intent, ModelKind, SignalId, Strategy, Tier, ToolFormatId } from './config-values.ts';

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
