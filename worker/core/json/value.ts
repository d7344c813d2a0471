/**
 * Facts about a parsed JSON value: its type, its size and depth, one spelling per meaning. Works on what `JSON.parse` returns.
 */
import { isObject } from '../../../shared/is-object.ts';

export type JsonType = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

export function jsonTypeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'boolean' ? type : 'object';
}

/**
 * The size of a value: one per value, plus the characters of strings and keys. Returns null when it is nested deeper than
 * `maxDepth` containers, which is also what keeps every later recursion over it shallow.
 */
export function sizeOf(value: unknown, maxDepth: number): number | null {
  if (typeof value === 'string') return 1 + value.length;
  if (typeof value !== 'object' || value === null) return 1;
  if (maxDepth <= 0) return null;
  let size = 1;
  for (const [key, part] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    const partSize = sizeOf(part, maxDepth - 1);
    if (partSize === null) return null;
    size += partSize + (typeof key === 'string' ? key.length : 0);
  }
  return size;
}

/**
 * JSON text with sorted keys: two values are equal in the sense of JSON Schema if and only if these texts are. Not for display.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value === 0 ? 0 : value);
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`).join(',')}}`;
}
