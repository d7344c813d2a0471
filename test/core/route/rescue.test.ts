/** Which answers that broke off can be finished, by whom, and how. */
import { describe, expect, it } from 'vitest';
import { canBeFinished, modesForRest, type Rest, routesForRest, type ShownChoice } from '../../../worker/core/route/rescue.ts';
import { candidate, planOf } from './attempts.ts';

const plain: ShownChoice = {
  reasoning: '',
  refusal: '',
  surfacedCalls: 0,
  finishReason: null,
  hasDiverged: false,
  isCutShort: false,
};
const one = { choices: 1, hasLogprobs: false };

describe('an answer that broke off', () => {
  it('is finished by another call when it is one plain text', () => {
    expect(canBeFinished(plain, 'broken_off', one)).toBe(true);
  });

  it.each<[string, Partial<ShownChoice>, Partial<typeof one>]>([
    ['has shown thinking', { reasoning: 'Hm' }, {}],
    ['has shown a refusal', { refusal: 'No' }, {}],
    ['has shown a call', { surfacedCalls: 1 }, {}],
    ['has its end', { finishReason: 'stop' }, {}],
    ['is already another answer than the one before', { hasDiverged: true }, {}],
    ['is one of two choices', {}, { choices: 2 }],
    ['has log probabilities', {}, { hasLogprobs: true }],
  ])('is not when it %s', (_, shown, wanted) => {
    expect(canBeFinished({ ...plain, ...shown }, 'broken_off', { ...one, ...wanted })).toBe(false);
  });

  it('is not when the request is at fault, nor when it is unfit for another reason than its limit', () => {
    expect(canBeFinished(plain, 'client', one)).toBe(false);
    expect(canBeFinished(plain, 'unfit_answer', one)).toBe(false);
    expect(canBeFinished({ ...plain, isCutShort: true }, 'unfit_answer', one)).toBe(true);
  });

  it('is finished by other routes first, and by its own only if that did not fall silent', () => {
    const [small, large] = [candidate('small'), candidate('large')];
    expect(routesForRest(planOf(small, large), small, false)).toEqual([large, small]);
    expect(routesForRest(planOf(small, large), small, true)).toEqual([large]);
    expect(routesForRest(planOf(small), small, true)).toEqual([]);
  });
});

describe('the rest of an answer', () => {
  const rest: Rest = {
    model: { capabilities: ['continue'], reasoning: 'none' },
    isConstrained: false,
    isCutShort: false,
    hasText: true,
    leftTokens: 10,
  };

  it('is asked for as a continuation, and if that is rejected as a repeat', () => {
    expect(modesForRest(rest)).toEqual(['continue', 'repeat']);
  });

  it.each<[string, Partial<Rest>]>([
    ['the model cannot continue', { model: { capabilities: [], reasoning: 'none' } }],
    ['the model’s text begins as thinking', { model: { capabilities: ['continue'], reasoning: 'think_open' } }],
    ['it is constrained', { isConstrained: true }],
    ['it was cut short by the limit for the rest', { isCutShort: true }],
    ['the client has no text yet', { hasText: false }],
    ['no token is left', { leftTokens: 0 }],
  ])('is only repeated when %s', (_, change) => {
    expect(modesForRest({ ...rest, ...change })).toEqual(['repeat']);
  });
});
