/**
 * `npm run config:schemas`: JSON Schemas of configs/*.yaml for editors, made of the schemas that check the configuration and of the page
 * that explains it. A YAML language server completes and explains keys from them; what counts is `npm run config:check`, which also
 * knows cross-references. A test compares the written files with these.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ConfigTree } from '../../shared/config.ts';
import { isObject } from '../../shared/is-object.ts';
import { dialects } from '../../worker/core/upstreams/registry.ts';
import { readCommandLine, runCommand } from '../command-line.ts';
import { repoFolder } from '../wrangler.ts';

type Schema = Record<string, unknown>;

const folder = join(repoFolder, 'configs/schemas');

/** Where a model of another kind than chat may leave a key out, so that an editor must not ask for it. */
const notAlwaysRequired = new Set([
  'tier',
  'capabilities',
  'tool_formats',
  'reasoning',
  'slow_tokens_per_second',
  'cached_input_per_million_usd',
  'output_per_million_usd',
]);

/** Meanings by path, as docs/configuration.md has them: `upstreams.<>.dialect`. */
function meanings(page: string): Map<string, string> {
  const rows = page.matchAll(/^\| `([a-z][^`]*)` \|[^|]*\|[^|]*\| (.*?) \|$/gm);
  return new Map(
    [...rows].map(([, path = '', meaning = '']) => [
      path.replaceAll(/<[^>]*>/g, '<>'),
      meaning.replaceAll('`', '').replaceAll('\\', ''),
    ]),
  );
}

/** A copy with descriptions, in which files may hold a part of the tree. @param isPatch for a profile: nothing is required, and null takes a key away */
function edited(schema: unknown, path: readonly string[], texts: ReadonlyMap<string, string>, isPatch: boolean): Schema {
  if (!isObject(schema)) return {};
  const copy: Schema = { ...schema };
  const description = texts.get(path.join('.'));
  // In a patch it stands beside the alternatives.
  if (description !== undefined && !isPatch) copy['description'] = description;
  if (isObject(schema['properties'])) {
    const entries = Object.entries(schema['properties']).map(([key, inner]) => [
      key,
      edited(inner, [...path, key], texts, isPatch),
    ]);
    copy['properties'] = Object.fromEntries(entries);
  }
  if (isObject(schema['additionalProperties']))
    copy['additionalProperties'] = edited(schema['additionalProperties'], [...path, '<>'], texts, isPatch);
  if (path.length === 0 || isPatch) delete copy['required'];
  else if (Array.isArray(copy['required']))
    copy['required'] = copy['required'].filter((key: unknown) => !notAlwaysRequired.has(String(key)));
  if (path.join('.') === 'upstreams.<>.dialect') copy['enum'] = Object.keys(dialects);
  const isRoot = path.length === 0;
  return isPatch && !isRoot ? { ...(description === undefined ? {} : { description }), anyOf: [copy, { type: 'null' }] } : copy;
}

/** Name in configs/schemas/ → schema. */
export function editorSchemas(): Record<string, Schema> {
  const whole = z.toJSONSchema(ConfigTree, { io: 'input', unrepresentable: 'any' });
  const texts = meanings(readFileSync(join(repoFolder, 'docs/configuration.md'), 'utf8'));
  return {
    'config.schema.json': { title: 'Configuration of Pointsman', ...edited(whole, [], texts, false) },
    'profile.schema.json': {
      title: 'A profile of Pointsman: a merge patch over the configuration',
      ...edited(whole, [], texts, true),
    },
  };
}

if (import.meta.main) {
  await runCommand(() => {
    readCommandLine({
      name: 'npm run config:schemas',
      help: 'Writes configs/schemas/*.json, from which editors complete and explain keys.',
      options: {},
    });
    mkdirSync(folder, { recursive: true });
    for (const [name, schema] of Object.entries(editorSchemas()))
      writeFileSync(join(folder, name), `${JSON.stringify(schema, null, 2)}\n`);
    console.log('configs/schemas/: written.');
  });
}
