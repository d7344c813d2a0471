/** Vars and secrets: what is read from them, and the sentence an operator reads about each mistake. */
import { describe, expect, it } from 'vitest';
import { type Env, readOrigin, readSettings, readTargets } from '../../../worker/env.ts';
import { secretsIn } from '../../../worker/secrets.ts';
import { configWith } from '../../support/fakes/config.ts';

const env = (vars: Record<string, unknown>): Env => vars as unknown as Env;
const long = 'a-token-of-some-length';

describe('readSettings', () => {
  it('runs as production when nothing is set, with nothing open', () => {
    expect(readSettings(env({}))).toEqual({
      ok: true,
      value: {
        environment: 'production',
        profile: null,
        configOverrides: null,
        access: null,
        adminToken: null,
        accessLogin: null,
        bootstrapApiKey: null,
        metricsToken: null,
        buildCommit: null,
        traces: { isPlatform: false, otlp: null },
        logsRequests: false,
        postgres: null,
      },
    });
  });

  it('reads everything, trimmed', () => {
    const settings = readSettings(
      env({
        ENVIRONMENT: 'development',
        CONFIG_PROFILE: ' a40-pair\n',
        CONFIG_OVERRIDES: '{"limits":{"max_depth":9}}',
        ACCESS_CLIENT_ID: 'id.access',
        ACCESS_CLIENT_SECRET: 'secret',
        ADMIN_TOKEN: `${long}\n`,
        BOOTSTRAP_API_KEY: long,
        ACCESS_TEAM_DOMAIN: 'team.cloudflareaccess.com',
        ACCESS_AUD: 'aud',
      }),
    );
    expect(settings).toEqual({
      ok: true,
      value: {
        environment: 'development',
        profile: 'a40-pair',
        configOverrides: { limits: { max_depth: 9 } },
        access: { clientId: 'id.access', clientSecret: 'secret' },
        adminToken: long,
        bootstrapApiKey: long,
        metricsToken: null,
        buildCommit: null,
        traces: { isPlatform: false, otlp: null },
        logsRequests: false,
        postgres: null,
        accessLogin: { issuer: 'https://team.cloudflareaccess.com', audience: 'aud' },
      },
    });
  });

  it.each([
    ['empty values count as not set', { ADMIN_TOKEN: '', ACCESS_CLIENT_ID: ' ', CONFIG_OVERRIDES: '' }],
    ['values that are no text count as not set', { ADMIN_TOKEN: 5, CONFIG_OVERRIDES: {} }],
    ['16 characters are enough for a token', { ADMIN_TOKEN: 'x'.repeat(16) }],
    ['512 characters are not too many', { ADMIN_TOKEN: 'x'.repeat(512) }],
    ['overrides in staging', { ENVIRONMENT: 'staging', CONFIG_OVERRIDES: '{}' }],
    ['overrides in production, allowed', { CONFIG_OVERRIDES: '{}', ALLOW_CONFIG_OVERRIDES: 'true' }],
    ['an Access team by its whole address', { ACCESS_TEAM_DOMAIN: 'https://team.cloudflareaccess.com', ACCESS_AUD: 'a' }],
  ])('accepts: %s', (_, vars) => {
    expect(readSettings(env(vars)).ok).toBe(true);
  });

  it.each([
    ['an unknown environment', { ENVIRONMENT: 'test' }, /^ENVIRONMENT is "test"; expected development, staging or production\.$/],
    ['a short admin token', { ADMIN_TOKEN: 'x'.repeat(15) }, /^ADMIN_TOKEN must be 16 to 512/],
    ['an admin token with a space', { ADMIN_TOKEN: `${long} ${long}` }, /^ADMIN_TOKEN must be/],
    ['an admin token that is not ASCII', { ADMIN_TOKEN: `${long}é` }, /^ADMIN_TOKEN must be/],
    ['a short token for metrics', { METRICS_TOKEN: 'short' }, /^METRICS_TOKEN must be 16 to 512/],
    ['a collector that is no address', { OTLP_ENDPOINT: 'collector:4318' }, /^OTLP_ENDPOINT must be an address/],
    ['headers for no collector', { OTLP_HEADERS: 'a=b' }, /^OTLP_HEADERS is set without OTLP_ENDPOINT\.$/],
    [
      'headers that are none',
      { OTLP_ENDPOINT: 'https://collector.example.com', OTLP_HEADERS: 'authorization' },
      /^OTLP_HEADERS must be name=value/,
    ],
    ['a short bootstrap key', { ENVIRONMENT: 'development', BOOTSTRAP_API_KEY: 'short' }, /^BOOTSTRAP_API_KEY must be/],
    ['a bootstrap key in production', { BOOTSTRAP_API_KEY: long }, /^BOOTSTRAP_API_KEY is for development only/],
    [
      'a bootstrap key in staging',
      { ENVIRONMENT: 'staging', BOOTSTRAP_API_KEY: long },
      /^BOOTSTRAP_API_KEY is for development only/,
    ],
    ['overrides in production', { CONFIG_OVERRIDES: '{}' }, /^CONFIG_OVERRIDES is refused in production/],
    [
      'overrides in production, half allowed',
      { CONFIG_OVERRIDES: '{}', ALLOW_CONFIG_OVERRIDES: '1' },
      /^CONFIG_OVERRIDES is refused/,
    ],
    [
      'overrides that are no JSON',
      { ENVIRONMENT: 'staging', CONFIG_OVERRIDES: '{limits}' },
      /^CONFIG_OVERRIDES is not valid JSON\.$/,
    ],
    ['an Access id without its secret', { ACCESS_CLIENT_ID: 'id' }, /^ACCESS_CLIENT_ID and ACCESS_CLIENT_SECRET go together/],
    [
      'an Access secret without its id',
      { ACCESS_CLIENT_SECRET: 'secret' },
      /^ACCESS_CLIENT_ID and ACCESS_CLIENT_SECRET go together/,
    ],
    [
      'an Access team without audience',
      { ACCESS_TEAM_DOMAIN: 'team.example.com' },
      /^ACCESS_TEAM_DOMAIN and ACCESS_AUD go together/,
    ],
    [
      'an Access team over http',
      { ACCESS_TEAM_DOMAIN: 'http://team.example.com', ACCESS_AUD: 'a' },
      /^ACCESS_TEAM_DOMAIN must use https/,
    ],
  ])('refuses %s', (_, vars, sentence) => {
    const settings = readSettings(env(vars));
    expect(settings.ok ? [] : settings.failure).toEqual([expect.stringMatching(sentence)]);
  });

  it('tells every mistake at once and shows no value of a secret', () => {
    const settings = readSettings(
      env({ ADMIN_TOKEN: 'short-secret', BOOTSTRAP_API_KEY: `${long}!`, ACCESS_CLIENT_SECRET: 'canary' }),
    );
    const sentences = settings.ok ? [] : settings.failure;
    expect(sentences).toHaveLength(3);
    expect(sentences.join(' ')).not.toMatch(/short-secret|a-token|canary/);
  });
});

