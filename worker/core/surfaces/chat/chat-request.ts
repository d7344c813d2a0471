/**
 * From an untrusted body to a `ChatRequest` that can be relied on, or to the one failure that names the field. Order:
 * JSON, depth, lengths of lists, shape, fields that were not read, limits, contradictions between fields. Spellings are unified; texts
 * are never changed.
 */
import { ChatRequest, Message } from '../../../../shared/chat.ts';
import type { HostedToolPolicy, LimitsConfig } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { clientIdPattern } from '../../../../shared/headers.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import * as z from '../../../../shared/zod.ts';
import { isObject } from '../../../../shared/is-object.ts';
import { parseJsonObject } from '../../validate/json-object.ts';
import { contradiction } from './contradiction.ts';
import { checkDropped } from './dropped-fields.ts';
import { dropNulls } from './drop-nulls.ts';
import { checkImages } from '../../validate/images.ts';
import { plainShape } from './plain-shape.ts';
import { isUnreadable, noteEarlierFiles } from '../earlier-files.ts';
import { takeHostedTools } from '../hosted-tools.ts';
import { shapeFailure } from '../../validate/shape-failure.ts';
import { unifySpellings } from './spellings.ts';

export interface ValidChat {
  readonly request: ChatRequest;
  /** Fields of the body that were dropped, and change nothing. At most 20, names cut to 64 characters. */
  readonly ignored: readonly string[];
}

/** Everything except the messages, which are parsed one by one. */
const Frame = z.extend(ChatRequest, { messages: z.array(z.unknown()).check(z.minLength(1)) });

const ownToolTypes: ReadonlySet<string> = new Set(['function']);

/** Objects with keys of the client's own. */
const maxEntries = 1024;
/** Longer lists end vLLM's engine with everything that runs in it (its issue 55164): the sizes of its tables. */
const maxAllowedTokens = 1024;
const maxStopTokens = 128;

/** Parses and checks a request body. `text` is at most `limits.max_body_bytes` long already. */
export function parseChatRequest(
  text: string,
  limits: LimitsConfig,
  hostedTools: HostedToolPolicy = 'refuse',
): Result<ValidChat, Failure> {
  const json = parseJsonObject(text, limits);
  return json.ok ? checkChatRequest(json.value, limits, hostedTools) : json;
}

/** The same with a body that has been parsed, which this changes. */
export function checkChatRequest(
  body: Record<string, unknown>,
  limits: LimitsConfig,
  hostedTools: HostedToolPolicy = 'refuse',
): Result<ValidChat, Failure> {
  dropNulls(body);
  const tooLong = listTooLong(body, limits);
  if (tooLong !== null) return fail(tooLong);
  const hosted = takeHostedTools(body, ownToolTypes, hostedTools);
  if (!hosted.ok) return hosted;
  unifySpellings(body);
  const files = noteEarlierFiles(body, 'messages');
  const shaped = shapeOf(body);
  if (!shaped.ok) return shaped;
  const dropped = checkDropped(body, shaped.value);
  if (!dropped.ok) return dropped;
  const request = withFormat(shaped.value);
  const failure = overLimit(request, limits) ?? contradiction(shaped.value) ?? checkImages(request.messages);
  if (failure !== null) return fail(failure);
  return ok({ request, ignored: [...hosted.value, ...files, ...dropped.value, ...unusableAgent(request)] });
}

/** Metadata is free text; only what could be an agent's name is read as one. */
function unusableAgent({ metadata }: ChatRequest): string[] {
  const agent = metadata?.['agent'];
  return agent == null || (typeof agent === 'string' && clientIdPattern.test(agent)) ? [] : ['metadata.agent'];
}

/** JSON requested through vLLM's own field counts as a response format here: for routing, checks, repairs. The field itself is still forwarded. */
function withFormat(request: ChatRequest): ChatRequest {
  const { json, json_object: isObject } = request.structured_outputs ?? {};
  if (json !== undefined) {
    return { ...request, response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: json } } };
  }
  return isObject === true ? { ...request, response_format: { type: 'json_object' } } : request;
}

function shapeOf(body: Record<string, unknown>): Result<ChatRequest, Failure> {
  const plain = plainShape(body);
  return plain === null ? schemaShapeOf(body) : ok(plain);
}

/** Ends at the first bad message: zod collects every issue, and 4 MB have room for two million (measured: 17 s, 900 MB). */
function schemaShapeOf(body: Record<string, unknown>): Result<ChatRequest, Failure> {
  const frame = Frame.safeParse(body);
  if (!frame.success) return fail(shapeFailure(frame.error, body, []));
  const messages: Message[] = [];
  for (const [i, item] of frame.data.messages.entries()) {
    const message = Message.safeParse(item);
    if (!message.success) return fail(unreadablePart(item, i) ?? shapeFailure(message.error, body, ['messages', i]));
    messages.push(message.data);
  }
  return ok({ ...frame.data, messages });
}

function unreadablePart(message: unknown, at: number): Failure | null {
  const parts = isObject(message) && Array.isArray(message['content']) ? message['content'] : [];
  const k = parts.findIndex((part) => isObject(part) && isUnreadable(part));
  if (k < 0) return null;
  const detail = 'Files and audio cannot be read here; send their text.';
  return { code: 'unsupported_parameter', param: `messages.${at}.content.${k}.type`, detail };
}

function over(param: string, count: number, max: number, what: string): Failure | null {
  return count > max ? { code: 'invalid_value', param, detail: `${what}: ${count}, at most ${max} allowed.` } : null;
}

function listTooLong(body: Record<string, unknown>, limits: LimitsConfig): Failure | null {
  const { messages, tools, stop, structured_outputs: outputs } = body;
  const choice = isObject(outputs) ? outputs['choice'] : undefined;
  const found =
    over('messages', lengthOf(messages), limits.max_messages, 'Number of messages') ??
    over('tools', lengthOf(tools), limits.max_tools, 'Number of tools') ??
    over('stop', lengthOf(stop), limits.max_stop, 'Number of stop sequences') ??
    over('metadata', lengthOf(body['metadata']), maxEntries, 'Number of entries') ??
    over('logit_bias', lengthOf(body['logit_bias']), maxEntries, 'Number of entries') ??
    over('chat_template_kwargs', lengthOf(body['chat_template_kwargs']), maxEntries, 'Number of entries') ??
    over('stop_token_ids', lengthOf(body['stop_token_ids']), maxStopTokens, 'Number of tokens') ??
    over('allowed_token_ids', lengthOf(body['allowed_token_ids']), maxAllowedTokens, 'Number of tokens') ??
    over('bad_words', lengthOf(body['bad_words']), maxEntries, 'Number of words') ??
    over('structured_outputs.choice', lengthOf(choice), maxEntries, 'Number of choices');
  if (found !== null || !Array.isArray(messages)) return found;
  for (const [i, message] of messages.entries()) {
    if (!isObject(message)) continue;
    const { content, tool_calls: calls } = message;
    // The names are written only where there is something to say.
    if (lengthOf(content) <= limits.max_content_parts && lengthOf(calls) <= limits.max_tools) continue;
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
  return (
    over('n', request.n ?? 1, limits.max_n, 'Number of choices') ??
    over('top_logprobs', request.top_logprobs ?? 0, limits.max_top_logprobs, 'Number of alternatives')
  );
}
