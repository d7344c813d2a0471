/** What editors are told of configs/: up to date, true of the shipped files, explained, and named in each of them. */
import { Validator } from '@cfworker/json-schema';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { editorSchemas } from '../../../infra/config/schemas.ts';
import { filesMatching, readRepoFile } from '../../../infra/graph/source-files.ts';
import { repoFolder } from '../../../infra/wrangler.ts';

const files = filesMatching(/^configs\/.*\.yaml$/);
const schemas = editorSchemas();
const schemaFor = (path: string) => schemas[path.includes('/profiles/') ? 'profile.schema.json' : 'config.schema.json'] ?? {};
const faults = (path: string, tree: unknown): string[] =>
  new Validator(schemaFor(path), '2020-12', false)
    .validate(tree)
    .errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);

it.each(Object.keys(schemas))('%s is what npm run config:schemas writes', (name) => {
  expect(JSON.parse(readRepoFile(`configs/schemas/${name}`))).toEqual(JSON.parse(JSON.stringify(schemas[name])));
});

describe.each(files)('$path', ({ path, text }) => {
  it('names its schema in its first line', () => {
    const [, target = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
    expect(target).toMatch(path.includes('/profiles/') ? /profile\.schema\.json$/ : /config\.schema\.json$/);
    expect(existsSync(join(repoFolder, dirname(path), target))).toBe(true);
  });

  it('is as its schema says', () => {
    expect(faults(path, parse(text))).toEqual([]);
  });
});

describe('an editor underlines', () => {
  it.each([
    ['a misspelt key', 'configs/limits.yaml', { limits: { max_tols: 1 } }],
    ['a value out of range', 'configs/profiles/x/limits.yaml', { limits: { max_n: 0 } }],
    ['an unknown dialect', 'configs/profiles/x/models.yaml', { upstreams: { small: { dialect: 'vlm' } } }],
    ['an unknown tier', 'configs/profiles/x/models.yaml', { models: { a: { tier: 'huge' } } }],
  ])('%s', (_, path, tree) => expect(faults(path, tree)).not.toEqual([]));

  it('nothing where a profile takes a key away or changes one', () => {
    expect(
      faults('configs/profiles/x/routing.yaml', { routing: { aliases: { 'gpt-4o': null }, classifier: { threshold: 0.7 } } }),
    ).toEqual([]);
  });
});

it('an editor explains the keys as the page does', () => {
  const page = readFileSync(join(repoFolder, 'docs/configuration.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `[a-z][^`]*\.[^`]*` \|/gm)].length;
  const described = JSON.stringify(schemas['config.schema.json']).split('"description":').length - 1;
  expect(rows).toBeGreaterThan(80);
  expect(described).toBeGreaterThan(0.8 * rows);
});
