/**
 * The items that a conversation is made of on this wire. Parsing keeps what is listed here. Nulls of optional fields are removed before. What
 * an answer says comes back as items too, so both kinds of text are read wherever a text may stand.
 */
import * as z from '../../../../shared/zod.ts';

const id = z.optional(z.string());
const status = z.optional(z.string());

const TextPart = z.object({
  type: z.enum(['input_text', 'output_text', 'text', 'summary_text', 'reasoning_text']),
  text: z.string(),
});
const ImagePart = z.object({
  type: z.literal('input_image'),
  image_url: z.string().check(z.minLength(1)),
  detail: z.optional(z.string()),
});
const RefusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });

export const Part = z.discriminatedUnion('type', [TextPart, ImagePart, RefusalPart]);
export type Part = z.infer<typeof Part>;

const Content = z.union([z.string(), z.array(Part)]);

/** Arguments are JSON text; some clients send the parsed object back. */
const Arguments = z._default(
  z.union([
    z.string(),
    z.pipe(
      z.record(z.string(), z.unknown()),
      z.transform((value) => JSON.stringify(value)),
    ),
  ]),
  '{}',
);

const Message = z.object({
  type: z._default(z.literal('message'), 'message'),
  id,
  status,
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: Content,
});
const FunctionCall = z.object({
  type: z.literal('function_call'),
  id,
  status,
  call_id: z.string(),
  name: z.string(),
  arguments: Arguments,
});
const FunctionCallOutput = z.object({
  type: z.literal('function_call_output'),
  id,
  status,
  call_id: z.string(),
  output: Content,
});
const Reasoning = z.object({
  type: z.literal('reasoning'),
  id,
  status,
  summary: z.optional(z.array(TextPart)),
  content: z.optional(z.nullable(z.array(TextPart))),
  encrypted_content: z.optional(z.string()),
});
/** Calls of tools that clients run themselves, in forms of their own. */
const CustomCall = z.object({
  type: z.literal('custom_tool_call'),
  id,
  call_id: z.string(),
  name: z.string(),
  input: z.string(),
});
const CustomCallOutput = z.object({ type: z.literal('custom_tool_call_output'), id, call_id: z.string(), output: Content });
const shellCalls = ['local_shell_call', 'shell_call', 'apply_patch_call'] as const;
const ShellCall = z.object({
  type: z.enum(shellCalls),
  id,
  call_id: z.string(),
  action: z.optional(z.unknown()),
  operation: z.optional(z.unknown()),
});
const shellOutputs = ['local_shell_call_output', 'shell_call_output', 'apply_patch_call_output'] as const;
const ShellOutput = z.object({ type: z.enum(shellOutputs), id, call_id: id, output: z.optional(z.unknown()) });

/** What another agent of the client's has to say. */
const AgentMessage = z.pipe(
  z.object({ type: z.literal('agent_message'), id, content: Content }),
  z.transform(({ content }): Message => ({ type: 'message', role: 'user', content })),
);

export type Message = z.infer<typeof Message>;
export type Item =
  | Message
  | z.infer<typeof FunctionCall>
  | z.infer<typeof FunctionCallOutput>
  | z.infer<typeof Reasoning>
  | z.infer<typeof CustomCall>
  | z.infer<typeof CustomCallOutput>
  | z.infer<typeof ShellCall>
  | z.infer<typeof ShellOutput>;

type ItemSchema = z.ZodMiniType<Item>;

export const itemSchemas: ReadonlyMap<string, ItemSchema> = new Map<string, ItemSchema>([
  ['message', Message],
  ['agent_message', AgentMessage],
  ['function_call', FunctionCall],
  ['function_call_output', FunctionCallOutput],
  ['reasoning', Reasoning],
  ['custom_tool_call', CustomCall],
  ['custom_tool_call_output', CustomCallOutput],
  ...shellCalls.map((type) => [type, ShellCall] as const),
  ...shellOutputs.map((type) => [type, ShellOutput] as const),
]);

/** Carries tools and says nothing. */
export const toolsItem = 'additional_tools';

/** Only its vendor can read it, wherever it stands. */
export const sealedPart = 'encrypted_content';

/**
 * What the vendor's tools and services have left in a conversation: no model here can read it. Left out with those tools, and refused with
 * them. A client that has worked with the vendor before sends it with every request, such as the sealed summary of a long conversation.
 */
export const hostedItems: ReadonlySet<string> = new Set([
  'compaction',
  'compaction_summary',
  'context_compaction',
  'configuration_update',
  'program',
  'program_output',
  'web_search_call',
  'file_search_call',
  'computer_call',
  'computer_call_output',
  'code_interpreter_call',
  'image_generation_call',
  'mcp_call',
  'mcp_list_tools',
  'mcp_approval_request',
  'mcp_approval_response',
  'tool_search_call',
  'tool_search_output',
]);

/** Why an item is not taken: it asks for an answer of another kind. */
export const refusedItems: ReadonlyMap<string, string> = new Map([
  ['compaction_trigger', 'Conversations are not shortened here; the client has to do it itself.'],
]);

/** Why a part is not taken. */
export const refusedParts: Readonly<Record<string, string>> = {
  input_file: 'Files are not available; put their text into a part of type input_text.',
  input_audio: 'Audio is not available.',
  image_url: 'Use a part of type input_image.',
};
