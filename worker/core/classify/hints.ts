/** What the rules tell the learned model in mode `hybrid`; the same in training and in the Worker. */
import type { IntentReading } from './intent.ts';
import type { HeuristicScore } from './heuristic.ts';
import type { Hints } from './learned/tier-features.ts';

export function hintsOf(heuristic: HeuristicScore, intent: IntentReading): Hints {
  const keywords = heuristic.signals.find((signal) => signal.id === 'keywords');
  return {
    heuristicScore: heuristic.score,
    keywordValue: keywords?.value ?? 0,
    keywords: sizeOf(keywords?.facts['found']) + sizeOf(keywords?.facts['discounted']),
    codeStrength: intent.code,
    reasoningStrength: intent.reasoning,
  };
}

function sizeOf(fact: number | string | boolean | readonly string[] | undefined): number {
  return Array.isArray(fact) ? fact.length : 0;
}
