/** Models that answer no chats: whatever their entry says, routing never comes to them. */
import { describe, expect, it } from 'vitest';
import { planRoute } from '../../../worker/core/route/plan.ts';
import { readScore } from '../../../worker/core/route/score-reading.ts';
import { configWith } from '../../support/fakes/config.ts';
import { type Case, inputOf, pair, schema, tools, withImage } from './situation.ts';

const { 'qwen2.5-7b': small, 'qwen2.5-32b': large } = pair.models;
const embedder = { ...small, kind: 'embedding', capabilities: ['vision', 'tools', 'json_schema', 'continue'] };
const dear = { ...large?.price, output_per_million_usd: 1000 };

/** The first of every tier, the cheapest and the dearest, with every ability and the most room: all that made a model chat's first choice. */
const mixed = configWith({
  models: {
    'qwen2.5-7b': null,
    'qwen2.5-32b': null,
    e1: { ...embedder, served_name: 'e1', tier: 'small', context_tokens: 1_000_000, price: dear },
    e2: { ...embedder, served_name: 'e2', tier: 'large', context_tokens: 1_000_000, price: dear },
    e3: { ...embedder, served_name: 'e3', tier: 'vision', context_tokens: 1_000_000 },
    s: { ...small, served_name: 's' },
    l: { ...large, served_name: 'l' },
  },
  gpus: { a40: null },
  routing: {
    chains: { 'qwen2.5-7b': null, 'qwen2.5-32b': null, s: ['l'], l: ['s'], e1: ['e2'], e2: [], e3: [] },
    agents: { planner: { critical: true } },
  },
});
const session = { modelId: 'e2', tier: 'large', isEscalated: false } as const;
const everything = ['e1', 'e2', 'e3', 's', 'l'];

describe('a model of another kind', () => {
  it.each<[string, Case]>([
    ['an easy request', { score: 0.1 }],
    ['a hard one', { score: 0.95 }],
    ['a tier that was asked for', { request: { model: 'small' } }],
    ['the large tier', { request: { model: 'large' } }],
    ['one that is down', { down: ['s'] }],
    ['all that are down', { down: ['s', 'l'] }],
    ['tools', { request: { tools } }],
    ['a schema', { request: { response_format: schema } }],
    ['a key that may use everything', { allowed: everything }],
    ['a key that may use one that chats', { allowed: ['e1', 'l'], score: 0.1 }],
    ['a critical agent', { change: { agent: { name: 'planner', policy: { critical: true, budgets: [] } } } }],
    ['a conversation that remembers it', { change: { session } }],
  ])('is in no plan: %s', (_, situation) => {
    const { change, ...rest } = situation;
    const planned = planRoute(inputOf({ ...rest, change: { ...change, config: mixed } }));
    const ids = planned.ok ? planned.value.plan.candidates.map(({ modelId }) => modelId) : [];
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.filter((id) => id.startsWith('e'))).toEqual([]);
    expect(JSON.stringify(planned)).not.toMatch(/"e\d"/);
  });

  it.each<[string, Case, string]>([
    ['an image', { request: { messages: withImage } }, 'vision_model_missing'],
    ['the vision tier', { request: { model: 'vision' } }, 'vision_model_missing'],
  ])('is not what sees: %s', (_, situation, code) => {
    const planned = planRoute(inputOf({ ...situation, change: { config: mixed } }));
    expect(planned).toMatchObject({ ok: true, value: { plan: { candidates: [] }, failure: { code } } });
    expect(JSON.stringify(planned)).not.toMatch(/\be\d\b/);
  });

  it('is no way out for a key that may use nothing else', () => {
    const planned = planRoute(inputOf({ allowed: ['e1', 'e2'], change: { config: mixed } }));
    expect(planned).toMatchObject({ value: { plan: { candidates: [] }, failure: { code: 'model_not_allowed' } } });
    expect(JSON.stringify(planned)).not.toMatch(/\be\d\b/);
  });

  it('moves no threshold by its price', () => {
    const strategy = 'cost';
    const loadOf = () => null;
    const plain = configWith({});
    const score = { score: 0.5, learned: null };
    expect(readScore(score, mixed, strategy, loadOf)).toEqual(readScore(score, plain, strategy, loadOf));
  });
});
