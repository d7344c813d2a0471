/** Kinds of models and optional upstreams in the configuration: what is refused, and what is there without an address. */
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../../shared/config-check.ts';
import { mergePatch } from '../../../shared/merge-patch.ts';
import { loadConfig } from '../../../worker/config.ts';
import { type Env, isUpstreamSet, readTargets } from '../../../worker/env.ts';
import { dialects } from '../../../worker/core/upstreams/registry.ts';
import { shippedTree } from '../../support/fakes/config.ts';

const names = Object.keys(dialects);

function mistakes(patch: object): string[] {
  const checked = checkConfig(mergePatch(shippedTree(), patch), names);
  return checked.ok ? [] : checked.mistakes.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a mistake about kinds', () => {
  it.each([
    [
      { routing: { chains: { 'bge-small-en': ['bge-reranker'] } } },
      'routing.chains.bge-small-en.0: "bge-reranker" has kind reranker and cannot stand in for "bge-small-en", which has kind embedding',
    ],
    [
      { routing: { chains: { 'qwen2.5-7b': ['bge-small-en'] } } },
      'routing.chains.qwen2.5-7b.0: "bge-small-en" has kind embedding and cannot stand in for "qwen2.5-7b", which has kind chat',
    ],
    [
      { upstreams: { small: { optional: true } } },
      'models.qwen2.5-7b.upstreams: a model of kind chat needs an upstream that is not optional',
    ],
    [{ upstreams: { small: { url_var: null } } }, 'upstreams.small: expected url_var or binding, one of them'],
    [{ upstreams: { 'workers-ai': { url_var: 'AI_URL' } } }, 'upstreams.workers-ai: expected url_var or binding, one of them'],
    [
      { models: { 'qwen2.5-7b': { upstreams: ['small', 'workers-ai'] } } },
      'models.qwen2.5-7b.upstreams: a binding serves models of other kinds than chat',
    ],
    [
      { models: { 'bge-reranker': { dimensions: 8 } } },
      'models.bge-reranker.dimensions: only a model of kind embedding has dimensions',
    ],
    [
      { models: { 'bge-reranker': { shortens: true } } },
      'models.bge-reranker.shortens: only a model of kind embedding has vectors to shorten',
    ],
    [
      { models: { 'bge-reranker': { zero_shot: { method: 'nli', entailment_index: 0 } } } },
      'models.bge-reranker.zero_shot: only a model of kind classifier rates labels',
    ],
    [
      { models: { 'roberta-mnli': { zero_shot: { entailment_index: null } } } },
      'models.roberta-mnli.zero_shot: method nli needs entailment_index, the position of "entails" among the labels',
    ],
    [
      { models: { 'roberta-mnli': { zero_shot: { method: 'similarity', model: 'bge-reranker' } } } },
      'models.roberta-mnli.zero_shot.model: method similarity needs a model of kind embedding',
    ],
  ])('%j is named with its place', (patch, mistake) => {
    expect(mistakes(patch)).toEqual([mistake]);
  });

  it('is none where a chain stays within its kind', () => {
    expect(mistakes({ routing: { chains: { 'bge-small-en': ['workers-ai-bge-small'] } } })).toEqual([]);
  });
});

describe('an optional upstream', () => {
  const patch = {
    models: { 'bge-small-en': { upstreams: ['embedder', 'workers-ai'] } },
    routing: {
      aliases: { vectors: 'bge-small-en', ranks: 'bge-reranker' },
      chains: {
        'workers-ai-bge-small': ['bge-small-en'],
        'bge-small-en': ['workers-ai-bge-small'],
        'bge-reranker': ['workers-ai-reranker'],
      },
      agents: { indexer: { allowed_models: ['bge-small-en', 'bge-reranker', 'qwen2.5-7b'] } },
    },
  };
  const load = (env: Env) => {
    const loaded = loadConfig({ p: shippedTree() }, 'p', patch, names, (upstream) => isUpstreamSet(env, upstream));
    return loaded.ok ? loaded.value : expect.fail(loaded.failure.join('; '));
  };
  const urls = { SMALL_UPSTREAM_URL: 'http://127.0.0.1:1', LARGE_UPSTREAM_URL: 'http://127.0.0.1:2' };

  it('without an address is in no list, chain or alias, nor are the models that run nowhere else', () => {
    const env = { ...urls, EMBEDDER_UPSTREAM_URL: '', RERANKER_UPSTREAM_URL: '  ' } as unknown as Env;
    const config = load(env);
    expect(Object.keys(config.models)).toEqual(['qwen2.5-7b', 'qwen2.5-32b']);
    expect(Object.keys(config.upstreams)).toEqual(['small', 'large']);
    expect([...config.aliasTargets.keys()]).toEqual(['gpt-4o-mini', 'gpt-4o', 'claude-*haiku*', 'claude-*']);
    expect(Object.keys(config.routing.chains)).toEqual(['qwen2.5-7b', 'qwen2.5-32b']);
    expect(config.routing.agents['indexer']?.allowed_models).toEqual(['qwen2.5-7b']);
    expect(readTargets(env, config).mistakes).toEqual([]);
  });

  it('with an address or a binding is there, and so is what runs on it', () => {
    const env = { ...urls, RERANKER_UPSTREAM_URL: 'http://127.0.0.1:3', AI: { run: () => undefined } } as unknown as Env;
    const config = load(env);
    expect(config.modelIdsByKind).toEqual({
      chat: ['qwen2.5-7b', 'qwen2.5-32b'],
      embedding: ['bge-small-en', 'workers-ai-bge-small'],
      classifier: [],
      reranker: ['bge-reranker', 'workers-ai-reranker'],
    });
    expect(config.models['bge-small-en']?.upstreams).toEqual(['workers-ai']);
    expect([...readTargets(env, config).targets.keys()]).toEqual(['small', 'large', 'reranker']);
  });

  it('with an address that is none is a mistake like any other', () => {
    const env = { ...urls, EMBEDDER_UPSTREAM_URL: 'embedder:8003/v1' } as unknown as Env;
    expect(readTargets(env, load(env)).mistakes.length).toBe(1);
  });
});
