/** An adaptive head: learns a gain that it can see, finds none in noise, keeps the share, and hands back when it no longer leads. */
import { describe, expect, it } from 'vitest';
import { seeded } from '../../../bench/routing/random.ts';
import { readAdapted } from '../../../worker/core/classify/adaptive/adapted.ts';
import { denseNames, type LearnFeatures } from '../../../worker/core/classify/adaptive/features.ts';
import { leastOutcomes, mayDecide, trainHead } from '../../../worker/core/learn/head.ts';
import { apgrOf, compareOrders } from '../../../worker/core/learn/lift.ts';
import { type Outcome, targetsOf } from '../../../worker/core/learn/outcome.ts';
import { predict } from '../../../worker/core/classify/adaptive/model.ts';
import { fitRidge } from '../../../worker/core/learn/ridge.ts';

const random = seeded(3);

/** A request of eight words out of forty thousand, and one that says what it is about. */
function features(topic: number, shippedLogit = random() * 2 - 1): LearnFeatures {
  const dense = new Float32Array(denseNames.length);
  dense[1] = shippedLogit;
  const words = Array.from({ length: 7 }, () => Math.floor(random() * 8000) + 100);
  return { dense, grams: Uint16Array.from([topic, ...words]), words: 8 };
}

const poetry = 1;
const gardening = 2;

/** The small model fails at poetry and is as good as the large one at gardening; a part of the grades is wrong. */
function outcomes(count: number, wrong = 0, isTurned = false): Outcome[] {
  return Array.from({ length: count }, (_, at) => {
    const isPoetry = at % 2 === 0;
    const fails = (isPoetry !== isTurned) !== random() < wrong;
    return { features: features(isPoetry ? poetry : gardening), small: fails ? 0 : 1, large: 1 };
  });
}

function isOn(seen: readonly Outcome[]): boolean {
  const trained = trainHead(seen);
  return trained !== null && mayDecide(trained.evaluation);
}

describe('a head', () => {
  it('is not trained on a handful of outcomes', () => expect(trainHead(outcomes(leastOutcomes - 1))).toBeNull());

  it('learns from outcomes which requests gain, and says so of requests that it has not seen', () => {
    const trained = trainHead(outcomes(120));
    expect(trained && mayDecide(trained.evaluation)).toBe(true);
    const model = trained?.head.model ?? fitRidge([], { prior: 1, dense: 1, grams: 1 });
    expect(predict(model, features(poetry, 0))).toBeGreaterThan(predict(model, features(gardening, 0)) + 0.1);
  });

  it('learns although a fifth of the grades is wrong', () => {
    const trained = trainHead(outcomes(400, 0.2));
    expect(trained && mayDecide(trained.evaluation)).toBe(true);
  });

  it('is not in force where there is nothing to learn: seven in ten of such trainings at least', () => {
    const noise = (): Outcome[] =>
      Array.from({ length: 200 }, () => ({
        features: features(3),
        small: random() < 0.5 ? 1 : 0,
        large: random() < 0.6 ? 1 : 0,
      }));
    expect(Array.from({ length: 30 }, noise).filter(isOn).length).toBeLessThanOrEqual(9);
  });

  it('leaves a shipped router that is right its say, however much of the grades is noise', () => {
    const given = (length: number, wrong: number): Outcome[] =>
      Array.from({ length }, () => {
        const shippedLogit = random() * 2 - 1;
        const fails = shippedLogit > 0 !== random() < wrong;
        return { features: features(3, shippedLogit), small: fails ? 0 : 1, large: 1 };
      });
    for (const wrong of [0, 0.2, 0.4]) {
      const fresh = given(1500, 0);
      const gains = fresh.map(({ small }) => 1 - (small ?? 0));
      const shipped = fresh.map((one) => one.features.dense[1] ?? 0);
      for (const length of [50, 100, 200]) {
        const losses = Array.from({ length: 8 }, () => {
          const trained = trainHead(given(length, wrong));
          if (trained === null || !mayDecide(trained.evaluation)) return 0;
          const ours = fresh.map((one) => predict(trained.head.model, one.features));
          return compareOrders(gains, ours, shipped).lead;
        });
        // The shipped order's lift is 0.125 here.
        expect(losses.reduce((sum, loss) => sum + loss, 0) / losses.length).toBeGreaterThan(-0.01);
      }
    }
  });

  it('hands back when the traffic has turned and its estimate no longer leads', () => {
    const before = outcomes(120);
    expect(isOn(before)).toBe(true);
    // As many the other way round: what one half teaches is wrong in the other.
    expect(trainHead([...before, ...outcomes(120, 0, true)])?.evaluation.lead.low).toBeLessThanOrEqual(0);
  });

  it('sends as many requests to the large model as the shipped router does', () => {
    const seen = outcomes(200);
    const trained = trainHead(seen);
    if (trained === null) throw new Error('it is trained');
    const shipped = seen.filter((one) => (one.features.dense[1] ?? 0) >= 0).length;
    const sent = seen.filter((one) => readAdapted(one.features, { version: 1, head: trained.head }).logit >= 0).length;
    expect(Math.abs(sent - shipped)).toBeLessThan(30);
  });

  it('is the same from the same outcomes', () => {
    const seen = outcomes(80);
    expect(trainHead(seen)).toEqual(trainHead(seen));
  });
});

describe('a rating of one answer', () => {
  it('speaks for the other model when it is bad and against it when it is good, around the level of the pairs', () => {
    const one = features(3);
    const targets = targetsOf([
      { features: one, small: 0, large: null },
      { features: one, small: 1, large: null },
      { features: one, small: null, large: 1 },
      { features: one, small: null, large: 0 },
      { features: one, small: 0.5, large: 1 },
      { features: one, small: null, large: null },
    ]);
    expect(targets.map(({ gain }) => gain)).toEqual([1, 0, 1, 0, 0.5]);
  });
});

describe('the lift of an order', () => {
  const gains = [1, 0, 0, 1, -1, 0];

  it('is that of the definition: the area over the line of a router that draws lots', () => {
    const { ours, theirs, gap } = compareOrders(gains, gains, [1, 1, 1, 1, 1, 1]);
    expect(theirs).toBe(0);
    // Curve 1, 2, 2, 2, 2, 1 sixths at sixths of the requests, by trapezoids, less half the gap.
    expect(ours).toBeCloseTo((0.5 + 1.5 + 2 + 2 + 2 + 1.5) / 36 - 1 / 12, 10);
    expect(apgrOf(ours, gap)).toBeCloseTo(0.5 + ours / gap, 10);
  });

  it('leads another by a difference that is unsure, and itself by nothing, surely', () => {
    expect(compareOrders(gains, gains, gains)).toMatchObject({ lead: 0, deviation: 0 });
    const { lead, ours, theirs, deviation } = compareOrders(gains, gains, gains.toReversed());
    expect(lead).toBeCloseTo(ours - theirs, 12);
    expect(deviation).toBeGreaterThan(0);
  });
});
