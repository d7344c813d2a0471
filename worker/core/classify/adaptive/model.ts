/** A linear model of the gain, as it is held, and what it expects of a request. */
import { denseNames, gramValues, type LearnFeatures } from './features.ts';

export interface RidgeModel {
  readonly intercept: number;
  readonly mean: Float32Array;
  readonly inverseDeviation: Float32Array;
  /** Of the standardised counts. */
  readonly dense: Float32Array;
  /** Of each bucket. */
  readonly grams: Float32Array;
}

/** A model that may take the shipped router's place. */
export interface Head {
  readonly model: RidgeModel;
  /** Expected gain from which a request counts as large. */
  readonly cut: number;
  /** Spread of the expected gains. */
  readonly spread: number;
}

/** Counts beyond this many standard deviations weigh no more. */
const maxDeviations = 3;

const width = denseNames.length;

/** The gain that is to be expected of the large model. */
export function predict({ intercept, mean, inverseDeviation, dense, grams }: RidgeModel, features: LearnFeatures): number {
  let sum = intercept;
  for (let at = 0; at < width; at += 1) {
    const value = standardised(features.dense[at] ?? 0, mean[at] ?? 0, inverseDeviation[at] ?? 0);
    sum += (dense[at] ?? 0) * value;
  }
  const { word, pair } = gramValues(features);
  for (let at = 0; at < features.grams.length; at += 1)
    sum += (grams[features.grams[at] ?? 0] ?? 0) * (at < features.words ? word : pair);
  return sum;
}

export function standardised(value: number, mean: number, inverseDeviation: number): number {
  return Math.max(-maxDeviations, Math.min(maxDeviations, (value - mean) * inverseDeviation));
}
