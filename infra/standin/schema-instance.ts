/**
 * A seeded value that satisfies a JSON Schema: the stand-in's constrained decoding. Knows the keywords that structured-output backends
 * commonly know (type, properties, required, enum, const, items, bounds, anyOf/oneOf/allOf, local $ref, format); ignores the rest.
 */
import { isRecord, pythonJson } from './json.ts';
import type { Random } from './random.ts';
import { between, pick } from './random.ts';
import { phrase } from './prose.ts';
import { people, places } from './vocabulary.ts';

type Schema = Record<string, unknown>;

interface Maker {
  readonly random: Random;
  readonly topics: readonly string[];
  readonly root: unknown;
}

/** Below this depth optional properties and extra items are left out, so that a recursive schema ends. */
const SHALLOW_DEPTH = 5;
/** A schema that still nests here demands infinite data; the value becomes null. */
const MAX_DEPTH = 40;

/** A value for the schema. The same schema, generator state and topics give the same value. */
export function schemaInstance(schema: unknown, random: Random, topics: readonly string[] = []): unknown {
  return make({ random, topics, root: schema }, schema, 0, null);
}

/** An object with a handful of invented members, for `json_object` without a schema. */
export function anyObject(random: Random, topics: readonly string[]): Schema {
  const keys = [...topics, 'name', 'status', 'count', 'items'].slice(0, between(random, 3, 5));
  const values = keys.map((key): [string, unknown] => [key, random() < 0.5 ? phrase(random, topics) : between(random, 1, 900)]);
  return Object.fromEntries(values);
}

function make(maker: Maker, schemaIn: unknown, depth: number, key: string | null): unknown {
  if (depth > MAX_DEPTH) return null;
  if (!isRecord(schemaIn)) return phrase(maker.random, maker.topics);
  const schema = mergeAllOf(maker.root, resolve(maker.root, schemaIn));
  if ('const' in schema) return schema['const'];
  const options = listOf(schema['enum']);
  if (options) return pick(maker.random, options);
  const branches = listOf(schema['anyOf']) ?? listOf(schema['oneOf']);
  if (branches) {
    const common = { ...schema, anyOf: undefined, oneOf: undefined };
    return make(maker, { allOf: [common, branch(maker, branches, depth)] }, depth + 1, key);
  }
  switch (typeOf(schema, maker, depth)) {
    case 'object':
      return makeObject(maker, schema, depth);
    case 'array':
      return makeArray(maker, schema, depth);
    case 'integer':
      return makeNumber(maker.random, schema, true);
    case 'number':
      return makeNumber(maker.random, schema, false);
    case 'boolean':
      return maker.random() < 0.5;
    case 'null':
      return null;
    default:
      return makeString(maker, schema, key);
  }
}

function branch(maker: Maker, branches: readonly [unknown, ...unknown[]], depth: number): Schema {
  const [first, ...rest] = branches.map((option) =>
    isRecord(option) ? mergeAllOf(maker.root, resolve(maker.root, option)) : {},
  );
  if (!first) return {};
  if (depth < SHALLOW_DEPTH) return pick(maker.random, [first, ...rest]);
  return [first, ...rest].find((option) => !('properties' in option) && !('items' in option)) ?? first;
}

function typeOf(schema: Schema, maker: Maker, depth: number): unknown {
  const types = listOf(schema['type']);
  if (types) return depth < SHALLOW_DEPTH ? pick(maker.random, types) : (types.find((type) => type === 'null') ?? types[0]);
  if (typeof schema['type'] === 'string') return schema['type'];
  if (isRecord(schema['properties']) || schema['required'] !== undefined) return 'object';
  if (schema['items'] !== undefined) return 'array';
  return schema['minimum'] !== undefined || schema['maximum'] !== undefined ? 'number' : 'string';
}

function makeObject(maker: Maker, schema: Schema, depth: number): Schema {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  const members: [string, unknown][] = [];
  for (const [key, member] of Object.entries(properties)) {
    const isWanted = required.has(key) || (depth < SHALLOW_DEPTH && maker.random() < 0.6);
    if (isWanted) members.push([key, make(maker, member, depth + 1, key)]);
  }
  for (const key of required) {
    if (typeof key === 'string' && !Object.hasOwn(properties, key)) members.push([key, phrase(maker.random, maker.topics)]);
  }
  for (let extra = members.length; extra < (numberOf(schema['minProperties']) ?? 0); extra += 1) {
    members.push([`extra_${extra}`, make(maker, schema['additionalProperties'], depth + 1, null)]);
  }
  return Object.fromEntries(members);
}

