/** The repository's own files, for checks of how something is built rather than what it answers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoFolder } from '../../wrangler.ts';

export interface SourceLine {
  readonly path: string;
  readonly number: number;
  readonly text: string;
}

/** Every line of code of a folder, without comments. */
export function linesIn(folder: string): SourceLine[] {
  return readdirSync(join(repoFolder, folder), { withFileTypes: true }).flatMap((entry): SourceLine[] => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : linesIn(path);
    if (!entry.name.endsWith('.ts')) return [];
    const code = readFileSync(join(repoFolder, path), 'utf8').replace(/\/\*[\s\S]*?\*\//g, (comment) =>
      comment.replace(/[^\n]/g, ''),
    );
    return code.split('\n').map((text, index) => ({ path, number: index + 1, text: text.replace(/(^|\s)\/\/.*$/, '$1') }));
  });
}

export function readRepoFile(path: string): string {
  return readFileSync(join(repoFolder, path), 'utf8');
}

export function linesMatching(folder: string, pattern: RegExp): string[] {
  return linesIn(folder)
    .filter(({ text }) => pattern.test(text))
    .map(({ path, number, text }) => `${path}:${number}: ${text.trim().slice(0, 120)}`);
}
