import { describe, expect, it } from 'vitest';
import { agreement } from '../../../worker/core/route/agreement.ts';
import { chooseArm, uniform } from '../../../worker/core/route/experiment.ts';
import { isWorthKeeping, remember, type SessionMemory } from '../../../worker/core/route/session.ts';

const small: SessionMemory = { modelId: 's', tier: 'small', isEscalated: false };
const large: SessionMemory = { modelId: 'l', tier: 'large', isEscalated: false };

describe('what a conversation remembers', () => {
  it.each([
    ['the first answer', null, small, small],
    ['nothing new', small, small, null],
    ['a move up', small, large, large],
    ['no move down', large, small, null],
    ['another model of the same tier', small, { ...small, modelId: 's2' }, { ...small, modelId: 's2' }],
    ['an escalation', small, { ...large, isEscalated: true }, { ...large, isEscalated: true }],
    ['an escalation for good', { ...large, isEscalated: true }, large, null],
  ] as const)('%s', (_, known, answered, wanted) => {
    expect(remember(known, answered)).toEqual(wanted);
  });

  it.each([
    ['a small answer', small, false, false, false],
    ['a small answer that calls tools', small, true, false, true],
    ['a small answer where another small model might get the next turn', small, false, true, true],
    ['a large answer', large, false, false, true],
    ['a conversation that was escalated', { ...small, isEscalated: true }, false, false, true],
  ] as const)('is kept where it changes the next turn: %s', (_, memory, hasCalls, hasSiblings, wanted) => {
    expect(isWorthKeeping(memory, hasCalls, hasSiblings)).toBe(wanted);
  });
});

describe('experiments', () => {
  const arms = { a: { weight: 3 }, b: { weight: 1 } };

  it('split by weight, the same unit always the same way', () => {
    const armOf = (unit: string) => chooseArm({ split: { enabled: true, arms } }, unit)?.arm;
    const units = Array.from({ length: 4000 }, (_, i) => `unit-${i}`);
    const share = units.filter((unit) => armOf(unit) === 'a').length / units.length;
    expect(share).toBeGreaterThan(0.72);
    expect(share).toBeLessThan(0.78);
    for (const unit of units.slice(0, 50)) expect(armOf(unit)).toBe(armOf(unit));
  });

  it('that are switched off or weigh nothing choose nothing', () => {
    expect(chooseArm({ split: { enabled: false, arms } }, 'x')).toBeNull();
    expect(chooseArm({ split: { enabled: true, arms: { a: { weight: 0 } } } }, 'x')).toBeNull();
  });

  it('hash evenly', () => {
    const buckets = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 10_000; i += 1) {
      const at = Math.floor(uniform(`key-${i}`) * 10);
      buckets[at] = (buckets[at] ?? 0) + 1;
    }
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('agreement of two answers', () => {
  it.each([
    ['the same words', 'The tide rises.', 'the TIDE rises', 1],
    ['nothing in common', 'alpha beta', 'gamma delta', 0],
    ['half', 'alpha beta', 'alpha gamma', 0.5],
    ['two empty texts', '', '', 1],
  ])('%s', (_, a, b, wanted) => {
    expect(agreement(a, b)).toBe(wanted);
  });
});
