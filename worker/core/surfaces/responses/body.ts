/** The fields of a request on this wire, as they are kept; everything else is dropped or refused. */
import { Tool as ChatTool } from '../../../../shared/chat.ts';
import * as z from '../../../../shared/zod.ts';

const text = (max: number) => z.string().check(z.minLength(1), z.maxLength(max));
const JsonObject = z.record(z.string(), z.unknown());
const flag = z.optional(z.boolean());

export const FunctionTool = z.object({
  type: z._default(z.literal('function'), 'function'),
  name: ChatTool.shape.function.shape.name,
  description: z.optional(z.string()),
  parameters: z.optional(JsonObject),
  strict: z.optional(z.boolean()),
});
export type FunctionTool = z.infer<typeof FunctionTool>;

const Format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, dash, underscore; at most 64')),
    description: z.optional(z.string()),
    schema: JsonObject,
    strict: z.optional(z.boolean()),
  }),
]);

const NamedFunction = z.object({ type: z.literal('function'), name: text(256) });
export const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  NamedFunction,
  z.object({
    type: z.literal('allowed_tools'),
    mode: z._default(z.enum(['auto', 'required']), 'auto'),
    tools: z.array(z.looseObject({ type: z.string(), name: z.optional(z.string()) })).check(z.minLength(1)),
  }),
]);
export type ToolChoice = z.infer<typeof ToolChoice>;

const effort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);

/** Everything but the items and the tools, which are read one by one. */
export const Body = z.object({
  model: z._default(text(256), 'auto'),
  input: z.optional(z.union([z.string(), z.array(z.unknown())])),
  instructions: z.optional(z.string()),
  previous_response_id: z.optional(text(200)),
  tools: z.optional(z.array(z.unknown())),
  tool_choice: z.optional(ToolChoice),
  parallel_tool_calls: flag,
  text: z.optional(z.object({ format: z.optional(Format), verbosity: z.optional(z.enum(['low', 'medium', 'high'])) })),
  reasoning: z.optional(
    z.object({
      effort: z.optional(effort),
      summary: z.optional(z.enum(['auto', 'concise', 'detailed'])),
      generate_summary: z.optional(z.enum(['auto', 'concise', 'detailed'])),
    }),
  ),
  max_output_tokens: z.optional(z.int().check(z.gte(1), z.lte(10_000_000))),
  temperature: z.optional(z.number().check(z.gte(0))),
  top_p: z.optional(z.number().check(z.gt(0), z.lte(1))),
  top_logprobs: z.optional(z.int().check(z.gte(0))),
  include: z.optional(z.array(z.string())),
  truncation: z.optional(z.enum(['auto', 'disabled'])),
  metadata: z.optional(JsonObject),
  user: z.optional(z.string()),
  safety_identifier: z.optional(z.string()),
  prompt_cache_key: z.optional(z.string()),
  store: flag,
  stream: flag,
});
export type Body = z.infer<typeof Body>;

/** Why a field is refused: left out, the answer would be another one. */
export const refusedFields: ReadonlyMap<string, string> = new Map([
  ['background', 'Answers are given while the client waits; leave it out, or use a stream, which can be picked up again.'],
  ['prompt', 'Stored prompts are not available; send instructions and input.'],
  ['conversation', 'Conversations are not available; use previous_response_id, or send the items again.'],
  ['context_management', 'The conversation is not shortened here; send fewer items.'],
  ['moderation', 'Moderation is not available.'],
  ['messages', 'Use input.'],
  ['response_format', 'Use text.format.'],
  ['reasoning_effort', 'Use reasoning.effort.'],
  ['max_tokens', 'Use max_output_tokens.'],
  ['max_completion_tokens', 'Use max_output_tokens.'],
  ['functions', 'Use tools.'],
  ['function_call', 'Use tool_choice.'],
  ['stop', 'Stop sequences are not available on this path; use /v1/chat/completions.'],
  ['n', 'One answer is given on this path; use /v1/chat/completions.'],
  ['seed', 'Seeds are not available on this path; use /v1/chat/completions.'],
]);

/** Fields of OpenAI's own service that official clients send, and that change no answer here. */
export const silentFields: ReadonlySet<string> = new Set([
  'stream_options',
  'service_tier',
  'prompt_cache_retention',
  'prompt_cache_options',
  'max_tool_calls',
  'client_metadata',
]);
