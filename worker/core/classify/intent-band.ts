/** How sure the gateway was of an intent, in three words: as a label it must not have more values. */
import type { IntentBand } from '../../../shared/records.ts';

export function intentBand(confidence: number): IntentBand {
  if (confidence >= 0.8) return 'high';
  return confidence >= 0.5 ? 'medium' : 'low';
}
