/** Each way one part of the configuration can contradict another, and where the mistake is said to stand. */
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../../shared/config-check.ts';
import { mergePatch } from '../../../shared/merge-patch.ts';
import { dialects } from '../../../worker/core/upstreams/registry.ts';
import { shippedTree } from '../../support/fakes/config.ts';

const dialectNames = Object.keys(dialects);
const small = 'qwen2.5-7b';
const large = 'qwen2.5-32b';
const model = (patch: object) => ({ models: { [small]: patch } });

describe('checkConfig', () => {
  it('accepts the shipped configuration and fills defaults in', () => {
    const checked = checkConfig(shippedTree(), dialectNames);
    expect(checked.ok && checked.config.upstreams['small']?.tunnel).toBe('main');
  });

  it.each([
    [
      'a model on an upstream that is not there',
      model({ upstreams: ['small', 'nowhere'] }),
      `models.${small}.upstreams.1`,
      /no upstream "nowhere".*small, large/,
    ],
    ['a model without upstream', model({ upstreams: [] }), `models.${small}.upstreams`, />=1/],
    [
      'tool formats without the capability',
      model({ capabilities: [] }),
      `models.${small}.tool_formats`,
      /without the capability "tools"/,
    ],
    [
      'an unknown tool format',
      model({ tool_formats: ['hermes', 'xml'] }),
      `models.${small}.tool_formats.1`,
      /expected one of .*hermes/,
    ],
    ['an unknown capability', model({ capabilities: ['tools', 'smell'] }), `models.${small}.capabilities.1`, /expected one of/],
    ['an unknown tier', model({ tier: 'huge' }), `models.${small}.tier`, /"small".*"large"/],
    ['a price without its source', model({ price: { source: null } }), `models.${small}.price.source`, /expected string/],
    ['a price without its date', model({ price: { as_of: null } }), `models.${small}.price.as_of`, /expected/],
    ['a negative price', model({ price: { input_per_million_usd: -1 } }), `models.${small}.price.input_per_million_usd`, />=0/],
    ['a misspelt key', model({ teir: 'small' }), `models.${small}.teir`, /no such key/],
    ['a misspelt key at the root', { routng: {} }, 'routng', /no such key/],
    ['an id in capitals', { models: { 'Qwen 7B': {} } }, 'models.Qwen 7B', /lower-case id/],
    [
      'an upstream without timeouts',
      { upstreams: { small: { timeouts_ms: null } } },
      'upstreams.small.timeouts_ms',
      /expected object/,
    ],
    [
      'an address where a variable belongs',
      { upstreams: { small: { url_var: 'http://10.0.0.1' } } },
      'upstreams.small.url_var',
      /environment variable/,
    ],
    [
      'an unknown dialect',
      { upstreams: { small: { dialect: 'smoke' } } },
      'upstreams.small.dialect',
      /no dialect "smoke"; dialects are vllm, openai, anthropic, workers_ai$/,
    ],
    [
      'a wire that its dialect does not look at',
      { upstreams: { small: { wire: { base_path: '/api/v1' } } } },
      'upstreams.small.wire',
      /dialect vllm reads none of it/,
    ],
    [
      'a dialect by an inherited name',
      { upstreams: { small: { dialect: 'constructor' } } },
      'upstreams.small.dialect',
      /no dialect/,
    ],
    ...[
      'upstream_api_key',
      'MY-KEY',
      'MY KEY',
      '2_KEY',
      'K',
      'sk-live-0123456789abcdef',
      '$MY_KEY',
      'MY_KEY\n',
      '',
      'SCHLÜSSEL',
      5,
    ].map((key_var): [string, object, string, RegExp] => [
      `${JSON.stringify(key_var)} where the name of a secret belongs`,
      { upstreams: { small: { key_var } } },
      'upstreams.small.key_var',
      typeof key_var === 'string'
        ? /such as UPSTREAM_API_KEY: 3 to 64 capital letters, digits and underscores/
        : /expected string/,
    ]),
    ...['ADMIN_TOKEN', 'ACCESS_CLIENT_SECRET', 'BOOTSTRAP_API_KEY', 'CONFIG_OVERRIDES'].map(
      (key_var): [string, object, string, RegExp] => [
        `the gateway's own ${key_var} for a server's key`,
        { upstreams: { small: { key_var } } },
        'upstreams.small.key_var',
        /is a setting of the gateway; name the secret/,
      ],
    ),
    [
      'an address for a key',
      { upstreams: { small: { key_var: 'LARGE_UPSTREAM_URL' } } },
      'upstreams.small.key_var',
      /LARGE_UPSTREAM_URL holds an address; name the secret/,
    ],
    ['an unknown kind', model({ kind: 'image' }), `models.${small}.kind`, /"chat"\|"embedding"/],
    [
      'a model without a chain',
      { routing: { chains: { [large]: null } } },
      'routing.chains',
      new RegExp(`"${large}" has no chain`),
    ],
    ['a chain of a model that is not there', { routing: { chains: { other: [] } } }, 'routing.chains.other', /no model "other"/],
    [
      'a chain to a model that is not there',
      { routing: { chains: { [small]: ['other'] } } },
      `routing.chains.${small}.0`,
      /no model "other"/,
    ],
    [
      'a chain that names itself',
      { routing: { chains: { [small]: [large, small] } } },
      `routing.chains.${small}.1`,
      /stands twice/,
    ],
    [
      'a chain that names one twice',
      { routing: { chains: { [small]: [large, large] } } },
      `routing.chains.${small}.1`,
      /stands twice/,
    ],
    [
      'an intent for a model that is not there',
      { routing: { intent: { models: { code: 'coder' } } } },
      'routing.intent.models.code',
      /no model "coder"/,
    ],
    ['an unknown intent', { routing: { intent: { models: { poetry: small } } } }, 'routing.intent.models.poetry', /no such key/],
    [
      'an agent allowed a model that is not there',
      { routing: { agents: { billing: { allowed_models: [small, 'x'] } } } },
      'routing.agents.billing.allowed_models.1',
      /no model "x"/,
    ],
    [
      'an arm with a model that is not there',
      { routing: { experiments: { e: { enabled: true, arms: { a: { weight: 1, model: 'x' } } } } } },
      'routing.experiments.e.arms.a.model',
      /no model "x"/,
    ],
    [
      'a shadow of a model that is not there',
      { routing: { experiments: { e: { enabled: true, arms: {}, shadow: { model: 'x', share: 0.1 } } } } },
      'routing.experiments.e.shadow.model',
      /no model "x"/,
    ],
    [
      'an alias for nothing',
      { routing: { aliases: { 'gpt-4': 'gpt-5' } } },
      'routing.aliases.gpt-4',
      /neither a model nor one of/,
    ],
    [
      'intent thresholds out of order',
      { routing: { intent: { thresholds: { high: 0.3, medium: 0.4 } } } },
      'routing.intent.thresholds',
      /high ≥ medium ≥ low/,
    ],
    [
      'weights that do not add up to 1',
      { routing: { classifier: { weights: { length: 0.5 } } } },
      'routing.classifier.weights',
      /add up to 1\.3/,
    ],
    ['a weight above 1', { routing: { classifier: { weights: { length: 1.5 } } } }, 'routing.classifier.weights.length', /<=1/],
    [
      'a threshold that is text',
      { routing: { classifier: { threshold: '0.6' } } },
      'routing.classifier.threshold',
      /expected number/,
    ],
    [
      'a default answer longer than the longest',
      { limits: { default_completion_tokens: 500, max_completion_tokens: 400 } },
      'limits.default_completion_tokens',
      /must not be larger/,
    ],
    ['no attempt at all', { routing: { retry: { max_attempts: 0 } } }, 'routing.retry.max_attempts', />=1/],
  ])('refuses %s', (_, patch, path, message) => {
    const mistakes = mistakesOf(patch);
    const found = mistakes.find((mistake) => mistake.path === path);
    expect(mistakes.map((mistake) => mistake.path)).toContain(path);
    expect(found?.message).toMatch(message);
  });

  it('refuses a tree without models', () => {
    const tree = { ...shippedTree(), models: {} };
    const checked = checkConfig(tree, dialectNames);
    expect(checked.ok ? [] : checked.mistakes.map(({ path }) => path.join('.'))).toContain('models');
  });

  it('one key opens every server unless an upstream names a secret of its own', () => {
    const tree = mergePatch(shippedTree(), { upstreams: { large: { key_var: 'LARGE_KEY_2' } } });
    const checked = checkConfig(tree, dialectNames);
    const keys = checked.ok ? Object.entries(checked.config.upstreams).map(([id, upstream]) => [id, upstream.key_var]) : [];
    expect(Object.fromEntries(keys)).toMatchObject({ small: 'UPSTREAM_API_KEY', large: 'LARGE_KEY_2' });
  });

  it('tells every mistake at once', () => {
    expect(mistakesOf({ routing: { aliases: { a: 'x', b: 'y' }, chains: { [small]: ['z'] } } }).length).toBe(3);
  });

  it.each([null, undefined, 5, 'text', [], () => 1])('takes anything and refuses %j', (tree) => {
    expect(checkConfig(tree, dialectNames).ok).toBe(false);
  });

  it('knows no model by an inherited name', () => {
    expect(mistakesOf({ routing: { aliases: { a: 'constructor' }, chains: { [small]: ['constructor'] } } })).toHaveLength(2);
  });
});

