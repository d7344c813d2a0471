/** Checks everything on the Responses wire by the types that its official client publishes. */
import { fileURLToPath } from 'node:url';
import { Validator } from '@cfworker/json-schema';
import { expect } from 'vitest';
import { readPublishedTypes } from '../../support/published-types.ts';

const folder = fileURLToPath(new URL('../../../node_modules/openai/resources/', import.meta.url).href);
/** What stands beside the published fields: ours, and `store`, which the API says and its types do not. */
const ours = { Response: ['x-routing-metadata', 'store'], ResponseUsage: ['estimated'], ResponseErrorEvent: ['error'] };
const types = readPublishedTypes({ '': `${folder}responses/responses.d.ts`, Shared: `${folder}shared.d.ts` }, ours);

const validators = new Map<string, Validator>();

function validatorOf(name: string): Validator {
  const known = validators.get(name) ?? new Validator(JSON.parse(JSON.stringify(types.schemaOf(name))), '2020-12');
  validators.set(name, known);
  return known;
}

/** The type of each event, by its name on the wire. */
const eventTypes = new Map<string, string>();
for (const name of types.membersOf('ResponseStreamEvent')) {
  const schema: unknown = types.schemaOf(name);
  const type = /"type":\{"enum":\["([^"]+)"\]\}/.exec(
    JSON.stringify((schema as { $defs: Record<string, unknown> }).$defs[name]),
  )?.[1];
  if (type !== undefined) eventTypes.set(type, name);
}

function check(type: string, value: unknown): void {
  const { valid, errors } = validatorOf(type).validate(value);
  expect(valid ? [] : errors.map(({ instanceLocation, error }) => `${type} ${instanceLocation}: ${error}`)).toEqual([]);
}

/** `output_text` is added by the client itself. */
export function expectResponse(value: object): void {
  check('Response', { ...value, output_text: '' });
}

/** @param data of an event, parsed */
export function expectEvent(data: Record<string, unknown>): void {
  const type = eventTypes.get(String(data['type']));
  expect(type, `an event of a published type: ${String(data['type'])}`).toBeDefined();
  const { response } = data;
  const isObject = typeof response === 'object' && response !== null;
  check(type ?? '', isObject ? { ...data, response: { ...response, output_text: '' } } : data);
}

export interface ResponseEvent extends Record<string, unknown> {
  readonly type: string;
}

/** The events of a stream; each has its type as its name. */
export function eventsIn(stream: string): ResponseEvent[] {
  const frames = stream.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith(':'));
  return frames.map((frame) => {
    const [, name, data = ''] = /^(?:id: \d+\n)?event: ([^\n]*)\ndata: ([^\n]*)$/.exec(frame) ?? [];
    const event: ResponseEvent = JSON.parse(data);
    expect(event.type).toBe(name);
    return event;
  });
}

const fieldOf: Readonly<Record<string, string>> = {
  'response.output_text': 'text',
  'response.refusal': 'refusal',
  'response.reasoning_text': 'text',
  'response.reasoning_summary_text': 'text',
  'response.function_call_arguments': 'arguments',
};

/** Numbers without a gap; everything that begins ends, once and in its turn; the pieces of a text are its whole; items are those of the object. */
export function expectWellFormed(events: readonly ResponseEvent[]): void {
  expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, i) => i));
  expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['response.created', 'response.in_progress']);
  const open = new Map<string, string>();
  const items: unknown[] = [];
  let added = 0;
  for (const event of events.slice(2, -1)) {
    const { type, item_id: item, output_index: at } = event;
    const place = `${String(at)}/${String(event['content_index'] ?? event['summary_index'] ?? '')}`;
    const [, text, end] = /^(response\.\w+)\.(delta|done)$/.exec(type) ?? [];
    const field = text === undefined ? undefined : fieldOf[text];
    if (type === 'response.output_item.added') {
      expect(at).toBe(added);
      added += 1;
      open.set(`item ${String(at)}`, '');
    } else if (type === 'response.output_item.done') {
      expect(open.delete(`item ${String(at)}`)).toBe(true);
      items[Number(at)] = event['item'];
    } else if (type.endsWith('part.added')) open.set(`part ${place}`, '');
    else if (type.endsWith('part.done')) {
      const part = event['part'] as Record<string, unknown>;
      expect(open.get(`part ${place}`)).toBe(part['text'] ?? part['refusal']);
      open.delete(`part ${place}`);
    } else if (field !== undefined && text !== undefined) {
      expect(typeof item).toBe('string');
      const key = text.endsWith('arguments') ? `item ${String(at)}` : `part ${place}`;
      expect(open.has(key), `${type} within what it belongs to`).toBe(true);
      if (end === 'delta') open.set(key, (open.get(key) ?? '') + String(event['delta']));
      else expect(event[field]).toBe(open.get(key));
    } else throw new Error(`an event that is not known: ${type}`);
  }
  expect([...open.keys()]).toEqual([]);
  const last = events.at(-1);
  expect(['response.completed', 'response.incomplete']).toContain(last?.type);
  expect(last?.['response']).toMatchObject({ output: items });
}
