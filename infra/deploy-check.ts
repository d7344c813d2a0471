/**
 * `npm run deploy:check`: a dry-run deployment of every environment. Fails on any warning and on a bundle over its budget; prints upload
 * and start-up size. It proves nothing about an account: resource ids, Access policies and domains are not looked at.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { repoFolder } from './wrangler.ts';

const gzipBudgetKiB = 120;
const environments = ['', 'staging', 'production'];

if (process.argv.includes('--help')) {
  console.log(`npm run deploy:check\n\nDry-run deployment of every environment; at most ${gzipBudgetKiB} KiB gzip.`);
  process.exit(0);
}

let hasFailed = false;
for (const environment of environments) {
  const out = mkdtempSync(join(tmpdir(), 'pointsman-bundle-'));
  const { stdout, stderr, status } = spawnSync('wrangler', ['deploy', '--dry-run', '--env', environment, '--outdir', out], {
    cwd: repoFolder,
    encoding: 'utf8',
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', FORCE_COLOR: '0', NO_COLOR: '1' },
    shell: process.platform === 'win32',
  });
  const output = `${stdout}${stderr}`;
  const warnings = output.split('\n').filter((line) => /warning|▲/i.test(line));
  const name = environment === '' ? 'development' : environment;
  if (status !== 0 || warnings.length > 0) {
    hasFailed = true;
    console.error(`${name}: ${status === 0 ? 'warnings' : 'failed'}\n${output}`);
    continue;
  }
  const bundle = readFileSync(join(out, 'index.js'));
  rmSync(out, { recursive: true });
  const gzipKiB = gzipSync(bundle).byteLength / 1024;
  const isOver = gzipKiB > gzipBudgetKiB;
  hasFailed ||= isOver;
  console.log(
    `${name.padEnd(12)} ${(bundle.byteLength / 1024).toFixed(0)} KiB, ${gzipKiB.toFixed(1)} KiB gzip` +
      `${isOver ? ` (over the budget of ${gzipBudgetKiB})` : ''}, no warnings`,
  );
}
process.exit(hasFailed ? 1 : 0);
