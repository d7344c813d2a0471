/** What `wrangler deploy` does where nobody says which environment. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { repoFolder } from '../../infra/wrangler.ts';

test('a plain wrangler deploy would upload development, without any address, and wrangler warns', () => {
  const args = ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--dry-run'];
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', FORCE_COLOR: '0' };
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: repoFolder, encoding: 'utf8', env });
  const output = stdout + stderr;
  expect(output).toContain('no target environment was specified for the deploy command');
  expect(output).toMatch(/env\.ENVIRONMENT \("development"\)/);
  expect(output).toMatch(/--dry-run: exiting now/);
}, 120_000);
