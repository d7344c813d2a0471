/** Where a key stands in a TOML text (the parser keeps no positions), and reading of its tables. */
import type { TomlTable } from 'smol-toml';

type Path = readonly (string | number)[];

/** `wrangler.toml:88`: the line of the deepest part of the path that the text has. Numbers choose an item of a list. */
export function placeOf(text: string, path: Path): string {
  const wanted = path.map(String);
  let [best, bestDepth] = [1, 0];
  let table: string[] = [];
  const seen = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    const header = /^\s*(\[\[?)\s*([\w.\-"]+)\s*\]\]?/.exec(line);
    const [, name] = /^\s*([\w\-"]+)\s*=/.exec(line) ?? [];
    if (header !== null) table = tableAt(header[2] ?? '', header[1] === '[[', seen);
    else if (name === undefined) continue;
    const here = header === null ? [...table, unquoted(name ?? '')] : table;
    const isOnTheWay = here.every((step, depth) => step === wanted[depth]);
    if (isOnTheWay && here.length > bestDepth) [best, bestDepth] = [index + 1, here.length];
  }
  return `wrangler.toml:${best}`;
}

function tableAt(dotted: string, isItem: boolean, seen: Map<string, number>): string[] {
  const steps = dotted.split('.').map(unquoted);
  if (!isItem) return steps;
  const index = seen.get(dotted) ?? 0;
  seen.set(dotted, index + 1);
  return [...steps, String(index)];
}

function unquoted(name: string): string {
  return name.replaceAll('"', '');
}

export function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The table at a path; an empty one where there is none. */
export function tableOf(value: unknown, ...path: readonly string[]): TomlTable {
  const [step, ...rest] = path;
  const table = isTable(value) ? value : {};
  return step === undefined ? table : tableOf(table[step], ...rest);
}

/** Tables of a list; none where it is not one. */
export function listOf(value: unknown): TomlTable[] {
  return Array.isArray(value) ? value.filter(isTable) : [];
}

/** The path of an environment's own block: development is the top of the file. */
export function blockPath(environment: string): string[] {
  return environment === 'development' ? [] : ['env', environment];
}
