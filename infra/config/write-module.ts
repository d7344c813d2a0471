/**
 * Writes checked profiles as the TypeScript module that the Worker ships. Parts that several profiles share are written once: keyword lists
 * are most of a profile, so five profiles are little larger than one and start as fast.
 */
import type { ConfigTree } from '../../shared/config.ts';
import { isObject } from '../../shared/is-object.ts';

/** A shorter part is cheaper inline than with a name. */
const minSharedChars = 100;

/** The module's source, the same for the same arguments. `version` is the package's. */
export function writeModule(defaultProfile: string, profiles: Readonly<Record<string, ConfigTree>>, version: string): string {
  const uses = new Map<string, number>();
  for (const tree of Object.values(profiles)) countParts(tree, [], uses);
  const names = new Map<string, string>();
  const parts: string[] = [];

  /** @param usesAbove how often the enclosing value is used: only a part that is used more often gets its own name */
  const write = (value: unknown, path: readonly string[], usesAbove: number): string => {
    const key = keyOf(value, path);
    const count = uses.get(key) ?? 0;
    if (count <= usesAbove) return isObject(value) ? writeEntries(value, path, usesAbove) : JSON.stringify(value);
    const known = names.get(key);
    if (known !== undefined) return known;
    const text = isObject(value) ? writeEntries(value, path, count) : JSON.stringify(value);
    const name = `part${parts.length + 1}`;
    names.set(key, name);
    parts.push(`const ${name}: ConfigTree${path.map((step) => `[${JSON.stringify(step)}]`).join('')} = ${text};\n`);
    return name;
  };
  const writeEntries = (value: object, path: readonly string[], usesAbove: number): string => {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return `{\n${entries.map(([step, inner]) => `${JSON.stringify(step)}: ${write(inner, [...path, step], usesAbove)},\n`).join('')}}`;
  };

  const written = Object.entries(profiles).map(([profile, tree]) => `${JSON.stringify(profile)}: ${write(tree, [], 1)},\n`);
  return (
    '// Written by infra/config/compile.ts from configs/*.yaml; do not edit.\n' +
    "import type { ConfigTree } from '../../shared/config.ts';\n\n" +
    `export const version = ${JSON.stringify(version)};\n` +
    `export const defaultProfile = ${JSON.stringify(defaultProfile)};\n\n${parts.join('')}\n` +
    `export const profiles: Readonly<Record<string, ConfigTree>> = {\n${written.join('')}};\n`
  );
}

/** Counts every object and list that is long enough to share, by place and content. */
function countParts(value: unknown, path: readonly string[], uses: Map<string, number>): void {
  if (typeof value !== 'object' || value === null || JSON.stringify(value).length < minSharedChars) return;
  const key = keyOf(value, path);
  uses.set(key, (uses.get(key) ?? 0) + 1);
  if (isObject(value)) for (const [step, inner] of Object.entries(value)) countParts(inner, [...path, step], uses);
}

function keyOf(value: unknown, path: readonly string[]): string {
  return JSON.stringify([path, value]);
}
