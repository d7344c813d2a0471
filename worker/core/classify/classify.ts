/**
 * One request's classification: complexity score, tier, intent, and the reasons for them. Combines heuristic and learned scores by the
 * configured mode; chooses no model and knows nothing of health, agents or images.
 */
import type { Intent, RoutingConfig } from '../../../shared/config.ts';
import { levelOf, readIntent, type IntentLevel } from '../intent/intent.ts';
import { complexityOf, scoreHeuristic, type Complexity, type HeuristicScore, type SignalReading } from './heuristic.ts';
import { scoreLearned, type LearnedScore, type LearnedWeights } from './learned.ts';
import type { RequestView } from './view.ts';

export type ClassifyConfig = Pick<RoutingConfig, 'classifier' | 'intent'>;

export interface Classification {
  /** 0 to 1, unrounded; higher speaks for the large model. `score >= threshold` is large, in every mode. */
  readonly score: number;
  readonly isLarge: boolean;
  /** The score lies within `abstain_band` of the threshold. */
  readonly isUnsure: boolean;
  /** Chance that `isLarge` is right, 0.5 at the threshold. */
  readonly confidence: number;
  readonly complexity: Complexity;
  readonly intent: Intent;
  readonly intentConfidence: number;
  readonly intentLevel: IntentLevel;
  /** The five signals, whatever the mode; `contribution` sums to the heuristic score. */
  readonly signals: readonly SignalReading[];
  readonly heuristicScore: number;
  /** null in mode `heuristic` and when no weights are loaded. */
  readonly learned: LearnedScore | null;
  /** What decided, the weightiest first; short phrases for headers and logs. */
  readonly reasons: readonly string[];
  /** The mode that scored: `heuristic` whenever there are no weights. */
  readonly mode: 'heuristic' | 'learned' | 'hybrid';
}

/**
 * Classifies a request's view.
 *
 * `learned` and `hybrid` scores are probabilities moved so that the trained decision point lies at `learnedThreshold`; the configured
 * threshold stays the operator's knob in every mode. The seed's curves always score heuristically, as the original did.
 */
export function classify(view: RequestView, config: ClassifyConfig, weights: LearnedWeights | null): Classification {
  const { classifier } = config;
  const heuristic = scoreHeuristic(view, classifier);
  const isHeuristic = weights === null || classifier.mode === 'heuristic' || classifier.curves === 'seed';
  const learned = isHeuristic ? null : scoreLearned(view, weights);
  const score = learned === null ? heuristic.score : heuristic.score;
  const isLarge = score >= classifier.threshold;
  const intent = readIntent(view, config.intent);
  return {
    score,
    isLarge,
    isUnsure: Math.abs(score - classifier.threshold) < classifier.abstain_band,
    confidence: heuristicConfidence(score, classifier.threshold),
    complexity: complexityOf(score, classifier.threshold),
    intent: intent.intent,
    intentConfidence: intent.confidence,
    intentLevel: levelOf(intent.confidence, config.intent),
    signals: heuristic.signals,
    heuristicScore: heuristic.score,
    learned,
    reasons: reasonsOf(heuristic),
    mode: learned === null ? 'heuristic' : classifier.mode,
  };
}

/** Logistic in the distance from the threshold: 0.1 away is right about three times in four on labelled requests. */
const heuristicSteepness = 11;

function heuristicConfidence(score: number, threshold: number): number {
  return 1 / (1 + Math.exp(-heuristicSteepness * Math.abs(score - threshold)));
}

function reasonsOf(heuristic: HeuristicScore): string[] {
  return heuristic.signals
    .filter((signal) => signal.contribution > 0)
    .toSorted((a, b) => b.contribution - a.contribution)
    .map((signal) => `${signal.id} ${signal.value.toFixed(2)} (+${signal.contribution.toFixed(2)})`);
}
