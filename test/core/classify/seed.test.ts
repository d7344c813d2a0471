/** The original's curves, kept exactly: its nine router situations, what its threshold can and cannot reach, and its load-test mix. */
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/chat.ts';
import { classify } from '../../../worker/core/classify/classify.ts';
import { loadWeights } from '../../../worker/core/classify/weights/load.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { askBody as ask, chatBody as chat, filler, seed, seedMix, tools } from './requests.ts';

const viewOf = (request: ChatRequest) => buildView(innerRequest(request));
const score = (request: ChatRequest): number => classify(viewOf(request), seed, null).score;
const isLarge = (request: ChatRequest): boolean => score(request) >= seed.classifier.threshold;
const json: Partial<ChatRequest> = { response_format: { type: 'json_object' } };
const fiveKeywords = 'analyze compare debug evaluate critique';

describe('seed curves: the nine router situations', () => {
  it('sends a short sum to small', () => expect(isLarge(ask('What is 3 plus 4?'))).toBe(false));
  it('sends a long analysis with five keywords, tools and JSON mode to large', () => {
    expect(isLarge(ask(`${fiveKeywords} ${filler(150)}`, { ...json, tools: tools(1) }))).toBe(true);
  });
  it('scores higher with tools', () =>
    expect(score(ask('Look it up', { tools: tools(1) }))).toBeGreaterThan(score(ask('Look it up'))));
  it('scores higher with a response format', () =>
    expect(score(ask('Give me JSON', json))).toBeGreaterThan(score(ask('Give me JSON'))));
  it('stays within 0 and 1', () => {
    const most = score({ ...chat('a', 'b', 'c', 'd', 'e', `${fiveKeywords} ${filler(200)}`), ...json, tools: tools(9) });
    expect(most).toBeLessThanOrEqual(1);
    expect(score(ask(''))).toBeGreaterThanOrEqual(0);
  });
  it('accepts text and image parts, and reads the text alone', () => {
    const content = [
      { type: 'text' as const, text: 'Design this' },
      { type: 'image_url' as const, image_url: { url: 'https://example.com/a.png' } },
    ];
    expect(score({ model: 'auto', messages: [{ role: 'user', content }] })).toBe(score(ask('Design this')));
  });
  it('scores three user turns above one', () => expect(score(chat('so', 'and', 'then'))).toBeGreaterThan(score(ask('then'))));
  it('agrees with its own score on a message with one keyword', () => {
    const request = ask('Please debug it');
    expect(score(request)).toBeCloseTo(0.2 * 0.1 + 0.35 * 0.25 + 0.1 * 0.15, 12);
    expect(isLarge(request)).toBe(false);
  });
  it('sends a request without user turn to small', () => {
    expect(isLarge({ model: 'auto', messages: [{ role: 'system', content: `${fiveKeywords} ${filler(200)}` }] })).toBe(false);
  });
});

describe('seed curves: the threshold', () => {
  const hits = ['analyze', 'compare', 'debug', 'evaluate'];
  const request = (words: number, count: number, turns: number, offersTools: boolean, wantsJson: boolean): ChatRequest => {
    const text = `${hits.slice(0, count).join(' ')} ${filler(words - count)}`.trim();
    const before = Array.from({ length: turns - 1 }, () => 'so');
    return { ...chat(...before, text), ...(offersTools ? { tools: tools(1) } : {}), ...(wantsJson ? json : {}) };
  };

  it('lies at 0.6000000000000001 with tools, 20 to 49 words, two turns and four hits, hence large', () => {
    const boundary = request(30, 4, 2, true, false);
    expect(score(boundary)).toBe(0.6000000000000001);
    expect(isLarge(boundary)).toBe(true);
  });
  it('cannot be reached by plain chat: 0.59 at best', () => {
    expect(score(request(200, 4, 6, false, false))).toBeCloseTo(0.59, 12);
    expect(isLarge(request(200, 4, 6, false, false))).toBe(false);
  });

  // Fewest keyword hits that reach large, for 1, 2 and 4 user turns; null = impossible.
  const least: [string, number, boolean, boolean, (number | null)[]][] = [
    ['JSON mode, 30 words', 30, false, true, [null, null, null]],
    ['JSON mode, 100 words', 100, false, true, [null, 4, 4]],
    ['JSON mode, 200 words', 200, false, true, [4, 4, 3]],
    ['tools, 10 words', 10, true, false, [null, null, null]],
    ['tools, 30 words', 30, true, false, [null, 4, 4]],
    ['tools, 100 words', 100, true, false, [4, 4, 3]],
    ['tools, 200 words', 200, true, false, [3, 3, 3]],
    ['both, 10 words', 10, true, true, [4, 4, 3]],
    ['both, 30 words', 30, true, true, [3, 3, 3]],
    ['both, 100 words', 100, true, true, [3, 3, 2]],
    ['both, 200 words', 200, true, true, [2, 2, 2]],
  ];
  it.each(least)('needs as many hits as measured on the original: %s', (_, words, offersTools, wantsJson, expected) => {
    const needed = [1, 2, 4].map(
      (turns) => [0, 1, 2, 3, 4].find((count) => isLarge(request(words, count, turns, offersTools, wantsJson))) ?? null,
    );
    expect(needed).toEqual(expected);
  });
});

describe('seed curves: the load-test mix of 60', () => {
  it('gives 40 small and 20 large', () => {
    const large = seedMix.filter((request) => isLarge(request)).length;
    expect([seedMix.length - large, large]).toEqual([40, 20]);
  });
  it('scores the three kinds 0.035, 0.69 and 0.195', () => {
    expect(score(seedMix[0] ?? ask(''))).toBeCloseTo(0.035, 12);
    expect(score(seedMix[1] ?? ask(''))).toBeCloseTo(0.69, 12);
    expect(score(seedMix[2] ?? ask(''))).toBeCloseTo(0.195, 12);
  });
});

describe('seed curves: against the learned model', () => {
  it('ignores the learned weights, whatever the mode says', () => {
    const config = { ...seed, classifier: { ...seed.classifier, mode: 'hybrid' as const } };
    const read = classify(viewOf(ask('Prove it')), config, loadWeights());
    expect(read.mode).toBe('heuristic');
    expect(read.learned).toBeNull();
  });
  it('matches substrings, as the original did', () => {
    const found = classify(viewOf(ask('The designer redesigned it')), seed, null).signals.find(
      (signal) => signal.id === 'keywords',
    );
    expect(found?.facts['found']).toEqual(['design']);
  });
});
