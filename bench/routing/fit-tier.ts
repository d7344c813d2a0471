/**
 * Trains the tier and intent heads: logistic regression on hashed n-grams and counts, by Adagrad, several runs in different orders
 * averaged (the models are linear, so the average of the weights is the average of the models).
 */
import type { Intent } from '../../shared/config.ts';
import { logistic, standardise, type LearnedFeatures } from '../../worker/core/classify/learned.ts';
import { hintCount, intentOnlyCount } from '../../worker/core/classify/learned/tier-features.ts';
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

/** Heads tier, code, reasoning; general is the reference at 0. */
export interface HeadsModel {
  readonly tables: readonly Float64Array[];
  readonly dense: DenseModel;
}

const bits = 17;
const headNames = ['tier', 'code', 'reasoning', 'general'] as const;
const runs = 4;
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
}

interface Input {
  readonly example: TierExample;
  readonly counts: Float64Array;
}

export function fitTier(examples: readonly TierExample[], seed: number): HeadsModel {
  const width = examples[0]?.features.tier.length ?? 0;
  const stats = columnStats(
    examples.map((example) => example.features.tier),
    width,
  );
  const inputs = examples.map((example): Input => ({
    example,
    counts: example.features.tier.map(
      (value, at) => denseScale * standardise(value, stats.mean[at] ?? 0, stats.inverseDeviation[at] ?? 0),
    ),
  }));
  const tables = headNames.map(() => new Float64Array(2 ** bits));
  const dense = headNames.map(() => new Float64Array(width + 1));
  for (let run = 0; run < runs; run += 1) {
    fitOnce(inputs, width, seed + run).forEach((head, at) => {
      addTo(tables[at], head.table.values, 1 / runs);
      addTo(dense[at], head.dense.values, 1 / runs);
    });
  }
  // Softmax does not change when one head is taken off all: "general" becomes the reference, and needs no table.
  for (const at of [1, 2]) {
    addTo(tables[at], tables[3], -1);
    addTo(dense[at], dense[3], -1);
  }
  return {
    tables: tables.slice(0, 3),
    dense: {
      ...stats,
      heads: dense.slice(0, 3).map((row) => row.subarray(0, width).map((value) => value * denseScale)),
      bias: dense.slice(0, 3).map((row) => row[width] ?? 0),
    },
  };
}

function addTo(target: Float64Array | undefined, source: Float64Array | undefined, factor: number): void {
  if (target === undefined || source === undefined) return;
  for (let at = 0; at < target.length; at += 1) target[at] = (target[at] ?? 0) + factor * (source[at] ?? 0);
}

function fitOnce(inputs: readonly Input[], width: number, seed: number): Head[] {
  const heads = headNames.map((): Head => ({
    table: newWeights(2 ** bits, startSquare),
    dense: newWeights(width + 1, startSquare),
  }));
  const random = seeded(seed);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (const input of shuffle(inputs, random)) step(input, heads, random() < hintDropout ? width - hintCount : width);
  }
  return heads;
}

function step({ example, counts }: Input, heads: readonly Head[], used: number): void {
  const logits = heads.map((head, at) => sum(head, example, counts, firstOf(at), used));
  const tierError = example.large === null ? 0 : logistic(logits[0] ?? 0) - example.large;
  const odds = logits.slice(1).map(Math.exp);
  const total = odds.reduce((all, one) => all + one, 0);
  heads.forEach((head, at) => {
    const name = headNames[at];
    const intentError = example.intent === null ? 0 : (odds[at - 1] ?? 0) / total - (example.intent === name ? 1 : 0);
    const error = (at === 0 ? tierError : intentError) * example.weight;
    if (error !== 0) learn(head, example, counts, firstOf(at), used, error);
  });
}

/** The first count that a head learns from. */
function firstOf(head: number): number {
  return headNames[head] === 'tier' ? intentOnlyCount : 0;
}

const mask = 2 ** bits - 1;

function sum(head: Head, example: TierExample, counts: Float64Array, from: number, used: number): number {
  const { hashes, values } = example.features.ngrams;
  const table = head.table.values;
  let logit = head.dense.values[counts.length] ?? 0;
  for (let at = 0; at < hashes.length; at += 1) logit += (table[(hashes[at] ?? 0) & mask] ?? 0) * (values[at] ?? 0);
  for (let at = from; at < used; at += 1) logit += (head.dense.values[at] ?? 0) * (counts[at] ?? 0);
  return logit;
}

function learn(head: Head, example: TierExample, counts: Float64Array, from: number, used: number, error: number): void {
  const { hashes, values } = example.features.ngrams;
  for (let at = 0; at < hashes.length; at += 1) {
    const slot = (hashes[at] ?? 0) & mask;
    descend(head.table, slot, error * (values[at] ?? 0) + decay.table * (head.table.values[slot] ?? 0), rate);
  }
  for (let at = from; at < used; at += 1)
    descend(head.dense, at, error * (counts[at] ?? 0) + decay.dense * (head.dense.values[at] ?? 0), rate);
  descend(head.dense, counts.length, error, rate);
}
