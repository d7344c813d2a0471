/**
 * The chat-completions wire: what a client may send. Parsing keeps what is listed here and drops the rest, so that the gateway and the
 * model server always read the same request and no unknown field is forwarded. Not stricter than the model servers: where vLLM takes any
 * number or text, so does this. Nulls of optional fields are removed before (`drop-nulls.ts` of the chat surface). Counts and sizes that
 * operators may change are checked in `worker/core/surfaces/chat`, not here.
 */
import * as z from './zod.ts';

const text = (min: number, max: number) => z.string().check(z.minLength(min), z.maxLength(max));
const number = (min: number, max: number) => z.number().check(z.gte(min), z.lte(max));
const atLeast = (min: number) => z.int().check(z.gte(min));
const someOf = <T extends z.core.SomeType>(item: T) => z.array(item).check(z.minLength(1));

const name = z.optional(z.string());

const TextPart = z.object({ type: z.literal('text'), text: z.string() });
const ImagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string().check(z.minLength(1)), detail: z.optional(z.string()) }),
});
const RefusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });

const SeenPart = z.discriminatedUnion('type', [TextPart, ImagePart]);
const UserContent = z.union([z.string(), someOf(SeenPart)]);
const PlainContent = z.union([z.string(), someOf(TextPart)]);
const AssistantContent = z.union([z.string(), z.array(z.discriminatedUnion('type', [TextPart, RefusalPart])), z.null()]);
/** A tool may find nothing, or answer with a picture. */
const ToolContent = z.union([z.string(), z.array(SeenPart)]);

const JsonObject = z.record(z.string(), z.unknown());

/** The only kind of tool; many clients leave it out. */
const functionType = z._default(z.literal('function'), 'function');

/** Arguments are JSON text; some clients send the parsed object back, or drop empty arguments. */
const Arguments = z._default(
  z.union([
    z.string(),
    z.pipe(
      JsonObject,
      z.transform((value) => JSON.stringify(value)),
    ),
  ]),
  '{}',
);

/** A call in the history: any id and name, since models and servers make them up. */
export const ToolCall = z.object({
  id: z.string(),
  type: functionType,
  function: z.object({ name: z.string(), arguments: Arguments }),
});

const SystemMessage = z.object({ role: z.enum(['system', 'developer']), content: PlainContent, name });
const UserMessage = z.object({ role: z.literal('user'), content: UserContent, name });
const AssistantMessage = z.object({
  role: z.literal('assistant'),
  content: z.optional(AssistantContent),
  refusal: z.optional(z.string()),
  reasoning: z.optional(z.string()),
  reasoning_content: z.optional(z.string()),
  tool_calls: z.optional(z.array(ToolCall)),
  name,
});
const ToolMessage = z.object({ role: z.literal('tool'), content: ToolContent, tool_call_id: z.string(), name });

export const Message = z.discriminatedUnion('role', [SystemMessage, UserMessage, AssistantMessage, ToolMessage]);

/** Any characters except control characters and surrogates, which could break a line or a header on the way. */
const toolName = z.string().check(z.regex(/^[^\p{Cc}\p{Cs}]{1,256}$/u, '1 to 256 characters, none of them a control character'));

export const Tool = z.object({
  type: functionType,
  function: z.object({
    name: toolName,
    description: z.optional(z.string()),
    parameters: z.optional(JsonObject),
    strict: z.optional(z.boolean()),
  }),
});

export const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [
    z.object({ type: functionType, function: z.object({ name: z.string().check(z.minLength(1)) }) }),
    z.object({
      type: z.literal('allowed_tools'),
      allowed_tools: z.object({
        mode: z.enum(['auto', 'required']),
        tools: z
          .array(z.looseObject({ type: z.string(), function: z.optional(z.looseObject({ name: z.string() })) }))
          .check(z.minLength(1)),
      }),
    }),
  ]),
]);

/** `schema` beside the type is the form of llama.cpp and Together; it is read as `json_schema`. */
export const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, dash, underscore; at most 64')),
      description: z.optional(z.string()),
      schema: JsonObject,
      strict: z.optional(z.boolean()),
    }),
  }),
]);

/** vLLM's own field for constrained decoding; exactly one of the first five. */
export const StructuredOutputs = z.object({
  json: z.optional(JsonObject),
  json_object: z.optional(z.boolean()),
  regex: z.optional(text(1, 10_000)),
  choice: z.optional(someOf(text(1, 10_000))),
  grammar: z.optional(text(1, 100_000)),
  whitespace_pattern: z.optional(text(1, 1000)),
  disable_any_whitespace: z.optional(z.boolean()),
  disable_additional_properties: z.optional(z.boolean()),
});

const penalty = z.optional(number(-2, 2));
/** Larger than any model's context is a mistake; larger than the chosen one's is lowered. */
const tokens = z.optional(z.int().check(z.gte(1), z.lte(10_000_000)));
/** No vocabulary has ten million entries. */
const tokenIds = z.optional(z.array(z.int().check(z.gte(0), z.lte(9_999_999))));
const flag = z.optional(z.boolean());
/** Whole numbers of any size: seeds of 64 bits are common, and JSON readers round them all alike. */
export const WholeNumber = z.number().check(z.refine((value) => Number.isInteger(value), 'expected a whole number'));

export const ChatRequest = z.object({
  model: z._default(text(1, 256), 'auto'),
  messages: someOf(Message),
  stream: flag,
  stream_options: z.optional(z.object({ include_usage: flag })),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  temperature: z.optional(z.number().check(z.gte(0))),
  top_p: z.optional(z.number().check(z.gt(0), z.lte(1))),
  n: z.optional(atLeast(1)),
  stop: z.optional(z.union([text(1, 1000), someOf(text(1, 1000))])),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  seed: z.optional(WholeNumber),
  logit_bias: z.optional(z.record(z.string().check(z.regex(/^\d{1,7}$/, 'a token id')), number(-100, 100))),
  logprobs: flag,
  top_logprobs: z.optional(atLeast(0)),
  tools: z.optional(someOf(Tool)),
  tool_choice: z.optional(ToolChoice),
  parallel_tool_calls: flag,
  response_format: z.optional(ResponseFormat),
  user: z.optional(z.string()),
  metadata: z.optional(JsonObject),
  reasoning_effort: z.optional(z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])),
  // What vLLM reads beyond OpenAI's fields.
  top_k: z.optional(atLeast(-1)),
  min_p: z.optional(number(0, 1)),
  repetition_penalty: z.optional(z.number().check(z.gt(0))),
  min_tokens: z.optional(atLeast(0)),
  ignore_eos: flag,
  stop_token_ids: tokenIds,
  allowed_token_ids: tokenIds,
  bad_words: z.optional(z.array(text(1, 1000))),
  include_stop_str_in_output: flag,
  skip_special_tokens: flag,
  spaces_between_special_tokens: flag,
  structured_outputs: z.optional(StructuredOutputs),
  continue_final_message: flag,
  add_generation_prompt: flag,
  chat_template_kwargs: z.optional(JsonObject),
});

export type ChatRequest = z.infer<typeof ChatRequest>;
export type Message = z.infer<typeof Message>;
export type Tool = z.infer<typeof Tool>;
export type ToolChoice = z.infer<typeof ToolChoice>;
export type AllowedTools = Extract<ToolChoice, { type: 'allowed_tools' }>;
export type ToolCall = z.infer<typeof ToolCall>;
export type ResponseFormat = z.infer<typeof ResponseFormat>;
export type StructuredOutputs = z.infer<typeof StructuredOutputs>;
