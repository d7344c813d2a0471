/** The blend of two orders: one model, a weight that follows the evidence, and a belief that evidence outweighs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../../bench/routing/random.ts';
import { denseNames, type LearnFeatures } from '../../../worker/core/classify/adaptive/features.ts';
import { predict } from '../../../worker/core/classify/adaptive/model.ts';
import { believed, blendModel, headWeights, priorBelief, shippedScore, weigh } from '../../../worker/core/learn/blend.ts';
import { fitRidge } from '../../../worker/core/learn/ridge.ts';

const random = seeded(11);

function features(): LearnFeatures {
  const dense = Float32Array.from({ length: denseNames.length }, () => random() * 2 - 1);
  return { dense, grams: Uint16Array.from({ length: 6 }, () => Math.floor(random() * 8192)), words: 4 };
}

const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Gains, and two orders that know so much of them. */
function world(size: number, head: number, shipped: number): Parameters<typeof weigh> {
  const gains = Array.from({ length: size }, normal);
  return [gains, gains.map((gain) => head * gain + normal()), gains.map((gain) => shipped * gain + normal())];
}

describe('a blend as one model', () => {
  const model = fitRidge(
    Array.from({ length: 60 }, () => ({
      outcome: { features: features(), small: 0, large: 1 },
      gain: random(),
      isPair: true,
    })),
    { prior: 30, dense: 30, grams: 3 },
  );

  it('expects the head’s share of its own gain, and the rest by the shipped score, at any weight', () => {
    for (const weight of [0, ...headWeights]) {
      const blended = blendModel(model, weight, 0.2);
      for (let time = 0; time < 30; time += 1) {
        const one = features();
        const own = predict(model, one) - model.intercept;
        const expected = model.intercept + weight * own + (1 - weight) * 0.2 * shippedScore(model, one);
        expect(predict(blended, one)).toBeCloseTo(expected, 5);
      }
    }
    expect(blendModel(model, 1, 0.2)).toEqual(model);
  });
});

describe('the weight of the head', () => {
  it.each([
    ['knows the gains and the shipped router nothing', 0.8, 0, 0.75, 1],
    ['knows as much as the shipped router, and something else', 0.5, 0.5, 0.25, 0.75],
    ['knows less than the shipped router', 0.2, 0.6, 0.25, 0.5],
  ] as const)('is what the evidence bears out where it %s', (_, head, shipped, least, most) => {
    const { weight } = weigh(...world(3000, head, shipped));
    expect(weight).toBeGreaterThanOrEqual(least);
    expect(weight).toBeLessThanOrEqual(most);
  });

  it('is of no use where the head knows nothing and the shipped router all: nothing may decide', () => {
    expect(weigh(...world(400, 0, 2)).lead.low).toBeLessThanOrEqual(0);
  });

  it('is the same for gains on another scale', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.constantFrom(0.01, 0.3, 50), (start, scale) => {
        const draw = seeded(start);
        const of = (): number[] => Array.from({ length: 80 }, () => draw() * 2 - 1);
        const [gains, head, shipped] = [of(), of(), of()];
        const [one, other] = [
          weigh(gains, head, shipped),
          weigh(
            gains.map((gain) => gain * scale),
            head,
            shipped,
          ),
        ];
        expect(other.weight).toBe(one.weight);
        expect(other.lead.low).toBeCloseTo(one.lead.low * scale, 6);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a belief', () => {
  it('lies between what was believed and what was seen, and is surer than either', () => {
    const number = fc.double({ min: -1, max: 1, noNaN: true });
    const deviation = fc.double({ min: 0.001, max: 2, noNaN: true });
    fc.assert(
      fc.property(number, deviation, number, deviation, (before, unsure, seen, noise) => {
        const { value, low, high } = believed({ mean: before, deviation: unsure }, { mean: seen, deviation: noise });
        expect(value).toBeGreaterThanOrEqual(Math.min(before, seen) - 1e-9);
        expect(value).toBeLessThanOrEqual(Math.max(before, seen) + 1e-9);
        expect(high - low).toBeLessThanOrEqual(2 * 1.2816 * Math.min(unsure, noise) + 1e-9);
      }),
    );
  });

  it('that own outcomes help switches nothing on by itself, and hardly counts once much was seen', () => {
    const nothing = { mean: 0, deviation: 1e6 };
    expect(believed(priorBelief, nothing).low).toBeLessThan(0);
    for (const mean of [-0.05, 0.05]) expect(believed(priorBelief, { mean, deviation: 0.008 }).value).toBeCloseTo(mean, 2);
  });
});
