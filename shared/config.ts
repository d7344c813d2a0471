/**
 * The shape of the configuration tree, file by file, as zod schemas: what `configs/*.yaml` may say, and what `CONFIG_OVERRIDES` may
 * change. Keys are snake_case because people write them in YAML. Cross-references (a chain that names a model) are checked in
 * `shared/config-check.ts`; nothing here knows where the tree comes from.
 */
import { Pod, PodGroup } from './config-pods.ts';
import { Rag } from './config-rag.ts';
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
  reasoningIds,
  text,
  tierIds,
  toolFormatIds,
  usd,
  variable,
} from './config-values.ts';
import * as z from './zod.ts';

export { Routing };
export { defaultKeyVar, intentIds, scoreBuckets, signalIds, strategyIds, tierIds } from './config-values.ts';
export type { Capability, Intent, ModelKind, ReasoningId, SignalId, Strategy, Tier, ToolFormatId } from './config-values.ts';

const Timeouts = z.lateObject(() => ({
  /**
   * Time to connect, for adapters that can observe it. The Workers' `fetch` cannot: it only reports headers, which many servers send with
   * the first token. There it has no effect, and `first_event` ends a connection that is never established.
   */
  connect: z._default(ms, 3000),
  /** From the call to a stream's first data event, connection and headers included; comments do not count. Also for any answer that is not a stream. */
  first_event: ms,
  /** Longest time inside a stream without a token; comments and empty events do not count. */
  idle: ms,
  /** The whole answer, unless its tokens still come at `slow_tokens_per_second` and stay within `max_tokens`. */
  total: ms,
}));

const PodHook = z.lateObject(() => ({
  /** Variable with the address that orders are posted to. */
  url_var: variable('POD_HOOK_URL'),
  /** Secret that is sent as a bearer token. */
  secret_var: variable('POD_HOOK_SECRET'),
  /** The server's name at the hook; the upstream's id if left out. */
  server: z.optional(id),
  /** It is behind Cloudflare Access, as the servers are. */
  access: z._default(z.boolean(), false),
}));

/** How one server's wire differs within its family. Read by the dialects openai and anthropic. */
const Wire = z.lateObject(() => ({
  /** What stands before a path in place of `/v1`: `/v1beta/openai`, `/api/v1`. */
  base_path: z.optional(
    z.string().check(z.maxLength(200), z.regex(/^(?:\/[A-Za-z0-9._~-]+)*$/, 'a path such as /v1beta/openai')),
  ),
  /** False: it has no list of models, so that only its calls show whether it is up. */
  lists_models: z.optional(z.boolean()),
  /** OpenAI's own newer models refuse `max_tokens`. */
  max_tokens_field: z.optional(z.enum(['max_tokens', 'max_completion_tokens'])),
  system_role: z.optional(z.enum(['system', 'developer'])),
  /** `prompt`: it constrains nothing, so that the form of an answer is asked for in the system prompt. */
  json_schema: z.optional(z.enum(['native', 'prompt'])),
  /** Of anthropic, what `reasoning_effort` becomes: a budget of tokens, or an effort for models that choose themselves. Off if left out. */
  thinking: z.optional(z.enum(['budget', 'adaptive'])),
  /** Gemini from 3 on, which refuses a history's calls without the signature that it gave them: its documented stand-in for one is sent. */
  signs_calls: z.optional(z.boolean()),
  /** Fields of a request that it refuses: they are not sent. */
  omit: z.optional(z.array(text(1, 64)).check(z.maxLength(50))),
}));

