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
  const read = signalIds.map((id) => {
    const signal = signals[id];
    return { id, weight: config.weights[id], ...(isSeed ? signal.seed(view, config) : signal.calibrated(view, config)) };
  });
  const applying = isSeed ? 1 : read.reduce((sum, signal) => sum + (signal.applies ? signal.weight : 0), 0);
  let score = 0;
  const readings: SignalReading[] = [];
  for (const signal of read) {
    const contribution = applying === 0 || !(isSeed || signal.applies) ? 0 : (signal.weight * signal.value) / applying;
    score += contribution;
    readings.push({ ...signal, contribution });
  }
  const bounded = Math.min(1, Math.max(0, score));
  return { score: bounded, signals: readings };
}
