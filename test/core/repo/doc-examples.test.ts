/** TypeScript in the pages that users copy from: compiled as in a project of theirs, strict, against the packages of this repository. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readRepoFile } from '../../../infra/graph/source-files.ts';

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const flags = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node', '--skipLibCheck'];

function examplesIn(page: string): string[] {
  return [...readRepoFile(page).matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code);
}

/** What the compiler says about the examples together; nothing when they are right. */
function compile(examples: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-examples-'));
  try {
    symlinkSync(modules, join(folder, 'node_modules'), 'junction');
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const files = examples.map((code, index) => {
      const file = `example-${index + 1}.ts`;
      writeFileSync(join(folder, file), code);
      return file;
    });
    const compiler = join(modules, 'typescript/bin/tsc');
    const { stdout, stderr } = spawnSync(process.execPath, [compiler, ...flags, ...files], { cwd: folder, encoding: 'utf8' });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('TypeScript that users copy', () => {
  it.each(['README.md', 'docs/clients.md'])('compiles under --strict: %s', { timeout: 60_000 }, (page) => {
    const examples = examplesIn(page);
    expect(examples.length).toBeGreaterThan(0);
    expect(compile(examples)).toBe('');
  });

  it('is refused when it does not compile', { timeout: 60_000 }, () => {
    expect(compile(["import OpenAI from 'openai';\nnew OpenAI().nonsense();\n"])).toContain('nonsense');
  });
});