describe('readOrigin', () => {
  it.each([
    ['https://small.example.com', 'https://small.example.com'],
    ['https://small.example.com/', 'https://small.example.com'],
    ['http://127.0.0.1:8001', 'http://127.0.0.1:8001'],
    ['https://small.example.com:443', 'https://small.example.com'],
    ['HTTPS://Small.Example.com', 'https://small.example.com'],
    [' https://small.example.com\n', 'https://small.example.com'],
  ])('reads %s as %s', (value, origin) => {
    expect(readOrigin(env({ SMALL: value }), 'SMALL')).toEqual({ ok: true, value: origin });
  });

  it.each([
    ['nothing', undefined, /^SMALL is not set/],
    ['white space', '  ', /^SMALL is not set/],
    ['a number', 8001, /^SMALL is not set/],
    ['no URL', 'small.example.com', /^SMALL is not a URL\.$/],
    ['host and port alone', '127.0.0.1:8001', /^SMALL is not a URL\.$/],
    ['another scheme', 'ftp://small.example.com', /^SMALL must begin with https/],
    ['a script', 'javascript:alert(1)', /^SMALL must begin with https/],
    ['a path', 'https://small.example.com/v1', /^SMALL must be an origin without a path\.$/],
    ['a query', 'https://small.example.com?a=1', /^SMALL must be an origin/],
    ['a fragment', 'https://small.example.com#a', /^SMALL must be an origin/],
    ['a user', 'https://user@small.example.com', /^SMALL must not carry credentials\.$/],
    ['a password', 'https://:canary@small.example.com', /^SMALL must not carry credentials\.$/],
  ])('refuses %s, without showing it', (_, value, sentence) => {
    const origin = readOrigin(env({ SMALL: value }), 'SMALL');
    expect(origin.ok ? '' : origin.failure).toMatch(sentence);
    expect(JSON.stringify(origin)).not.toContain('canary');
  });
});

