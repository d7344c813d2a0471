/** The repository's own files: everything except installed packages and what .gitignore excludes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';

const repo = fileURLToPath(new URL('../..', import.meta.url));
const ignored = new Set([
  'node_modules',
  '.git',
  '.wrangler',
  '.cache',
  'tmp',
  'dist',
  'coverage',
  'generated',
  '.dev.vars',
  '.env',
]);
const binary = /\.(?:png|jpe?g|webp|gif|ico|woff2?|wasm|bin|gz|zip)$/;

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  /** As written for packages; for files of this repository their path from its root. */
  readonly target: string;
  readonly isTypeOnly: boolean;
}

export function readRepoFile(path: string): string {
  return readFileSync(join(repo, path), 'utf8');
}

/** Text files whose path matches, sorted. */
export function filesMatching(pattern: RegExp): SourceFile[] {
  return allPaths('')
    .filter((path) => pattern.test(path) && !binary.test(path))
    .sort()
    .map((path) => ({ path, text: readRepoFile(path) }));
}

function allPaths(folder: string): string[] {
  return readdirSync(join(repo, folder), { withFileTypes: true })
    .filter(({ name }) => !ignored.has(name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? allPaths(path) : entry.isFile() ? [path] : [];
    });
}

/** Every import, re-export and dynamic import of a TypeScript file. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const code = withoutComments(text);
  const statements = [...code.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm)];
  const dynamic = [...code.matchAll(/\bimport\(\s*'([^']+)'/g)];
  return [
    ...statements.map(([, type, target = '']) => ({ target: resolve(path, target), isTypeOnly: type !== undefined })),
    ...dynamic.map(([, target = '']) => ({ target: resolve(path, target), isTypeOnly: false })),
  ];
}

/** Code without block comments and without line comments; addresses in strings (`https://…`) stay. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

function resolve(from: string, target: string): string {
  return target.startsWith('.') ? join(from, '..', target) : target;
}
