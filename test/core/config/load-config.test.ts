/** The configuration an isolate runs with: the profile, the overrides on top, and what the operator reads when they do not fit. */
import { describe, expect, it } from 'vitest';
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import { loadConfig } from '../../../worker/config.ts';
import { dialects } from '../../../worker/core/upstreams/registry.ts';
import { configWith, shippedTree } from '../../support/fakes/config.ts';

const names = Object.keys(dialects);
const profiles = { 'a40-pair': shippedTree() };

describe('loadConfig', () => {
  it('takes a profile as it is without overrides', () => {
    const loaded = loadConfig(profiles, 'a40-pair', null, names);
    expect(loaded).toMatchObject({ ok: true, value: { profile: 'a40-pair', limits: profiles['a40-pair'].limits } });
  });

  it('merges overrides over the profile and leaves the profile alone', () => {
    const loaded = loadConfig(
      profiles,
      'a40-pair',
      { limits: { max_depth: 9 }, routing: { aliases: { 'gpt-4o': null } } },
      names,
    );
    expect(loaded.ok && loaded.value.limits.max_depth).toBe(9);
    expect(loaded.ok && loaded.value.aliasTargets.has('gpt-4o')).toBe(false);
    expect(profiles['a40-pair'].limits.max_depth).not.toBe(9);
  });

  it('fills in defaults of what overrides add', () => {
    const { upstreams } = shippedTree();
    const added = { ...upstreams['small'], url_var: 'OTHER_UPSTREAM_URL', tunnel: null, weight: null };
    const loaded = loadConfig(profiles, 'a40-pair', { upstreams: { other: added } }, names);
    expect(loaded.ok && loaded.value.upstreams['other']).toMatchObject({ tunnel: 'main', weight: 1 });
  });

  it.each([
    ['an unknown profile', 'nope', null, ['CONFIG_PROFILE is "nope"; profiles are a40-pair.']],
    ['an inherited name as profile', 'constructor', null, ['CONFIG_PROFILE is "constructor"; profiles are a40-pair.']],
    ['a number for overrides', 'a40-pair', 5, [/^CONFIG_OVERRIDES: \(root\): /]],
    ['an array for overrides', 'a40-pair', [], [/^CONFIG_OVERRIDES: \(root\): /]],
    ['a value out of range', 'a40-pair', { limits: { max_depth: 0 } }, [/^CONFIG_OVERRIDES: limits\.max_depth: .*>=4/]],
    [
      'a key that is not there',
      'a40-pair',
      { limits: { max_deph: 5 } },
      ['CONFIG_OVERRIDES: limits.max_deph: there is no such key'],
    ],
    [
      'a contradiction',
      'a40-pair',
      { routing: { aliases: { a: 'b' } } },
      [/^CONFIG_OVERRIDES: routing\.aliases\.a: "b" is neither/],
    ],
  ])('refuses %s with a sentence for the operator', (_, profile, overrides, sentences) => {
    const loaded = loadConfig(profiles, profile, overrides, names);
    expect(loaded.ok ? [] : loaded.failure).toEqual(
      sentences.map((sentence) => (typeof sentence === 'string' ? sentence : expect.stringMatching(sentence))),
    );
  });
});

describe('a prepared configuration', () => {
  const config = configWith({ routing: { aliases: { 'gpt-4o': 'auto', house: 'qwen2.5-32b' } } });

  it('knows every model by its id and by its served name', () => {
    expect(config.modelIdByName.get('qwen2.5-7b')).toBe('qwen2.5-7b');
    expect(config.modelIdByName.get('Qwen/Qwen2.5-7B-Instruct')).toBe('qwen2.5-7b');
    expect(config.modelIdByName.get('constructor')).toBeUndefined();
  });

  it('holds the models that answer chats apart from all', () => {
    const { models } = configWith();
    const embedder = { ...models['qwen2.5-7b'], kind: 'embedding', served_name: 'BAAI/bge-m3' };
    const mixed = configWith({ models: { 'bge-m3': embedder } });
    expect(Object.keys(mixed.models)).toEqual([...Object.keys(models), 'bge-m3']);
    expect(Object.keys(mixed.chatModels)).toEqual(Object.keys(models));
    expect(mixed.modelIdByName.get('BAAI/bge-m3')).toBe('bge-m3');
  });

  it('throws for ids that the checked tree cannot hold', () => {
    expect(() => modelOf(config, 'nope')).toThrow('no model "nope"');
    expect(() => upstreamOf(config, 'nope')).toThrow('no upstream "nope"');
  });
});