describe('readTargets', () => {
  const addresses = { SMALL_UPSTREAM_URL: 'https://small.acme.dev', LARGE_UPSTREAM_URL: 'https://large.acme.dev' };
  const ownKey = configWith({ upstreams: { large: { key_var: 'LARGE_KEY' } } });
  const keysOf = (vars: Record<string, unknown>, config = ownKey) =>
    Object.fromEntries([...readTargets(env({ ...addresses, ...vars }), config).targets].map(([id, { key }]) => [id, key]));

  it('gives every upstream its address and the key that it names', () => {
    const { targets, mistakes } = readTargets(env({ ...addresses, UPSTREAM_API_KEY: ' one ', LARGE_KEY: 'two\n' }), ownKey);
    expect(mistakes).toEqual([]);
    expect(Object.fromEntries(targets)).toEqual({
      small: {
        origin: 'https://small.acme.dev',
        originVariable: 'SMALL_UPSTREAM_URL',
        key: 'one',
        keyVariable: 'UPSTREAM_API_KEY',
        usesAccess: true,
      },
      large: {
        origin: 'https://large.acme.dev',
        originVariable: 'LARGE_UPSTREAM_URL',
        key: 'two',
        keyVariable: 'LARGE_KEY',
        usesAccess: true,
      },
    });
  });

  it('a Workers VPC binding goes to the upstream that names it; a name without a binding is a mistake', () => {
    const config = configWith({ upstreams: { large: { vpc: 'LARGE_VPC' } } });
    const binding = { fetch: async () => new Response() };
    const { targets } = readTargets(env({ ...addresses, LARGE_VPC: binding }), config);
    expect([targets.get('small')?.vpc, targets.get('large')?.vpc]).toEqual([undefined, binding]);
    expect(readTargets(env(addresses), config).mistakes).toEqual(['LARGE_VPC is no Workers VPC binding of this deployment.']);
  });

  it.each<[string, Record<string, unknown>, Record<string, string | null>]>([
    ['the key that is there goes to nobody who names another', { UPSTREAM_API_KEY: 'one' }, { small: 'one', large: null }],
    ['nor the other way round', { LARGE_KEY: 'two' }, { small: null, large: 'two' }],
    ['an empty secret is none', { UPSTREAM_API_KEY: ' ', LARGE_KEY: '' }, { small: null, large: null }],
    ['a secret that is no text is none', { UPSTREAM_API_KEY: 5, LARGE_KEY: {} }, { small: null, large: null }],
  ])('%s', (_, vars, keys) => {
    expect(keysOf(vars)).toEqual(keys);
  });

  it('sends one key to all where none is named', () => {
    expect(keysOf({ UPSTREAM_API_KEY: 'one', LARGE_KEY: 'two' }, configWith())).toEqual({ small: 'one', large: 'one' });
  });

  it('asks for nothing of an upstream that no model runs on', () => {
    const spare = configWith({ models: { 'qwen2.5-32b': { upstreams: ['small'] } } });
    expect(readTargets(env({ SMALL_UPSTREAM_URL: addresses.SMALL_UPSTREAM_URL }), spare).mistakes).toEqual([]);
  });

  it('tells every mistake, and no value of it', () => {
    const { mistakes } = readTargets(env({ LARGE_UPSTREAM_URL: 'canary', LARGE_KEY: 'canary\r\nx-forged: 1' }), ownKey);
    expect(mistakes).toEqual([
      'SMALL_UPSTREAM_URL is not set; it holds the origin of a model server.',
      'LARGE_KEY holds a line break, which no header can carry.',
      'LARGE_UPSTREAM_URL is not a URL.',
    ]);
  });
});

describe('the database', () => {
  const url = 'postgres://user:p%40ss-word-long@127.0.0.1:5432/logs';
  const hyperdrive = { connectionString: 'postgres://a:b@c.hyperdrive.local:5432/d', password: 'b-of-hyperdrive' };

  it('is off unless something leads to it, and Hyperdrive wins', () => {
    const read = (vars: Record<string, unknown>): unknown => {
      const settings = readSettings(env({ ENVIRONMENT: 'development', ...vars }));
      return settings.ok ? settings.value.postgres : settings.failure;
    };
    expect(read({})).toBeNull();
    expect(read({ DATABASE_URL: url })).toEqual({ via: 'direct', url });
    expect(read({ DATABASE_URL: url, HYPERDRIVE: hyperdrive })).toEqual({ via: 'hyperdrive', url: hyperdrive.connectionString });
    expect(read({ DATABASE_URL: 'mysql://x' })).toEqual([expect.stringMatching(/^DATABASE_URL must be an address/)]);
    expect(read({ ENVIRONMENT: 'production', DATABASE_URL: url })).toContain(
      'DATABASE_URL is for development only; bind HYPERDRIVE instead.',
    );
  });

  it('its passwords are secrets', () => {
    expect(secretsIn(env({ DATABASE_URL: url, HYPERDRIVE: hyperdrive }))).toEqual([url, 'p@ss-word-long', 'b-of-hyperdrive']);
  });
});

describe('secretsIn', () => {
  const overrides = (upstreams: unknown) => ({ CONFIG_OVERRIDES: JSON.stringify({ upstreams }) });

  it.each<[string, Record<string, unknown>]>([
    ['by its name', { VENDOR_API_KEY: 'canary' }],
    ['because a profile names it', { OPEN_SESAME: 'canary' }],
    ['because the overrides name it', { WORD: 'canary', ...overrides({ other: { key_var: 'WORD' } }) }],
  ])('knows a secret %s', (_, vars) => {
    const profiles = { p: configWith({ upstreams: { large: { key_var: 'OPEN_SESAME' } } }) };
    expect(secretsIn(env(vars), profiles)).toContain('canary');
    expect(secretsIn(env({ ENVIRONMENT: 'canary', ...vars }), profiles)).toEqual(['canary']);
  });

  it.each(['{', '5', 'null', '[]', '{"upstreams":5}', '{"upstreams":{"a":null}}', '{"upstreams":{"a":{"key_var":{}}}}'])(
    'reads overrides that nobody has checked: %s',
    (CONFIG_OVERRIDES) => {
      expect(secretsIn(env({ CONFIG_OVERRIDES, ADMIN_TOKEN: 'canary' }))).toEqual(['canary']);
    },
  );
});