describe('a model of another kind', () => {
  const embedder = 'bge-m3';
  const added = (patch: object = {}, routing: object = {}) => ({
    models: { [embedder]: { ...shippedTree().models[small], kind: 'embedding', served_name: 'BAAI/bge-m3', ...patch } },
    routing,
  });

  it.each([
    ['as it is', added()],
    [
      'without what only chats need',
      {
        models: {
          [embedder]: {
            kind: 'embedding',
            upstreams: ['small'],
            served_name: 'BAAI/bge-m3',
            context_tokens: 8192,
            max_in_flight: 16,
            price: shippedTree().models[small]?.price,
          },
        },
      },
    ],
    ['without abilities, and with less room than an answer may take', added({ capabilities: [], context_tokens: 512 })],
    [
      'with stand-ins of its own kind',
      {
        ...added({}, { chains: { [embedder]: ['bge-2'] } }),
        models: {
          ...added().models,
          'bge-2': { ...added().models[embedder], served_name: 'BAAI/bge-2' },
        },
      },
    ],
    ['under another name', added({}, { aliases: { 'text-embedding-3-small': embedder } })],
    ['for an agent', added({}, { agents: { indexer: { allowed_models: [embedder] } } })],
  ])('is accepted %s', (_, patch) => {
    expect(mistakesOf(patch)).toEqual([]);
  });

  it.each<[string, object, string, RegExp]>([
    [
      'in the chain of a chat model',
      added({}, { chains: { [small]: [large, embedder] } }),
      `routing.chains.${small}.1`,
      /"bge-m3" has kind embedding and cannot stand in for "qwen2\.5-7b", which has kind chat/,
    ],
    [
      'with a chat model in its chain',
      added({}, { chains: { [embedder]: [small] } }),
      `routing.chains.${embedder}.0`,
      /"qwen2\.5-7b" has kind chat and cannot stand in for "bge-m3", which has kind embedding/,
    ],
    [
      'for an intent',
      added({}, { intent: { models: { code: embedder } } }),
      'routing.intent.models.code',
      /"bge-m3" has kind embedding; expected a model of kind chat/,
    ],
    [
      'for an arm of an experiment',
      added({}, { experiments: { e: { enabled: true, arms: { a: { weight: 1, model: embedder } } } } }),
      'routing.experiments.e.arms.a.model',
      /expected a model of kind chat/,
    ],
    [
      'for a shadow',
      added({}, { experiments: { e: { enabled: true, arms: {}, shadow: { model: embedder, share: 0.1 } } } }),
      'routing.experiments.e.shadow.model',
      /expected a model of kind chat/,
    ],
    ['in the place of the large one', { models: { [large]: { kind: 'embedding' } } }, 'models', /no model has tier large/],
  ])('is refused %s', (_, patch, path, message) => {
    expect(mistakesOf(patch)).toContainEqual({ path, message: expect.stringMatching(message) });
  });

  it.each([
    ['a key that nobody knows', { dimension: 1024 }, 'dimension'],
    ['a tier that is none', { tier: 'huge' }, 'tier'],
    ['no server', { upstreams: [] }, 'upstreams'],
  ])('is read as strictly as the others: %s', (_, patch, key) => {
    expect(mistakesOf(added(patch)).map(({ path }) => path)).toEqual([`models.${embedder}.${key}`]);
  });

  it.each([null, 5, 'x', [], { kind: null }, { kind: 5 }])('is no way round the shape: %j', (entry) => {
    const tree = { ...shippedTree(), models: { ...shippedTree().models, [embedder]: entry } };
    expect(checkConfig(tree, dialectNames).ok).toBe(false);
    expect(checkConfig({ ...shippedTree(), models: entry }, dialectNames).ok).toBe(false);
  });

  it('is not enough by itself', () => {
    const patch = { models: { [small]: { kind: 'embedding' }, [large]: { kind: 'embedding' } } };
    expect(mistakesOf(patch)).toContainEqual({ path: 'models', message: 'at least one model of kind chat is needed' });
  });
});

function mistakesOf(patch: object): { path: string; message: string }[] {
  const checked = checkConfig(mergePatch(shippedTree(), patch), dialectNames);
  return checked.ok ? [] : checked.mistakes.map(({ path, message }) => ({ path: path.join('.'), message }));
}
