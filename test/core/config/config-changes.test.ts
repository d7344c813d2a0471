/** What differs between two configurations, what may change while the gateway runs, and what an operator reads where it may not. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configChanges, fixedMistakes } from '../../../shared/config-changes.ts';
import { composePatches, mergePatch } from '../../../shared/merge-patch.ts';
import { loadConfig } from '../../../worker/config.ts';
import { dialects } from '../../../worker/core/upstreams/registry.ts';
import { shippedTree } from '../../support/fakes/config.ts';

const profiles = { 'a40-pair': shippedTree() };
const load = (runtime: unknown, overrides: unknown = null) =>
  loadConfig(profiles, 'a40-pair', overrides, Object.keys(dialects), undefined, runtime);
const mistakesOf = (runtime: unknown): readonly string[] => {
  const loaded = load(runtime);
  return loaded.ok ? [] : loaded.failure;
};

describe('configChanges', () => {
  it.each<[string, unknown, unknown, [string, unknown, unknown][]]>([
    ['nothing', { a: { b: 1 } }, { a: { b: 1 } }, []],
    ['a value', { a: { b: 1, c: 2 } }, { a: { b: 3, c: 2 } }, [['a.b', 1, 3]]],
    ['a key more', { a: {} }, { a: { b: 1 } }, [['a.b', undefined, 1]]],
    ['a key less', { a: { b: 1 } }, { a: {} }, [['a.b', 1, undefined]]],
    ['a list, whole', { a: [1, 2] }, { a: [1, 3] }, [['a', [1, 2], [1, 3]]]],
    ['an object in place of a value', { a: 1 }, { a: { b: 1 } }, [['a', 1, { b: 1 }]]],
  ])('finds %s', (_, from, to, expected) => {
    expect(configChanges(from, to).map(({ path, ...values }) => [path.join('.'), values.from, values.to])).toEqual(expected);
  });

  it('finds nothing between a tree and itself, and something after any change', () => {
    const tree = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.oneof(fc.integer(), fc.dictionary(fc.constantFrom('x', 'y'), fc.integer())),
    );
    fc.assert(
      fc.property(tree, tree, (one, other) => {
        expect(configChanges(one, structuredClone(one))).toEqual([]);
        expect(configChanges(one, other).length > 0).toBe(JSON.stringify(sorted(one)) !== JSON.stringify(sorted(other)));
      }),
    );
  });
});

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

describe('what may change while the gateway runs', () => {
  it.each<[string, object]>([
    ['the threshold', { routing: { classifier: { threshold: 0.7 } } }],
    ['an alias', { routing: { aliases: { 'gpt-9': 'small' } } }],
    ['a chain', { routing: { chains: { 'qwen2.5-7b': [] } } }],
    ['a price', { models: { 'qwen2.5-7b': { price: { input_per_million_usd: 0.2 } } } }],
    ['how a model writes calls', { models: { 'qwen2.5-7b': { tool_formats: ['hermes'] } } }],
    ['a limit', { limits: { max_tools: 5 } }],
    ['caching', { cache: { enabled: true } }],
    ['pages that may call', { cors: { allowed_origins: ['https://app.example.com'] } }],
    ['a fixed key, repeated as it is', { limits: { ledger_shards: shippedTree().limits.ledger_shards } }],
  ])('%s', (_, patch) => expect(mistakesOf(patch)).toEqual([]));

  it.each<[string, object, RegExp]>([
    ['upstreams', { upstreams: { small: { access: false } } }, /^upstreams\.small\.access: cannot change at run time: addresses/],
    [
      'where a model runs',
      { models: { 'qwen2.5-7b': { upstreams: ['large'] } } },
      /^models\.qwen2\.5-7b\.upstreams: .*health object/,
    ],
    ['the name that a server knows', { models: { 'qwen2.5-7b': { served_name: 'x' } } }, /^models\.qwen2\.5-7b\.served_name: /],
    ['places', { models: { 'qwen2.5-7b': { max_in_flight: 2 } } }, /^models\.qwen2\.5-7b\.max_in_flight: .*admission object/],
    ['health', { routing: { health: { probe_timeout_ms: 9 } } }, /^routing\.health\.probe_timeout_ms: .*health object/],
    ['admission', { routing: { admission: { max_wait_ms: 9 } } }, /^routing\.admission\.max_wait_ms: .*admission objects/],
    ['sessions', { routing: { sessions: { ttl_ms: 60_001 } } }, /^routing\.sessions\.ttl_ms: .*session objects/],
    ['whether it learns', { routing: { learning: { enabled: true } } }, /^routing\.learning\.enabled: .*isolate/],
    ['what learning may cost', { routing: { learning: { daily_budget_usd: 2 } } }, /^routing\.learning\.daily_budget_usd: /],
    ['shards', { limits: { ledger_shards: 2 } }, /^limits\.ledger_shards: cannot change at run time: it decides which object/],
    ['look-ups', { limits: { unknown_keys_per_second: 2 } }, /^limits\.unknown_keys_per_second: /],
  ])('%s may not', (_, patch, sentence) => {
    expect(mistakesOf(patch)).toEqual([expect.stringMatching(sentence)]);
    expect(mistakesOf(patch)[0]).toMatch(/change configs\/ and deploy\.$/);
  });

  it.each([
    ['added', undefined, {}],
    ['removed', {}, undefined],
  ])('a model may not be %s', (word, from, to) => {
    expect(fixedMistakes([{ path: ['models', 'x'], from, to }])).toEqual([
      `models.x: a model cannot be ${word} at run time; change configs/ and deploy.`,
    ]);
  });

  it('is checked like CONFIG_OVERRIDES, in the same words, and stands over them', () => {
    const patch = { limits: { max_tools: 'x', max_tols: 1 } };
    const byVariable = load(null, patch);
    expect(mistakesOf(patch).map((sentence) => `CONFIG_OVERRIDES: ${sentence}`)).toEqual(byVariable.ok ? [] : byVariable.failure);
    const both = load({ limits: { max_tools: 7 } }, { limits: { max_tools: 5, max_n: 2 } });
    expect(both.ok && both.value.limits).toMatchObject({ max_tools: 7, max_n: 2 });
  });
});

describe('composePatches', () => {
  const value = fc.oneof(fc.constant(null), fc.integer(), fc.array(fc.integer()));
  const patch = fc.dictionary(fc.constantFrom('a', 'b'), fc.oneof(value, fc.dictionary(fc.constantFrom('x', 'y'), value)));
  const target = fc.record({ a: fc.dictionary(fc.constantFrom('x', 'y'), fc.integer()), b: fc.integer() });

  it('does what the two do, one after the other, unless the second builds on what the first takes away', () => {
    fc.assert(
      fc.property(target, patch, patch, (tree, first, second) => {
        const isBuiltOnNothing = Object.keys(second).some(
          (key) => isObject(second[key]) && key in first && !isObject(first[key]),
        );
        fc.pre(!isBuiltOnNothing);
        expect(mergePatch(tree, composePatches(first, second))).toEqual(mergePatch(mergePatch(tree, first), second));
      }),
    );
  });

  it('keeps what is taken away', () => {
    expect(composePatches({ a: { x: 1 }, b: null }, { a: { x: null } })).toEqual({ a: { x: null }, b: null });
  });
});

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
