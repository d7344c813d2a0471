/** wrangler.toml: bindings and vars are not inherited, so every environment must repeat them; and it contains no secret. */
import { parse, type TomlTable } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { shippedTree } from '../../support/fakes/config.ts';
import { readRepoFile } from '../../../infra/graph/source-files.ts';

const toml = parse(readRepoFile('wrangler.toml'));

/** Keys that stand at the top alone: they describe the Worker, not one environment of it. */
const topOnly = new Set([
  'name',
  'main',
  'compatibility_date',
  'compatibility_flags',
  'send_metrics',
  'workers_dev',
  'preview_urls',
  'minify',
  'keep_names',
  'build',
  'secrets',
  'observability',
  'exports',
  'migrations',
  // Where there is a database; development reaches one by DATABASE_URL.
  'hyperdrive',
  'assets',
  'alias',
  'rules',
  'env',
]);

/** Bindings that need an account wherever they are used, so development has none. */
const remoteOnly = new Set(['ai', 'vectorize']);

const named = tableOf(toml['env']);
const environments: Record<string, TomlTable> = {
  development: toml,
  ...Object.fromEntries(Object.entries(named).map(([name, value]) => [name, tableOf(value)])),
};
const names = Object.keys(environments);

describe('environments of wrangler.toml', () => {
  it('are development, staging and production', () => {
    expect(names).toEqual(['development', 'staging', 'production']);
  });

  it.each(names)('%s declares the same bindings, vars and secrets as development', (name) => {
    expect(shapeOf(environments[name] ?? {})).toEqual(shapeOf(toml));
  });

  it('staging and production alone have what is always remote, both the same', () => {
    const remoteIn = (name: string) => Object.entries(environments[name] ?? {}).filter(([key]) => remoteOnly.has(key));
    expect(remoteIn('development')).toEqual([]);
    expect(remoteIn('staging').length).toBeGreaterThan(0);
    expect(remoteIn('staging').map(([key]) => key)).toEqual(remoteIn('production').map(([key]) => key));
  });

  it.each(names)('%s says its own name', (name) => {
    expect(varsOf(name)['ENVIRONMENT']).toBe(name);
  });

  it.each(names)('%s has an address for every upstream of the shipped configuration', (name) => {
    const wanted = Object.values(shippedTree().upstreams).flatMap(({ url_var: variable }) => variable ?? []);
    expect(Object.keys(varsOf(name))).toEqual(expect.arrayContaining(wanted));
  });

  it.each(names.filter((name) => name !== 'development'))('%s reaches its upstreams by https', (name) => {
    const addresses = Object.values(varsOf(name)).filter((value) => /^https?:/.test(String(value)));
    expect(addresses.filter((address) => !String(address).startsWith('https://'))).toEqual([]);
  });

  it('development and production have no address of the workers.dev domain', () => {
    expect(toml['workers_dev']).toBe(false);
    expect(toml['routes'] ?? toml['route']).toBeUndefined();
    expect(environments['production']?.['workers_dev']).toBe(false);
  });

  it.each(names.filter((name) => name !== 'development'))('%s is not deployed without its secrets', (name) => {
    // Not ADMIN_TOKEN: operators may come through Access alone.
    const keys = new Set(Object.values(shippedTree().upstreams).map(({ key_var: variable }) => variable));
    expect([...keys]).toEqual(['UPSTREAM_API_KEY']);
    expect(tableOf(environments[name]?.['secrets'])['required']).toEqual([...keys, 'ACCESS_CLIENT_ID', 'ACCESS_CLIENT_SECRET']);
  });

  it('the way to a database stands ready in staging and production, and in development there is none', () => {
    const text = readRepoFile('wrangler.toml').replaceAll(/^# (?=\[\[env\.\w+\.hyperdrive|binding = "HYPERDRIVE"|id = )/gm, '');
    const found = names.map((name) => {
      const environment = name === 'development' ? parse(text) : tableOf(tableOf(parse(text)['env'])[name]);
      return [name, listOf(environment['hyperdrive']).map(({ binding }) => binding)];
    });
    expect(found).toEqual([
      ['development', []],
      ['staging', ['HYPERDRIVE']],
      ['production', ['HYPERDRIVE']],
    ]);
  });

  it('model servers in the same zone are asked through Access', () => {
    expect(toml['compatibility_flags']).toContain('global_fetch_strictly_public');
  });

  it('no var looks like a secret', () => {
    const suspicious = names.flatMap((name) =>
      Object.entries(varsOf(name))
        .filter(([key, value]) => looksSecret(key, String(value)))
        .map(([key]) => `${name}.${key}`),
    );
    expect(suspicious).toEqual([]);
  });

  it.each([
    ['ADMIN_TOKEN', 'x'],
    ['UPSTREAM_API_KEY', 'x'],
    ['ACCESS_CLIENT_SECRET', 'x'],
    ['DB_PASSWORD', 'x'],
    ['A', 'sk-abcdefghijkl'],
    ['A', 'pm_live_abcdefgh'],
    ['A', 'eyJhbGciOiJSUzI1NiJ9.e30.x'],
    ['A', 'postgres://user:word@db.example/logs'],
    ['A', 'f3a9c07d51e2b8446a9d0c7e'],
  ])('a secret is known when it is seen: %s = %s', (key, value) => {
    expect(looksSecret(key, value)).toBe(true);
  });
});

describe('Durable Objects', () => {
  const entry = readRepoFile('worker/index.ts');
  const classes = Object.keys(tableOf(toml['exports']));

  it('every binding names an exported class, and every class has a binding', () => {
    const bound = listOf(tableOf(toml['durable_objects'])['bindings']).map((binding) => binding['class_name']);
    expect(bound.toSorted()).toEqual(classes.toSorted());
  });

  it.each(classes)('the entry exports %s', (name) => {
    expect(entry).toMatch(new RegExp(`export (?:class ${name}\\b|\\{[^}]*\\b${name}\\b[^}]*\\})`));
  });
});

describe('settings', () => {
  const read = [...readRepoFile('worker/env.ts').matchAll(/\b(?:text|token|readText)\((?:env, )?'([A-Z_]+)'\)/g)].map(
    ([, name = '']) => name,
  );

  it('are read by name', () => expect(read.length).toBeGreaterThan(5));

  it.each([...new Set(read)])('%s is explained in .dev.vars.example or set in wrangler.toml', (name) => {
    expect(name in varsOf('development') || readRepoFile('.dev.vars.example').includes(name)).toBe(true);
  });
});

/** Names alone: values differ between environments, as they should. */
function shapeOf(environment: TomlTable): Record<string, unknown> {
  const own = Object.entries(environment).filter(([key]) => !topOnly.has(key) && !remoteOnly.has(key));
  return Object.fromEntries(
    own.map(([key, value]) => [key, namesIn(value)]).toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  );
}

function namesIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (isTable(item) ? bindingName(item) : 'item')).sort();
  if (!isTable(value)) return 'value';
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, namesIn(inner)])
      .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  );
}

function bindingName(binding: TomlTable): string {
  return [binding['name'] ?? binding['binding'], binding['class_name']].filter((part) => part !== undefined).join(':');
}

function varsOf(name: string): TomlTable {
  return tableOf(environments[name]?.['vars']);
}

function looksSecret(key: string, value: string): boolean {
  if (/KEY$|TOKEN|SECRET|PASSW|CREDENTIAL/.test(key)) return true;
  if (/^(?:sk-|pm_|eyJ|AKIA|ghp_|Bearer )|:\/\/[^/@]*:[^/@]*@/.test(value)) return true;
  return /^[A-Za-z0-9+/_=-]{24,}$/.test(value) && /\d/.test(value) && /[A-Za-z]/.test(value);
}

function tableOf(value: unknown): TomlTable {
  return isTable(value) ? value : {};
}

function listOf(value: unknown): TomlTable[] {
  return Array.isArray(value) ? value.filter(isTable) : [];
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
