/**
 * The chat-completions wire: what a client may send. Parsing keeps what is listed here and drops the rest, so that the gateway and the
 * model server always read the same request and no unknown field travels on. Counts and sizes that operators may change are checked in
 * `worker/core/validate`, not here.
 */
import * as z from 'zod';

const name = z.string().min(1).max(64);

const TextPart = z.object({ type: z.literal('text'), text: z.string() });
const ImagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string().min(1), detail: z.enum(['auto', 'low', 'high']).optional() }),
});
const RefusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });

const UserContent = z.union([z.string(), z.array(z.discriminatedUnion('type', [TextPart, ImagePart])).min(1)]);
const PlainContent = z.union([z.string(), z.array(TextPart).min(1)]);
const AssistantContent = z.union([z.string(), z.array(z.discriminatedUnion('type', [TextPart, RefusalPart])), z.null()]);

export const ToolCall = z.object({
  id: z.string().min(1).max(256),
  type: z.literal('function'),
  function: z.object({ name: z.string().min(1).max(256), arguments: z.string() }),
});

const SystemMessage = z.object({ role: z.enum(['system', 'developer']), content: PlainContent, name: name.optional() });
const UserMessage = z.object({ role: z.literal('user'), content: UserContent, name: name.optional() });
const AssistantMessage = z.object({
  role: z.literal('assistant'),
  content: AssistantContent.optional(),
  refusal: z.string().nullish(),
  reasoning: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  tool_calls: z.array(ToolCall).optional(),
  name: name.optional(),
});
const ToolMessage = z.object({
  role: z.literal('tool'),
  content: PlainContent,
  tool_call_id: z.string().min(1).max(256),
  name: name.optional(),
});

export const Message = z.discriminatedUnion('role', [SystemMessage, UserMessage, AssistantMessage, ToolMessage]);

const JsonObject = z.record(z.string(), z.unknown());

export const Tool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'letters, digits, dot, dash, underscore; at most 64'),
    description: z.string().max(100_000).optional(),
    parameters: JsonObject.optional(),
    strict: z.boolean().nullish(),
  }),
});

export const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.object({ type: z.literal('function'), function: z.object({ name: z.string().min(1) }) }),
]);

export const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, dash, underscore; at most 64'),
      description: z.string().optional(),
      schema: JsonObject,
      strict: z.boolean().nullish(),
    }),
  }),
]);

const penalty = z.number().min(-2).max(2);
const tokens = z.int().min(1);

export const ChatRequest = z.object({
  model: z.string().min(1).max(256).default('auto'),
  messages: z.array(Message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: tokens.nullish(),
  max_completion_tokens: tokens.nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  n: z.int().min(1).nullish(),
  stop: z.union([z.string().min(1).max(1000), z.array(z.string().min(1).max(1000)).min(1)]).nullish(),
  presence_penalty: penalty.nullish(),
  frequency_penalty: penalty.nullish(),
  seed: z.int().nullish(),
  logit_bias: z.record(z.string().regex(/^\d{1,7}$/, 'a token id'), z.number().min(-100).max(100)).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).nullish(),
  tools: z.array(Tool).min(1).optional(),
  tool_choice: ToolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: ResponseFormat.nullish(),
  user: z.string().max(256).nullish(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullish(),
  // What vLLM reads beyond OpenAI's fields.
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).max(2).nullish(),
  min_tokens: z.int().min(0).nullish(),
  ignore_eos: z.boolean().nullish(),
  chat_template_kwargs: z.record(z.string().max(64), z.union([z.string(), z.number(), z.boolean()])).nullish(),
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
