/** A request of Anthropic's Messages API in OpenAI's words, or the refusal that its documentation names. */
import * as z from 'zod';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { isRecord } from '../json.ts';
import type { Refusal } from '../refusal.ts';

/** The envelope of every error. */
export function anthropicError(status: number, type: string, message: string): Refusal {
  return { status, body: { type: 'error', error: { type, message }, request_id: 'req_011CStandIn' } };
}

const invalid = (message: string): Refusal => anthropicError(400, 'invalid_request_error', message);

const Text = z.strictObject({ type: z.literal('text'), text: z.string().min(1), cache_control: z.unknown().optional() });
const Image = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.enum(['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
      data: z.string().min(1),
    }),
    z.strictObject({ type: z.literal('url'), url: z.string().startsWith('https://') }),
  ]),
});
const id = z.string().regex(/^[a-zA-Z0-9_-]+$/);
const ToolUse = z.strictObject({ type: z.literal('tool_use'), id, name: z.string(), input: z.record(z.string(), z.unknown()) });
const ToolResult = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: id,
  content: z.union([z.string(), z.array(z.union([Text, Image]))]).optional(),
  is_error: z.boolean().optional(),
});
const Block = z.union([Text, Image, ToolUse, ToolResult]);
const Message = z.strictObject({
  role: z.enum(['user', 'assistant']),
  content: z.union([z.string().min(1), z.array(Block).min(1)]),
});
const Tool = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
  description: z.string().optional(),
  input_schema: z.looseObject({
    type: z.literal('object'),
    anyOf: z.undefined().optional(),
    oneOf: z.undefined().optional(),
    allOf: z.undefined().optional(),
  }),
});
const single = { disable_parallel_tool_use: z.boolean().optional() };
const ToolChoice = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto'), ...single }),
  z.strictObject({ type: z.literal('any'), ...single }),
  z.strictObject({ type: z.literal('tool'), name: z.string(), ...single }),
  z.strictObject({ type: z.literal('none') }),
]);
/** "Extra inputs are not permitted", at every level. */
const Body = z.strictObject({
  model: z.string(),
  max_tokens: z.int().min(1),
  messages: z.array(Message).min(1),
  system: z.union([z.string().min(1), z.array(Text)]).optional(),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().min(1).optional(),
  stop_sequences: z.array(z.string().regex(/\S/, 'each stop sequence must contain non-whitespace')).optional(),
  tools: z.array(Tool).optional(),
  tool_choice: ToolChoice.optional(),
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
  thinking: z
    .union([
      z.strictObject({ type: z.literal('enabled'), budget_tokens: z.int().min(1024) }),
      z.strictObject({ type: z.enum(['adaptive', 'disabled']) }),
    ])
    .optional(),
  output_config: z
    .strictObject({
      effort: z.enum(['low', 'medium', 'high', 'max']).optional(),
      format: z.strictObject({ type: z.literal('json_schema'), schema: z.looseObject({}) }).optional(),
    })
    .optional(),
});

type Body = z.infer<typeof Body>;
type Turn = z.infer<typeof Message>;
type Block = z.infer<typeof Block>;

export function translateMessages(body: unknown): Result<unknown, Refusal> {
  const parsed = Body.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys] : (issue?.path ?? []);
    const what = issue?.code === 'unrecognized_keys' ? 'Extra inputs are not permitted' : (issue?.message ?? 'invalid');
    return fail(invalid(`${where.join('.')}: ${what}`));
  }
  const wrong = wrongIn(parsed.data);
  return wrong === null ? ok(inOpenAiWords(parsed.data)) : fail(invalid(wrong));
}

const blocksOf = ({ content }: Turn): Block[] => (typeof content === 'string' ? [{ type: 'text', text: content }] : content);

/** What the shape does not say; null for nothing. */
function wrongIn({
  messages,
  thinking,
  tool_choice: choice,
  temperature,
  top_p: topP,
  tools,
  output_config: output,
  max_tokens,
}: Body): string | null {
  if (messages[0]?.role !== 'user') return 'messages: first message must use the "user" role';
  if (messages.some((turn) => blocksOf(turn).some((block) => block.type === 'text' && block.text.trim() === '')))
    return 'messages: text content blocks must contain non-whitespace text';
  if (temperature !== undefined && topP !== undefined)
    return '`temperature` and `top_p` cannot both be specified for this model.';
  if (choice !== undefined && tools === undefined) return 'tool_choice may only be specified while providing tools';
  if (thinking?.type === 'enabled' && thinking.budget_tokens >= max_tokens)
    return '`max_tokens` must be greater than `thinking.budget_tokens`.';
  if (thinking !== undefined && thinking.type !== 'disabled' && (choice?.type === 'any' || choice?.type === 'tool'))
    return 'Thinking may not be enabled when tool_choice forces tool use.';
  const last = messages.at(-1);
  const ending = last?.role === 'assistant' ? blocksOf(last).at(-1) : undefined;
  if (ending?.type === 'text' && ending.text !== ending.text.trimEnd())
    return 'messages: final assistant content cannot end with trailing whitespace';
  const open = openObject(output?.format?.schema);
  if (open) return "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false";
  return pairing(messages, tools !== undefined);
}

