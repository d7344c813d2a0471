/** docs/tour.md, walked: its blocks are applied to a copy of the repository in their order, and its commands run there. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, it } from 'vitest';
import { readRepoFile } from '../../../infra/graph/source-files.ts';
import { repoFolder } from '../../../infra/wrangler.ts';

const copied = ['worker', 'shared', 'configs', 'infra', 'test', 'bench', 'docs', 'package.json', 'tsconfig.json'];
const blocks = [...readRepoFile('docs/tour.md').matchAll(/^```(diff|sh tour)\n(.*?)^```/gms)].map(([, kind = '', text = '']) => ({
  kind,
  text,
}));

it('every step of the tour works as it is printed', { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-tour-'));
  try {
    for (const name of copied) cpSync(join(repoFolder, name), join(folder, name), { recursive: true });
    symlinkSync(join(repoFolder, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const path = [join(repoFolder, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);
    for (const { kind, text } of blocks) {
      const [command, ...args] = kind === 'diff' ? ['git', 'apply', '-'] : ['bash', '-euo', 'pipefail', '-c', text];
      // A repository around the folder must not decide what may be applied in it.
      const env = { ...process.env, PATH: path, GIT_CEILING_DIRECTORIES: tmpdir(), VITEST: '' };
      const { status, stdout, stderr } = spawnSync(command ?? '', args, { cwd: folder, env, encoding: 'utf8', input: text });
      expect([text, status, status === 0 ? '' : stdout + stderr]).toEqual([text, 0, '']);
    }
    expect(blocks.map(({ kind }) => kind)).toEqual(['diff', 'sh tour', 'diff', 'diff', 'sh tour', 'sh tour', 'diff', 'sh tour']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
