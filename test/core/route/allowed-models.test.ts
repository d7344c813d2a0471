/** Models that a key may not use are refused when named, and are in no plan. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRoute } from '../../../worker/core/route/plan.ts';
import { type Case, fleet, inputOf, order, planned, tools, withImage } from './situation.ts';

describe('planRoute: what a key may not use', () => {
  const shut = (allowed: string) => ({
    ok: false,
    failure: { code: 'model_not_allowed', param: 'model', detail: `Allowed: ${allowed}.` },
  });

  it.each<readonly [string, Case, string]>([
    ['a model by id', { request: { model: 'l1' }, allowed: ['s1'] }, 's1'],
    ['a model by alias', { request: { model: 'house' }, allowed: ['s2', 'l1'] }, 's2, l1'],
    ['the large tier, with small models allowed', { request: { model: 'large' }, allowed: ['s1', 's2'] }, 's1, s2'],
    ['the small tier, with large models allowed', { request: { model: 'small' }, allowed: ['l2'] }, 'l2'],
    ['the vision tier', { request: { model: 'vision' }, allowed: ['s1'] }, 's1'],
    [
      'a tier of which nothing is allowed, though what sees could stand in',
      { request: { model: 'small', messages: withImage }, allowed: ['eye'] },
      'eye',
    ],
  ])('is refused at once when it is named: %s', (_, situation, allowed) => {
    expect(planRoute(inputOf(situation))).toEqual(shut(allowed));
  });

  it.each<readonly [string, Case, string]>([
    ['a complex request with small models', { score: 0.9, allowed: ['s1'] }, 's1@small s1@east'],
    ['a simple request with a large model', { allowed: ['l2'] }, 'l2@east'],
    ['a complex request whose chain has none of them', { score: 0.9, allowed: ['s2'] }, 's2@west'],
    ['text for one that sees', { allowed: ['eye'] }, 'eye@west'],
    ['a tier of which one is allowed', { request: { model: 'large' }, allowed: ['l2', 's2'] }, 'l2@east'],
    [
      'an agent whose policy names the large tier',
      { change: { agent: { name: 'a', policy: { critical: true, budgets: [] } } }, allowed: ['s1'] },
      's1@small s1@east',
    ],
    [
      'a conversation that was on a model of another key',
      { change: { session: { modelId: 'l1', tier: 'large', isEscalated: true } }, allowed: ['s2'] },
      's2@west',
    ],
    [
      'an experiment with a model that is not',
      { change: { arm: { experiment: 'e', arm: 'a', model: 'l2', strategy: null } }, allowed: ['s1'] },
      's1@small s1@east',
    ],
    ['all of them down', { down: ['s1'], allowed: ['s1'] }, 's1@small s1@east'],
  ])('leaves a plan of what is allowed alone: %s', (_, situation, expected) => {
    const route = planned(situation);
    expect(order(route)).toBe(expected);
    expect(route.failure).toBeNull();
  });

  it('never stands in any plan, whatever is asked, scored, down or remembered', () => {
    const names = Object.keys(fleet.models);
    fc.assert(
      fc.property(
        fc.record({
          allowed: fc.subarray(names),
          down: fc.subarray(names),
          score: fc.double({ min: 0, max: 1, noNaN: true }),
          model: fc.constantFrom('auto', 'auto:quality', 'small', 'large', 'vision', 'house', ...names),
          hasImage: fc.boolean(),
          hasTools: fc.boolean(),
          session: fc.option(fc.constantFrom(...names)),
          arm: fc.option(fc.constantFrom(...names)),
          isCritical: fc.boolean(),
        }),
        ({ allowed, down, score, model, hasImage, hasTools, session, arm, isCritical }) => {
          const tierOf = (id: string) => fleet.models[id]?.tier ?? 'small';
          const result = planRoute(
            inputOf({
              request: { model, ...(hasImage ? { messages: withImage } : {}), ...(hasTools ? { tools } : {}) },
              score,
              down,
              allowed,
              change: {
                agent: isCritical ? { name: 'a', policy: { critical: true, budgets: [] } } : null,
                session: session === null ? null : { modelId: session, tier: tierOf(session), isEscalated: true },
                arm: arm === null ? null : { experiment: 'e', arm: 'a', model: arm, strategy: null },
              },
            }),
          );
          const planned = result.ok ? result.value.plan.candidates.map(({ modelId }) => modelId) : [];
          expect(planned.filter((id) => !allowed.includes(id))).toEqual([]);
          // What reads text and is allowed is found, wherever the request would have gone.
          const reads = allowed.some((id) => !hasTools || fleet.models[id]?.capabilities.includes('tools') === true);
          if (model === 'auto' && !hasImage) expect(planned.length > 0).toBe(reads);
        },
      ),
    );
  });
});
