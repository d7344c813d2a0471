/**
 * The order that decides is a blend of the shipped router's and the head's. How much weight the head has follows from what the blend does on
 * outcomes that it has not seen: none while no blend surely leads, and more as more is sure.
 */
import { type LearnFeatures, priorNames } from '../classify/adaptive/features.ts';
import { type RidgeModel, standardised } from '../classify/adaptive/model.ts';
import { type Comparison, compareOrders, type Interval } from './lift.ts';

/** Weights of the head that are compared; 1 is the head alone. */
export const headWeights = [0.25, 0.5, 0.75, 1] as const;

/** A normal belief about a lead over the shipped router, in standard deviations of the gains. */
export interface Belief {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * What is believed of a head before it has shown anything: that own outcomes help, about as much as on the simulated deployments of
 * `npm run bench:adaptive`, and not surely. By itself it switches nothing on, and it is outweighed as outcomes come: after a few hundred the
 * held-out estimate has most of the say.
 */
export const priorBelief: Belief = { mean: 0.04, deviation: 0.05 };

/** The interval that decides holds 60 %: four to one that the lead is above its low end. */
const deviations = 0.8416;

const shippedAt = priorNames.indexOf('shippedLogit');

/** The shipped router's score in standard deviations of the traffic, as the head reads it. */
export function shippedScore({ mean, inverseDeviation }: RidgeModel, { dense }: LearnFeatures): number {
  return standardised(dense[shippedAt] ?? 0, mean[shippedAt] ?? 0, inverseDeviation[shippedAt] ?? 0);
}

/** Both in standard deviations, so that equal weights mean equal say. */
export function blendOrders(head: readonly number[], shipped: readonly number[], weight: number): number[] {
  const spread = deviationOf(head) || 1;
  return head.map((value, at) => (weight * value) / spread + (1 - weight) * (shipped[at] ?? 0));
}

/**
 * The blend as one model, since the shipped score is one of the counts that the model reads; so a blend costs a request no more than a head.
 *
 * @param spread standard deviation of the gains that the head expects of outcomes that it has not seen
 */
export function blendModel(model: RidgeModel, weight: number, spread: number): RidgeModel {
  const dense = model.dense.map((value, at) => weight * value + (at === shippedAt ? (1 - weight) * spread : 0));
  return { ...model, dense, grams: model.grams.map((value) => weight * value) };
}

export interface Weighed extends Omit<Comparison, 'lead' | 'deviation'> {
  readonly lead: Interval;
  /** Of the head in the blend that was compared. */
  readonly weight: number;
}

/**
 * Whether a blend may decide is a pessimist's choice, and how much of the head is in it an even-tempered one: of the weights whose lead surely
 * lies above 0, by the low end of its interval, the one whose lead is the largest; where none does, the one that comes nearest.
 */
export function weigh(
  gains: readonly number[],
  head: readonly number[],
  shipped: readonly number[],
  prior: Belief = priorBelief,
): Weighed {
  const unit = deviationOf(gains) || 1;
  const all = headWeights.map((weight): Weighed => {
    const { lead, deviation, ...rest } = compareOrders(gains, blendOrders(head, shipped, weight), shipped);
    // A blend with less of the head in it is expected to lead by less.
    const before = { mean: prior.mean * weight * unit, deviation: prior.deviation * weight * unit };
    return { ...rest, weight, lead: believed(before, { mean: lead, deviation }) };
  });
  const sure = all.filter(({ lead }) => lead.low > 0);
  if (sure.length > 0) return sure.reduce((best, one) => (one.lead.value > best.lead.value ? one : best));
  return all.reduce((best, one) => (one.lead.low > best.lead.low ? one : best));
}

/** Two independent normal beliefs about one thing, weighed by how sure they are. */
export function believed(one: Belief, other: Belief): Interval {
  const [first, second] = [precisionOf(one), precisionOf(other)];
  const value = (one.mean * first + other.mean * second) / (first + second);
  const reach = deviations / Math.sqrt(first + second);
  return { value, low: value - reach, high: value + reach };
}

/** Two orders that are the same differ by nothing, surely. */
function precisionOf({ deviation }: Belief): number {
  return 1 / Math.max(deviation, 1e-9) ** 2;
}

export function deviationOf(values: readonly number[]): number {
  const n = Math.max(1, values.length);
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
}
