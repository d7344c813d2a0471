/** What a score comes to beside the threshold that counts for this request: side, level, doubt and confidence never contradict each other. */
import { describe, expect, it } from 'vitest';
import { strategyIds } from '../../../shared/config.ts';
import { classify } from '../../../worker/core/classify/classify.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { loadWeights } from '../../../worker/core/classify/weights/load.ts';
import { readScore, type ScoreReading } from '../../../worker/core/route/score-reading.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { configWith } from '../../support/fakes/config.ts';

const config = configWith({ routing: { classifier: { threshold: 0.6, abstain_band: 0.05 } } });
const unknown = (): null => null;
const heuristic = (score: number): ScoreReading => readScore({ score, learned: null }, config, 'cost', unknown);
const scores = Array.from({ length: 101 }, (_, at) => at / 100);

describe('the reading of a score', () => {
  it.each([
    [0, 'trivial'],
    [0.29, 'trivial'],
    [0.3, 'simple'],
    [0.59, 'simple'],
    [0.6, 'moderate'],
    [0.79, 'moderate'],
    [0.8, 'complex'],
    [1, 'complex'],
  ])('at threshold 0.6, %f is %s', (score, level) => expect(heuristic(score).complexity).toBe(level));

  it('calls scores near the threshold unsure', () => {
    expect([0.54, 0.56, 0.64, 0.66].map((score) => heuristic(score).isUnsure)).toEqual([false, true, true, false]);
  });

  it.each(strategyIds.flatMap((strategy) => [0, 2].map((load) => [strategy, load] as const)))(
    'says the same in every word, wherever the threshold has moved: %s, load %i on the large tier',
    (strategy, load) => {
      const loadOf = (modelId: string): number => (modelId === 'qwen2.5-32b' ? load : 0);
      for (const score of scores) {
        const { threshold, isLarge, complexity, isUnsure } = readScore({ score, learned: null }, config, strategy, loadOf);
        expect(isLarge).toBe(score >= threshold);
        expect(complexity === 'moderate' || complexity === 'complex').toBe(isLarge);
        expect(isUnsure).toBe(Math.abs(score - threshold) < 0.05);
      }
    },
  );

  it('moves with the strategy: the same score is simple at the shipped threshold, and moderate where quality counts', () => {
    const read = (strategy: 'cost' | 'quality') => readScore({ score: 0.5, learned: null }, config, strategy, unknown);
    expect(read('cost')).toMatchObject({ threshold: 0.6, isLarge: false, complexity: 'simple' });
    expect(read('quality')).toMatchObject({ threshold: expect.closeTo(0.4, 9), isLarge: true, complexity: 'moderate' });
  });
});

describe('how sure it is', () => {
  it('grows with the distance from the threshold where rules alone scored', () => {
    const sure = [0.6, 0.7, 0.9].map((score) => heuristic(score).confidence);
    expect(sure[0]).toBe(0.5);
    expect(sure).toEqual(sure.toSorted((a, b) => a - b));
  });

  it('is as sure as the tier deserves it, and never under a half at the shipped threshold', () => {
    const texts = ['hi', 'What is a noun?', 'Prove it', 'Design a distributed queue', 'print in python', 'Is time real?'];
    for (const content of texts) {
      const view = buildView(innerRequest({ model: 'auto', messages: [{ role: 'user', content }] }));
      const classification = classify(view, config.routing, loadWeights());
      const { isLarge, confidence } = readScore(classification, config, 'cost', unknown);
      const deserved = classification.learned?.largeDeserved ?? Number.NaN;
      expect(confidence).toBe(isLarge ? deserved : 1 - deserved);
      expect(confidence).toBeGreaterThanOrEqual(0.5);
    }
  });
});
