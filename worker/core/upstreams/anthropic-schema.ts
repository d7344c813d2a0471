/**
 * JSON Schemas as Claude's structured outputs and tools take them (platform.claude.com, "Structured outputs", JSON Schema limitations). What is
 * left out makes the constraint wider; the answer is still checked against the schema as the client wrote it.
 */
import { asArray, asObject } from '../json/view.ts';
import { schemaForGrammar } from './grammar-schema.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Bounds, which are checked afterwards. */
const left: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'maxItems',
  'patternProperties',
  'prefixItems',
  '$schema',
  '$id',
  'examples',
]);

const maxSchemas = 2000;

/** Null where the schema says something that cannot be said: then the answer is asked for in words. */
export function schemaForClaude(schema: Schema): Schema | null {
  const plain = schemaForGrammar(schema, { left: maxSchemas });
  return plain === null ? null : (closed(plain) ?? null);
}

/** Every object lists its keys. Undefined for one that is open, and for references, which may lead back to where they stand. */
function closed(value: unknown): Schema | undefined {
  const schema = asObject(value);
  if (schema === null || schema['$ref'] !== undefined) return undefined;
  const made: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(schema)) {
    if (left.has(key) || (key === 'minItems' && given !== 0 && given !== 1)) continue;
    const inner = innerOf(key, given);
    if (inner === undefined) return undefined;
    made[key] = inner;
  }
  const { type, properties, additionalProperties: others } = schema;
  if (![type].flat().includes('object') && properties === undefined) return made;
  if (properties === undefined || (others !== undefined && others !== false)) return undefined;
  return { ...made, type: type ?? 'object', additionalProperties: false };
}

/** The value of one keyword, with the schemas in it made ready. */
function innerOf(key: string, value: unknown): unknown {
  if (key === 'items') return closed(value);
  const list = key === 'anyOf' || key === 'allOf' ? asArray(value) : null;
  if (list !== null) return unlessLost(list.map(closed));
  const named = ['properties', '$defs', 'definitions'].includes(key) ? asObject(value) : null;
  if (named === null) return value;
  const made = unlessLost(Object.values(named).map(closed));
  return made && Object.fromEntries(Object.keys(named).map((name, i) => [name, made[i]]));
}

function unlessLost(made: readonly (Schema | undefined)[]): readonly (Schema | undefined)[] | undefined {
  return made.includes(undefined) ? undefined : made;
}

/** What a tool takes: an object, without alternatives at the root, which the API refuses there. */
export function inputSchema(parameters: Schema | undefined): Schema {
  const { anyOf: _anyOf, oneOf: _oneOf, allOf: _allOf, ...rest } = parameters ?? {};
  return { ...rest, type: 'object', properties: asObject(rest['properties']) ?? {} };
}
