/** What a chat completion request must look like to this server, checked in vLLM's order and refused in the words of its flavour. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { fail, ok } from '../../shared/result.ts';
import type { Finding, Flavour } from './flavours/flavour.ts';
import { isRecord } from './json.ts';
import type { ModelServerOptions } from './options.ts';
import type { Refusal } from './refusal.ts';
import { countPromptTokens } from './tokens.ts';

const Message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(z.unknown()), z.null()]).optional(),
  name: z.string().nullish(),
  tool_calls: z.array(z.unknown()).nullish(),
  tool_call_id: z.string().nullish(),
});

const Tool = z.looseObject({
  type: z.string(),
  function: z.looseObject({
    name: z.string(),
    description: z.string().nullish(),
    parameters: z.unknown().optional(),
    strict: z.boolean().nullish(),
  }),
});

const ResponseFormat = z.looseObject({
  type: z.string(),
  json_schema: z.looseObject({ schema: z.unknown().optional() }).nullish(),
});

/** Unknown fields are kept and ignored, as vLLM does. */
export const ChatBody = z.looseObject({
  model: z.string().nullish(),
  messages: z.array(Message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z
    .looseObject({ include_usage: z.boolean().nullish(), continuous_usage_stats: z.boolean().nullish() })
    .nullish(),
  max_tokens: z.int().nullish(),
  max_completion_tokens: z.int().nullish(),
  n: z.int().min(1).max(64).nullish(),
  temperature: z.number().nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  tools: z.array(Tool).nullish(),
  tool_choice: z.union([z.string(), z.looseObject({ function: z.looseObject({ name: z.string() }) })]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: ResponseFormat.nullish(),
  structured_outputs: z.looseObject({}).nullish(),
  include_reasoning: z.boolean().nullish(),
  continue_final_message: z.boolean().nullish(),
  add_generation_prompt: z.boolean().nullish(),
});

export type ChatBody = z.infer<typeof ChatBody>;
export type ChatMessage = z.infer<typeof Message>;
export type ChatTool = z.infer<typeof Tool>;

export interface AcceptedChat {
  readonly body: ChatBody;
  readonly promptTokens: number;
  /** What may be generated: the request's own limit, or what the context leaves. */
  readonly maxTokens: number;
}

/** Accepts a body, or says how the server refuses it. */
export function acceptChat(text: string, flavour: Flavour, options: ModelServerOptions): Result<AcceptedChat, Refusal> {
  const json = parseJson(text);
  if (!json.ok) return fail(flavour.words.invalid([json.failure]));
  const translated = flavour.translate?.(json.value) ?? json;
  if (!translated.ok) return translated;
  const parsed = ChatBody.safeParse(translated.value);
  if (!parsed.success) return fail(flavour.words.invalid(parsed.error.issues.map((issue) => finding(issue, translated.value))));
  const body = parsed.data;
  const served = [options.servedName, ...options.aliases];
  if (body.model && !flavour.namesAreIgnored && !served.includes(body.model)) {
    return fail(flavour.words.modelMissing(body.model, served));
  }
  const refusal = flavour.check(body, options);
  if (refusal) return fail(refusal);
  const promptTokens = countPromptTokens(body);
  const room = options.maxModelLen - promptTokens;
  if (room < 1) return fail(flavour.words.promptTooLong(options.maxModelLen, promptTokens));
  const wanted = body.max_completion_tokens ?? body.max_tokens ?? room;
  return ok({
    body: flavour.forcedChoicesAreIgnored ? withoutForce(body) : body,
    promptTokens,
    maxTokens: Math.min(wanted, room),
  });
}

function withoutForce(body: ChatBody): ChatBody {
  return body.tool_choice && body.tool_choice !== 'none' ? { ...body, tool_choice: 'auto' } : body;
}

function parseJson(text: string): Result<unknown, Finding> {
  try {
    return ok(JSON.parse(text));
  } catch (error) {
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1] ?? text.length;
    const context = 'Expecting value';
    return fail({ type: 'json_invalid', loc: `body.${at}`, message: 'JSON decode error', input: {}, context });
  }
}

/** How pydantic names what is not of the expected type. */
const TYPE_WORDS: Readonly<Record<string, readonly [type: string, message: string]>> = {
  string: ['string_type', 'Input should be a valid string'],
  number: ['float_parsing', 'Input should be a valid number, unable to parse string as a number'],
  int: ['int_parsing', 'Input should be a valid integer, unable to parse string as an integer'],
  boolean: ['bool_parsing', 'Input should be a valid boolean, unable to interpret input'],
  array: ['list_type', 'Input should be a valid list'],
  object: ['dict_type', 'Input should be a valid dictionary'],
};

function finding(issue: z.core.$ZodIssue, json: unknown): Finding {
  const loc = ['body', ...issue.path.map(String)].join('.');
  const input = valueAt(json, issue.path);
  // The input of a missing field is the object that lacks it.
  if (input === undefined)
    return { type: 'missing', loc, message: 'Field required', input: valueAt(json, issue.path.slice(0, -1)) };
  const words = issue.code === 'invalid_type' ? TYPE_WORDS[issue.expected] : undefined;
  if (words) return { type: words[0], loc, message: words[1], input };
  return { type: 'value_error', loc, message: `Value error, ${issue.message}`, input, context: issue.message };
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let current = json;
  for (const key of path) {
    if (Array.isArray(current)) current = current[Number(key)];
    else current = isRecord(current) ? current[String(key)] : undefined;
  }
  return current;
}
