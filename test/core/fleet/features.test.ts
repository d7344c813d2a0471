import { describe, expect, it } from 'vitest';
import { featuresOf } from '../../../worker/core/fleet/features.ts';
import { configWith } from '../../support/fakes/config.ts';

const arms = { only: { weight: 1 } };
const budgets = [{ period: 'day', limit_usd: 1, when_exhausted: 'refuse' }];

describe('features', () => {
  it.each([
    ['learned_router', { routing: { classifier: { mode: 'heuristic' } } }, false],
    ['sessions', { routing: { sessions: { enabled: false } } }, false],
    ['escalation', { routing: { escalation: { enabled: true } } }, true],
    ['rescue', { routing: { rescue: { enabled: false } } }, false],
    ['admission', { routing: { admission: { enabled: false } } }, false],
    ['breaker', { routing: { health: { breaker: { enabled: false } } } }, false],
    ['experiments', { routing: { experiments: { split: { enabled: true, arms } } } }, true],
    ['experiments', { routing: { experiments: { split: { enabled: false, arms } } } }, false],
    [
      'shadow_runs',
      { routing: { experiments: { s: { enabled: true, arms, shadow: { model: 'qwen2.5-32b', share: 0.1 } } } } },
      true,
    ],
    [
      'shadow_runs',
      { routing: { experiments: { s: { enabled: true, arms, shadow: { model: 'qwen2.5-32b', share: 0 } } } } },
      false,
    ],
    ['agent_policies', { routing: { agents: { planner: {} } } }, true],
    ['budgets', { limits: { budgets } }, true],
    ['budgets', { routing: { agents: { planner: { budgets } } } }, true],
    ['cors', { cors: { allowed_origins: ['*'] } }, true],
  ] as const)('%s with %j: %s', (feature, patch, isOn) => {
    expect(featuresOf(configWith(patch))[feature]).toBe(isOn);
  });

  it('name a kind of models where one of it is set up', () => {
    const kindsOn = (present: readonly string[]) => {
      const { embeddings, classification, reranking } = featuresOf(configWith({}, undefined, present));
      return { embeddings, classification, reranking };
    };
    expect(kindsOn([])).toEqual({ embeddings: false, classification: false, reranking: false });
    expect(kindsOn(['embedder'])).toEqual({ embeddings: true, classification: false, reranking: false });
    expect(kindsOn(['workers-ai'])).toEqual({ embeddings: true, classification: false, reranking: true });
  });

  it('are those of the shipped configuration without a patch', () => {
    expect(
      Object.entries(featuresOf(configWith({})))
        .filter(([, isOn]) => isOn)
        .map(([feature]) => feature),
    ).toEqual(expect.arrayContaining(['sessions', 'rescue', 'admission', 'breaker']));
  });
});