export const Upstream = z.lateObject(() => ({
  /** Name of the environment variable that holds the origin (no path). The config never contains addresses. */
  url_var: z.optional(variable('SMALL_UPSTREAM_URL')),
  /** In place of an address: the name of a binding of the platform's own model service. */
  binding: z.optional(z.string().check(z.regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'the name of a binding, such as AI'))),
  /** Name of a Workers VPC binding that calls go through instead of the public internet; the address is then only the Host header. */
  vpc: z.optional(z.string().check(z.regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'the name of a binding, such as SMALL_VPC'))),
  /** Without an address it is simply not there, nor are the models that run nowhere else. */
  optional: z._default(z.boolean(), false),
  /** Name of the secret that holds this server's API key. No other upstream gets that key unless it names the same secret. */
  key_var: z._default(variable(defaultKeyVar), defaultKeyVar),
  /** A name from the Worker's registry of dialects. */
  dialect: id,
  /** Send the Cloudflare Access service token. */
  access: z.boolean(),
  /** Upstreams with the same tunnel share its fate. */
  tunnel: z._default(id, 'main'),
  /** Share of a model's traffic against its other upstreams. */
  weight: z._default(number(0, 1000), 1),
  wire: z.optional(Wire),
  timeouts_ms: Timeouts,
  /** Where to ask for a restart of this server when its engine is dead. Off where its address is not set. */
  pod_hook: z.optional(PodHook),
}));

/** What one call of a pooling server may carry; longer lists are split. */
const Batch = z.lateObject(() => ({
  max_inputs: z._default(int(1, 2048), 32),
  /** By the gateway's own estimate; a longer input travels alone. */
  max_tokens: z._default(int(1, 10_000_000), 16_384),
}));

const zeroShotTemplate = text(7, 500).check(z.regex(/\{label\}/, 'a sentence with {label} in it'));

/**
 * How a classifier rates labels that it was not trained on. `nli`: its server is asked whether the text entails a sentence about each label.
 * `similarity`: an embedding model compares the text with such a sentence.
 */
const ZeroShot = z.lateObject(() => ({
  method: z.enum(['nli', 'similarity']),
  template: z._default(zeroShotTemplate, 'This example is {label}.'),
  /** Of `nli`: what the model's tokenizer puts between the two texts of a pair. */
  separator: z._default(text(1, 50), '</s></s>'),
  /** Of `nli`: the position of "entails" among the model's labels. */
  entailment_index: z.optional(int(0, 100)),
  /** Of `similarity`: the embedding model that compares. */
  model: z.optional(id),
  /** Of `similarity`: smaller values make the nearest label more certain. */
  temperature: z._default(number(0.001, 10), 0.05),
}));

/** How long prompts are read: see `worker/core/admission/prefill-lane.ts`. */
const Prefill = z.lateObject(() => ({
  /** By the gateway's estimate; from here on a prompt queues with its own kind. */
  long_prompt_tokens: z._default(int(1, 10_000_000), 4096),
  /** Tokens of long prompts that may be read at the same time; one prompt that is longer is read alone. */
  max_tokens: z._default(int(1, 100_000_000), 32_768),
  /** How fast a loaded server reads them: what waits are computed from until it is measured, and what the first token of one may take. */
  tokens_per_second: z._default(number(1, 10_000_000), 1000),
}));

const Price = z.lateObject(() => ({
  input_per_million_usd: usd,
  cached_input_per_million_usd: usd,
  /** Reasoning is output. */
  output_per_million_usd: usd,
  /** Where a vendor bills what it writes into its cache; as input if left out. */
  cache_write_per_million_usd: z.optional(usd),
  source: z.string().check(z.minLength(1)),
  as_of: z.iso.date(),
}));

