/**
 * Values made from JSON Schemas: such as fit, and such as do not. Seeded, so that a run can be repeated. It knows the keywords that the OpenAPI
 * document uses and no more; what fits is asked of a validator by whoever needs to be sure.
 */
import { isObject } from '../../shared/is-object.ts';
import type { JsonSchema } from '../openapi/json-schemas.ts';
import { between, pick, type Random } from '../standin/random.ts';

export interface Maker {
  readonly random: Random;
  /** `components.schemas`, for references. */
  readonly components: Readonly<Record<string, JsonSchema>>;
  /** How often a property that may be left out is there, 0 to 1. */
  readonly fullness: number;
}

/** Texts that other services fell over: a NUL, half of a surrogate pair, both directions, line breaks, markup, what looks like a number. */
export const hostileTexts = [
  'a\u0000b',
  '\ud800',
  '\u202eabc\u202c',
  'line\r\nx-injected: yes',
  '</script><script>',
  "'; drop table x; --",
  '𝒳🙂👩‍👩‍👧‍👦',
  '-0',
  'NaN',
  '__proto__',
  ' ',
  'ß'.repeat(300),
] as const;

/** Texts of the shapes that patterns of the document ask for. */
const knownTexts = [
  'a',
  'default',
  'qwen2.5-7b',
  'handbook/keys',
  'key_00bb1525b9924578aea84d5e59af88af',
  'f'.repeat(48),
  '0.25',
  '100',
  '2026-11-29',
  '2090-01-01T00:00:00Z',
  'This text is about {}.',
  'This text is about {label}.',
  'x'.repeat(64),
  'https://app.example.com',
  'SMALL_UPSTREAM_URL',
  'Hello! How does a tunnel work?',
  'A longer text. '.repeat(20),
] as const;

const maxDepth = 6;

/** A value that fits, as far as the schema says. */
export function valueOf(maker: Maker, schema: unknown, depth = 0): unknown {
  const { random } = maker;
  if (!isObject(schema)) return anything(maker, depth);
  const { $ref, allOf, type } = schema;
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (typeof $ref === 'string') return valueOf(maker, resolved(maker, $ref), depth);
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return oneOf(random, schema['enum']);
  if (Array.isArray(choices)) {
    const simple = depth > maxDepth ? choices.filter((one) => !isObject(one) || one['$ref'] === undefined) : choices;
    return valueOf(maker, oneOf(random, simple.length > 0 ? simple : choices), depth + 1);
  }
  if (Array.isArray(allOf)) return Object.assign({}, ...allOf.map((one) => valueOf(maker, one, depth + 1)));
  if (Array.isArray(type)) return valueOf(maker, { ...schema, type: oneOf(random, type) }, depth);
  if (type === 'object') return objectOf(maker, schema, depth);
  if (type === 'array') return arrayOf(maker, schema, depth);
  if (type === 'string') return textOf(random, schema);
  if (type === 'integer' || type === 'number') return numberOf(random, schema);
  if (type === 'boolean') return random() < 0.5;
  if (type === 'null') return null;
  return anything(maker, depth);
}

function resolved({ components }: Maker, reference: string): JsonSchema {
  return components[reference.split('/').at(-1) ?? ''] ?? {};
}

function oneOf<T>(random: Random, items: readonly T[]): T | undefined {
  return items[Math.floor(random() * items.length)];
}

function objectOf(maker: Maker, schema: JsonSchema, depth: number): Record<string, unknown> {
  const { random, fullness } = maker;
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  const share = depth > maxDepth ? 0 : fullness;
  const named = Object.entries(Object(schema['properties'])).filter(([name]) => required.includes(name) || random() < share);
  const made: [string, unknown][] = named.map(([name, inner]) => [name, valueOf(maker, inner, depth + 1)]);
  const { additionalProperties: other } = schema;
  if (isObject(other) && depth <= maxDepth && random() < 0.5) {
    const name = isObject(schema['propertyNames'])
      ? valueOf(maker, schema['propertyNames'], depth + 1)
      : oneOf(random, knownTexts);
    made.push([String(name), valueOf(maker, other, depth + 1)]);
  }
  return Object.fromEntries(made);
}

