/**
 * Turns configs/*.yaml and configs/profiles/* into worker/generated/config.ts, so that the Worker ships no YAML parser (parsing cost
 * 2.2 ms and 98 kB; the same tree as an object literal 12 µs). A mistake names file, line, path and what was expected, and the
 * process ends non-zero: nothing starts or deploys with a broken configuration.
 *
 *   node infra/config/compile.ts [--configs DIR] [--out FILE] [--check]
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type Document, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { checkConfig, type ConfigMistake } from '../../shared/config-check.ts';
import type { ConfigTree } from '../../shared/config.ts';
import { mergePatch } from '../../shared/merge-patch.ts';
import { writeModule } from './write-module.ts';

const repo = new URL('../..', import.meta.url).pathname;

/** The profile that the files directly under configs/ make up. */
export const defaultProfile = 'a40-pair';

interface Source {
  readonly file: string;
  readonly doc: Document;
  readonly lines: LineCounter;
}

export interface CompileResult {
  readonly profiles: Record<string, ConfigTree>;
  /** One line each: file:line: path: message. */
  readonly mistakes: readonly string[];
}

/** Reads and checks every profile below `dir`. */
export function compileConfigs(dir: string): CompileResult {
  const mistakes: string[] = [];
  const profiles: Record<string, ConfigTree> = {};
  const base = readFolder(dir, mistakes);
  const folders = existsSync(join(dir, 'profiles')) ? readdirSync(join(dir, 'profiles')).sort() : [];
  for (const profile of [defaultProfile, ...folders]) {
    const sources = profile === defaultProfile ? base : [...base, ...readFolder(join(dir, 'profiles', profile), mistakes)];
    const tree = sources.reduce<unknown>((merged, source) => mergePatch(merged, source.doc.toJS()), {});
    const checked = checkConfig(tree);
    if (checked.ok) profiles[profile] = checked.config;
    else mistakes.push(...checked.mistakes.map((mistake) => locate(profile, sources, mistake)));
  }
  return { profiles, mistakes };
}

function readFolder(dir: string, mistakes: string[]): Source[] {
  const files = readdirSync(dir).filter((name) => name.endsWith('.yaml'));
  return files.sort().map((name) => {
    const file = join(dir, name);
    const lines = new LineCounter();
    const doc = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines });
    for (const error of doc.errors)
      mistakes.push(`${relative(repo, file)}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
    return { file, doc, lines };
  });
}

/** Finds the deepest part of the mistake's path that some file has; the later file wins, since it patched the earlier. */
function locate(profile: string, sources: readonly Source[], mistake: ConfigMistake): string {
  let best: { source: Source; offset: number; depth: number } | undefined;
  for (const source of sources) {
    const found = deepest(source.doc.contents, mistake.path);
    if (found !== undefined && (best === undefined || found.depth >= best.depth)) best = { source, ...found };
  }
  const where =
    best === undefined ? 'configs' : `${relative(repo, best.source.file)}:${best.source.lines.linePos(best.offset).line}`;
  return `${where}: ${mistake.path.join('.') || '(root)'}: ${mistake.message} [profile ${profile}]`;
}

function deepest(node: Node | null, path: readonly (string | number)[]): { offset: number; depth: number } | undefined {
  let offset = node?.range?.[0];
  let depth = 0;
  let current: unknown = node;
  for (const key of path) {
    if (isMap(current)) {
      const pair = current.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      if (isScalar(pair.key) && pair.key.range) offset = pair.key.range[0];
      current = pair.value;
    } else if (isSeq(current) && typeof key === 'number' && current.items[key] !== undefined) {
      current = current.items[key];
      const item = current;
      if (isScalar(item) && item.range) offset = item.range[0];
    } else break;
    depth += 1;
  }
  return offset === undefined || (path.length > 0 && depth === 0) ? undefined : { offset, depth };
}

function main(): void {
  const { values } = parseArgs({
    options: {
      configs: { type: 'string', default: join(repo, 'configs') },
      out: { type: 'string', default: join(repo, 'worker/generated/config.ts') },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(
      'Compiles configs/*.yaml into the Worker.\n\n  node infra/config/compile.ts [--configs DIR] [--out FILE] [--check]\n\n  --check   only validate, write nothing',
    );
    return;
  }
  const { profiles, mistakes } = compileConfigs(values.configs);
  if (mistakes.length > 0) {
    console.error(`The configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n`);
    for (const mistake of mistakes) console.error(`  ${mistake}`);
    process.exitCode = 1;
    return;
  }
  if (values.check) return;
  const source = writeModule(defaultProfile, profiles);
  mkdirSync(dirname(values.out), { recursive: true });
  if (!existsSync(values.out) || readFileSync(values.out, 'utf8') !== source) writeFileSync(values.out, source);
}

if (import.meta.main) main();
