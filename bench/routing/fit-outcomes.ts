/**
 * Trains P(small right) and P(large right): logistic regression on hashed words and counts. The counts have weights shared by all kinds of
 * questions plus deviations per kind; each kind is standardised by itself, so that a kind's level is told by its bias and not by its counts,
 * and recognising a benchmark wins nothing inside it.
 */
import { logistic, standardise, type LearnedFeatures } from '../../worker/core/classify/learned.ts';
import { questionKinds, type QuestionKind } from '../../worker/core/classify/learned/outcome-features.ts';
import { columnStats, descend, newWeights, type Weights } from './adagrad.ts';
import type { DenseModel } from './fit-tier.ts';
import { isOfPair, isOlder } from './outcomes.ts';
import { seeded, shuffle } from './random.ts';

export interface OutcomeExample {
  readonly features: LearnedFeatures;
  readonly source: string;
  /** Outcomes 0 to 1 of the two models, and the means of other small and large models where they are known. */
  readonly small: number;
  readonly large: number;
  readonly otherSmall: number | null;
  readonly otherLarge: number | null;
}

export interface OutcomeModel {
  readonly tables: readonly Float64Array[];
  readonly dense: Readonly<Record<QuestionKind, DenseModel>>;
}

/** Which sources a model sees; a pair of models has a gap of its own, so more rows of other pairs are not simply better. */
export const bases = ['all', 'older and own pair', 'own pair'] as const;
export type Base = (typeof bases)[number];

/** What is chosen on inner folds; see nested.ts. */
export interface OutcomeSettings {
  /** Models whose weights are averaged. */
  readonly averaged: readonly Base[];
  readonly words: boolean;
  /** Part of a target that comes from other models on the same prompt: it steadies small sources, and blurs what is the pair's own. */
  readonly othersShare: number;
}

function isWanted(source: string, base: Base): boolean {
  return base === 'all' || isOfPair(source) || (base === 'older and own pair' && isOlder(source));
}

export const outcomeBits = 14;

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

/** Runs in different orders whose weights are averaged, as the tier head's are: a single order leaves its chance in the small sources. */
const runs = 4;

export function fitOutcomes(examples: readonly OutcomeExample[], seed: number, settings: OutcomeSettings): OutcomeModel {
  const { averaged } = settings;
  return averageOf(Array.from({ length: runs }, (_, run) => fitBases(examples, seed + run, averaged, settings)).flat());
}

/** One model for each; all standardise alike, so that their weights can be averaged. */
export function fitBases(
  examples: readonly OutcomeExample[],
  seed: number,
  wanted: readonly Base[],
  { words, othersShare }: Pick<OutcomeSettings, 'words' | 'othersShare'>,
): OutcomeModel[] {
  const width = examples[0]?.features.outcome.length ?? 0;
  const all = columnStats(
    examples.map((example) => example.features.outcome),
    width,
  );
  const stats = byKind((kind): Stats => {
    const rows = examples.filter((example) => example.features.kind === kind).map((example) => example.features.outcome);
    return rows.length < minRowsOfKind ? all : columnStats(rows, width);
  });
  const counts = new Map(examples.map((example) => [example, standardiseRow(example.features, stats)]));
  return wanted.map((base) => {
    const seen = examples.filter(({ source }) => isWanted(source, base));
    const weightOf = weights(seen);
    const inputs = seen.map((example): Input => ({
      features: example.features,
      counts: counts.get(example) ?? new Float64Array(width),
      used: words ? example.features.words.words : 0,
      weight: weightOf(example),
      targets: [mix(example.small, example.otherSmall, othersShare), mix(example.large, example.otherLarge, othersShare)],
    }));
    const heads = fitHeads(inputs, width, seed);
    return { tables: heads.map((head) => head.table.values), dense: byKind((kind) => fold(heads, kind, stats[kind])) };
  });
}

