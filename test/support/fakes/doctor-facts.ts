/** What the doctor looks at when an operator has answered everything, for tests to plant a mistake in. */
import { parse } from 'smol-toml';
import { expect } from 'vitest';
import type { Facts, SeenSecrets } from '../../../infra/doctor/finding.ts';
import { readRepoFile } from '../../../infra/graph/source-files.ts';
import { shippedTree } from './config.ts';

/** wrangler.toml as an operator leaves it who has answered everything. */
export const answered = readRepoFile('wrangler.toml')
  .replaceAll('.example.com', '.acme.dev')
  .replace(
    /^workers_dev = false(?=\n\n\[env\.production\.secrets\])/m,
    'workers_dev = false\nroutes = [{ pattern = "gateway.acme.dev", custom_domain = true }]',
  );

export const secrets = {
  ADMIN_TOKEN: 'k3vQ9xT2mW8zR5bN',
  UPSTREAM_API_KEY: 'h7pL4cD1fG6jS0aY',
  ACCESS_CLIENT_ID: '0a1b2c.access',
  ACCESS_CLIENT_SECRET: '9f8e7d6c5b4a',
};
export const fromFile = (values: Readonly<Record<string, string | null>> = secrets): SeenSecrets => ({
  from: 'file',
  why: '',
  values,
});
export const size = {
  kiB: 900,
  gzipKiB: 300,
  gzipKiBWithoutWeights: 200,
  parts: [{ name: 'worker/core/route', kiB: 90, gzipKiB: 30 }],
};
export const run = { output: '--dry-run: exiting now.', code: 0, bindings: ['HEALTH (Durable Object HealthObject)'], size };
export const runs = { development: run, staging: run, production: run };
export const live = {
  url: 'https://gateway.acme.dev',
  openedBy: [],
  answers: { '/livez': { status: 200, body: '' }, '/readyz': { status: 200, body: '' }, '/stats': { status: 401, body: '' } },
};

export function facts(patch: Partial<Facts> = {}): Facts {
  const tomlText = patch.tomlText ?? answered;
  return {
    tomlText,
    toml: parse(tomlText),
    entry: readRepoFile('worker/index.ts'),
    wanted: ['staging', 'production'],
    profiles: { 'a40-pair': shippedTree() },
    configMistakes: [],
    secrets: { staging: fromFile(), production: fromFile() },
    dryRuns: runs,
    startupMs: 80,
    today: '2026-11-30',
    live,
    ...patch,
  };
}

/** The facts with one text of wrangler.toml replaced; in production's block unless it says otherwise. */
export function planted(from: string | RegExp, to: string, block = '[env.production]'): Facts {
  const at = block === '' ? 0 : answered.indexOf(block);
  const tail = answered.slice(at);
  const changed = tail.replace(from, () => to);
  expect(changed).not.toBe(tail);
  return facts({ tomlText: answered.slice(0, at) + changed });
}

export const withSecrets = (values: Readonly<Record<string, string | null>>): Facts =>
  facts({ secrets: { staging: fromFile(), production: fromFile(values) } });
export const without = (name: keyof typeof secrets): Record<string, string> =>
  Object.fromEntries(Object.entries(secrets).filter(([other]) => other !== name));
