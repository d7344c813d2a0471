import { describe, expect, it } from 'vitest';
import { classifierVersion } from '../../../worker/core/classify/version.ts';
import { loadWeights } from '../../../worker/core/classify/weights/load.ts';
import { heuristicOnly, hybrid, seed, shipped } from './requests.ts';

const weights = loadWeights();
const versionOf = (classifier: Partial<typeof shipped.classifier>) =>
  classifierVersion({ ...hybrid, classifier: { ...hybrid.classifier, ...classifier } }, weights);
const version = versionOf({});

describe("a classifier's version", () => {
  it('begins with the mode that scores', () => {
    expect(version).toMatch(/^hybrid-[0-9a-z]{1,7}$/);
    expect(classifierVersion(heuristicOnly, weights)).toMatch(/^heuristic-/);
    expect(classifierVersion({ ...hybrid, classifier: { ...hybrid.classifier } }, null)).toMatch(/^heuristic-/);
    expect(classifierVersion({ ...seed, classifier: { ...seed.classifier, mode: 'hybrid' } }, weights)).toMatch(/^heuristic-/);
  });

  it.each([
    ['the threshold', { threshold: 0.3 }, true],
    ['the abstain band', { abstain_band: 0.2 }, true],
    ['a keyword', { keywords: [...shipped.classifier.keywords, 'zugzwang'] }, false],
    ['a signal weight', { weights: { ...shipped.classifier.weights, length: 0.21 } }, false],
    ['the mode', { mode: 'learned' as const }, false],
  ])('and %s', (_, change, isSame) => expect(versionOf(change) === version).toBe(isSame));

  it('changes with other weights', () => {
    const later = { ...weights, metadata: { ...weights.metadata, seed: 2 } };
    expect(classifierVersion({ ...hybrid, classifier: { ...hybrid.classifier } }, later)).not.toBe(version);
  });

  it('is that of the shipped reference: else npm run calibrate -- FILE --reference has to be run again', () => {
    expect(shipped.classifier.reference?.version).toBe(classifierVersion(shipped, weights));
  });
});
