/**
 * From an untrusted body to a `ChatRequest` the rest of the gateway can rely on, or to the one failure that names the field. Order:
 * JSON, depth, lengths of lists, shape, limits, what fields say about each other. Messages are checked, never rewritten.
 */
import { ChatRequest, Message } from '../../../shared/chat.ts';
import type { LimitsConfig } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import * as z from '../../../shared/zod.ts';
import { checkImages } from './images.ts';
import { exceedsDepth } from './json-depth.ts';
import { shapeFailure } from './shape-failure.ts';

export interface ValidChat {
  readonly request: ChatRequest;
  /** Fields of the body that nobody here knows; they are dropped. At most 20, names cut to 64 characters. */
  readonly ignored: readonly string[];
}

/** Fields that mean something in OpenAI's API that no model here can do: refused, since dropping them would change the answer. */
const unsupported: ReadonlyMap<string, string> = new Map([
  ['functions', 'Use tools.'],
  ['function_call', 'Use tool_choice.'],
  ['audio', 'Audio is not available.'],
  ['modalities', 'Only text is available.'],
  ['prediction', 'Predicted outputs are not available.'],
  ['web_search_options', 'Web search is not available.'],
  ['guided_json', 'Use response_format; current model servers ignore guided_json silently.'],
  ['guided_regex', 'Current model servers ignore it silently.'],
  ['guided_choice', 'Use response_format with an enum; current model servers ignore guided_choice silently.'],
  ['guided_grammar', 'Current model servers ignore it silently.'],
]);

/** Fields that OpenAI's clients send and that change nothing about an answer here. */
const harmless = new Set([
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'verbosity',
  'prompt_cache_retention',
]);

const known = new Set(Object.keys(ChatRequest.shape));

/** Everything but what stands in the messages; those are parsed one by one. */
const Frame = z.extend(ChatRequest, { messages: z.array(z.unknown()).check(z.minLength(1)) });

/** Objects with keys of the client's own. */
const maxEntries = 1024;

/** Parses and checks a request body. `text` is at most `limits.max_body_bytes` long already. */
export function parseChatRequest(text: string, limits: LimitsConfig): Result<ValidChat, Failure> {
  const json = parseJsonObject(text, limits);
  if (!json.ok) return json;
  for (const [field, advice] of unsupported) {
    const value = json.value[field];
    if (value === undefined || value === null || (field === 'modalities' && isTextOnly(value))) continue;
    return fail({ code: 'unsupported_parameter', param: field, detail: advice });
  }
  const tooLong = listTooLong(json.value, limits);
  if (tooLong !== null) return fail(tooLong);
  const shaped = shapeOf(json.value);
  if (!shaped.ok) return shaped;
  const request = shaped.value;
  const failure = overLimit(request, limits) ?? contradiction(request) ?? checkImages(request.messages);
  if (failure !== null) return fail(failure);
  const ignored = Object.keys(json.value).filter((field) => !known.has(field) && !harmless.has(field));
  return ok({ request, ignored: ignored.slice(0, 20).map((field) => field.slice(0, 64)) });
}

/** Ends at the first bad message: zod collects every issue, and 4 MB have room for two million (measured: 17 s, 900 MB). */
function shapeOf(body: Record<string, unknown>): Result<ChatRequest, Failure> {
  const frame = Frame.safeParse(body);
  if (!frame.success) return fail(shapeFailure(frame.error, body, []));
  const messages: Message[] = [];
  for (const [i, item] of frame.data.messages.entries()) {
    const message = Message.safeParse(item);
    if (!message.success) return fail(shapeFailure(message.error, body, ['messages', i]));
    messages.push(message.data);
  }
  return ok({ ...frame.data, messages });
}

/** Text → a JSON object no deeper than allowed. */
export function parseJsonObject(text: string, limits: LimitsConfig): Result<Record<string, unknown>, Failure> {
  if (text.trim() === '') return fail({ code: 'invalid_json', detail: 'The body is empty.' });
  if (exceedsDepth(text, limits.max_depth)) {
    return fail({ code: 'request_too_complex', detail: `At most ${limits.max_depth} levels of nesting are allowed.` });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail({ code: 'invalid_json' });
  }
  if (!isObject(value)) return fail({ code: 'invalid_request', detail: 'The body must be a JSON object.' });
  return ok(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextOnly(value: unknown): boolean {
  return Array.isArray(value) && value.length === 1 && value[0] === 'text';
}

function over(param: string, count: number, max: number, what: string): Failure | null {
  return count > max ? { code: 'invalid_value', param, detail: `${what}: ${count}, at most ${max} allowed.` } : null;
}

function listTooLong(body: Record<string, unknown>, limits: LimitsConfig): Failure | null {
  const { messages, tools, stop } = body;
  const found =
    over('messages', lengthOf(messages), limits.max_messages, 'Number of messages') ??
    over('tools', lengthOf(tools), limits.max_tools, 'Number of tools') ??
    over('stop', lengthOf(stop), limits.max_stop, 'Number of stop sequences') ??
    over('metadata', lengthOf(body['metadata']), maxEntries, 'Number of entries') ??
    over('logit_bias', lengthOf(body['logit_bias']), maxEntries, 'Number of entries') ??
    over('chat_template_kwargs', lengthOf(body['chat_template_kwargs']), maxEntries, 'Number of entries');
  if (found !== null || !Array.isArray(messages)) return found;
  for (const [i, message] of messages.entries()) {
    if (!isObject(message)) continue;
    const { content, tool_calls: calls } = message;
    const failure =
      over(`messages.${i}.content`, lengthOf(content), limits.max_content_parts, 'Number of content parts') ??
      over(`messages.${i}.tool_calls`, lengthOf(calls), limits.max_tools, 'Number of tool calls');
    if (failure !== null) return failure;
  }
  return null;
}

/** Elements of an array, entries of an object, 0 for anything else. */
function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : 0;
}

function overLimit(request: ChatRequest, limits: LimitsConfig): Failure | null {
  const maxTokensField = request.max_completion_tokens == null ? 'max_tokens' : 'max_completion_tokens';
  return (
    over('n', request.n ?? 1, limits.max_n, 'Number of choices') ??
    over('top_logprobs', request.top_logprobs ?? 0, limits.max_top_logprobs, 'Number of alternatives') ??
    over(maxTokensField, requestedMaxTokens(request) ?? 0, limits.max_completion_tokens, 'Tokens asked for')
  );
}

/** What two fields say about each other. */
function contradiction(request: ChatRequest): Failure | null {
  const { tools, tool_choice: choice } = request;
  if (request.top_logprobs != null && request.logprobs !== true) {
    return { code: 'invalid_value', param: 'top_logprobs', detail: 'It needs logprobs: true.' };
  }
  const names = (tools ?? []).map((tool) => tool.function.name);
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (twice !== -1)
    return { code: 'invalid_value', param: `tools.${twice}.function.name`, detail: 'Two tools have the same name.' };
  if (choice == null || choice === 'none' || choice === 'auto') return null;
  if (tools === undefined) return { code: 'invalid_value', param: 'tool_choice', detail: 'It needs tools.' };
  if (typeof choice === 'object' && !names.includes(choice.function.name)) {
    return { code: 'invalid_value', param: 'tool_choice.function.name', detail: 'No tool of that name is offered.' };
  }
  return null;
}

/** The client's own limit on output tokens, by its current or its older name; null when it named none. */
export function requestedMaxTokens(request: ChatRequest): number | null {
  return request.max_completion_tokens ?? request.max_tokens ?? null;
}