export const Model = z.lateObject(() => ({
  kind: z._default(z.enum(modelKindIds), 'chat'),
  upstreams: z.array(id).check(z.minLength(1)),
  /** The name the model server uses for the model; clients may use it as well. */
  served_name: text(1, 200),
  /** Read of chat models only. */
  tier: z.enum(tierIds),
  context_tokens: int(256, 10_000_000),
  capabilities: z.array(z.enum(capabilityIds)),
  /** Fields of a request that its server cannot honour, so that such a request goes to another model. */
  cannot: z.optional(z.array(z.enum(['n', 'logprobs', 'structured_outputs']))),
  /** How system messages behind the beginning of a conversation are sent: newer chat templates refuse them. As they are if left out. */
  late_system: z.optional(z.enum(['system', 'user'])),
  /** Text formats in which this model writes tool calls, the most likely first; [] trusts the server's own tool_calls only. */
  tool_formats: z.array(z.enum(toolFormatIds)),
  /** `atomic` shows a call when it is whole; `early` streams its arguments as they come. */
  tool_emission: z._default(z.enum(['atomic', 'early']), 'atomic'),
  /** How this model writes reasoning into its text. */
  reasoning: z.enum(reasoningIds),
  /** Output tokens per second of a fully loaded server: a slower answer ends at `total`, and plain JSON may take as long as this rate implies. */
  slow_tokens_per_second: number(0.1, 100_000),
  /** The most output tokens per second of one answer: the rate at which a call is billed whose end was not seen. */
  tokens_per_second: z._default(number(0.1, 100_000), 60),
  /** False: its answers may repeat themselves. Read of chat models only. */
  runaway_guard: z.optional(z.boolean()),
  /** Requests this model may have in flight, over all isolates; more wait in the queue. */
  max_in_flight: int(1, 100_000),
  prefill: z.prefault(Prefill, {}),
  /** Not read of chat models, nor is what follows. */
  batch: z.prefault(Batch, {}),
  /** Length of an embedding model's vectors. */
  dimensions: z.optional(int(1, 65_536)),
  /** The server shortens vectors to the `dimensions` that a request asks for. */
  shortens: z._default(z.boolean(), false),
  zero_shot: z.optional(ZeroShot),
  price: Price,
}));

export const Limits = z.lateObject(() => ({
  max_body_bytes: int(1000, 90_000_000),
  body_read_timeout_ms: ms,
  max_depth: int(4, 200),
  max_messages: int(1, 10_000),
  max_content_parts: int(1, 1_000_000),
  max_tools: int(1, 10_000),
  max_stop: int(1, 64),
  max_n: int(1, 64),
  /** Texts of one request for embeddings or classification, and documents of one reranking. */
  max_inputs: z._default(int(1, 100_000), 2048),
  max_top_logprobs: int(0, 100),
  /** Sent upstream when the client names no limit. */
  default_completion_tokens: int(1, 1_000_000),
  max_completion_tokens: int(1, 1_000_000),
  /** How long a model server may take to count a prompt that is near a limit; 0 asks none. */
  count_prompt_ms: z._default(int(0, 5000), 300),
  max_schema_bytes: int(100, 1_000_000),
  max_schema_depth: int(2, 64),
  max_event_bytes: int(1000, 16_000_000),
  max_answer_bytes: int(1000, 64_000_000),
  max_tool_arguments_bytes: int(100, 16_000_000),
  max_repair_bytes: int(100, 1_000_000),
  /** Ledger objects that isolates write to; each takes some hundred batches a second. */
  ledger_shards: int(1, 64),
  /** Look-ups of keys that an isolate does not know, per second; ten seconds' worth at once. */
  unknown_keys_per_second: int(1, 100_000),
  /** For all requests of the deployment together. With any, every request makes a call to one object before it runs. */
  budgets,
}));

/** One GPU, as `worker/core/cost/card-clock.ts` shares its time. */
const Gpu = z.strictObject({
  /** Whose servers run on it; a model stands in one at most. */
  models: z.array(id).check(z.minLength(1)),
  /** What an hour of it costs, used or not; 0 where that is not known. */
  price_per_hour_usd: z._default(usd, 0),
});

const origin = z
  .string()
  .check(
    z.regex(/^(?:\*|[a-z][a-z0-9+.-]*:\/\/[a-z0-9.:[\]-]+)$/, 'an origin such as https://app.example.com, or "*" for every one'),
  );

/** Web pages that may call the gateway from a browser, with their own key. Never operators' paths, never with cookies. */
const Cors = z.strictObject({ allowed_origins: z.array(origin).check(z.maxLength(100)) });

/** What is done with tools that only their vendor can run, such as a web search: left out and named in the metadata, or refused. */
export const hostedToolIds = ['drop', 'refuse'] as const;
const hostedTools = z.enum(hostedToolIds);

