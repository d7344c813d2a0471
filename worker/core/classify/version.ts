/** Names a classifier by everything its score depends on, so that only scores of the same version are compared. */
import { fnvOf } from '../text/fnv.ts';
import { modeOf, type ClassifyConfig } from './classify.ts';
import type { LearnedWeights } from './learned.ts';

const known = new WeakMap<object, readonly [weights: LearnedWeights | null, version: string]>();

/**
 * Such as `hybrid-1b2c3d`: mode, and 32 bits of FNV-1a over curves, signal weights, keywords and the learned weights' metadata. The
 * threshold is not in it: it moves decisions, not scores. Worked out once for a configuration.
 */
export function classifierVersion(config: ClassifyConfig, weights: LearnedWeights | null): string {
  const { classifier, intent } = config;
  const cached = known.get(classifier);
  if (cached !== undefined && cached[0] === weights) return cached[1];
  const text = JSON.stringify([classifier.curves, classifier.weights, classifier.keywords, intent.keywords, weights?.metadata]);
  const version = `${modeOf(config, weights)}-${fnvOf(text).toString(36)}`;
  known.set(classifier, [weights, version]);
  return version;
}
