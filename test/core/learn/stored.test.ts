/** What is kept of a request holds numbers and no text, comes back as it was, and is dropped when its layout is another. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scoreLearned } from '../../../worker/core/classify/learned.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { loadWeights } from '../../../worker/core/classify/weights/load.ts';
import { denseNames, gramBits, readLearnFeatures } from '../../../worker/core/classify/adaptive/features.ts';
import { fitRidge } from '../../../worker/core/learn/ridge.ts';
import { decodeFeatures, decodeModel, encodeFeatures, encodeModel } from '../../../worker/core/learn/stored.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';

function featuresOf(content: string) {
  const view = buildView(innerRequest({ model: 'auto', messages: [{ role: 'user', content }] }));
  return readLearnFeatures(view, scoreLearned(view, loadWeights()));
}

describe('features', () => {
  it('come back as they were, are bounded, and lie inside the table', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 4000, unit: 'grapheme' }), (text) => {
        const features = featuresOf(text);
        expect(decodeFeatures(encodeFeatures(features))).toEqual(features);
        expect(features.dense).toHaveLength(denseNames.length);
        expect(features.dense.every(Number.isFinite)).toBe(true);
        expect(features.grams.length).toBeLessThanOrEqual(384);
        expect(features.grams.every((gram) => gram < 2 ** gramBits)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('hold no word of the request', () => {
    const bytes = new TextDecoder('latin1').decode(encodeFeatures(featuresOf('Tell Marguerite that the harbour is closed')));
    for (const word of ['Marguerite', 'marguerite', 'harbour']) expect(bytes).not.toContain(word);
  });

  it.each([
    ['another layout', (bytes: Uint8Array) => bytes.fill(7, 0, 4)],
    ['cut short', (bytes: Uint8Array) => bytes.slice(0, 20)],
    ['an odd number of bytes', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['a number that is none', (bytes: Uint8Array) => bytes.fill(0xff, 10, 14)],
  ])('of %s are nothing', (_, spoil) => expect(decodeFeatures(spoil(encodeFeatures(featuresOf('Hello there'))))).toBeNull());
});

describe('a head', () => {
  const model = fitRidge(
    ['one two', 'three four', 'five'].map((text, at) => ({
      outcome: { features: featuresOf(text), small: 0, large: at / 2 },
      gain: at / 2,
      isPair: true,
    })),
    { prior: 1, dense: 1, grams: 1 },
  );

  it('comes back as it was, to the digits of a float', () => {
    const { intercept, ...rest } = decodeModel(encodeModel(model)) ?? { intercept: 0 };
    expect(rest).toEqual({ mean: model.mean, inverseDeviation: model.inverseDeviation, dense: model.dense, grams: model.grams });
    expect(intercept).toBeCloseTo(model.intercept, 6);
  });

  it('with a number that is none is nothing, so that a broken row cannot decide', () => {
    for (const at of [4, 400, 4000]) expect(decodeModel(encodeModel(model).fill(0xff, at, at + 4))).toBeNull();
  });

  it('of another layout is nothing', () => {
    const bytes = encodeModel(model);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    expect(decodeModel(bytes)).toBeNull();
    expect(decodeModel(bytes.slice(0, 100))).toBeNull();
  });
});
