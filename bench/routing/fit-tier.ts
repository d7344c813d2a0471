/** Trains the tier and intent heads: logistic regression on hashed n-grams and counts, by Adagrad. */
import type { Intent } from '../../shared/config.ts';
import { logistic, standardise, type LearnedFeatures } from '../../worker/core/classify/learned.ts';
import { hintCount } from '../../worker/core/classify/learned/tier-features.ts';
import { columnStats, descend, newWeights, type Weights } from './adagrad.ts';
import { seeded, shuffle } from './random.ts';

export interface TierExample {
  readonly features: LearnedFeatures;
  /** 1 large, 0 small, between for a soft label; null when the tier is not learned from this row. */
  readonly large: number | null;
  /** null when the intent is not learned from this row. */
  readonly intent: Intent | null;
  readonly weight: number;
}

export interface DenseModel {
  readonly mean: Float64Array;
  readonly inverseDeviation: Float64Array;
  readonly heads: readonly Float64Array[];
  readonly bias: readonly number[];
}

export interface HeadsModel {
  readonly tables: readonly Float64Array[];
  readonly dense: DenseModel;
}

/** Table sizes of the heads tier, code and reasoning, as powers of two. */
export const tierBits = [17, 17, 17, 17] as const;

const rate = 0.05;
const epochs = 5;
const decay = { table: 1e-4, dense: 1e-3 } as const;
/** Slows the counts down against the n-grams. */
const denseScale = 0.5;
/** Share of steps without hints, so that mode `learned` works as well. */
const hintDropout = 0.25;
const startSquare = 1e-3;

interface Head {
  readonly table: Weights;
  readonly dense: Weights;
  readonly mask: number;
}

export function fitTier(examples: readonly TierExample[], seed: number): HeadsModel {
  const width = examples[0]?.features.tier.length ?? 0;
  const stats = columnStats(examples.map((example) => example.features.tier), width);
  const heads = tierBits.map((bits): Head => ({ table: newWeights(2 ** bits, startSquare), dense: newWeights(width + 1, startSquare), mask: 2 ** bits - 1 }));
  const inputs = new Map(examples.map((example) => [example, standardiseRow(example.features.tier, stats)]));
  const random = seeded(seed);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (const example of shuffle(examples, random)) step(example, inputs.get(example) ?? new Float64Array(width), heads, random() < hintDropout);
  }
  return {
    tables: heads.map((head) => head.table.values),
    dense: { ...stats, heads: heads.map((head) => head.dense.values.subarray(0, width).map((value) => value * denseScale)), bias: heads.map((head) => head.dense.values[width] ?? 0) },
  };
}

function standardiseRow(row: Float64Array, stats: { mean: Float64Array; inverseDeviation: Float64Array }): Float64Array {
  return row.map((value, at) => denseScale * standardise(value, stats.mean[at] ?? 0, stats.inverseDeviation[at] ?? 0));
}

function step(example: TierExample, input: Float64Array, heads: readonly Head[], dropsHints: boolean): void {
  const used = dropsHints ? input.length - hintCount : input.length;
  const logits = heads.map((head) => sum(head, example, input, used));
  const code = Math.exp(logits[1] ?? 0);
  const reasoning = Math.exp(logits[2] ?? 0);
  const general = Math.exp(logits[3] ?? 0);
  const total = general + code + reasoning;
  const errors = [
    example.large === null ? 0 : logistic(logits[0] ?? 0) - example.large,
    example.intent === null ? 0 : code / total - (example.intent === 'code' ? 1 : 0),
    example.intent === null ? 0 : reasoning / total - (example.intent === 'reasoning' ? 1 : 0),
    example.intent === null ? 0 : general / total - (example.intent === 'general' ? 1 : 0),
  ];
  heads.forEach((head, at) => {
    const error = (errors[at] ?? 0) * example.weight;
    if (error !== 0) learn(head, example, input, used, error);
  });
}

function sum(head: Head, example: TierExample, input: Float64Array, used: number): number {
  const { hashes, values } = example.features.ngrams;
  let logit = head.dense.values[input.length] ?? 0;
  for (let at = 0; at < hashes.length; at += 1) logit += (head.table.values[(hashes[at] ?? 0) & head.mask] ?? 0) * (values[at] ?? 0);
  for (let at = 0; at < used; at += 1) logit += (head.dense.values[at] ?? 0) * (input[at] ?? 0);
  return logit;
}

function learn(head: Head, example: TierExample, input: Float64Array, used: number, error: number): void {
  const { hashes, values } = example.features.ngrams;
  for (let at = 0; at < hashes.length; at += 1) {
    const slot = (hashes[at] ?? 0) & head.mask;
    descend(head.table, slot, error * (values[at] ?? 0) + decay.table * (head.table.values[slot] ?? 0), rate);
  }
  for (let at = 0; at < used; at += 1) descend(head.dense, at, error * (input[at] ?? 0) + decay.dense * (head.dense.values[at] ?? 0), rate);
  descend(head.dense, input.length, error, rate);
}
