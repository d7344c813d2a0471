/**
 * Trains an adaptive head on a deployment's own outcomes, estimates on outcomes that it has not seen how much better than the shipped router
 * it orders requests, blends the two by that, and says whether the blend may decide.
 */
import type { LearnFeatures } from '../classify/adaptive/features.ts';
import { type Head, predict, type RidgeModel } from '../classify/adaptive/model.ts';
import { blendModel, blendOrders, deviationOf, shippedScore, weigh, type Weighed } from './blend.ts';
import { type Outcome, type Target, targetsOf } from './outcome.ts';
import { fitRidge, type Penalties } from './ridge.ts';

/** Newest outcomes that are trained on. */
export const mostOutcomes = 2000;
/** With fewer, nothing can be told. */
export const leastOutcomes = 40;
const folds = 5;

export const penalties: Penalties = { prior: 300, dense: 1000, grams: 10 };

export interface Evaluation extends Weighed {
  readonly outcomes: number;
  readonly pairs: number;
}

export interface Trained {
  /** The blend. */
  readonly head: Head;
  /** What was learned, without the shipped router. */
  readonly own: RidgeModel;
  readonly evaluation: Evaluation;
}

/** Null while there are too few outcomes. */
export function trainHead(outcomes: readonly Outcome[]): Trained | null {
  const targets = targetsOf(outcomes);
  if (targets.length < leastOutcomes) return null;
  const model = fitRidge(targets, penalties);
  const unseen = predictUnseen(targets);
  const shipped = targets.map(({ outcome }) => shippedScore(model, outcome.features));
  const gains = targets.map(({ gain }) => gain);
  const weighed = weigh(gains, unseen, shipped);
  const spread = deviationOf(unseen);
  const blended = blendOrders(unseen, shipped, weighed.weight).map((value) => model.intercept + spread * value);
  const pairs = targets.filter(({ isPair }) => isPair).length;
  return {
    head: { model: blendModel(model, weighed.weight, spread), ...cutOf(blended, targets) },
    own: model,
    evaluation: { ...weighed, outcomes: targets.length, pairs },
  };
}

/** The shipped router's logit; see `priorNames`. */
function shippedOrder({ dense }: LearnFeatures): number {
  return dense[1] ?? 0;
}

/**
 * Gains, less their mean, by models that have not seen the outcome, nor one of the same words. Less their mean, since that of a model is low where
 * the outcomes left out were high: kept in, it would set whole parts of the outcomes against what they show.
 */
function predictUnseen(targets: readonly Target[]): number[] {
  const foldOf = targets.map(({ outcome }) => fingerprintOf(outcome.features) % folds);
  const models = Array.from({ length: folds }, (_, fold) =>
    fitRidge(
      targets.filter((_target, at) => foldOf[at] !== fold),
      penalties,
    ),
  );
  return targets.map(({ outcome }, at) => {
    const model = models[foldOf[at] ?? 0];
    return model === undefined ? 0 : predict(model, outcome.features) - model.intercept;
  });
}

/** The same for requests of the same words. */
function fingerprintOf({ grams }: LearnFeatures): number {
  let sum = 17;
  for (const gram of grams) sum = (Math.imul(sum, 31) + gram) >>> 0;
  return (sum ^ (sum >>> 15)) >>> 0;
}

/** As many requests go to the large model as by the shipped router: which ones is learned, how many is the operator's to say. */
function cutOf(predicted: readonly number[], targets: readonly Target[]): Pick<Head, 'cut' | 'spread'> {
  const large = targets.filter(({ outcome }) => shippedOrder(outcome.features) >= 0).length;
  const sorted = predicted.toSorted((a, b) => b - a);
  const mean = predicted.reduce((sum, value) => sum + value, 0) / predicted.length;
  const variance = predicted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / predicted.length;
  const last = sorted[large - 1] ?? Number.POSITIVE_INFINITY;
  const next = sorted[large] ?? Number.NEGATIVE_INFINITY;
  const cut = large === 0 ? (sorted[0] ?? 0) + 1e-6 : Number.isFinite(next) ? (last + next) / 2 : last;
  return { cut, spread: Math.max(1e-3, Math.sqrt(variance)) };
}

/** The blend decides while the interval of its lead over the shipped router lies above 0. */
export function mayDecide({ lead }: Pick<Evaluation, 'lead'>): boolean {
  return lead.low > 0;
}