/** The public wires. */
const Surfaces = z.lateObject(() => ({
  /** Agents of OpenAI's newer API and of Anthropic's send such tools with every request. */
  hosted_tools: z.prefault(
    z.strictObject({
      chat: z._default(hostedTools, 'refuse'),
      messages: z._default(hostedTools, 'drop'),
      responses: z._default(hostedTools, 'drop'),
    }),
    {},
  ),
  /** Answers of the Responses API that later requests can go on from. */
  responses: z.prefault(
    z.strictObject({
      /** Whether one is stored whose request does not say. */
      stores_by_default: z._default(z.boolean(), true),
      /** How long one can be read after its end; 30 days at most. */
      retention_ms: z._default(int(60_000, 2_592_000_000), 604_800_000),
    }),
    {},
  ),
}));

/** What may be kept although it is not by default. */
export const cacheAllowanceIds = ['sampled', 'tools', 'fallback', 'escalation', 'experiment'] as const;

/** Answers that are given again to the same request of the same tenant. Off unless a deployment says otherwise. */
const Cache = z.lateObject(() => ({
  enabled: z._default(z.boolean(), false),
  /** Age at which a kept answer is no longer given. */
  ttl_ms: z._default(int(1000, 2_592_000_000), 3_600_000),
  /** Text, reasoning and arguments of a longer answer are not kept. */
  max_answer_chars: z._default(int(100, 400_000), 200_000),
  allow: z._default(z.array(z.enum(cacheAllowanceIds)), []),
  /** Which identical requests in flight share one call: those that may be kept, all, or none. */
  single_flight: z._default(z.enum(['kept', 'all', 'off']), 'kept'),
  /** Where there is a database, answers are kept there too. */
  database: z.prefault(
    z.strictObject({
      enabled: z._default(z.boolean(), true),
      /** What is not read within this time is not there. */
      read_ms: z._default(int(5, 1000), 50),
      /** Of compressed answers; beyond it those go that would be forgotten first. */
      max_bytes: z._default(int(1_000_000, 1_000_000_000_000), 1_000_000_000),
    }),
    {},
  ),
  /** Part of every key: another one forgets everything. */
  version: z._default(text(1, 64), '1'),
}));

/** The request log in a database. */
const RequestLog = z.lateObject(() => ({
  /** Whole days; tables of older ones are dropped. */
  retention_days: z._default(int(1, 3650), 30),
  /** Rows that wait while the database is down. */
  outbox_rows: z._default(int(10, 100_000), 10_000),
  /** Of a prompt and of an answer, for keys whose texts are kept. */
  max_content_chars: z._default(int(100, 20_000), 8000),
}));

export const ConfigTree = z.lateObject(() => ({
  upstreams: z.record(id, Upstream),
  models: z.record(id, Model),
  routing: Routing,
  gpus: z._default(z.record(id, Gpu), {}),
  limits: Limits,
  cors: z._default(Cors, { allowed_origins: [] }),
  surfaces: z.prefault(Surfaces, {}),
  cache: z.prefault(Cache, {}),
  request_log: z.prefault(RequestLog, {}),
  rag: z.prefault(Rag, {}),
  pods: z._default(z.record(id, Pod), {}),
  pod_groups: z._default(z.record(id, PodGroup), {}),
}));

export type ConfigTree = z.infer<typeof ConfigTree>;
export type UpstreamConfig = z.infer<typeof Upstream>;
export type ModelConfig = z.infer<typeof Model>;
export type GpuConfig = z.infer<typeof Gpu>;
export type RoutingConfig = z.infer<typeof Routing>;
export type CacheConfig = z.infer<typeof Cache>;
export type CacheAllowance = (typeof cacheAllowanceIds)[number];
export type LimitsConfig = z.infer<typeof Limits>;
export type SurfacesConfig = z.infer<typeof Surfaces>;
export type HostedToolPolicy = (typeof hostedToolIds)[number];
