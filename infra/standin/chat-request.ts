/** What a chat completion request must look like to this server, checked in vLLM's order and refused in vLLM's words. */
import * as z from 'zod';
import type { Result } from '../../shared/result.ts';
import { fail, ok } from '../../shared/result.ts';
import { isRecord } from './json.ts';
import { countPromptTokens } from './tokens.ts';
import type { Refusal } from './vllm-errors.ts';
import { badRequest, contextExceeded, modelMissing, validationError } from './vllm-errors.ts';

const Message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(z.unknown()), z.null()]).optional(),
  name: z.string().nullish(),
  tool_calls: z.array(z.unknown()).nullish(),
  tool_call_id: z.string().nullish(),
});

const Tool = z.looseObject({
  type: z.string(),
  function: z.looseObject({ name: z.string(), description: z.string().nullish(), parameters: z.unknown() }),
});

const ResponseFormat = z.looseObject({ type: z.string(), json_schema: z.looseObject({ schema: z.unknown() }).nullish() });

const tokens = z.int().min(1);

/** Unknown fields are kept and ignored, as vLLM does. */
export const ChatBody = z.looseObject({
  model: z.string().nullish(),
  messages: z.array(Message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z
    .looseObject({ include_usage: z.boolean().nullish(), continuous_usage_stats: z.boolean().nullish() })
    .nullish(),
  max_tokens: tokens.nullish(),
  max_completion_tokens: tokens.nullish(),
  n: z.int().min(1).max(64).nullish(),
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

export interface ServedModel {
  readonly servedName: string;
  readonly maxModelLen: number;
  readonly rejectsPrefill: boolean;
  /** Only a vision model takes images. */
  readonly role: string;
}

export interface AcceptedChat {
  readonly body: ChatBody;
  readonly promptTokens: number;
  /** What may be generated: the request's own limit, or what the context leaves. */
  readonly maxTokens: number;
}

/** Accepts a parsed JSON body, or says how vLLM refuses it. */
export function acceptChat(json: unknown, model: ServedModel): Result<AcceptedChat, Refusal> {
  const parsed = ChatBody.safeParse(json);
  if (!parsed.success) return fail(validationError(parsed.error.issues.slice(0, 3).map((issue) => finding(issue, json))));
  const body = parsed.data;
  if (body.model && body.model !== model.servedName) return fail(modelMissing(body.model));
  const refusal = checkCombinations(body, model);
  if (refusal) return fail(refusal);
  const promptTokens = countPromptTokens(body);
  const wanted = body.max_completion_tokens ?? body.max_tokens ?? null;
  const room = model.maxModelLen - promptTokens;
  if (room < (wanted ?? 1)) return fail(contextExceeded(model.maxModelLen, promptTokens, wanted ?? 1));
  return ok({ body, promptTokens, maxTokens: wanted ?? room });
}

function finding(issue: z.core.$ZodIssue, json: unknown): { type: string; loc: string; msg: string } {
  const loc = ['body', ...issue.path.map(String)].join('.');
  const isMissing = valueAt(json, issue.path) === undefined;
  return isMissing ? { type: 'missing', loc, msg: 'Field required' } : { type: 'value_error', loc, msg: issue.message };
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let current = json;
  for (const key of path) {
    if (Array.isArray(current)) current = current[Number(key)];
    else current = isRecord(current) ? current[String(key)] : undefined;
  }
  return current;
}

function hasImage({ content }: ChatMessage): boolean {
  return Array.isArray(content) && content.some((part) => isRecord(part) && part['type'] === 'image_url');
}

function checkCombinations(body: ChatBody, model: ServedModel): Refusal | null {
  const choice = body.tool_choice;
  if (body.tools?.length === 0) {
    return badRequest(
      '`tools` must not be an empty array. Either provide at least one tool or omit the field entirely.',
      'tools',
    );
  }
  if (choice && choice !== 'none' && !body.tools)
    return badRequest('When using `tool_choice`, `tools` must be set.', 'tool_choice');
  if (typeof choice === 'string' && !['none', 'auto', 'required'].includes(choice)) {
    return badRequest(
      'Invalid value for `tool_choice`: only named tools, "none", "auto" or "required" are supported.',
      'tool_choice',
    );
  }
  if (isRecord(choice) && !body.tools?.some((tool) => tool.function.name === choice.function.name)) {
    return badRequest('The tool specified in `tool_choice` does not match any of the specified `tools`', 'tool_choice');
  }
  if ((body.top_logprobs ?? 0) > 0 && body.logprobs !== true) {
    return badRequest('when using `top_logprobs`, `logprobs` must be set to true.', 'top_logprobs');
  }
  if (body.response_format?.type === 'json_schema' && !body.response_format.json_schema) {
    return badRequest('When response_format type is `json_schema`, the `json_schema` field must be provided.', 'response_format');
  }
  if (model.role !== 'vision' && body.messages.some(hasImage)) return badRequest(`${model.servedName} is not a multimodal model`);
  if (body.continue_final_message !== true) return null;
  if (body.add_generation_prompt !== false) {
    return badRequest('Cannot set both `continue_final_message` and `add_generation_prompt` to True.', 'continue_final_message');
  }
  if (body.messages.at(-1)?.role !== 'assistant' || model.rejectsPrefill) {
    return badRequest(
      'continue_final_message is set but the final message does not appear in the chat after applying the chat template!',
    );
  }
  return null;
}