function makeArray(maker: Maker, schema: Schema, depth: number): unknown[] {
  const fewest = numberOf(schema['minItems']) ?? (depth < SHALLOW_DEPTH ? 1 : 0);
  const most = Math.max(fewest, Math.min(numberOf(schema['maxItems']) ?? fewest + 3, fewest + 3));
  const values: unknown[] = [];
  const seen = new Set<string>();
  const wanted = depth < SHALLOW_DEPTH ? Math.min(between(maker.random, fewest, most), most) : fewest;
  // Distinct values may run out (an enum of two, three unique items): a few tries each, then the list stays short.
  for (let tries = 0; values.length < wanted && tries < wanted * 8; tries += 1) {
    const value = make(maker, schema['items'] ?? {}, depth + 1, null);
    const text = JSON.stringify(value) ?? '';
    if (schema['uniqueItems'] === true && seen.has(text)) continue;
    seen.add(text);
    values.push(value);
  }
  return values;
}

function makeNumber(random: Random, schema: Schema, isWhole: boolean): number {
  const step = numberOf(schema['multipleOf']) ?? (isWhole ? 1 : 0.01);
  const above = numberOf(schema['exclusiveMinimum']);
  const below = numberOf(schema['exclusiveMaximum']);
  const low = numberOf(schema['minimum']) ?? (above === null ? null : above + step);
  const high = numberOf(schema['maximum']) ?? (below === null ? null : below - step);
  const from = low ?? (high === null ? 1 : high - 100);
  const to = high ?? from + 100;
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step);
  if (last < first) return from;
  const value = between(random, first, last) * step;
  return isWhole ? Math.round(value) : Number(value.toFixed(6));
}

const FORMATS: Record<string, (random: Random) => string> = {
  date: (random) => `20${between(random, 10, 29)}-${two(between(random, 1, 12))}-${two(between(random, 1, 28))}`,
  time: (random) => `${two(between(random, 0, 23))}:${two(between(random, 0, 59))}:${two(between(random, 0, 59))}Z`,
  'date-time': (random) => `${FORMATS['date']?.(random) ?? ''}T${FORMATS['time']?.(random) ?? ''}`,
  email: (random) => `${pick(random, people).toLowerCase()}@example.com`,
  uri: (random) => `https://example.com/${pick(random, places).toLowerCase()}/${between(random, 1, 999)}`,
  hostname: (random) => `${pick(random, places).toLowerCase()}.example.com`,
  ipv4: (random) => `192.0.2.${between(random, 1, 254)}`,
  uuid: (random) => {
    const hex = Array.from({ length: 32 }, () => between(random, 0, 15).toString(16)).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  },
};

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function makeString(maker: Maker, schema: Schema, key: string | null): string {
  const format = typeof schema['format'] === 'string' ? FORMATS[schema['format']] : undefined;
  if (format) return format(maker.random);
  let text = key !== null && /city|place|location|town/i.test(key) ? place(maker) : phrase(maker.random, maker.topics);
  const fewest = numberOf(schema['minLength']) ?? 0;
  while (text.length < fewest) text += ` ${phrase(maker.random, maker.topics)}`;
  const most = numberOf(schema['maxLength']);
  return most === null ? text : Array.from(text).slice(0, most).join('');
}

/** A capitalised word of the user, or else any town. */
function place({ random, topics }: Maker): string {
  return topics.findLast((topic) => /^\p{Lu}/u.test(topic)) ?? pick(random, places);
}

function resolve(root: unknown, schema: Schema): Schema {
  let current = schema;
  for (let hops = 0; hops < MAX_DEPTH && typeof current['$ref'] === 'string'; hops += 1) {
    const { $ref, ...siblings } = current;
    const target = pointer(root, String($ref));
    current = isRecord(target) ? { ...target, ...siblings } : siblings;
  }
  return current;
}

function pointer(root: unknown, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  let current: unknown = root;
  for (const step of reference.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(current)) current = current[Number(key)];
    else current = isRecord(current) && Object.hasOwn(current, key) ? current[key] : undefined;
  }
  return current;
}

/** Folds `allOf` into one schema: properties and required are joined, of anything else the last one wins. */
function mergeAllOf(root: unknown, schema: Schema): Schema {
  const parts = listOf(schema['allOf']);
  if (!parts) return schema;
  const merged: Schema = { ...schema, allOf: undefined };
  for (const part of parts) {
    if (!isRecord(part)) continue;
    const next = mergeAllOf(root, resolve(root, part));
    const properties = { ...record(merged['properties']), ...record(next['properties']) };
    const required = [...array(merged['required']), ...array(next['required'])];
    Object.assign(merged, next);
    if (Object.keys(properties).length > 0) merged['properties'] = properties;
    if (required.length > 0) merged['required'] = required;
  }
  return merged;
}

const record = (value: unknown) => (isRecord(value) ? value : {});
const array = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const numberOf = (value: unknown) => (typeof value === 'number' ? value : null);

function listOf(value: unknown): readonly [unknown, ...unknown[]] | null {
  if (!Array.isArray(value)) return null;
  const [first, ...rest] = value;
  return value.length > 0 ? [first, ...rest] : null;
}

/** The instance as text, spaced like Python's `json.dumps`. */
export function schemaInstanceText(schema: unknown, random: Random, topics: readonly string[]): string {
  return pythonJson(schemaInstance(schema, random, topics));
}
