/** Size and shape of a JSON value (tool definitions, response schemas), without writing it out. Stops counting at a fixed number of nodes. */

export interface JsonSize {
  /** Approximate characters of the compact text. */
  readonly chars: number;
  /** Keys under any `properties`: what a schema makes the model fill in. */
  readonly properties: number;
  /** Deepest nesting of objects and arrays. */
  readonly depth: number;
}

/** Beyond this the counts are lower bounds: a schema of this size is large by any measure. */
const maxNodes = 4000;

/** What has been counted so far. */
interface Counting {
  nodes: number;
  chars: number;
  properties: number;
  depth: number;
}

/** @param root of limited depth, as every request is (`depth.ts`) */
export function measureJson(root: unknown): JsonSize {
  const counting: Counting = { nodes: 0, chars: 0, properties: 0, depth: 0 };
  count(counting, root, 0, false);
  const { chars, properties, depth } = counting;
  return { chars, properties, depth };
}

function count(counting: Counting, value: unknown, depth: number, isPropertyMap: boolean): void {
  if (counting.nodes >= maxNodes) return;
  counting.nodes += 1;
  if (typeof value === 'string') counting.chars += value.length + 2;
  else if (typeof value !== 'object' || value === null) counting.chars += 5;
  else {
    counting.depth = Math.max(counting.depth, depth + 1);
    counting.chars += 2;
    if (Array.isArray(value)) countList(counting, value, depth, isPropertyMap);
    else countFields(counting, value, depth, isPropertyMap);
  }
}

function countList(counting: Counting, list: readonly unknown[], depth: number, isPropertyMap: boolean): void {
  for (const item of list) {
    counting.chars += 1;
    if (isPropertyMap) counting.properties += 1;
    count(counting, item, depth + 1, false);
  }
}

function countFields(counting: Counting, fields: object, depth: number, isPropertyMap: boolean): void {
  // Without the list of names; what JSON was parsed to inherits no fields.
  for (const key in fields) {
    if (!Object.hasOwn(fields, key)) continue;
    counting.chars += key.length + 4;
    if (isPropertyMap) counting.properties += 1;
    count(counting, Reflect.get(fields, key), depth + 1, key === 'properties' && !isPropertyMap);
  }
}
