/** What staging and production refuse to run with, and `npm run doctor` to deploy. */
import { describe, expect, it } from 'vitest';
import { mistakesOf, readSecretsFile } from '../../../infra/doctor/settings.ts';
import { lacking } from '../../../worker/readiness.ts';
import { configWith, shippedTree } from '../../support/fakes/config.ts';
import { readRepoFile } from '../../../infra/graph/source-files.ts';

const profiles = { 'a40-pair': shippedTree() };
const complete = {
  ENVIRONMENT: 'production',
  CONFIG_PROFILE: 'a40-pair',
  SMALL_UPSTREAM_URL: 'https://small.models.acme.dev',
  LARGE_UPSTREAM_URL: 'https://large.models.acme.dev',
  ADMIN_TOKEN: 'k3vQ9xT2mW8zR5bN',
  UPSTREAM_API_KEY: 'h7pL4cD1fG6jS0aY',
  ACCESS_CLIENT_ID: '0a1b2c.access',
  ACCESS_CLIENT_SECRET: '9f8e7d6c5b4a',
};

const without = (name: keyof typeof complete): Record<string, string> => {
  const { [name]: _left, ...rest } = complete;
  return rest;
};

describe.each(['staging', 'production'])('%s', (environment) => {
  const mistakes = (patch: Record<string, string>): string[] =>
    mistakesOf({ ...complete, ENVIRONMENT: environment, ...patch }, profiles);

  it('runs with settings of its own', () => {
    expect(mistakes({})).toEqual([]);
  });

  it.each(['ADMIN_TOKEN', 'UPSTREAM_API_KEY', 'ACCESS_CLIENT_SECRET'])('refuses a published value as %s', (name) => {
    for (const value of [
      'change-me-admin-token',
      'pointsman-local-admin',
      'pointsman-local-key',
      'stand-in-vllm-key',
      'stand-in-access-secret',
    ]) {
      expect(mistakes({ [name]: value })).toEqual([`${name} is a published example; create your own.`]);
    }
  });

  it.each(['https://small.models.example.com', 'https://example.org', 'https://small.invalid', 'https://a.test'])(
    'refuses the placeholder %s',
    (address) => {
      expect(mistakes({ SMALL_UPSTREAM_URL: address })).toEqual([expect.stringContaining('SMALL_UPSTREAM_URL is a placeholder')]);
    },
  );

  it.each([
    'https://example.com.acme.dev',
    'https://test.acme.dev',
    'http://10.0.0.5:8001',
    'http://127.0.0.1:8001',
    'https://contest.acme.dev',
  ])('takes the address %s', (address) => {
    expect(mistakes({ SMALL_UPSTREAM_URL: address })).toEqual([]);
  });
});

describe('production', () => {
  it('needs an admin token, or Access for operators', () => {
    expect(mistakesOf(without('ADMIN_TOKEN'), profiles)).toEqual([expect.stringContaining('ADMIN_TOKEN is not set')]);
    const byAccess = { ...without('ADMIN_TOKEN'), ACCESS_TEAM_DOMAIN: 'acme.cloudflareaccess.com', ACCESS_AUD: 'aud' };
    expect(mistakesOf(byAccess, profiles)).toEqual([]);
  });

  it('needs the service token of the tunnel', () => {
    const { ACCESS_CLIENT_ID: _id, ACCESS_CLIENT_SECRET: _secret, ...rest } = complete;
    expect(mistakesOf(rest, profiles)).toEqual([
      expect.stringContaining('ACCESS_CLIENT_ID and ACCESS_CLIENT_SECRET are not set'),
    ]);
  });

  it('needs an address for every upstream', () => {
    expect(mistakesOf(without('LARGE_UPSTREAM_URL'), profiles)).toEqual([
      expect.stringContaining('LARGE_UPSTREAM_URL is not set'),
    ]);
  });
});

describe('an upstream with a key of its own', () => {
  const own = { 'a40-pair': configWith({ upstreams: { large: { key_var: 'LARGE_SERVER_KEY' } } }) };

  it('is ready when its secret is there, with the other one or without', () => {
    const values = { ...complete, LARGE_SERVER_KEY: 'v6nB3xZ9' };
    expect(mistakesOf(values, own)).toEqual([]);
    const { UPSTREAM_API_KEY: _left, ...rest } = values;
    expect(mistakesOf(rest, own)).toEqual([]);
  });

  it.each([undefined, '', ' '])('is not ready without it: %j', (LARGE_SERVER_KEY) => {
    const values = LARGE_SERVER_KEY === undefined ? complete : { ...complete, LARGE_SERVER_KEY };
    expect(mistakesOf(values, own)).toEqual(['LARGE_SERVER_KEY is not set; it holds the API key of a model server.']);
    expect(mistakesOf({ ...values, ENVIRONMENT: 'development' }, own)).toEqual([]);
  });

  it('must not have a published one', () => {
    expect(mistakesOf({ ...complete, LARGE_SERVER_KEY: 'stand-in-vllm-key' }, own)).toEqual([
      'LARGE_SERVER_KEY is a published example; create your own.',
    ]);
  });
});

it('development starts with examples', () => {
  const values = {
    ENVIRONMENT: 'development',
    CONFIG_PROFILE: 'a40-pair',
    SMALL_UPSTREAM_URL: 'http://127.0.0.1:8001',
    LARGE_UPSTREAM_URL: 'http://127.0.0.1:8002',
  };
  expect(mistakesOf({ ...values, ...readSecretsFile(readRepoFile('.dev.vars.example')) }, profiles)).toEqual([]);
});

it('every token of .dev.vars.example is refused in production', () => {
  const examples = Object.entries(readSecretsFile(readRepoFile('.dev.vars.example'))).filter(([, value]) => value !== '');
  expect(examples.length).toBeGreaterThan(1);
  for (const [, value] of examples) expect(mistakesOf({ ...complete, ADMIN_TOKEN: value }, profiles)).not.toEqual([]);
});

it.each([
  ['lines', '# secrets\nexport A=1\n B = "two words"\n\nC=\'x=y\'\n', { A: '1', B: 'two words', C: 'x=y' }],
  ['JSON', '{"A": "1"}', { A: '1' }],
])('a secrets file may be %s', (_, text, secrets) => {
  expect(readSecretsFile(text)).toEqual(secrets);
});

describe('what /readyz says of it to everybody', () => {
  const bare = { ENVIRONMENT: 'production', CONFIG_PROFILE: 'a40-pair', SMALL_UPSTREAM_URL: 'https://small.example.com' };

  it('is what is missing, by area, without a name or an address', () => {
    const text = lacking(mistakesOf(bare, profiles));
    expect(text).toBe("addresses of model servers, a way in for operators, the tunnel's service token");
  });

  it.each([
    [{ ...complete, ADMIN_TOKEN: 'change-me-admin-token' }, 'secrets that are published examples'],
    [{ ...complete, CONFIG_PROFILE: 'none' }, 'the configuration'],
    [{ ...complete, BOOTSTRAP_API_KEY: 'h2kV8pW4nX6qD1sM' }, 'a setting'],
    [{ ...complete, CONFIG_OVERRIDES: '{}' }, 'the configuration'],
  ])('%#: an area for every kind of mistake', (values, area) => {
    expect(lacking(mistakesOf(values, profiles))).toBe(area);
  });
});
