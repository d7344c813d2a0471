/**
 * What an adaptive head reads of a request: counts, what the shipped router thinks of it, and hashes of its words and pairs of words. Hashes
 * and numbers only, so that an outcome which is kept holds no text.
 */
import { type LearnedScore, wordsOf } from '../learned.ts';
import { countAsk } from '../learned/counts.ts';
import { outcomeFeatureNames, questionKinds, readOutcomeFeatures } from '../learned/outcome-features.ts';
import type { RequestView } from '../view.ts';

export const gramBits = 13;
/** Words, and pairs of words, that are kept of one request. */
const mostGrams = 192;

/** The shipped router's own estimates; they come first. */
export const priorNames = ['shippedGain', 'shippedLogit'] as const;

export const denseNames = [
  ...priorNames,
  'logTextChars',
  'logMessages',
  'logSystemChars',
  'logTools',
  'asksForFormat',
  ...questionKinds.map((kind) => `kind ${kind}`),
  ...outcomeFeatureNames,
] as const;

export interface LearnFeatures {
  /** In the order of `denseNames`. */
  readonly dense: Float32Array;
  /** Buckets of words, then of pairs. */
  readonly grams: Uint16Array;
  readonly words: number;
}

/** Linear in the ask, which is bounded. */
export function readLearnFeatures(view: RequestView, learned: LearnedScore): LearnFeatures {
  const counts = readOutcomeFeatures(view, countAsk(view.beside)).values;
  const dense = new Float32Array(denseNames.length);
  const first = [
    learned.largeRight - learned.smallRight,
    learned.logit,
    Math.log1p(view.textChars),
    Math.log1p(view.messages),
    Math.log1p(view.systemChars),
    Math.log1p(view.tools),
    view.responseFormat === null || view.responseFormat === 'text' ? 0 : 1,
    ...questionKinds.map((kind) => (kind === learned.kind ? 1 : 0)),
  ];
  dense.set(first);
  dense.set(counts, first.length);
  const ngrams = wordsOf(view);
  const words = Math.min(mostGrams, ngrams.words);
  const pairs = Math.min(mostGrams, ngrams.pairs);
  const grams = new Uint16Array(words + pairs);
  for (let at = 0; at < words; at += 1) grams[at] = bucketOf(ngrams.hashes[at]);
  for (let at = 0; at < pairs; at += 1) grams[words + at] = bucketOf(ngrams.hashes[ngrams.words + at]);
  return { dense, grams, words };
}

function bucketOf(hash: number | undefined): number {
  return (hash ?? 0) & (2 ** gramBits - 1);
}

/** The value of each of a request's words, and of each of its pairs: every group weighs the same however long the text. */
export function gramValues({ grams, words }: Pick<LearnFeatures, 'grams' | 'words'>): { word: number; pair: number } {
  const pairs = grams.length - words;
  return { word: words === 0 ? 0 : 1 / Math.sqrt(words), pair: pairs === 0 ? 0 : 1 / Math.sqrt(pairs) };
}
