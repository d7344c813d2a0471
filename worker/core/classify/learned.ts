/**
 * The learned scorer: hashed n-grams and counts of a view through committed weights, in one pass and without looking at system prompt,
 * history or tool results. Two models: one for tier and intent, trained on labelled requests, and one for how likely a small and a
 * large model are to get a question right, trained on public outcomes (bench/routing/README.md).
 */
import { countAsk } from './learned/counts.ts';
import { readNgrams, readWords, type Ngrams } from './learned/ngrams.ts';
import { readOutcomeFeatures, type QuestionKind } from './learned/outcome-features.ts';
import { readTierFeatures, type Hints } from './learned/tier-features.ts';
import type { Blend, Dense, LearnedWeights, Table } from './learned/weights.ts';
import { rememberedByObject } from '../text/remembered.ts';
import type { RequestView } from './view.ts';

export type { Hints } from './learned/tier-features.ts';
export type { LearnedWeights } from './learned/weights.ts';

export interface LearnedScore {
  /** Log-odds scale; above 0 speaks for the large model. Blend of `tierLogit` and `gain`. */
  readonly logit: number;
  readonly tierLogit: number;
  /** Chance that the request needs the large tier, by the tier head alone. */
  readonly largeDeserved: number;
  /** Estimated chance that each model answers right, for questions that have one right answer. */
  readonly smallRight: number;
  readonly largeRight: number;
  readonly kind: QuestionKind;
  /** Chance of each intent. */
  readonly code: number;
  readonly reasoning: number;
  readonly general: number;
}

export interface LearnedFeatures {
  readonly ngrams: Ngrams;
  /** What the outcome heads read: words of the ask beside more of its passage. */
  readonly words: Ngrams;
  readonly tier: Float64Array;
  readonly outcome: Float64Array;
  readonly kind: QuestionKind;
}

/** Of an ask that comes again: see `view.ts`. */
const ngramsOf = rememberedByObject(readNgrams);
const wordsBeside = rememberedByObject(readWords);

/** Words and pairs of the ask beside its passage; of an ask without one they are the first of its n-grams. */
export function wordsOf({ asked, beside }: RequestView): Ngrams {
  return beside === asked ? ngramsOf(asked.tokens) : wordsBeside(beside.tokens);
}

/** Counts beyond this many standard deviations weigh no more. */
const maxDeviations = 3;

/** Everything the heads read from a view; `hints` are the heuristic's readings, or null for none. */
export function readFeatures(view: RequestView, hints: Hints | null): LearnedFeatures {
  const { asked, beside } = view;
  const counts = countAsk(asked);
  const { kind, values } = readOutcomeFeatures(view, beside === asked ? counts : countAsk(beside));
  return {
    ngrams: ngramsOf(asked.tokens),
    words: wordsOf(view),
    tier: readTierFeatures(view, counts, hints),
    outcome: values,
    kind,
  };
}

/** The deviation of one count, bounded; 0 for a missing one. */
export function standardise(value: number, mean: number, inverseDeviation: number): number {
  const deviation = (value - mean) * inverseDeviation;
  return Number.isNaN(deviation) ? 0 : Math.max(-maxDeviations, Math.min(maxDeviations, deviation));
}

/** Sums of the first three tables over the first `upTo` n-grams, in one walk: the hashes are read once for all heads. */
function sumTables(tables: readonly Table[], ngrams: Ngrams, upTo: number): readonly [number, number, number] {
  const { hashes, values } = ngrams;
  const [first, second, third] = tables;
  let one = 0;
  let two = 0;
  let three = 0;
  for (let at = 0; at < upTo; at += 1) {
    const hash = hashes[at] ?? 0;
    const value = values[at] ?? 0;
    if (first !== undefined) one += weightAt(first, hash) * value;
    if (second !== undefined) two += weightAt(second, hash) * value;
    if (third !== undefined) three += weightAt(third, hash) * value;
  }
  return [one, two, three];
}

function weightAt(table: Table, hash: number): number {
  return table.decode[(table.entries[hash & table.mask] ?? 0) + 128] ?? 0;
}

function sumDense(dense: Dense, head: number, values: Float64Array): number {
  const weights = dense.heads[head];
  let sum = dense.bias[head] ?? 0;
  if (weights === undefined) return sum;
  for (let at = 0; at < values.length; at += 1) {
    sum += (weights[at] ?? 0) * standardise(values[at] ?? 0, dense.mean[at] ?? 0, dense.inverseDeviation[at] ?? 0);
  }
  return sum;
}

export function logistic(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** Of an ask that comes again, for the one set of weights that an isolate has. */
const sumsBy = rememberedByObject(({ tier, outcome }: LearnedWeights) => ({
  tier: rememberedByObject((ngrams: Ngrams) => sumTables(tier.tables, ngrams, ngrams.hashes.length)),
  outcome: rememberedByObject((ngrams: Ngrams) => sumTables(outcome.tables, ngrams, ngrams.words)),
}));

/** Scores features that `readFeatures` read. */
export function scoreFeatures(features: LearnedFeatures, weights: LearnedWeights): LearnedScore {
  const { ngrams, words, kind } = features;
  const { blend } = weights;
  const { dense } = weights.tier;
  const sums = sumsBy(weights);
  const [tierSum, codeSum, reasoningSum] = sums.tier(ngrams);
  const tierLogit = tierSum + sumDense(dense, 0, features.tier);
  const code = Math.exp(blend.intentTemperature * (codeSum + sumDense(dense, 1, features.tier)));
  const reasoning = Math.exp(blend.intentTemperature * (reasoningSum + sumDense(dense, 2, features.tier)));
  const total = 1 + code + reasoning;
  const outcome = weights.outcome.dense[kind];
  const [smallSum, largeSum] = sums.outcome(words);
  const smallRight = logistic(smallSum + sumDense(outcome, 0, features.outcome));
  const largeRight = logistic(largeSum + sumDense(outcome, 1, features.outcome));
  const logit = combine(tierLogit, largeRight - smallRight, kind, blend);
  const largeDeserved = logistic(blend.tierTemperature * (tierLogit + blend.offset));
  return {
    logit,
    tierLogit,
    largeDeserved,
    smallRight,
    largeRight,
    kind,
    code: code / total,
    reasoning: reasoning / total,
    general: 1 / total,
  };
}

/**
 * The tier head decides the side; within a side the expected gain of the large model counts too, ramped up from the decision point so
 * that the blend is continuous and keeps the tier's sign.
 */
function combine(tierLogit: number, gain: number, kind: QuestionKind, blend: Blend): number {
  const centred = tierLogit + blend.offset;
  const sure = Math.tanh(Math.abs(centred) / 2);
  const gainShare = blend.gainShare[kind] * Math.min(1, Math.abs(centred) / blend.ramp);
  const rank = logistic((gain - blend.gainCenter) / blend.gainScale);
  const size = (1 - gainShare) * sure + gainShare * (centred > 0 ? rank : 1 - rank);
  return blend.scale * Math.sign(centred) * size;
}

/** Scores a view; in mode `learned` without hints, in `hybrid` with the heuristic's. */
export function scoreLearned(view: RequestView, weights: LearnedWeights, hints: Hints | null = null): LearnedScore {
  return scoreFeatures(readFeatures(view, hints), weights);
}
