/**
 * Ridge regression of the gain on standardised counts and hashed words, by conjugate gradients on the normal equations (Hestenes and
 * Stiefel, 1952): a bounded number of passes over the outcomes, and never a matrix.
 */
import { denseNames, gramBits, gramValues, type LearnFeatures, priorNames } from '../classify/adaptive/features.ts';
import { type RidgeModel, standardised } from '../classify/adaptive/model.ts';
import type { Target } from './outcome.ts';

/** How strongly weights are held to 0: the noise of one outcome over the variance that such a weight has beforehand. */
export interface Penalties {
  readonly prior: number;
  readonly dense: number;
  readonly grams: number;
}

/** Passes over the outcomes; the residual has fallen a thousandfold long before. */
const mostSteps = 40;
const smallEnough = 1e-6;

const width = denseNames.length;
const size = width + 2 ** gramBits;

interface Row {
  readonly dense: Float64Array;
  readonly grams: Uint16Array;
  readonly words: number;
  readonly word: number;
  readonly pair: number;
}

export function fitRidge(targets: readonly Target[], penalties: Penalties): RidgeModel {
  const stats = columnStats(targets);
  const rows = targets.map(({ outcome }) => rowOf(outcome.features, stats));
  const intercept = targets.reduce((sum, { gain }) => sum + gain, 0) / Math.max(1, targets.length);
  const penaltyOf = (at: number): number =>
    at < priorNames.length ? penalties.prior : at < width ? penalties.dense : penalties.grams;
  const penalty = Float64Array.from({ length: size }, (_, at) => penaltyOf(at));
  const weights = new Float64Array(size);
  const residual = new Float64Array(size);
  rows.forEach((row, at) => addRow(residual, row, (targets[at]?.gain ?? 0) - intercept));
  // Scaled by the penalties, which differ by orders of magnitude, the system needs a few steps only.
  const scaled = residual.map((value, at) => value / (penalty[at] ?? 1));
  const direction = scaled.slice();
  let energy = dot(residual, scaled);
  const enough = energy * smallEnough;
  const product = new Float64Array(size);
  for (let step = 0; step < mostSteps && energy > enough; step += 1) {
    for (let at = 0; at < size; at += 1) product[at] = (penalty[at] ?? 0) * (direction[at] ?? 0);
    for (const row of rows) addRow(product, row, dotRow(direction, row));
    const length = energy / dot(direction, product);
    for (let at = 0; at < size; at += 1) {
      weights[at] = (weights[at] ?? 0) + length * (direction[at] ?? 0);
      residual[at] = (residual[at] ?? 0) - length * (product[at] ?? 0);
      scaled[at] = (residual[at] ?? 0) / (penalty[at] ?? 1);
    }
    const next = dot(residual, scaled);
    for (let at = 0; at < size; at += 1) direction[at] = (scaled[at] ?? 0) + (next / energy) * (direction[at] ?? 0);
    energy = next;
  }
  return {
    intercept,
    ...stats,
    dense: Float32Array.from(weights.subarray(0, width)),
    grams: Float32Array.from(weights.subarray(width)),
  };
}

type Stats = Pick<RidgeModel, 'mean' | 'inverseDeviation'>;

function columnStats(targets: readonly Target[]): Stats {
  const n = Math.max(1, targets.length);
  const mean = new Float32Array(width);
  const inverseDeviation = new Float32Array(width);
  for (let at = 0; at < width; at += 1) {
    let sum = 0;
    let squares = 0;
    for (const { outcome } of targets) {
      const value = outcome.features.dense[at] ?? 0;
      sum += value;
      squares += value * value;
    }
    const average = sum / n;
    const variance = squares / n - average * average;
    mean[at] = average;
    inverseDeviation[at] = variance < 1e-6 ? 0 : 1 / Math.sqrt(variance);
  }
  return { mean, inverseDeviation };
}

function rowOf(features: LearnFeatures, { mean, inverseDeviation }: Stats): Row {
  const { grams, words } = features;
  const dense = Float64Array.from(features.dense, (value, at) => standardised(value, mean[at] ?? 0, inverseDeviation[at] ?? 0));
  return { dense, grams, words, ...gramValues(features) };
}

function dotRow(vector: Float64Array, { dense, grams, words, word, pair }: Row): number {
  let sum = 0;
  for (let at = 0; at < width; at += 1) sum += (vector[at] ?? 0) * (dense[at] ?? 0);
  for (let at = 0; at < grams.length; at += 1) sum += (vector[width + (grams[at] ?? 0)] ?? 0) * (at < words ? word : pair);
  return sum;
}

function addRow(vector: Float64Array, { dense, grams, words, word, pair }: Row, factor: number): void {
  for (let at = 0; at < width; at += 1) vector[at] = (vector[at] ?? 0) + factor * (dense[at] ?? 0);
  for (let at = 0; at < grams.length; at += 1) {
    const slot = width + (grams[at] ?? 0);
    vector[slot] = (vector[slot] ?? 0) + factor * (at < words ? word : pair);
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