function fitHeads(inputs: readonly Input[], width: number, seed: number): readonly [Head, Head] {
  const newHead = (): Head => ({
    table: newWeights(2 ** outcomeBits),
    shared: newWeights(width),
    own: byKind(() => newWeights(width)),
    bias: newWeights(1 + questionKinds.length),
  });
  const heads = [newHead(), newHead()] as const;
  const random = seeded(seed);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (const input of shuffle(inputs, random)) {
      step(heads[0], input, input.targets[0]);
      step(heads[1], input, input.targets[1]);
    }
  }
  return heads;
}

/** The mean of linear models that standardise alike is the model of the mean weights. */
export function averageOf(models: readonly OutcomeModel[]): OutcomeModel {
  const [first] = models;
  if (first === undefined) throw new Error('there are models to average');
  const mean = (rows: readonly Float64Array[]): Float64Array =>
    Float64Array.from({ length: rows[0]?.length ?? 0 }, (_, at) => {
      let sum = 0;
      for (const row of rows) sum += row[at] ?? 0;
      return sum / rows.length;
    });
  const empty = new Float64Array(0);
  return {
    tables: first.tables.map((_, head) => mean(models.map(({ tables }) => tables[head] ?? empty))),
    dense: byKind((kind) => ({
      mean: first.dense[kind].mean,
      inverseDeviation: first.dense[kind].inverseDeviation,
      heads: first.dense[kind].heads.map((_, head) => mean(models.map(({ dense }) => dense[kind].heads[head] ?? empty))),
      bias: first.dense[kind].bias.map(
        (_, head) => models.reduce((sum, { dense }) => sum + (dense[kind].bias[head] ?? 0), 0) / models.length,
      ),
    })),
  };
}

interface Input {
  readonly features: LearnedFeatures;
  readonly counts: Float64Array;
  /** N-grams that are read: the single words, which come first, or none. */
  readonly used: number;
  readonly weight: number;
  readonly targets: readonly [number, number];
}

function mix(own: number, others: number | null, share: number): number {
  return others === null ? own : (1 - share) * own + share * others;
}

/** A row's weight, 1 on average: a source weighs the square root of its rows. */
function weights(examples: readonly OutcomeExample[]): (example: OutcomeExample) => number {
  const sizes = new Map<string, number>();
  for (const { source } of examples) sizes.set(source, (sizes.get(source) ?? 0) + 1);
  let sum = 0;
  for (const size of sizes.values()) sum += Math.sqrt(size);
  return ({ source }) => examples.length / (sum * Math.sqrt(sizes.get(source) ?? 1));
}

function standardiseRow(features: LearnedFeatures, stats: Record<QuestionKind, Stats>): Float64Array {
  const { mean, inverseDeviation } = stats[features.kind];
  return features.outcome.map((value, at) => denseScale * standardise(value, mean[at] ?? 0, inverseDeviation[at] ?? 0));
}

function step(head: Head, { features, counts, used, weight }: Input, target: number): void {
  const { words, kind } = features;
  const own = head.own[kind];
  const mask = 2 ** outcomeBits - 1;
  const kindAt = 1 + questionKinds.indexOf(kind);
  let logit = (head.bias.values[0] ?? 0) + (head.bias.values[kindAt] ?? 0);
  for (let at = 0; at < used; at += 1)
    logit += (head.table.values[(words.hashes[at] ?? 0) & mask] ?? 0) * (words.values[at] ?? 0);
  for (let at = 0; at < counts.length; at += 1)
    logit += ((head.shared.values[at] ?? 0) + kindScale * (own.values[at] ?? 0)) * (counts[at] ?? 0);
  const error = weight * (logistic(logit) - target);
  for (let at = 0; at < used; at += 1) {
    const slot = (words.hashes[at] ?? 0) & mask;
    descend(head.table, slot, error * (words.values[at] ?? 0) + decay.table * (head.table.values[slot] ?? 0), rate);
  }
  for (let at = 0; at < counts.length; at += 1) {
    const value = counts[at] ?? 0;
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
