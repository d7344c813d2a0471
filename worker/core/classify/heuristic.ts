/** The heuristic score: five signals, weighted and summed. Knows no threshold. */
import { signalIds, type SignalId } from '../../../shared/config.ts';
import { signals } from './signals/registry.ts';
import type { ClassifierConfig, SignalValue } from './signals/signal.ts';
import type { RequestView } from './view.ts';

export interface SignalReading extends SignalValue {
  readonly id: SignalId;
  readonly weight: number;
  /** What this signal added to the score; the contributions sum to it up to rounding. */
  readonly contribution: number;
}

export interface HeuristicScore {
  /** 0 to 1, unrounded. */
  readonly score: number;
  readonly signals: readonly SignalReading[];
}

/**
 * Weighted sum of the signals. With calibrated curves the weights are renormalised over the signals that apply (plain chat: divided by
 * 0.65); with the seed's curves the plain sum is kept, as in the original.
 */
export function scoreHeuristic(view: RequestView, config: ClassifierConfig): HeuristicScore {
  const isSeed = config.curves === 'seed';
  const read = signalIds.map((id) => (isSeed ? signals[id].seed(view, config) : signals[id].calibrated(view, config)));
  let applying = isSeed ? 1 : 0;
  if (!isSeed) for (const [at, id] of signalIds.entries()) if (read[at]?.applies === true) applying += config.weights[id];
  let score = 0;
  const readings: SignalReading[] = [];
  for (const [at, id] of signalIds.entries()) {
    const signal = read[at];
    if (signal === undefined) continue;
    const { value, applies, facts } = signal;
    const weight = config.weights[id];
    const contribution = applying === 0 || !(isSeed || applies) ? 0 : (weight * value) / applying;
    score += contribution;
    readings.push({ id, weight, value, applies, facts, contribution });
  }
  const bounded = Math.min(1, Math.max(0, score));
  return { score: bounded, signals: readings };
}
