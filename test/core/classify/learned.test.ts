/** The learned model's parts: features are bounded and count once, tables survive packing, the committed weights are what they claim. */
import { statSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packWeights } from '../../../bench/routing/pack.ts';
import { baseBlend } from '../../../bench/routing/blend.ts';
import { logistic, readFeatures, scoreFeatures, standardise } from '../../../worker/core/classify/learned.ts';
import { readNgrams } from '../../../worker/core/classify/learned/ngrams.ts';
import { outcomeFeatureNames } from '../../../worker/core/classify/learned/outcome-features.ts';
import { hintCount, tierFeatureNames } from '../../../worker/core/classify/learned/tier-features.ts';
import { unpackWeights } from '../../../worker/core/classify/learned/weights.ts';
import { tokenize } from '../../../worker/core/classify/tokens.ts';
import { loadWeights } from '../../../worker/core/classify/weights/load.ts';
import { viewOf } from './requests.ts';

describe('n-grams', () => {
  const hashes = (text: string): number[] => [...readNgrams(tokenize(text)).hashes];

  it('count once however often they occur', () =>
    expect(new Set(hashes('prove prove prove')).size).toBe(new Set(hashes('prove prove')).size));
  it('are the same under any white space and case', () =>
    expect(hashes('Prove   the\nclaim')).toEqual(hashes('prove the claim')));
  it('see numbers by their length', () => expect(hashes('add 12 and 345')).toEqual(hashes('add 98 and 761')));
  it('are none for an empty ask', () => expect(hashes('')).toEqual([]));
  it('have one total weight per group, however long the text', () => {
    const square = (text: string): number => {
      const { values, words } = readNgrams(tokenize(text));
      return values.subarray(0, words).reduce((sum, value) => sum + value * value, 0);
    };
    expect(square('one two')).toBeCloseTo(1, 5);
    expect(square('one two three four five six seven')).toBeCloseTo(1, 5);
  });
  it('stay bounded on the largest ask', () =>
    expect(hashes(Array.from({ length: 20_000 }, (_, at) => `w${at}`).join(' ')).length).toBeLessThanOrEqual(12_000));
});

describe('counts', () => {
  const features = readFeatures(viewOf('Tom has 3 apples and twice as many pears. How many?'), null);
  it('have one value per name', () => {
    expect(features.tier).toHaveLength(tierFeatureNames.length);
    expect(features.outcome).toHaveLength(outcomeFeatureNames.length);
  });
  it('are average where a hint is missing', () => {
    expect(features.tier.slice(-hintCount).every((value) => Number.isNaN(value))).toBe(true);
    expect(standardise(Number.NaN, 1, 1)).toBe(0);
  });
  it('are bounded at three deviations', () => expect([standardise(100, 0, 1), standardise(-100, 0, 1)]).toEqual([3, -3]));
  it.each([
    ['code', 'Fix:\ndef f(x):\n    return x'],
    ['choice', 'Which is a metal?\nA. iron\nB. wood\nC. air\nD. glass'],
    ['formula', 'Evaluate $x^2$ at $x = 3$ with \\frac{1}{2}'],
    ['problem', 'Tom has 3 apples and twice as many pears'],
    ['prose', 'Why did the empire fall?'],
  ])('tell the kind %s', (kind, text) => expect(readFeatures(viewOf(text), null).kind).toBe(kind));
});

describe('packing', () => {
  const table = Float64Array.from({ length: 2 ** 17 }, (_, at) => (at % 1000 === 0 ? Math.sin(at) : 0));
  const dense = {
    mean: new Float64Array(3),
    inverseDeviation: new Float64Array(3).fill(1),
    heads: [1, 2, 3].map(() => new Float64Array(3).fill(0.5)),
    bias: [0, 0, 0],
  };
  const outcome = { tables: [table, table], dense: { code: dense, choice: dense, formula: dense, problem: dense, prose: dense } };
  const unpacked = unpackWeights(
    packWeights({ tables: [table, table, table], dense }, outcome, baseBlend, {
      date: '',
      dataSha256: '',
      seed: 0,
      rows: {},
      scores: {},
    }),
  );

  it('keeps every weight to within two percent of the largest, gaps over 255 included', () => {
    const packed = unpacked.tier.tables[0];
    table.forEach((value, at) => {
      const restored = packed === undefined ? 9 : packed.decode[(packed.entries[at] ?? 0) + 128];
      expect(Math.abs((restored ?? 9) - value)).toBeLessThan(0.02);
    });
  });
});

describe('the committed weights', () => {
  const weights = loadWeights();
  const path = fileURLToPath(new URL('../../../worker/core/classify/weights/packed.ts', import.meta.url));

  it('take at most 256 KB', () => expect(statSync(path).size).toBeLessThanOrEqual(256 * 1024));
  it('are unpacked once', () => expect(loadWeights()).toBe(weights));
  it('name their date and the hash of their data', () => {
    expect(weights.metadata.date).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(weights.metadata.dataSha256).toMatch(/^[0-9a-f]{64}$/);
  });
  it.each([
    ['gapWeightedApgr', 0.51],
    ['ownPairApgr', 0.54],
    ['olderApgr', 0.57],
    ['givenMacroF1', 0.9],
    ['givenIntentAccuracy', 0.9],
  ])('reach %s ≥ %f on rows they had not seen', (name, least) => {
    expect(weights.metadata.scores[name]).toBeGreaterThanOrEqual(least);
  });
  it('give finite scores and intents that sum to 1', () => {
    for (const text of ['', 'hi', 'Prove it', 'x'.repeat(20_000), '证明'.repeat(3000)]) {
      const score = scoreFeatures(readFeatures(viewOf(text), null), weights);
      expect(Number.isFinite(score.logit)).toBe(true);
      expect(score.code + score.reasoning + score.general).toBeCloseTo(1, 9);
    }
  });
  it('let the tier head alone decide the side of the decision point', () => {
    for (const text of [
      'hi',
      'Prove that 3 + 4 is odd and so is 5',
      'What is 2 + 2?',
      'A train goes 30 km in 20 minutes. How far in 3 hours?',
    ]) {
      const score = scoreFeatures(readFeatures(viewOf(text), null), weights);
      expect(Math.sign(score.logit)).toBe(Math.sign(score.tierLogit + weights.blend.offset));
      expect(score.largeDeserved).toBe(logistic(weights.blend.tierTemperature * (score.tierLogit + weights.blend.offset)));
    }
  });
});
