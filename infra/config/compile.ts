/**
 * Turns configs/*.yaml and configs/profiles/* into worker/generated/config.ts, so that the Worker ships no YAML parser (parsing cost
 * 2.2 ms and 98 kB; the same tree as an object literal 12 µs). A mistake names file, line, path and what was expected, and the
 * process ends non-zero: nothing starts or deploys with a broken configuration.
 *
 *   node infra/config/compile.ts [--configs DIR] [--out FILE] [--check]
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { type Document, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { checkConfig, type ConfigMistake } from '../../shared/config-check.ts';
import type { ConfigTree } from '../../shared/config.ts';
import { mergePatch } from '../../shared/merge-patch.ts';
import { dialects } from '../../worker/core/upstreams/registry.ts';
import { readCommandLine, runCommand } from '../command-line.ts';
import { suggestion } from './suggestion.ts';
import { writeModule } from './write-module.ts';

const repo = fileURLToPath(new URL('../..', import.meta.url));

/** The profile in the files directly under configs/. */
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
  const profiles: Record<string, ConfigTree> = {};
  const base = readFolder(dir, requiredFiles);
  const unreadable = [...base.mistakes];
  // A mistake in the files that all profiles share is found in every profile but reported once.
  const profilesByMistake = new Map<string, string[]>();
  const folders = existsSync(join(dir, 'profiles')) ? readdirSync(join(dir, 'profiles')).sort() : [];
  for (const profile of [defaultProfile, ...folders]) {
    const own = profile === defaultProfile ? { sources: [], mistakes: [] } : readFolder(join(dir, 'profiles', profile), []);
    unreadable.push(...own.mistakes);
    if (unreadable.length > 0) continue;
    const sources = [...base.sources, ...own.sources];
    const tree = sources.reduce<unknown>((merged, source) => mergePatch(merged, source.doc.toJS()), {});
    const checked = checkConfig(tree, Object.keys(dialects));
    if (checked.ok) profiles[profile] = checked.config;
    else {
      for (const mistake of checked.mistakes) {
        const text = locate(sources, mistake);
        profilesByMistake.set(text, [...(profilesByMistake.get(text) ?? []), profile]);
      }
    }
  }
  const wrong = [...profilesByMistake].map(([text, [first, ...others]]) =>
    first === defaultProfile ? text : `${text} [profile ${[first, ...others].join(', ')}]`,
  );
  return { profiles, mistakes: [...unreadable, ...wrong] };
}

/** The files of the default profile. A missing or empty one is reported as such, not as fifty missing keys. */
const requiredFiles = ['limits.yaml', 'models.yaml', 'routing.yaml'];

function readFolder(dir: string, required: readonly string[]): { readonly sources: Source[]; readonly mistakes: string[] } {
  const files = readdirSync(dir).filter((name) => /\.ya?ml$/.test(name));
  const mistakes = required
    .filter((name) => !files.includes(name))
    .map((name) => `${relative(repo, join(dir, name))}: the file is missing`);
  const sources = files.sort().map((name) => {
    const file = join(dir, name);
    const lines = new LineCounter();
    const doc = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines });
    const where = relative(repo, file);
    for (const error of doc.errors)
      mistakes.push(`${where}:${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`);
    if (doc.errors.length === 0 && !isMap(doc.contents)) {
      mistakes.push(`${where}: ${doc.contents === null ? 'the file is empty' : 'expected keys and values'}`);
    }
    return { file, doc, lines };
  });
  return { sources, mistakes };
}

/** Finds the deepest part of the mistake's path that a file contains; the later file wins, since it patches the earlier. */
function locate(sources: readonly Source[], mistake: ConfigMistake): string {
  let best: { source: Source; offset: number; depth: number } | undefined;
  for (const source of sources) {
    const found = deepest(source.doc.contents, mistake.path);
    if (found !== undefined && (best === undefined || found.depth >= best.depth)) best = { source, ...found };
  }
  const where =
    best === undefined ? 'configs' : `${relative(repo, best.source.file)}:${best.source.lines.linePos(best.offset).line}`;
  return `${where}: ${mistake.path.join('.') || '(root)'}: ${mistake.message}${suggestion(mistake)}`;
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

export function describeMistakes(mistakes: readonly string[]): string {
  const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
  return `The configuration has ${count}:\n\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}\n`;
}

/** Set in the environment of a running gateway: an edit with a mistake is reported, and the last good module stays. */
export const keepsLastConfig = 'POINTSMAN_KEEPS_LAST_CONFIG';

const help = `Compiles configs/*.yaml into the Worker.

  node infra/config/compile.ts [--configs DIR] [--out FILE] [--check]

  --check   only validate, write nothing`;

const outFile = join(repo, 'worker/generated/config.ts');

/** Checks every profile and writes the module. False when there is a mistake that must stop what comes next; it has been told then. */
export function writeConfig(
  options: { readonly configs?: string; readonly out?: string; readonly check?: boolean } = {},
): boolean {
  const { configs = join(repo, 'configs'), out = outFile, check = false } = options;
  const { profiles, mistakes } = compileConfigs(configs);
  if (mistakes.length > 0) {
    console.error(describeMistakes(mistakes));
    const keepsLast = process.env[keepsLastConfig] !== undefined && existsSync(out);
    if (keepsLast) console.error('The last good configuration stays in use.');
    return keepsLast;
  }
  if (check) return true;
  const source = writeModule(defaultProfile, profiles, packageVersion());
  mkdirSync(dirname(out), { recursive: true });
  if (!existsSync(out) || readFileSync(out, 'utf8') !== source) writeFileSync(out, source);
  return true;
}

/** Of package.json. */
function packageVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(repo, 'package.json'), 'utf8'));
  return version;
}

function main(): void {
  const { values } = readCommandLine({
    name: 'node infra/config/compile.ts',
    help,
    options: {
      configs: { type: 'string', default: join(repo, 'configs') },
      out: { type: 'string', default: outFile },
      check: { type: 'boolean', default: false },
    },
  });
  if (!writeConfig(values)) process.exitCode = 1;
}

if (import.meta.main) await runCommand(main);