function arrayOf(maker: Maker, schema: JsonSchema, depth: number): unknown[] {
  const least = Number(schema['minItems'] ?? 0);
  const most = Math.min(Number(schema['maxItems'] ?? 3), least + 2);
  const length = depth > maxDepth ? least : between(maker.random, least, most);
  return Array.from({ length }, () => valueOf(maker, schema['items'] ?? {}, depth + 1));
}

function textOf(random: Random, schema: JsonSchema): string {
  const fits = (text: string): boolean => {
    const { minLength: min = 0, maxLength: max = Infinity, pattern, format } = schema;
    if ([...text].length < Number(min) || [...text].length > Number(max)) return false;
    if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(text)) return false;
    if (format === 'date') return /^\d{4}-\d\d-\d\d$/.test(text);
    return format === 'date-time' ? /T.*Z$/.test(text) : true;
  };
  const hostile = random() < 0.25 ? hostileTexts.filter(fits) : [];
  return oneOf(random, hostile) ?? oneOf(random, knownTexts.filter(fits)) ?? '';
}

function numberOf(random: Random, schema: JsonSchema): number {
  const low = Number(schema['minimum'] ?? schema['exclusiveMinimum'] ?? -1000);
  const high = Math.min(Number(schema['maximum'] ?? schema['exclusiveMaximum'] ?? low + 1000), low + 1_000_000);
  if (schema['type'] === 'integer') return between(random, Math.ceil(low), Math.floor(high));
  return low + Math.max(random(), 0.01) * (high - low);
}

function anything(maker: Maker, depth: number): unknown {
  const { random } = maker;
  if (depth > maxDepth) return null;
  const made = pick<() => unknown>(random, [
    () => null,
    () => random() < 0.5,
    () => between(random, -5, 5),
    () => pick(random, knownTexts),
    () => pick(random, hostileTexts),
    () => [anything(maker, depth + 2)],
    () => ({ [pick(random, hostileTexts)]: anything(maker, depth + 2) }),
  ]);
  return made();
}

/** Values that a place is likely not to take. */
const strangers: readonly [unknown, ...unknown[]] = [
  -1,
  0,
  1e308,
  2 ** 53,
  1.5,
  true,
  '',
  'nonsense',
  '\u0000',
  '\ud800',
  [],
  [null],
  [[[[]]]],
  {},
  { type: 'nonsense' },
  { __proto__x: 1 },
];

/** The value with one thing in it changed: another value in a place of it, a place that is missing, or one too many. */
export function spoiled(random: Random, value: unknown): unknown {
  const places = [...placesIn(value, [])];
  const at = oneOf(random, places) ?? [];
  const way = random();
  if (at.length === 0 && way < 0.2) return pick(random, strangers);
  if (way < 0.2) return changed(value, at, undefined);
  if (way < 0.35) return changed(value, [...at.slice(0, -1), 'no_such_field'], pick(random, strangers));
  return changed(value, at, pick(random, strangers));
}

function* placesIn(value: unknown, at: readonly string[]): Generator<readonly string[]> {
  if (at.length > 0) yield at;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* placesIn(inner, [...at, key]);
}

/** A copy in which a place has another value; undefined takes it out. */
function changed(value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown {
  if (key === undefined) return to;
  if (Array.isArray(value)) {
    const copy = value.map((item, i) => (String(i) === key ? changed(item, rest, to) : item));
    return to === undefined && rest.length === 0 ? copy.filter((_, i) => String(i) !== key) : copy;
  }
  const { [key]: inner, ...others } = Object(value);
  if (to === undefined && rest.length === 0) return others;
  return { ...others, [key]: changed(inner, rest, to) };
}
