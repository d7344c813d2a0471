/** "Did you mean …?" for unknown names in the configuration. */
import type { ConfigMistake } from '../../shared/config-check.ts';
import { ConfigTree } from '../../shared/config.ts';

/** Empty when no known name is similar. */
export function suggestion({ path, unknown }: ConfigMistake): string {
  if (unknown === undefined) return '';
  const known = unknown.known ?? keysAt(path.slice(0, -1));
  const near = known
    .map((name) => ({ name, distance: editDistance(unknown.name.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(Math.max(name.length, unknown.name.length) / 3)))
    .sort((a, b) => a.distance - b.distance);
  return near[0] === undefined ? '' : `; did you mean ${near[0].name}?`;
}

/** The keys that the schema knows at a path. Reads zod's own description of a schema, which is public (`_zod.def`). */
function keysAt(path: readonly (string | number)[]): string[] {
  let schema: unknown = ConfigTree;
  for (const key of path) schema = step(schema, key);
  const shape = field(definition(schema), 'shape');
  return typeof shape === 'object' && shape !== null ? Object.keys(shape) : [];
}

function step(schema: unknown, key: string | number): unknown {
  const def = definition(schema);
  return field(field(def, 'shape'), key) ?? field(def, 'valueType') ?? field(def, 'element');
}

/** Unwraps defaults, optional values, and objects whose fields are made late. */
function definition(schema: unknown): unknown {
  const own = field(schema, '_zod');
  const def = field(own, 'def');
  const inner = field(def, 'innerType') ?? field(own, 'innerType');
  return inner === undefined ? def : definition(inner);
}

function field(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** Damerau-Levenshtein with adjacent swaps, the most common typo. */
function editDistance(a: string, b: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
