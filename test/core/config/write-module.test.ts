/** The module that the Worker ships: it says what the profiles say, and says nothing twice. */
import { fileURLToPath, URL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileConfigs, defaultProfile } from '../../../infra/config/compile.ts';
import { writeModule } from '../../../infra/config/write-module.ts';
import type { ConfigTree } from '../../../shared/config.ts';
import { mergePatch } from '../../../shared/merge-patch.ts';
import { shippedTree } from '../../support/fakes/config.ts';

interface Written {
  readonly defaultProfile: string;
  readonly profiles: Record<string, ConfigTree>;
}

/** Runs the source as Node would, without its types. */
async function evaluate(source: string): Promise<Written> {
  const { stripTypeScriptTypes } = await import('node:module');
  return import(`data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(source))}`);
}

const patched = (patch: unknown): ConfigTree => mergePatch(shippedTree(), patch) as ConfigTree;
const occurrences = (text: string, part: string): number => text.split(part).length - 1;

describe('writeModule', () => {
  it('writes the shipped profiles as they are', async () => {
    const { profiles } = compileConfigs(fileURLToPath(new URL('../../../configs', import.meta.url)));
    const written = await evaluate(writeModule(defaultProfile, profiles, '0'));
    expect(written.defaultProfile).toBe(defaultProfile);
    expect(written.profiles).toEqual(profiles);
    expect(Object.keys(written.profiles)).toEqual(Object.keys(profiles));
  });

  it.each([
    ['the same everywhere', [{}, {}]],
    ['one number deep inside', [{ routing: { classifier: { threshold: 0.9 } } }]],
    ['a part that two of three share', [{ limits: { max_depth: 8 } }, { limits: { max_depth: 8 } }]],
    [
      'a list inside a part',
      [{ routing: { classifier: { keywords: ['other'] } } }, { routing: { intent: { keywords: { code: [] } } } }],
    ],
    ['an entry less', [{ models: { 'qwen2.5-7b': null } }]],
    ['a name that needs quotes', [{ routing: { aliases: { 'it\'s "quoted"\u2028': 'auto' } } }]],
  ])('keeps every profile apart from the others: %s', async (_, patches) => {
    const trees: Record<string, ConfigTree> = { base: shippedTree() };
    for (const [i, patch] of patches.entries()) trees[`other-${i}`] = patched(patch);
    expect((await evaluate(writeModule('base', trees, '0'))).profiles).toEqual(trees);
  });

  it('writes what profiles share once', () => {
    const text = writeModule('base', { base: shippedTree(), other: patched({ limits: { max_depth: 8 } }) }, '0');
    expect(occurrences(text, JSON.stringify(shippedTree().routing.classifier.keywords))).toBe(1);
    expect(occurrences(text, '"max_body_bytes"')).toBe(2);
  });

  it('names nothing that is used once', () => {
    expect(writeModule('base', { base: shippedTree() }, '0')).not.toMatch(/^const /m);
  });
});
