/** How sure the gateway was of an intent, in three words, so that the metric label has only three values. */
import type { IntentBand } from '../../../shared/records.ts';

export function intentBand(confidence: number): IntentBand {
  if (confidence >= 0.8) return 'high';
  return confidence >= 0.5 ? 'medium' : 'low';
}
