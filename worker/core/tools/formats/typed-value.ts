/**
 * Turns a parameter's plain text into JSON by the type its schema declares. What does not convert, or has no type, is a string.
 */
import { isObject } from '../../../../shared/is-object.ts';
import { isScalar } from '../../json/grammar.ts';
import { repairedJson } from '../../json/text.ts';

const number = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** `schema` is that of the tool's parameters. Numbers keep their spelling. */
export function typedValue(text: string, schema: unknown, key: string): string {
  const properties = isObject(schema) ? schema['properties'] : null;
  const types = new Set<unknown>();
  collectTypes(isObject(properties) && Object.hasOwn(properties, key) ? properties[key] : null, schema, types, 0);
  const trimmed = text.trim();
  if (types.has('null') && (trimmed === 'null' || trimmed === 'None')) return 'null';
  if (types.has('string')) return JSON.stringify(text);
  if ((types.has('integer') || types.has('number')) && number.test(trimmed)) return trimmed;
  if (types.has('boolean') && /^(?:true|false)$/i.test(trimmed)) return trimmed.toLowerCase();
  const container =
    (types.has('object') ? repairedJson(trimmed, 'object') : null) ??
    (types.has('array') ? repairedJson(trimmed, 'array') : null);
  return container ?? JSON.stringify(text);
}

/** A value that is written as JSON, or else a string. Numbers keep their spelling. */
export function anyValue(text: string): string {
  const trimmed = text.trim();
  if (isScalar(trimmed)) return trimmed;
  const container = repairedJson(trimmed, 'object') ?? repairedJson(trimmed, 'array');
  return container ?? JSON.stringify(quotedString(trimmed) ?? text);
}

function quotedString(text: string): string | null {
  if (!text.startsWith('"')) return null;
  try {
    return String(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The types a schema allows, its alternatives and what it refers to included; eight levels are more than schemas in use have. */
function collectTypes(schema: unknown, root: unknown, types: Set<unknown>, depth: number): void {
  if (!isObject(schema) || depth > 8) return;
  const { type, $ref } = schema;
  for (const one of Array.isArray(type) ? type : [type]) types.add(one);
  if (typeof $ref === 'string') collectTypes(atPointer(root, $ref), root, types, depth + 1);
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const schemas = schema[keyword];
    if (Array.isArray(schemas)) for (const one of schemas) collectTypes(one, root, types, depth + 1);
  }
}

/** What `#/$defs/Name` stands for. Keys that a pointer would have to escape are in no schema that a library writes. */
function atPointer(root: unknown, pointer: string): unknown {
  let value = root;
  for (const key of pointer.split('/').slice(1)) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : null;
  return value;
}
