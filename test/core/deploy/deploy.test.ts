/** What a deployment does before it does it: which environment is meant, which commands run, and what a plain `wrangler deploy` would publish. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addressIn, environmentOf, gradualLines, wranglerArguments } from '../../../infra/deploy/plan.ts';
import { smokeLines, smokeRows } from '../../../infra/deploy/smoke.ts';
import { readRepoFile } from '../../../infra/graph/source-files.ts';
import { repoFolder } from '../../../infra/wrangler.ts';
import { routesOf } from '../../../worker/app.ts';
import { surfaces } from '../../../worker/core/surfaces/registry.ts';

const plain = { env: 'staging', isDryRun: false, isGradual: false, secretsFile: undefined, commit: null, isWorkersBuild: false };

describe('the environment', () => {
  it.each([
    ['staging', false, 'staging'],
    ['production', false, 'production'],
    [undefined, false, null],
    ['development', false, null],
    ['', false, null],
    [undefined, true, 'staging'],
    ['production', true, 'production'],
    ['prod', true, null],
  ])('--env %j, in Workers Builds: %j → %j', (env, isWorkersBuild, expected) => {
    expect(environmentOf({ env, isWorkersBuild })).toBe(expected);
  });

  it('is asked for, in one sentence, before anything runs', () => {
    const { WORKERS_CI: _, ...env } = process.env;
    const { status, stderr, stdout } = spawnSync(process.execPath, [join(repoFolder, 'infra/deploy/cli.ts')], {
      encoding: 'utf8',
      env,
    });
    expect({ status, stderr, stdout }).toEqual({
      status: 2,
      stdout: '',
      stderr: '--env is needed: expected staging or production. Development is not deployed.\n',
    });
  });
});

describe('the command', () => {
  it.each([
    ['a deployment', {}, 'deploy --env staging'],
    ['a dry run', { isDryRun: true }, 'deploy --env staging --dry-run'],
    ['a gradual one', { isGradual: true }, 'versions upload --env staging'],
    [
      'with secrets and a commit',
      { secretsFile: '.secrets', commit: '0123abc' },
      'deploy --env staging --secrets-file .secrets --var BUILD_COMMIT:0123abc',
    ],
  ])('of %s', (_, patch, expected) => {
    expect(wranglerArguments('staging', { ...plain, ...patch }).join(' ')).toBe(expected);
  });

  it('of a gradual one is followed by those for shares and for the way back, in the same environment', () => {
    const lines = gradualLines('production').filter((line) => line.includes('npx wrangler'));
    expect(lines.length).toBe(4);
    expect(lines.filter((line) => !line.endsWith('--env production'))).toEqual([]);
  });
});

it.each([
  [
    'Deployed pointsman-staging triggers (1.2 sec)\n  https://pointsman-staging.acme.workers.dev\n',
    'https://pointsman-staging.acme.workers.dev',
  ],
  ['Deployed triggers\n  gateway.acme.dev (custom domain)\n', 'https://gateway.acme.dev'],
  ['Deployed triggers\n  gateway.acme.dev (custom domain - zone name: acme.dev)\n', 'https://gateway.acme.dev'],
  ['No targets deployed for pointsman', null],
])('the address in %j is %j', (output, address) => expect(addressIn(output)).toBe(address));

describe('a plain wrangler deploy', () => {
  it('would upload development, which has no address: nothing is published by mistake', () => {
    const toml = readRepoFile('wrangler.toml').split('[env.staging]')[0] ?? '';
    expect(toml).toMatch(/^workers_dev = false$/m);
    expect(toml).toMatch(/^preview_urls = false$/m);
    expect(toml).not.toMatch(/^routes? = /m);
  });
});

describe('the smoke test', () => {
  it('asks every route of the table, and no other', () => {
    const routes = routesOf(surfaces).map(([method, path]) => `${method} ${path}`);
    expect(smokeRows.map(({ method, route }) => `${method} ${route}`).toSorted()).toEqual(routes.toSorted());
  });

  it('resets, rotates and deletes nothing that is not its own', () => {
    const dangerous = smokeRows.filter(
      ({ method, route, as, query }) =>
        as === 'admin' && method !== 'GET' && !route.startsWith('/admin/keys') && query !== 'dry_run=true',
    );
    expect(dangerous.map(({ route }) => route)).toEqual(['/admin/feed/ticket']);
  });

  it('says which route is not as it should be', () => {
    const [row, other] = smokeRows;
    if (row === undefined || other === undefined) throw new Error('no rows');
    const lines = smokeLines([
      { row, status: 200, problem: null },
      { row: other, status: 503, problem: 'expected 200: not_ready' },
    ]);
    expect(lines).toEqual(['✗ GET /readyz: 503, expected 200: not_ready', '1 of 2 routes answer as they should.']);
  });
});
