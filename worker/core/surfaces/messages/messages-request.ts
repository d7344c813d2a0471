/**
 * From an untrusted body to a `MessagesBody` that can be relied on, or to the one failure that names the field. Order: JSON, depth, lengths of
 * lists, what only the vendor can run, shape, fields that were not read, contradictions.
 */
import type { LimitsConfig } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { isObject } from '../../../../shared/is-object.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import type * as z from '../../../../shared/zod.ts';
import { parseJsonObject } from '../../validate/json-object.ts';
import { shapeFailure } from '../../validate/shape-failure.ts';
import { checkDropped, type FieldRules } from '../chat/dropped-fields.ts';
import { dropNulls } from '../chat/drop-nulls.ts';
import { noteEarlierFiles } from '../earlier-files.ts';
import { takeHostedTools } from '../hosted-tools.ts';
import type { ReadSettings } from '../surface.ts';
import { MessageParam, MessagesBody, ToolParam } from './message-body.ts';
import { takeHostedBlocks } from './hosted-blocks.ts';

export interface ValidMessages {
  readonly body: MessagesBody;
  readonly ignored: readonly string[];
}

/** @param isCount the body of a count, which has no `max_tokens` */
export function parseMessages(text: string, settings: ReadSettings, isCount: boolean): Result<ValidMessages, Failure> {
  const json = parseJsonObject(text, settings.limits);
  if (!json.ok) return json;
  const body = json.value;
  dropNulls(body, clientJson);
  dropEmpty(body);
  const tooLong = listTooLong(body, settings.limits);
  if (tooLong !== null) return fail(tooLong);
  const policy = settings.surfaces.hosted_tools.messages;
  const tools = takeHostedTools(body, ownToolTypes, policy);
  if (!tools.ok) return tools;
  const blocks = takeHostedBlocks(body, policy);
  if (!blocks.ok) return blocks;
  const files = noteEarlierFiles(body, 'messages');
  const shaped = shapeOf(body);
  if (!shaped.ok) return shaped;
  const dropped = checkDropped(body, shaped.value, fieldRules);
  if (!dropped.ok) return dropped;
  if (shaped.value.max_tokens === undefined && !isCount) return fail(missingLimit);
  const failure = contradiction(shaped.value);
  if (failure !== null) return fail(failure);
  return ok({ body: shaped.value, ignored: [...tools.value, ...blocks.value, ...files, ...dropped.value] });
}

const missingLimit: Failure = { code: 'missing_field', param: 'max_tokens', detail: 'max_tokens is required.' };

/** A null inside is a value. */
const clientJson: ReadonlySet<string> = new Set(['input', 'input_schema', 'schema', 'metadata']);

/** Tools without a type are the client's own as well. */
const ownToolTypes: ReadonlySet<string> = new Set(['custom']);

/** An empty list asks for nothing, but model servers refuse it. */
function dropEmpty(body: Record<string, unknown>): void {
  const { tools, stop_sequences: stops } = body;
  if (Array.isArray(stops) && stops.length === 0) delete body['stop_sequences'];
  if (!Array.isArray(tools) || tools.length > 0) return;
  delete body['tools'];
  delete body['tool_choice'];
}

/** Ends at the first bad item: zod collects every issue, and large bodies have room for millions. */
function shapeOf(body: Record<string, unknown>): Result<MessagesBody, Failure> {
  const frame = MessagesBody.safeParse(body);
  if (!frame.success) return fail(shapeFailure(frame.error, body, []));
  const messages = listOf(MessageParam, frame.data.messages, 'messages', body);
  if (!messages.ok) return messages;
  const tools = listOf(ToolParam, frame.data.tools ?? [], 'tools', body);
  if (!tools.ok) return tools;
  const { tools: given, ...fields } = frame.data;
  return ok({ ...fields, messages: messages.value, ...(given === undefined ? {} : { tools: tools.value }) });
}

function listOf<Item>(
  schema: { safeParse(value: unknown): z.core.util.SafeParseResult<Item> },
  items: readonly unknown[],
  name: string,
  body: unknown,
): Result<readonly Item[], Failure> {
  const parsed: Item[] = [];
  for (const [i, item] of items.entries()) {
    const one = schema.safeParse(item);
    if (!one.success) return fail(shapeFailure(one.error, body, [name, i]));
    parsed.push(one.data);
  }
  return ok(parsed);
}

