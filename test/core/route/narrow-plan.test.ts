/** Plans with fewer models in them, and whether a larger model is left. */
import { describe, expect, it } from 'vitest';
import { modelOf } from '../../../shared/config-prepare.ts';
import { mayEscalate } from '../../../worker/core/route/may-escalate.ts';
import { largeTierOnly, smallTierOnly, withoutModel, withoutUsedUp } from '../../../worker/core/route/narrow-plan.ts';
import type { RoutePlan } from '../../../worker/core/route/plan.ts';
import { configWith } from '../../support/fakes/config.ts';
import { hello, pair, planned } from './situation.ts';

const [small = '', large = ''] = ['small', 'large'].map((tier) =>
  Object.keys(pair.models).find((id) => modelOf(pair, id).tier === tier),
);
const route = planned({ request: hello, change: { config: pair } });
const modelsOf = (narrowed: RoutePlan | null) => narrowed?.plan.candidates.map(({ modelId }) => modelId) ?? null;

describe('a plan', () => {
  it('of the small model, then the large one', () => expect(modelsOf(route)).toEqual([small, large]));

  it('without one model keeps its decision', () => {
    const without = withoutModel(route, small);
    expect([modelsOf(without), without.decision]).toEqual([[large], route.decision]);
  });

  it('without a model whose limit is used up says who answers in its place', () => {
    const without = withoutUsedUp(route, [small]);
    expect([modelsOf(without), without?.decision.modelId, without?.decision.primaryModelId]).toEqual([[large], large, large]);
    expect(without?.decision.reason).toContain(`; ${large} instead of ${small}: the key's limit for that model is used up`);
    expect(withoutUsedUp(route, [large])?.decision).toEqual(route.decision);
  });

  it('in which no model is left is not a plan', () => {
    expect(withoutUsedUp(route, [small, large])).toBeNull();
    expect(smallTierOnly(withoutModel(route, small), pair)).toBeNull();
  });

  it('of one tier only has that one', () => {
    expect(modelsOf(smallTierOnly(route, pair))).toEqual([small]);
    expect(largeTierOnly(route.plan, pair).candidates.map(({ modelId }) => modelId)).toEqual([large]);
  });
});

describe('a request', () => {
  const config = configWith({ routing: { escalation: { enabled: true } } });

  it('routed to the small tier may be escalated', () => expect(mayEscalate(route, 1, config)).toBe(true));

  it.each<[string, RoutePlan, number, typeof config]>([
    ['where that is off', route, 1, configWith({ routing: { escalation: { enabled: false } } })],
    ['of two choices', route, 2, config],
    ['whose model was named', { ...route, decision: { ...route.decision, isForced: true } }, 1, config],
    ['that must be fast', { ...route, decision: { ...route.decision, strategy: 'latency' } }, 1, config],
    ['routed to the large tier', { ...route, decision: { ...route.decision, tier: 'large' } }, 1, config],
    ['with no larger model in its plan', withoutModel(route, large), 1, config],
  ])('%s may not', (_, plan, choices, of) => expect(mayEscalate(plan, choices, of)).toBe(false));

  it('may not while every larger model is out', () => {
    expect(mayEscalate(route, 1, config, ({ modelId }) => modelId === small)).toBe(false);
  });
});
