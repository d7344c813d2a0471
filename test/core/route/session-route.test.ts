/** What a conversation's memory does to the plan: warm models, tool loops that stay, moves that go upward only. */
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/chat.ts';
import type { SessionMemory } from '../../../worker/core/route/session.ts';
import { type Case, order, planned, tools } from './situation.ts';

const memory = (modelId: string, tier: SessionMemory['tier'], isEscalated = false): Partial<Case> => ({
  change: { session: { modelId, tier, isEscalated } },
});
const inLoop: Partial<ChatRequest> = {
  tools,
  messages: [
    { role: 'user', content: 'look it up' },
    { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: 'c1', content: 'found' },
  ],
};

describe('planRoute: what a conversation remembers', () => {
  it.each<readonly [string, Case, string, string]>([
    ['a small one stays with its model, which has the prefix', { ...memory('s2', 'small'), score: 0.1 }, 'complexity', 's2'],
    ['a small one moves up with a hard turn', { ...memory('s1', 'small'), score: 0.9 }, 'complexity', 'l1'],
    ['a large one stays large for a greeting', { ...memory('l2', 'large'), score: 0.1 }, 'session', 'l2'],
    ['an escalated one is large from then on', { ...memory('s1', 'small', true), score: 0.1 }, 'session', 'l1'],
    ['a large one that fell back on a small model goes back', { ...memory('s1', 'large'), score: 0.1 }, 'session', 'l1'],
    ['a small one that fell back on a large model goes back', { ...memory('l1', 'small'), score: 0.1 }, 'complexity', 's1'],
    ['a tool loop stays with who began it', { ...memory('s1', 'small'), score: 0.9, request: inLoop }, 'tool_loop', 's1'],
    [
      'a tool loop stays even with a fallback that began it',
      { ...memory('s1', 'large'), score: 0.9, request: inLoop },
      'tool_loop',
      's1',
    ],
    ['a model that is no longer configured is forgotten', { ...memory('gone', 'large'), score: 0.1 }, 'complexity', 's1'],
  ])('%s', (_, situation, rule, first) => {
    const route = planned(situation);
    expect([route.decision.rule, route.decision.modelId]).toEqual([rule, first]);
    expect(order(route).startsWith(`${first}@`)).toBe(true);
  });
});