function pairing(messages: readonly Turn[], hasTools: boolean): string | null {
  for (const [at, turn] of messages.entries()) {
    const results = blocksOf(turn).filter((block) => block.type === 'tool_result');
    const before = messages[at - 1];
    const asked = before === undefined ? [] : callIds(before);
    const orphan = results.find(({ tool_use_id: name }) => turn.role !== 'user' || !asked.includes(name));
    if (orphan !== undefined)
      return `messages.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${orphan.tool_use_id}.`;
    const next = messages[at + 1];
    const answered =
      next === undefined ? [] : blocksOf(next).flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []));
    const missing = turn.role === 'assistant' ? callIds(turn).find((name) => !answered.includes(name)) : undefined;
    if (missing !== undefined)
      return `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing}.`;
    const firstOther = blocksOf(turn).findIndex(({ type }) => type !== 'tool_result');
    if (results.length > 0 && firstOther !== -1 && firstOther < results.length)
      return `messages.${at}: tool_result blocks must come first`;
    if (!hasTools && (results.length > 0 || callIds(turn).length > 0))
      return 'Requests which include `tool_use` or `tool_result` blocks must define tools';
  }
  return null;
}

function callIds(turn: Turn): string[] {
  return blocksOf(turn).flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
}

function openObject(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(openObject);
  if (!isRecord(schema)) return false;
  const isOpen = schema['type'] === 'object' && isRecord(schema['properties']) && schema['additionalProperties'] !== false;
  return isOpen || Object.values(schema).some(openObject);
}

function inOpenAiWords(body: Body): unknown {
  const { system, tools, tool_choice: choice, output_config: output } = body;
  const told = typeof system === 'string' ? system : system?.map(({ text }) => text).join('\n');
  return {
    model: body.model,
    max_tokens: body.max_tokens,
    stream: body.stream === true,
    // Its streams always end with the counts.
    ...(body.stream === true ? { stream_options: { include_usage: true } } : {}),
    ...(body.temperature === undefined ? {} : { temperature: body.temperature }),
    ...(body.stop_sequences === undefined ? {} : { stop: body.stop_sequences }),
    messages: [...(told === undefined ? [] : [{ role: 'system', content: told }]), ...body.messages.flatMap(messagesOf)],
    ...(tools === undefined
      ? {}
      : {
          tools: tools.map(({ name, description, input_schema: parameters }) => ({
            type: 'function',
            function: { name, parameters, ...(description === undefined ? {} : { description }) },
          })),
          tool_choice: choiceOf(choice),
        }),
    ...(output?.format === undefined
      ? {}
      : { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: output.format.schema } } }),
  };
}

function choiceOf(choice: Body['tool_choice']): unknown {
  if (choice?.type === 'tool') return { type: 'function', function: { name: choice.name } };
  return choice?.type === 'any' ? 'required' : (choice?.type ?? 'auto');
}

function messagesOf(turn: Turn): unknown[] {
  const blocks = blocksOf(turn);
  const parts = blocks.flatMap((block) => (block.type === 'text' || block.type === 'image' ? [partOf(block)] : []));
  if (turn.role === 'assistant') {
    const calls = blocks.flatMap((block) =>
      block.type === 'tool_use'
        ? [{ id: block.id, type: 'function', function: { name: block.name, arguments: JSON.stringify(block.input) } }]
        : [],
    );
    return [{ role: 'assistant', content: parts, ...(calls.length > 0 ? { tool_calls: calls } : {}) }];
  }
  const results = blocks.flatMap((block) => (block.type === 'tool_result' ? [block] : []));
  return [
    ...results.map(({ tool_use_id: callId, content = '' }) => ({
      role: 'tool',
      tool_call_id: callId,
      content: typeof content === 'string' ? content : content.map(partOf),
    })),
    ...(parts.length > 0 ? [{ role: 'user', content: parts }] : []),
  ];
}

function partOf(block: z.infer<typeof Text> | z.infer<typeof Image>): unknown {
  if (block.type === 'text') return { type: 'text', text: block.text };
  const { source } = block;
  const url = source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
  return { type: 'image_url', image_url: { url } };
}
