/**
 * Anthropic's Messages wire: what a client may send. Parsing keeps what is listed here and drops the rest. Not stricter than the API: what
 * changes nothing here is taken as it comes, and what cannot be honoured is refused by name where it is read.
 */
import * as z from '../../../../shared/zod.ts';

const text = (min: number, max: number) => z.string().check(z.minLength(min), z.maxLength(max));
const number = (min: number, max: number) => z.number().check(z.gte(min), z.lte(max));
const tokens = z.int().check(z.gte(1), z.lte(10_000_000));
const JsonObject = z.record(z.string(), z.unknown());

const TextBlock = z.object({ type: z.literal('text'), text: z.string() });
const ImageBlock = z.object({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.object({ type: z.literal('base64'), media_type: z.string(), data: text(1, 90_000_000) }),
    z.object({ type: z.literal('url'), url: text(1, 90_000_000) }),
    z.object({ type: z.literal('file'), file_id: z.string() }),
  ]),
});
const DocumentBlock = z.object({
  type: z.literal('document'),
  title: z.optional(z.string()),
  context: z.optional(z.string()),
  source: z.discriminatedUnion('type', [
    z.object({ type: z.literal('text'), data: z.string() }),
    z.object({
      type: z.literal('content'),
      content: z.union([z.string(), z.array(z.discriminatedUnion('type', [TextBlock, ImageBlock]))]),
    }),
    z.object({ type: z.literal('base64') }),
    z.object({ type: z.literal('url') }),
    z.object({ type: z.literal('file') }),
  ]),
});
const SearchResultBlock = z.object({
  type: z.literal('search_result'),
  source: z.string(),
  title: z.string(),
  content: z.array(TextBlock),
});
/** A tool that a tool search has found: its definition is among the tools. */
const ToolReferenceBlock = z.object({ type: z.literal('tool_reference'), tool_name: z.string() });
const ResultContent = z.union([
  z.string(),
  z.null(),
  z.array(z.discriminatedUnion('type', [TextBlock, ImageBlock, DocumentBlock, SearchResultBlock, ToolReferenceBlock])),
]);
const ToolResultBlock = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: z.optional(ResultContent),
  is_error: z.optional(z.boolean()),
});
const ToolUseBlock = z.object({
  type: z.literal('tool_use'),
  id: z.string(),
  name: z.string(),
  input: z._default(z.unknown(), {}),
});
const ThinkingBlock = z.object({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: z.optional(z.string()),
});
const RedactedBlock = z.object({ type: z.literal('redacted_thinking'), data: z.string() });

const UserBlock = z.discriminatedUnion('type', [TextBlock, ImageBlock, DocumentBlock, SearchResultBlock, ToolResultBlock]);
const AssistantBlock = z.discriminatedUnion('type', [TextBlock, ThinkingBlock, RedactedBlock, ToolUseBlock]);
const PlainContent = z.union([z.string(), z.array(TextBlock)]);

export const MessageParam = z.discriminatedUnion('role', [
  z.object({ role: z.literal('user'), content: z.union([z.string(), z.array(UserBlock)]) }),
  z.object({ role: z.literal('assistant'), content: z.union([z.string(), z.array(AssistantBlock)]) }),
  z.object({ role: z.literal('system'), content: PlainContent }),
]);

export const ToolParam = z.object({
  // Any characters except control characters and surrogates, which could break a line or a header on the way.
  name: z.string().check(z.regex(/^[^\p{Cc}\p{Cs}]{1,256}$/u, '1 to 256 characters, none of them a control character')),
  description: z.optional(z.string()),
  input_schema: z.optional(JsonObject),
  strict: z.optional(z.boolean()),
});

const ToolChoice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('auto'), disable_parallel_tool_use: z.optional(z.boolean()) }),
  z.object({ type: z.literal('any'), disable_parallel_tool_use: z.optional(z.boolean()) }),
  z.object({ type: z.literal('tool'), name: text(1, 256), disable_parallel_tool_use: z.optional(z.boolean()) }),
  z.object({ type: z.literal('none') }),
]);

const display = z.optional(z.enum(['summarized', 'omitted', 'full']));
const Thinking = z.discriminatedUnion('type', [
  z.object({ type: z.literal('enabled'), budget_tokens: z.optional(tokens), display }),
  z.object({ type: z.literal('adaptive'), display }),
  z.object({ type: z.literal('between_tools'), display }),
  z.object({ type: z.literal('disabled') }),
]);

const Format = z.object({ type: z.literal('json_schema'), schema: JsonObject });

/** Messages and tools are parsed one by one. */
export const MessagesBody = z.object({
  model: z._default(text(1, 256), 'auto'),
  /** Zero: the prompt is only read, for the model server's prefix cache. */
  max_tokens: z.optional(z.int().check(z.gte(0), z.lte(10_000_000))),
  messages: z.array(z.unknown()).check(z.minLength(1)),
  system: z.optional(PlainContent),
  stream: z.optional(z.boolean()),
  stop_sequences: z.optional(z.array(text(1, 1000))),
  temperature: z.optional(z.number().check(z.gte(0))),
  top_p: z.optional(number(0, 1)),
  top_k: z.optional(z.int().check(z.gte(-1))),
  tools: z.optional(z.array(z.unknown())),
  tool_choice: z.optional(ToolChoice),
  thinking: z.optional(Thinking),
  output_config: z.optional(
    z.object({
      effort: z.optional(z.enum(['minimal', 'low', 'medium', 'high', 'xhigh', 'max'])),
      format: z.optional(Format),
    }),
  ),
  // The field's name while it was in beta.
  output_format: z.optional(Format),
  metadata: z.optional(JsonObject),
});

export type MessagesBody = Omit<z.infer<typeof MessagesBody>, 'messages' | 'tools'> & {
  readonly messages: readonly MessageParam[];
  readonly tools?: readonly ToolParam[] | undefined;
};
export type MessageParam = z.infer<typeof MessageParam>;
export type ToolParam = z.infer<typeof ToolParam>;
export type UserBlock = z.infer<typeof UserBlock>;
export type AssistantBlock = z.infer<typeof AssistantBlock>;
export type ToolResultBlock = z.infer<typeof ToolResultBlock>;
export type ImageBlock = z.infer<typeof ImageBlock>;
export type DocumentBlock = z.infer<typeof DocumentBlock>;
export type SearchResultBlock = z.infer<typeof SearchResultBlock>;
export type ToolReferenceBlock = z.infer<typeof ToolReferenceBlock>;
