/**
 * From an untrusted body to the inner request, or to the one failure that names the field. A request that goes on from an earlier answer is
 * whole only with what was kept of it.
 */
import type { Failure } from '../../../../shared/errors.ts';
import { clientIdPattern } from '../../../../shared/headers.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import { utf8Bytes } from '../../kept/log.ts';
import type { AskedFormat, InnerRequest } from '../../request/inner-request.ts';
import { parseJsonObject } from '../../validate/json-object.ts';
import { shapeFailure } from '../../validate/shape-failure.ts';
import { dropNulls } from '../chat/drop-nulls.ts';
import { noteEarlierFiles } from '../earlier-files.ts';
import type { ReadRequest, ReadSettings } from '../surface.ts';
import { Body, refusedFields, silentFields } from './body.ts';
import { echoOf } from './echo.ts';
import { nameInResponseId } from './ids.ts';
import type { Item } from './items.ts';
import { keptConversation, keptItem } from './kept-items.ts';
import { type ItemReference, readItems } from './read-items.ts';
import { addTools, choose, type ChosenTools, takeTools, type Tools } from './read-tools.ts';
import { messagesOf } from './to-messages.ts';

/** A longer conversation is answered, and not stored. */
export const maxStoredBytes = 500_000;

/** All that the body says, checked; only what it refers to is not read yet. */
interface Checked {
  readonly body: Body;
  readonly tools: Tools;
  readonly chosen: ChosenTools;
  readonly items: readonly (Item | ItemReference)[];
  readonly ignored: readonly string[];
  readonly store: boolean;
}

export function readResponses(text: string, settings: ReadSettings): Result<ReadRequest, Failure> {
  const { limits, surfaces } = settings;
  const policy = surfaces.hosted_tools.responses;
  const json = parseJsonObject(text, limits);
  if (!json.ok) return json;
  const given = json.value;
  dropNulls(given);
  const unknown = unknownFields(given);
  if (!unknown.ok) return unknown;
  addTools(given);
  if (Array.isArray(given['tools']) && given['tools'].length > limits.max_tools) {
    const detail = `Number of tools: ${given['tools'].length}, at most ${limits.max_tools} allowed.`;
    return fail({ code: 'invalid_value', param: 'tools', detail });
  }
  const tools = takeTools(given, policy);
  if (!tools.ok) return tools;
  const files = noteEarlierFiles(given, 'input');
  const shaped = Body.safeParse(given);
  if (!shaped.success) return fail(shapeFailure(shaped.error, given, []));
  const body = shaped.data;
  const failure = contradiction(body, limits.max_top_logprobs);
  if (failure !== null) return fail(failure);
  const chosen = choose(tools.value.tools, body.tool_choice);
  if (!chosen.ok) return chosen;
  const read = readItems(body.input ?? [], limits, policy);
  if (!read.ok) return read;
  const ignored = [...tools.value.dropped, ...read.value.dropped, ...files, ...unknown.value, ...unusable(body)].slice(0, 20);
  const store = body.store ?? surfaces.responses.stores_by_default;
  return resolve(
    { body, tools: tools.value, chosen: chosen.value, items: read.value.items, ignored, store },
    limits.max_messages,
  );
}

/** Dropped, or refused where the answer would be another one without it. */
function unknownFields(body: Readonly<Record<string, unknown>>): Result<string[], Failure> {
  const names: string[] = [];
  for (const [name, value] of Object.entries(body)) {
    if (Object.hasOwn(Body.shape, name) || silentFields.has(name)) continue;
    const advice = refusedFields.get(name);
    if (advice === undefined) names.push(name.slice(0, 64));
    else if (!asksForNothing(name, value)) return fail({ code: 'unsupported_parameter', param: name, detail: advice });
  }
  return ok(names);
}

function asksForNothing(name: string, value: unknown): boolean {
  return value === false || value === '' || (Array.isArray(value) && value.length === 0) || (name === 'n' && value === 1);
}

function contradiction({ input, previous_response_id: previous, top_logprobs: top = 0 }: Body, maxTop: number): Failure | null {
  if (input === undefined && previous === undefined)
    return { code: 'missing_field', param: 'input', detail: 'input is required.' };
  if (input !== undefined && input.length === 0 && previous === undefined)
    return { code: 'invalid_value', param: 'input', detail: 'There is nothing in it.' };
  if (top > maxTop)
    return { code: 'invalid_value', param: 'top_logprobs', detail: `Number of alternatives: ${top}, at most ${maxTop} allowed.` };
  return null;
}

