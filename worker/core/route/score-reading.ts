/**
 * Interprets a score against the effective threshold: whether it is large, how certain that is, and the word for it. Only here, because the
 * classifier does not know how strategy, load and price move the threshold for a request.
 */
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { Strategy, Tier } from '../../../shared/config.ts';
import type { Classification } from '../classify/classify.ts';
import { logistic } from '../classify/learned.ts';
import { rememberedByObject } from '../text/remembered.ts';
import { effectiveThreshold, type EffectiveThreshold } from './strategy.ts';

export type Complexity = 'trivial' | 'simple' | 'moderate' | 'complex';

export interface ScoreReading extends EffectiveThreshold {
  /** The score reaches the threshold. */
  readonly isLarge: boolean;
  /** The score lies within `abstain_band` of the threshold. */
  readonly isUnsure: boolean;
  /** Chance that this side of the threshold is the right one; below 0.5 only where the threshold was moved. */
  readonly confidence: number;
  readonly complexity: Complexity;
}

/** @param loadOf running and waiting requests of a model per place; null when unknown */
export function readScore(
  { score, learned, adapted = null }: Pick<Classification, 'score' | 'learned'> & Partial<Pick<Classification, 'adapted'>>,
  config: Config,
  strategy: Strategy,
  loadOf: (modelId: string) => number | null,
): ScoreReading {
  const effective = thresholdOf(config, strategy, loadOf);
  const { threshold } = effective;
  const isLarge = score >= threshold;
  const deserved = learned === null || adapted !== null ? null : isLarge ? learned.largeDeserved : 1 - learned.largeDeserved;
  return {
    ...effective,
    isLarge,
    isUnsure: Math.abs(score - threshold) < config.routing.classifier.abstain_band,
    confidence: deserved ?? logistic(heuristicSteepness * Math.abs(score - threshold)),
    complexity: complexityOf(score, threshold),
  };
}

/** Of the logistic in the distance from the threshold, fitted on labelled requests. */
const heuristicSteepness = 6;

/** Four levels, two on each side of the threshold: halves of what lies below it, and of what lies above. */
function complexityOf(score: number, threshold: number): Complexity {
  if (score < threshold / 2) return 'trivial';
  if (score < threshold) return 'simple';
  return score < (1 + threshold) / 2 ? 'moderate' : 'complex';
}

function thresholdOf(config: Config, strategy: Strategy, loadOf: (modelId: string) => number | null): EffectiveThreshold {
  const { classifier, strategies } = config.routing;
  // The original ignores load and price.
  if (classifier.curves === 'seed') return { threshold: classifier.threshold, offsets: { strategy: 0, load: 0, price: 0 } };
  const { small, large, priceRatio } = tiersOf(config);
  return effectiveThreshold(classifier.threshold, strategy, strategies, {
    smallLoad: small === null ? null : loadOf(small),
    largeLoad: large === null ? null : loadOf(large),
    priceRatio,
  });
}

/** The first model of each tier, and how many times the one's price the other's is. */
const tiersOf = rememberedByObject((config: Config) => {
  const firstOf = (tier: Tier) => Object.keys(config.chatModels).find((id) => modelOf(config, id).tier === tier) ?? null;
  const [small, large] = [firstOf('small'), firstOf('large')];
  const priceOf = (id: string | null) => (id === null ? 0 : modelOf(config, id).price.output_per_million_usd);
  return { small, large, priceRatio: priceOf(small) > 0 && priceOf(large) > 0 ? priceOf(large) / priceOf(small) : 8 };
});
