/** Mistakes in what an operator says: addresses, secrets, names. */
import type { Facts } from '../../../infra/doctor/finding.ts';
import { configWith } from '../../support/fakes/config.ts';
import { facts, fromFile, planted, secrets, withSecrets, without } from '../../support/fakes/doctor-facts.ts';

/** What was planted; the facts; the check that finds it; what it says of the place; of the mistake; of the remedy. */
export type Planted = readonly [mistake: string, facts: () => Facts, check: string, where: RegExp, what: RegExp, fix: RegExp];

export const plantedSettings: readonly Planted[] = [
  [
    'an address that is an example',
    () => planted('https://small.models.acme.dev', 'https://small.models.example.com'),
    'settings',
    /^wrangler\.toml:\d+$/,
    /^production: SMALL_UPSTREAM_URL is a placeholder/,
    /model server's own hostname.*\[env\.production\.vars\]/,
  ],
  [
    'no address for a model server',
    () => planted(/^LARGE_UPSTREAM_URL.*\n/m, ''),
    'settings',
    /^wrangler\.toml:\d+$/,
    /LARGE_UPSTREAM_URL is not set/,
    /Write LARGE_UPSTREAM_URL = "https:/,
  ],
  [
    'an address with a path',
    () => planted('https://small.models.acme.dev', 'https://small.models.acme.dev/v1'),
    'settings',
    /^wrangler\.toml:\d+$/,
    /origin without a path/,
    /https:\/\/host, with nothing behind/,
  ],
  [
    "an address in one's own network",
    () => planted('https://small.models.acme.dev', 'http://192.168.1.20:8001'),
    'reachable',
    /^wrangler\.toml:\d+$/,
    /192\.168\.1\.20, an address that Cloudflare's network cannot reach/,
    /through the tunnel/,
  ],
  [
    'an address without encryption',
    () => planted('https://small.models.acme.dev', 'http://small.models.acme.dev'),
    'reachable',
    /^wrangler\.toml:\d+$/,
    /in the clear/,
    /https:\/\/ address/,
  ],
  [
    'no admin token',
    () => withSecrets(without('ADMIN_TOKEN')),
    'settings',
    /^secrets of production$/,
    /ADMIN_TOKEN is not set/,
    /openssl rand .* secret put ADMIN_TOKEN --env production$/,
  ],
  [
    'half a service token',
    () => withSecrets(without('ACCESS_CLIENT_SECRET')),
    'settings',
    /^secrets of production$/,
    /go together/,
    /service token in Zero Trust/,
  ],
  [
    'a published admin token',
    () => withSecrets({ ...secrets, ADMIN_TOKEN: 'change-me-admin-token' }),
    'settings',
    /^secrets of production$/,
    /ADMIN_TOKEN is a published example/,
    /openssl rand .* ADMIN_TOKEN --env production/,
  ],
  [
    "a stand-in's key",
    () => withSecrets({ ...secrets, UPSTREAM_API_KEY: 'stand-in-vllm-key' }),
    'settings',
    /^secrets of production$/,
    /UPSTREAM_API_KEY is a published example/,
    /secret put UPSTREAM_API_KEY --env production/,
  ],
  [
    'a key that exists from the start',
    () => withSecrets({ ...secrets, BOOTSTRAP_API_KEY: 'h2kV8pW4nX6qD1sM' }),
    'settings',
    /^secrets of production$/,
    /BOOTSTRAP_API_KEY is for development only/,
    /secret delete BOOTSTRAP_API_KEY --env production/,
  ],
  [
    "a model server's own key that is not there",
    () => facts({ profiles: { 'a40-pair': configWith({ upstreams: { large: { key_var: 'LARGE_SERVER_KEY' } } }) } }),
    'settings',
    /^secrets of staging$/,
    /LARGE_SERVER_KEY is not set/,
    /secret put LARGE_SERVER_KEY --env staging/,
  ],
  [
    "a model server's own key that no deployment asks for",
    () => facts({ profiles: { 'a40-pair': configWith({ upstreams: { large: { key_var: 'LARGE_SERVER_KEY' } } }) } }),
    'required-secrets',
    /^wrangler\.toml:\d+$/,
    /LARGE_SERVER_KEY to a model server/,
    /Add "LARGE_SERVER_KEY" to required/,
  ],
  [
    'secrets that could not be seen',
    () =>
      facts({
        secrets: { staging: fromFile(), production: { from: 'nowhere', why: 'wrangler is not logged in', values: {} } },
      }),
    'seen-secrets',
    /^secrets of production$/,
    /could not be seen \(wrangler is not logged in\)/,
    /--secrets-file FILE/,
  ],
  [
    'a secret among the vars',
    () => planted('CONFIG_PROFILE', 'UPSTREAM_API_KEY = "h7pL4cD1fG6jS0aY"\nCONFIG_PROFILE'),
    'plain-secrets',
    /^wrangler\.toml:\d+$/,
    /UPSTREAM_API_KEY is a secret in plain text/,
    /secret put UPSTREAM_API_KEY/,
  ],
  [
    'a profile that does not exist',
    () => planted('CONFIG_PROFILE = "a40-pair"', 'CONFIG_PROFILE = "a40-pairs"'),
    'settings',
    /^wrangler\.toml:\d+$/,
    /CONFIG_PROFILE is "a40-pairs"; profiles are/,
    /Name one of them/,
  ],
  [
    'a pod without the key of its provider',
    () => {
      const pods = { a40: { provider: 'runpod', id_var: 'RUNPOD_POD_ID', upstreams: ['small', 'large'] } };
      const { tomlText } = planted('CONFIG_PROFILE', 'RUNPOD_POD_ID = "abc123def456"\nCONFIG_PROFILE');
      return facts({ tomlText, profiles: { 'a40-pair': configWith({ pods }) } });
    },
    'settings',
    /^secrets of production$/,
    /RUNPOD_API_KEY is not set; it holds the API key of the provider of pod a40/,
    /npx wrangler secret put RUNPOD_API_KEY --env production/,
  ],
  [
    'overrides in production',
    () => planted('CONFIG_PROFILE', `CONFIG_OVERRIDES = '{"limits":{"max_n":2}}'\nCONFIG_PROFILE`),
    'settings',
    /^wrangler\.toml:\d+$/,
    /CONFIG_OVERRIDES is refused in production/,
    /npm run config -- set/,
  ],
  [
    'another variable with an example',
    () => planted('CONFIG_PROFILE', 'OTLP_ENDPOINT = "https://collector.example.com"\nCONFIG_PROFILE'),
    'placeholders',
    /^wrangler\.toml:\d+$/,
    /OTLP_ENDPOINT still has an example/,
    /Put your own/,
  ],
  [
    "staging that asks production's servers",
    () => planted('https://small.staging.acme.dev', 'https://small.models.acme.dev', '[env.staging]'),
    'own-servers',
    /^wrangler\.toml:\d+$/,
    /both ask https:\/\/small\.models\.acme\.dev/,
    /max_in_flight/,
  ],
];