/** What is read and has no effect, and would be missed. */
function unusable({ metadata, truncation, text }: Body): string[] {
  const agent = metadata?.['agent'];
  return [
    ...(agent == null || (typeof agent === 'string' && clientIdPattern.test(agent)) ? [] : ['metadata.agent']),
    ...(truncation === 'auto' ? ['truncation'] : []),
    ...(text?.verbosity === undefined ? [] : ['text.verbosity']),
  ];
}

function resolve(checked: Checked, maxItems: number): Result<ReadRequest, Failure> {
  const { body, items } = checked;
  const references = items.filter((item) => item.type === 'item_reference');
  const previous = body.previous_response_id;
  const previousName = previous === undefined ? null : nameInResponseId(previous);
  if (previous !== undefined && previousName === null) return fail(unknownPrevious(previous));
  if (previousName === null && references.length === 0) return ok(whole(checked, items.filter(isItem)));
  const names = new Set([...(previousName === null ? [] : [previousName]), ...references.map(({ name }) => name)]);
  return ok({
    ...whole(checked, items.filter(isItem)),
    earlier: {
      names: [...names],
      complete(found) {
        const before = previousName === null ? [] : keptConversation(found.get(previousName), previousName);
        if (before === null) return fail(unknownPrevious(previous ?? ''));
        const own: Item[] = [];
        for (const item of items) {
          const kept = isItem(item) ? item : keptItem(found.get(item.name), item);
          if (kept === null)
            return fail({ code: 'not_found', param: `input.${'at' in item ? item.at : 0}.id`, sentence: noItem });
          own.push(kept);
        }
        const all = [...before, ...own];
        if (all.length > maxItems) {
          const detail = `Number of items with the earlier ones: ${all.length}, at most ${maxItems} allowed.`;
          return fail({ code: 'invalid_value', param: 'input', detail });
        }
        if (all.length === 0) return fail({ code: 'invalid_value', param: 'input', detail: 'There is nothing in it.' });
        return ok(whole(checked, all));
      },
    },
  });
}

const noItem = 'There is no such item: its answer was not stored, or is not kept any more.';

function unknownPrevious(id: string): Failure {
  const sentence = `Previous response with id '${id.slice(0, 200)}' not found.`;
  return { code: 'previous_response_not_found', param: 'previous_response_id', sentence };
}

function isItem(item: Item | ItemReference): item is Item {
  return item.type !== 'item_reference';
}

function whole(checked: Checked, items: readonly Item[]): ReadRequest {
  const { store } = checked;
  const stored = store ? JSON.stringify(items) : null;
  const isStored = stored !== null && utf8Bytes(stored) <= maxStoredBytes;
  const ignored = store && !isStored ? ['store', ...checked.ignored] : checked.ignored;
  const request = innerRequest(checked, items, isStored);
  return { request, ignored, ...(stored !== null && isStored ? { stored } : {}) };
}

function innerRequest({ body, tools, chosen }: Checked, items: readonly Item[], isStored: boolean): InnerRequest {
  const wantsLogprobs = body.include?.includes('message.output_text.logprobs') === true;
  const top = body.top_logprobs ?? 0;
  const format = formatOf(body.text?.format);
  return {
    model: body.model,
    messages: messagesOf(body.instructions, items),
    tools: chosen.tools,
    toolChoice: chosen.toolChoice,
    allowsParallelCalls: body.parallel_tool_calls,
    answerFormat: format,
    maxTokens: body.max_output_tokens,
    maxTokensField: 'max_output_tokens',
    choiceCount: 1,
    sampling: { temperature: body.temperature, topP: body.top_p },
    logprobs: wantsLogprobs || top > 0 ? true : undefined,
    topLogprobs: top > 0 ? top : undefined,
    reasoningEffort: body.reasoning?.effort,
    isStream: body.stream === true,
    showsUsage: true,
    continuesLast: false,
    user: body.user,
    metadata: body.metadata,
    echo: echoOf(body, tools.tools, isStored),
    extras: {},
  };
}

function formatOf(format: NonNullable<Body['text']>['format']): AskedFormat | undefined {
  if (format === undefined) return undefined;
  if (format.type !== 'json_schema') return { kind: format.type };
  const { type: kind, ...named } = format;
  return { kind, ...named };
}
