/**
 * Trains P(small right) and P(large right): logistic regression on hashed words and counts. The counts have weights shared by all kinds of
 * questions plus deviations per kind; each kind is standardised by itself, so that a kind's level is told by its bias and not by its counts,
 * and recognising a benchmark wins nothing inside it.
 */
import { logistic, standardise, type LearnedFeatures } from '../../worker/core/classify/learned.ts';
import { questionKinds, type QuestionKind } from '../../worker/core/classify/learned/outcome-features.ts';
import { columnStats, descend, newWeights, type Weights } from './adagrad.ts';
import type { DenseModel } from './fit-tier.ts';
import { seeded, shuffle } from './random.ts';

export interface OutcomeExample {
  readonly features: LearnedFeatures;
  /** Outcomes 0 to 1; between where other models' outcomes on the prompt are mixed in. */
  readonly small: number;
  readonly large: number;
}

export interface OutcomeModel {
  readonly tables: readonly Float64Array[];
  readonly dense: Readonly<Record<QuestionKind, DenseModel>>;
}

export const outcomeBits = 14;
/** Part of a target that comes from the other models on the same prompt: it steadies the small slices. */
export const otherModelsShare = 0.5;

const rate = 0.02;
const epochs = 5;
const decay = { table: 1e-3, dense: 1e-2 } as const;
const denseScale = 0.3;
/** A kind's own weights learn at this scale against the shared ones. */
const kindScale = 0.5;
/** Kinds with fewer rows are standardised by all rows. */
const minRowsOfKind = 50;

interface Head {
  readonly table: Weights;
  readonly shared: Weights;
  readonly own: Readonly<Record<QuestionKind, Weights>>;
  readonly bias: Weights;
}

type Stats = ReturnType<typeof columnStats>;

function byKind<T>(make: (kind: QuestionKind) => T): Record<QuestionKind, T> {
  return { code: make('code'), choice: make('choice'), formula: make('formula'), problem: make('problem'), prose: make('prose') };
}

export function fitOutcomes(examples: readonly OutcomeExample[], seed: number): OutcomeModel {
  const width = examples[0]?.features.outcome.length ?? 0;
  const all = columnStats(
    examples.map((example) => example.features.outcome),
    width,
  );
  const stats = byKind((kind): Stats => {
    const rows = examples.filter((example) => example.features.kind === kind).map((example) => example.features.outcome);
    return rows.length < minRowsOfKind ? all : columnStats(rows, width);
  });
  const newHead = (): Head => ({
    table: newWeights(2 ** outcomeBits),
    shared: newWeights(width),
    own: byKind(() => newWeights(width)),
    bias: newWeights(1 + questionKinds.length),
  });
  const heads = [newHead(), newHead()] as const;
  const inputs = new Map(examples.map((example) => [example, standardiseRow(example.features, stats)]));
  const random = seeded(seed);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (const example of shuffle(examples, random)) {
      const input = inputs.get(example) ?? new Float64Array(width);
      step(heads[0], example.features, input, example.small);
      step(heads[1], example.features, input, example.large);
    }
  }
  return { tables: heads.map((head) => head.table.values), dense: byKind((kind) => fold(heads, kind, stats[kind])) };
}

function standardiseRow(features: LearnedFeatures, stats: Record<QuestionKind, Stats>): Float64Array {
  const { mean, inverseDeviation } = stats[features.kind];
  return features.outcome.map((value, at) => denseScale * standardise(value, mean[at] ?? 0, inverseDeviation[at] ?? 0));
}

function step(head: Head, features: LearnedFeatures, input: Float64Array, target: number): void {
  const { ngrams, kind } = features;
  const own = head.own[kind];
  const mask = 2 ** outcomeBits - 1;
  const kindAt = 1 + questionKinds.indexOf(kind);
  let logit = (head.bias.values[0] ?? 0) + (head.bias.values[kindAt] ?? 0);
  for (let at = 0; at < ngrams.words; at += 1)
    logit += (head.table.values[(ngrams.hashes[at] ?? 0) & mask] ?? 0) * (ngrams.values[at] ?? 0);
  for (let at = 0; at < input.length; at += 1)
    logit += ((head.shared.values[at] ?? 0) + kindScale * (own.values[at] ?? 0)) * (input[at] ?? 0);
  const error = logistic(logit) - target;
  for (let at = 0; at < ngrams.words; at += 1) {
    const slot = (ngrams.hashes[at] ?? 0) & mask;
    descend(head.table, slot, error * (ngrams.values[at] ?? 0) + decay.table * (head.table.values[slot] ?? 0), rate);
  }
  for (let at = 0; at < input.length; at += 1) {
    const value = input[at] ?? 0;
    if (value === 0) continue;
    descend(head.shared, at, error * value + decay.dense * (head.shared.values[at] ?? 0), rate);
    descend(own, at, kindScale * error * value + decay.dense * (own.values[at] ?? 0), rate);
  }
  descend(head.bias, 0, error, rate);
  descend(head.bias, kindAt, error, rate);
}

/** Shared and own weights of one kind as one row. */
function fold(heads: readonly Head[], kind: QuestionKind, stats: Stats): DenseModel {
  const kindAt = 1 + questionKinds.indexOf(kind);
  return {
    ...stats,
    heads: heads.map((head) =>
      head.shared.values.map((value, at) => denseScale * (value + kindScale * (head.own[kind].values[at] ?? 0))),
    ),
    bias: heads.map((head) => (head.bias.values[0] ?? 0) + (head.bias.values[kindAt] ?? 0)),
  };
}
