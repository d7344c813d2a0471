/** The doctor: a deployment in order has nothing against it; each planted mistake is found, at its line, with what mends it. */
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { checks, examine } from '../../../infra/doctor/checks.ts';
import type { SeenSecrets } from '../../../infra/doctor/finding.ts';
import { secretNames } from '../../../infra/doctor/read-facts.ts';
import { findingLines, verdictLine } from '../../../infra/doctor/show.ts';
import { placeOf } from '../../../infra/doctor/toml-place.ts';
import { readRepoFile } from '../../../infra/graph/source-files.ts';
import { answered, facts, fromFile, withSecrets } from '../../support/fakes/doctor-facts.ts';
import { plantedElsewhere } from './planted-elsewhere.ts';
import { plantedSettings } from './planted-settings.ts';

const rows = [...plantedSettings, ...plantedElsewhere];
const lineOf = (text: string, part: string, from = 0): number => text.slice(0, text.indexOf(part, from)).split('\n').length;

it('a deployment with everything answered has nothing against it', () => {
  expect(examine(facts())).toEqual([]);
});

it('the shipped files lack only what an operator has to say', () => {
  const tomlText = readRepoFile('wrangler.toml');
  const found = examine(facts({ tomlText, toml: parse(tomlText) }));
  expect(new Set(found.map(({ check }) => check))).toEqual(new Set(['settings', 'reached']));
  expect(examine(facts({ tomlText, toml: parse(tomlText) }), true)).toEqual([]);
});

describe('a planted mistake is found, with its place and its remedy', () => {
  it.each(rows)('%s', (_, make, check, where, what, fix) => {
    const found = examine(make()).filter((one) => one.check === check);
    const match = found.find((one) => what.test(one.what)) ?? found[0];
    expect(match?.what ?? 'nothing was found').toMatch(what);
    expect(match?.where).toMatch(where);
    expect(match?.fix).toMatch(fix);
  });

  it('by every check of the table', () => {
    expect(checks.map(({ id }) => id).filter((id) => !rows.some(([, , check]) => check === id))).toEqual([]);
  });
});

describe('the place of a mistake', () => {
  it.each([
    ['a var of production', ['env', 'production', 'vars', 'SMALL_UPSTREAM_URL'], 'SMALL_UPSTREAM_URL', '[env.production.vars]'],
    ['a rate limit of production', ['env', 'production', 'ratelimits', 0, 'namespace_id'], 'namespace_id = "1003"', ''],
    ['a key of the top', ['compatibility_date'], 'compatibility_date', ''],
    ['the block, where the key is not there', ['env', 'staging', 'vars', 'NOT_THERE'], '[env.staging.vars]', ''],
  ] as const)('is the line of %s', (_, path, part, after) => {
    const from = after === '' ? 0 : answered.indexOf(after);
    expect(placeOf(answered, path)).toBe(`wrangler.toml:${lineOf(answered, part, from)}`);
  });
});

describe('what is printed', () => {
  it('is one line for the mistake and one for the remedy, errors first, and a verdict', () => {
    const found = examine(
      facts({ secrets: { staging: fromFile(), production: { from: 'nowhere', why: 'not asked', values: {} } }, startupMs: 500 }),
    );
    const lines = findingLines(found);
    expect(lines[0]).toMatch(/^✗ worker\/: .*\[start-up\]$/);
    expect(lines.at(-2)).toMatch(/^· secrets of production: .*\[seen-secrets\]$/);
    expect(verdictLine(found, ['staging', 'production'], 3)).toBe(
      '3 checks of staging and production: not deployable yet, 1 mistake, 1 note.',
    );
    expect(verdictLine([], ['staging'], 1)).toBe('1 checks of staging: nothing stands against a deployment.');
  });

  it('holds no value of a secret', () => {
    const values = { ADMIN_TOKEN: 'change-me-canary', UPSTREAM_API_KEY: 'stand-in-canary', ACCESS_CLIENT_ID: 'canary' };
    expect(JSON.stringify(examine(withSecrets(values)))).not.toContain('canary');
  });
});

describe('names of secrets in the account', () => {
  it.each([
    ['[{"name":"ADMIN_TOKEN","type":"secret_text"}]', ['ADMIN_TOKEN']],
    ['⛅️ wrangler\n[\n  {"name": "A", "type": "secret_text"}\n]\n', ['A']],
    ['[]', []],
    ['▲ [WARNING] An update is there\n[{"name": "A"}]', ['A']],
    ['no list', null],
    ['[broken', null],
  ])('are read from %j', (output, names) => {
    expect(secretNames(output)).toEqual(names);
  });

  it('stand for values that nobody can see, and a missing one is a mistake', () => {
    const account = (values: Record<string, null>): SeenSecrets => ({ from: 'account', why: '', values });
    const all = { ADMIN_TOKEN: null, UPSTREAM_API_KEY: null, ACCESS_CLIENT_ID: null, ACCESS_CLIENT_SECRET: null };
    const { ADMIN_TOKEN: _left, ...rest } = all;
    const errors = (values: Record<string, null>) =>
      examine(facts({ secrets: { staging: fromFile(), production: account(values) } })).filter(({ level }) => level === 'error');
    expect(errors(all)).toEqual([]);
    expect(errors(rest)).toMatchObject([{ check: 'settings', what: expect.stringContaining('ADMIN_TOKEN is not set') }]);
  });
});

it('the script that continuous integration runs is this one', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  expect(scripts['deploy:check']).toBe(scripts['doctor']);
});
