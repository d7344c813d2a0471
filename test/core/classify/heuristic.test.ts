/** The weighted sum with calibrated curves: renormalised over what applies, monotone where that is claimed, deaf to everything but the ask. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/chat.ts';
import type { InnerRequest } from '../../../worker/core/request/inner-request.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { scoreHeuristic } from '../../../worker/core/classify/heuristic.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { ask, chat, filler, heuristicOnly, tools } from './requests.ts';

const config = heuristicOnly.classifier;
const score = (request: InnerRequest): number => scoreHeuristic(buildView(request), config).score;
const isLarge = (request: InnerRequest): boolean => score(request) >= config.threshold;

describe('renormalisation', () => {
  it('divides plain chat by 0.65', () => {
    const { signals, score: total } = scoreHeuristic(buildView(ask('Prove that the sum of two odd numbers is even')), config);
    const values = Object.fromEntries(signals.map((signal) => [signal.id, signal.value]));
    const sum = 0.2 * (values['length'] ?? 0) + 0.35 * (values['keywords'] ?? 0) + 0.1 * (values['depth'] ?? 0);
    expect(total).toBeCloseTo(sum / 0.65, 12);
  });
  it('counts tools and format only where they are', () => {
    const { signals } = scoreHeuristic(
      buildView(ask('go there', { tools: tools(2), response_format: { type: 'json_object' } })),
      config,
    );
    expect(signals.filter((signal) => signal.contribution > 0).map((signal) => signal.id)).toEqual([
      'length',
      'tools',
      'depth',
      'structured',
    ]);
  });
  it('has contributions that sum to the score', () => {
    const { signals, score: total } = scoreHeuristic(buildView(ask('Design a queue', { tools: tools(1) })), config);
    expect(signals.reduce((sum, signal) => sum + signal.contribution, 0)).toBeCloseTo(total, 12);
  });
  it('lets plain chat reach large, which the original cannot', () =>
    expect(isLarge(ask('Derive and prove the formula for all n, with every step'))).toBe(true));
});

describe('verdicts', () => {
  it.each([
    ['small talk', 'hello there', false],
    ['a fact', 'What is the capital of Peru?', false],
    ['a short proof', 'Prove that 2 is prime', true],
    ['a design', 'Design a booking system for ferries with offline kiosks', true],
    ['a race condition', 'Find the race condition in this worker pool', true],
    ['Spanish', 'Demuestra que hay infinitos primos', true],
    ['Chinese', '请证明根号二是无理数，并推广到所有素数', true],
    ['words that only contain keywords', 'The planner explained the improved prototype', false],
    ['big words before a trivial question', "Debug, refactor, optimize, implement: what's the opposite of up?", false],
    ['a trivial order behind an analysis', 'Analyze the architecture and complexity of this: say hi.', false],
  ])('%s: %s', (_, text, expected) => expect(isLarge(ask(text))).toBe(expected));

  it('does not move for repeated keywords', () =>
    expect(score(ask(`prove ${'prove '.repeat(40)}`))).toBeLessThan(score(ask(`prove and derive ${filler(40)}`))));
});

describe('properties', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 });

  it('lies within 0 and 1 for any text', () => {
    fc.assert(
      fc.property(text, fc.nat(50), (content, count) => {
        const value = score(ask(content, count > 0 ? { tools: tools(count) } : {}));
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }),
    );
  });
  it('does not change under any system prompt, earlier answer or surrounding white space', () => {
    fc.assert(
      fc.property(text, text, text, (content, system, answer) => {
        const messages: ChatRequest['messages'] = [
          { role: 'system', content: system },
          { role: 'user', content: 'so' },
          { role: 'assistant', content: answer },
        ];
        const dressed = score(
          innerRequest({ model: 'auto', messages: [...messages, { role: 'user', content: `  \n${content}\n ` }] }),
        );
        expect(dressed).toBe(score(chat('so', content)));
      }),
    );
  });
  it('never falls when the ask gets longer by plain words', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (count) => {
        expect(score(ask(filler(count + 1)))).toBeGreaterThanOrEqual(score(ask(filler(count))));
      }),
    );
  });
  it('never falls with more tools offered', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (count) => {
        expect(score(ask('go', { tools: tools(count + 1) }))).toBeGreaterThanOrEqual(score(ask('go', { tools: tools(count) })));
      }),
    );
  });
});