function listTooLong(body: Record<string, unknown>, limits: LimitsConfig): Failure | null {
  const { messages, tools, stop_sequences: stops, metadata } = body;
  const found =
    over('messages', messages, limits.max_messages, 'Number of messages') ??
    over('tools', tools, limits.max_tools, 'Number of tools') ??
    over('stop_sequences', stops, limits.max_stop, 'Number of stop sequences') ??
    over('metadata', isObject(metadata) ? Object.keys(metadata) : [], maxEntries, 'Number of entries') ??
    over('system', body['system'], limits.max_content_parts, 'Number of content blocks');
  if (found !== null || !Array.isArray(messages)) return found;
  for (const [i, message] of messages.entries()) {
    const content = isObject(message) ? message['content'] : undefined;
    if (!Array.isArray(content)) continue;
    const lists = [content, ...content.map((block) => (isObject(block) ? block['content'] : undefined))];
    const longest = lists.reduce((one, list) => (lengthOf(list) > lengthOf(one) ? list : one));
    const failure = over(`messages.${i}.content`, longest, limits.max_content_parts, 'Number of content blocks');
    if (failure !== null) return failure;
  }
  return null;
}

const maxEntries = 1024;

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

function over(param: string, list: unknown, max: number, what: string): Failure | null {
  if (!Array.isArray(list) || list.length <= max) return null;
  return { code: 'invalid_value', param, detail: `${what}: ${list.length}, at most ${max} allowed.` };
}

function contradiction(given: MessagesBody): Failure | null {
  const { tools, tool_choice: choice, output_config: config, output_format: format } = given;
  const names = new Set<string>();
  for (const [i, { name }] of (tools ?? []).entries()) {
    if (names.has(name)) return invalid(`tools.${i}.name`, 'Tool names must be unique.');
    names.add(name);
  }
  const without = given.max_tokens === 0 ? needsAnswer(given) : null;
  if (without !== null) return invalid(without, 'It needs max_tokens of 1 or more.');
  if (config?.format !== undefined && format !== undefined)
    return invalid('output_format', 'It cannot stand beside output_config.format.');
  if (choice === undefined || choice.type === 'auto' || choice.type === 'none') return null;
  if (tools === undefined) return invalid('tool_choice', 'It needs tools that the client runs itself.');
  if (choice.type === 'tool' && !names.has(choice.name)) return invalid('tool_choice.name', 'No tool of that name is offered.');
  return null;
}

/** The field that means nothing where the prompt is only read. */
function needsAnswer({ stream, thinking, tool_choice: choice, output_config: config, output_format: format }: MessagesBody) {
  if (stream === true) return 'stream';
  if (thinking?.type === 'enabled') return 'thinking';
  if (choice?.type === 'any' || choice?.type === 'tool') return 'tool_choice';
  return config?.format !== undefined || format !== undefined ? 'output_config.format' : null;
}

function invalid(param: string, detail: string): Failure {
  return { code: 'invalid_value', param, detail };
}

/** Fields of other APIs and of the vendor's own services: dropping one of these silently would change the answer. */
const advice: Readonly<Record<string, string>> = {
  stop: 'Use stop_sequences.',
  n: 'One answer at a time is available.',
  max_completion_tokens: 'Use max_tokens.',
  max_output_tokens: 'Use max_tokens.',
  response_format: 'Use output_config.format.',
  reasoning_effort: 'Use output_config.effort.',
  functions: 'Use tools.',
  prompt: 'Use messages.',
  input: 'Use messages.',
  'tools.parameters': 'Use input_schema.',
  'tools.function': 'Use name, description and input_schema.',
  container: 'Containers and skills run at their vendor, which is not here.',
};

/** Without effect here, and sent by clients as a matter of course: dropped without a report. */
const silent: ReadonlySet<string> = new Set([
  'betas',
  'service_tier',
  'anthropic_version',
  'tools.type',
  'tools.eager_input_streaming',
  'tools.defer_loading',
  'tools.allowed_callers',
  'messages.content.citations',
  'messages.content.caller',
  'messages.content.toolset_name',
]);

const fieldRules: FieldRules = {
  adviceFor: (kind) => advice[kind],
  asksForNothing: (kind, value) => value === false || value === '' || (kind === 'n' && value === 1) || isEmptyList(value),
  // Prompt caching is the model servers' own business: nothing is marked for it.
  // The type of a document's text is always the same.
  isSilent: (kind) =>
    silent.has(kind) || kind === 'cache_control' || kind.endsWith('.cache_control') || kind.endsWith('.source.media_type'),
};

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
