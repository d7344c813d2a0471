/** The items of a request's input, each checked, with the field that is wrong named as the client wrote it. */
import type { HostedToolPolicy, LimitsConfig } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { isObject } from '../../../../shared/is-object.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import { checkImages } from '../../validate/images.ts';
import { shapeFailure } from '../../validate/shape-failure.ts';
import { placeOfItem } from './ids.ts';
import { hostedItems, type Item, itemSchemas, refusedItems, refusedParts, sealedPart, toolsItem } from './items.ts';

/** An item of an earlier answer, to be put in its place. */
export interface ItemReference {
  readonly type: 'item_reference';
  readonly index: number;
  readonly name: string;
  /** Where it stands in the input. */
  readonly at: number;
}

export interface ReadItems {
  readonly items: readonly (Item | ItemReference)[];
  readonly dropped: readonly string[];
}

const maxNames = 20;

export function readItems(
  input: string | readonly unknown[],
  limits: LimitsConfig,
  policy: HostedToolPolicy,
): Result<ReadItems, Failure> {
  if (typeof input === 'string')
    return ok({ items: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }], dropped: [] });
  if (input.length > limits.max_messages) {
    const detail = `Number of items: ${input.length}, at most ${limits.max_messages} allowed.`;
    return fail({ code: 'invalid_value', param: 'input', detail });
  }
  const items: (Item | ItemReference)[] = [];
  const dropped: string[] = [];
  for (const [at, given] of input.entries()) {
    const type = typeOf(given);
    if (type === toolsItem) continue;
    const advice = refusedItems.get(type);
    if (advice !== undefined) return fail({ code: 'unsupported_parameter', param: `input.${at}.type`, detail: advice });
    if (type === 'item_reference') {
      const place = isObject(given) && typeof given['id'] === 'string' ? placeOfItem(given['id']) : null;
      if (place === null) return fail({ code: 'not_found', param: `input.${at}.id`, sentence: 'There is no such item.' });
      items.push({ type, ...place, at });
    } else if (hostedItems.has(type)) {
      if (policy === 'refuse') {
        const detail = 'It belongs to a tool or a service of its vendor, which is not here.';
        return fail({ code: 'unsupported_parameter', param: `input.${at}.type`, detail });
      }
      if (dropped.length < maxNames) dropped.push(`input[${at}] (${type})`);
    } else {
      const sealed = isObject(given) ? takeSealed(given) : null;
      if (sealed !== null) {
        if (policy === 'refuse') {
          const detail = 'Only its vendor, which is not here, can read it.';
          return fail({ code: 'unsupported_parameter', param: `input.${at}.${sealed.place}.type`, detail });
        }
        if (dropped.length < maxNames) dropped.push(`input[${at}] (${sealedPart})`);
        if (sealed.isMessage && sealed.isAll) continue;
      }
      const item = readItem(given, type, at, limits);
      if (!item.ok) return item;
      items.push(item.value);
    }
  }
  return ok({ items, dropped });
}

/** Messages need no type, and neither do references. */
function typeOf(given: unknown): string {
  if (!isObject(given)) return '';
  const { type } = given;
  if (typeof type === 'string') return type;
  return 'role' in given || !('id' in given) ? 'message' : 'item_reference';
}

/** Takes parts that are sealed out of an item, in place. Null where there are none. */
function takeSealed(
  given: Record<string, unknown>,
): { readonly place: string; readonly isMessage: boolean; readonly isAll: boolean } | null {
  for (const field of ['content', 'output']) {
    const parts: unknown = given[field];
    if (!Array.isArray(parts)) continue;
    const isSealed = (part: unknown): boolean => isObject(part) && part['type'] === sealedPart;
    const first = parts.findIndex(isSealed);
    if (first < 0) continue;
    const left = parts.filter((part) => !isSealed(part));
    given[field] = left;
    return { place: `${field}.${first}`, isMessage: field === 'content', isAll: left.length === 0 };
  }
  return null;
}

function readItem(given: unknown, type: string, at: number, limits: LimitsConfig): Result<Item, Failure> {
  if (!isObject(given)) return fail({ code: 'invalid_value', param: `input.${at}`, detail: `input.${at}: expected an object.` });
  const schema = itemSchemas.get(type);
  if (schema === undefined) {
    const detail = `input.${at}.type: expected one of ${[...itemSchemas.keys(), 'item_reference'].join(', ')}.`;
    return fail({ code: 'invalid_value', param: `input.${at}.type`, detail });
  }
  const parts =
    badParts(given['content'], `input.${at}.content`, limits) ?? badParts(given['output'], `input.${at}.output`, limits);
  if (parts !== null) return fail(parts);
  const item = schema.safeParse(given);
  if (!item.success) return fail(shapeFailure(item.error, { input: { [at]: given } }, ['input', at]));
  const failure = wrongContent(item.data, at);
  return failure === null ? ok(item.data) : fail(failure);
}

function badParts(content: unknown, param: string, limits: LimitsConfig): Failure | null {
  if (!Array.isArray(content)) return null;
  if (content.length > limits.max_content_parts) {
    const detail = `Number of content parts: ${content.length}, at most ${limits.max_content_parts} allowed.`;
    return { code: 'invalid_value', param, detail };
  }
  for (const [k, part] of content.entries()) {
    if (!isObject(part) || typeof part['type'] !== 'string') continue;
    const advice = Object.hasOwn(refusedParts, part['type']) ? refusedParts[part['type']] : undefined;
    if (advice !== undefined) return { code: 'unsupported_parameter', param: `${param}.${k}.type`, detail: advice };
    if (part['type'] === 'input_image' && part['image_url'] === undefined && part['file_id'] !== undefined)
      return { code: 'unsupported_parameter', param: `${param}.${k}.file_id`, detail: 'Files are not available; use image_url.' };
  }
  return null;
}

/** What the shape does not say: who may show pictures, which, and that there is something to read. */
function wrongContent(item: Item, at: number): Failure | null {
  const field = item.type === 'message' ? 'content' : 'output';
  const content = item.type === 'message' ? item.content : 'output' in item ? item.output : undefined;
  if (!Array.isArray(content)) return null;
  if (item.type === 'message' && item.role !== 'assistant' && content.length === 0)
    return { code: 'invalid_value', param: `input.${at}.content`, detail: 'Expected at least one part.' };
  for (const [k, part] of content.entries()) {
    const url = isObject(part) && part['type'] === 'input_image' ? part['image_url'] : undefined;
    if (typeof url !== 'string') continue;
    const param = `input.${at}.${field}.${k}`;
    if (item.type === 'message' && item.role !== 'user')
      return { code: 'invalid_value', param: `${param}.type`, detail: 'Only users and tools show images.' };
    const image = { type: 'image_url', image_url: { url } } as const;
    const failure = checkImages([{ role: 'user', content: [image] }]);
    if (failure !== null) return { ...failure, param: `${param}.image_url` };
  }
  return null;
}
