/**
 * One request's classification: complexity score, intent, and the reasons for them. Combines heuristic and learned scores by the
 * configured mode; chooses no model and knows nothing of health, agents or images.
 */
import type { Intent, RoutingConfig } from '../../../shared/config.ts';
import { levelOf, readIntent, type IntentConfig, type IntentLevel, type IntentReading } from './intent.ts';
import { type HeuristicScore, scoreHeuristic, type SignalReading } from './heuristic.ts';
import { hintsOf } from './hints.ts';
import { logistic, scoreLearned, type LearnedScore, type LearnedWeights } from './learned.ts';
import { type ActiveHead, type Adapted, readAdapted } from './adaptive/adapted.ts';
import { readLearnFeatures } from './adaptive/features.ts';
import { adaptedReasons, chanceReasons, sumReasons } from './reasons.ts';
import type { RequestView } from './view.ts';

export type ClassifyConfig = Pick<RoutingConfig, 'classifier' | 'intent'>;
export type ClassifierMode = RoutingConfig['classifier']['mode'];

export interface Classification {
  /** 0 to 1, unrounded; higher favours the large model. The router decides what it is compared with. */
  readonly score: number;
  readonly intent: Intent;
  readonly intentConfidence: number;
  readonly intentLevel: IntentLevel;
  /** The five signals, whatever the mode; `contribution` sums to the heuristic score. */
  readonly signals: readonly SignalReading[];
  readonly heuristicScore: number;
  /** null in mode `heuristic` and when no weights are loaded. */
  readonly learned: LearnedScore | null;
  /** What this deployment's own outcomes say; null where they do not decide. */
  readonly adapted: Adapted | null;
  /** What decided, most important first; short phrases, which may quote keywords in any script. See reasons.ts. */
  readonly reasons: readonly string[];
  /** The mode that scored: `heuristic` whenever there are no weights. */
  readonly mode: ClassifierMode;
}

/**
 * Where the learned scores' decision point lies on the score axis. Learned scores are the logistic of their logit, moved so that 0 falls
 * here: with the default threshold of 0.6 the trained decision holds, and the threshold stays the operator's knob.
 */
const learnedThreshold = 0.6;
const learnedShift = Math.log(learnedThreshold / (1 - learnedThreshold));

/**
 * Classifies a request's view; `weights` null means heuristic, whatever the mode. `learned` scores by text alone, `hybrid` gives the
 * learned model the heuristic's readings as well. A head that was trained on the deployment's own outcomes takes the place of the score. The seed's curves always score heuristically, as the original did.
 * A short reply is as hard as the hardest of what it answers.
 */
export function classify(
  view: RequestView,
  config: ClassifyConfig,
  weights: LearnedWeights | null,
  head: ActiveHead | null = null,
): Classification {
  const { reply } = view;
  // The original scored every turn by itself.
  if (reply === null || config.classifier.curves === 'seed') return classifyTurn(view, config, weights, head);
  const read = reply.answered.map(({ what, view: answered }): Classification => {
    const one = classifyTurn(answered, config, weights, head);
    return { ...one, reasons: [`a short reply, scored by the ${what} it answers`, ...one.reasons] };
  });
  if (reply.hasWish) read.push(classifyTurn(view, config, weights, head));
  return read.reduce((hardest, one) => (one.score > hardest.score ? one : hardest));
}

function classifyTurn(
  view: RequestView,
  config: ClassifyConfig,
  weights: LearnedWeights | null,
  head: ActiveHead | null,
): Classification {
  const { classifier } = config;
  const heuristic = scoreHeuristic(view, classifier);
  const rules = readIntent(view, config.intent);
  const mode = modeOf(config, weights);
  const learned =
    weights === null || mode === 'heuristic'
      ? null
      : scoreLearned(view, weights, mode === 'hybrid' ? hintsOf(heuristic, rules) : null);
  const adapted = learned === null || head === null ? null : readAdapted(readLearnFeatures(view, learned), head);
  const score = learned === null ? heuristic.score : logistic((adapted ?? learned).logit + learnedShift);
  const intent = learned === null ? rules : learnedIntent(learned, rules, config.intent);
  return {
    score,
    intent: intent.intent,
    intentConfidence: intent.confidence,
    intentLevel: levelOf(intent.confidence, config.intent),
    signals: heuristic.signals,
    heuristicScore: heuristic.score,
    learned,
    adapted,
    reasons: reasonsOf(heuristic, learned, adapted),
    mode,
  };
}

function reasonsOf(heuristic: HeuristicScore, learned: LearnedScore | null, adapted: Adapted | null): string[] {
  if (learned === null) return sumReasons(heuristic);
  return adapted === null ? chanceReasons(learned, heuristic) : adaptedReasons(adapted, heuristic);
}

/** The mode that is really used: the heuristic when there are no weights, and with the seed's curves. */
export function modeOf({ classifier }: ClassifyConfig, weights: LearnedWeights | null): ClassifierMode {
  return weights === null || classifier.curves === 'seed' ? 'heuristic' : classifier.mode;
}

/** The learned head's choice. When the current turn is too short to tell, what the rules found in the previous turn stays. */
export function learnedIntent(
  learned: Pick<LearnedScore, 'code' | 'reasoning' | 'general'>,
  rules: IntentReading,
  config: IntentConfig,
): { intent: Intent; confidence: number } {
  const { code, reasoning, general } = learned;
  if (rules.isFromHistory && general >= code && general >= reasoning)
    return { intent: rules.intent, confidence: rules.confidence };
  const special = code >= reasoning ? 'code' : 'reasoning';
  const confidence = Math.max(code, reasoning);
  const isNamed = rules.intent === special && rules[special] >= strongEvidence;
  // Several plain keywords tip what the learned head leaves open.
  if (isNamed && confidence >= openAbove) return { intent: special, confidence: Math.max(confidence, config.thresholds.medium) };
  if (confidence > general && confidence >= config.thresholds.medium) return { intent: special, confidence };
  return { intent: 'general', confidence: Math.max(general, 1 - confidence) };
}

/** Two or more keywords of one side; see `intent.ts`. */
const strongEvidence = 0.75;
const openAbove = 0.3;
