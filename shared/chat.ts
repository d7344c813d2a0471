/**
 * The chat-completions wire: what a client may send. Parsing keeps what is listed here and drops the rest, so that the gateway and the
 * model server always read the same request and no unknown field travels on. Counts and sizes that operators may change are checked in
 * `worker/core/validate`, not here.
 */
import * as z from './zod.ts';

const text = (min: number, max: number) => z.string().check(z.minLength(min), z.maxLength(max));
const number = (min: number, max: number) => z.number().check(z.gte(min), z.lte(max));
const atLeast = (min: number) => z.int().check(z.gte(min));
const someOf = <T extends z.core.SomeType>(item: T) => z.array(item).check(z.minLength(1));

const name = z.optional(text(1, 64));

const TextPart = z.object({ type: z.literal('text'), text: z.string() });
const ImagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string().check(z.minLength(1)), detail: z.optional(z.enum(['auto', 'low', 'high'])) }),
});
const RefusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });

const UserContent = z.union([z.string(), someOf(z.discriminatedUnion('type', [TextPart, ImagePart]))]);
const PlainContent = z.union([z.string(), someOf(TextPart)]);
const AssistantContent = z.union([z.string(), z.array(z.discriminatedUnion('type', [TextPart, RefusalPart])), z.null()]);

export const ToolCall = z.object({
  id: text(1, 256),
  type: z.literal('function'),
  function: z.object({ name: text(1, 256), arguments: z.string() }),
});

const SystemMessage = z.object({ role: z.enum(['system', 'developer']), content: PlainContent, name });
const UserMessage = z.object({ role: z.literal('user'), content: UserContent, name });
const AssistantMessage = z.object({
  role: z.literal('assistant'),
  content: z.optional(AssistantContent),
  refusal: z.nullish(z.string()),
  reasoning: z.nullish(z.string()),
  reasoning_content: z.nullish(z.string()),
  tool_calls: z.optional(z.array(ToolCall)),
  name,
});
const ToolMessage = z.object({
  role: z.literal('tool'),
  content: PlainContent,
  tool_call_id: text(1, 256),
  name,
});

export const Message = z.discriminatedUnion('role', [SystemMessage, UserMessage, AssistantMessage, ToolMessage]);

const JsonObject = z.record(z.string(), z.unknown());

export const Tool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().check(z.regex(/^[A-Za-z0-9_.-]{1,64}$/, 'letters, digits, dot, dash, underscore; at most 64')),
    description: z.optional(z.string().check(z.maxLength(100_000))),
    parameters: z.optional(JsonObject),
    strict: z.nullish(z.boolean()),
  }),
});

export const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.object({ type: z.literal('function'), function: z.object({ name: z.string().check(z.minLength(1)) }) }),
]);

export const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, dash, underscore; at most 64')),
      description: z.optional(z.string()),
      schema: JsonObject,
      strict: z.nullish(z.boolean()),
    }),
  }),
]);

const key = z.string().check(z.maxLength(64));
const penalty = z.nullish(number(-2, 2));
const tokens = z.nullish(atLeast(1));

export const ChatRequest = z.object({
  model: z._default(text(1, 256), 'auto'),
  messages: someOf(Message),
  stream: z.nullish(z.boolean()),
  stream_options: z.nullish(z.object({ include_usage: z.optional(z.boolean()) })),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  temperature: z.nullish(number(0, 2)),
  top_p: z.nullish(z.number().check(z.gt(0), z.lte(1))),
  n: z.nullish(atLeast(1)),
  stop: z.nullish(z.union([text(1, 1000), someOf(text(1, 1000))])),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  seed: z.nullish(z.int()),
  logit_bias: z.nullish(z.record(z.string().check(z.regex(/^\d{1,7}$/, 'a token id')), number(-100, 100))),
  logprobs: z.nullish(z.boolean()),
  top_logprobs: z.nullish(atLeast(0)),
  tools: z.optional(someOf(Tool)),
  tool_choice: z.nullish(ToolChoice),
  parallel_tool_calls: z.nullish(z.boolean()),
  response_format: z.nullish(ResponseFormat),
  user: z.nullish(z.string().check(z.maxLength(256))),
  metadata: z.nullish(z.record(key, z.string().check(z.maxLength(512)))),
  reasoning_effort: z.nullish(z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh'])),
  // What vLLM reads beyond OpenAI's fields.
  top_k: z.nullish(atLeast(-1)),
  min_p: z.nullish(number(0, 1)),
  repetition_penalty: z.nullish(z.number().check(z.gt(0), z.lte(2))),
  min_tokens: z.nullish(atLeast(0)),
  ignore_eos: z.nullish(z.boolean()),
  chat_template_kwargs: z.nullish(z.record(key, z.union([z.string(), z.number(), z.boolean()]))),
});

export type ChatRequest = z.infer<typeof ChatRequest>;
export type Message = z.infer<typeof Message>;
export type Tool = z.infer<typeof Tool>;
export type ToolChoice = z.infer<typeof ToolChoice>;
export type ToolCall = z.infer<typeof ToolCall>;
export type ResponseFormat = z.infer<typeof ResponseFormat>;

/** Token counts of one answer. `null` means unknown, which is not zero. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number | null;
  readonly reasoningTokens: number | null;
  /** Counted here from what was relayed, because the server sent no usable usage. */
  readonly isEstimated: boolean;
}
