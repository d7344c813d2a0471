/**
 * Repairs a text that should be JSON, without knowing what the JSON should say. For answers with a format there is
 * `check-answer.ts`.
 */
import { createAnswerReader, type AnswerLimits, type Repair } from './answer-reader.ts';
import { createNode } from './schema-node.ts';
import { createValueTracker } from './value-tracker.ts';

export interface RepairedJson {
  /** Parses as JSON. */
  readonly text: string;
  /** Empty when only white space around it was dropped. */
  readonly repairs: readonly Repair[];
}

/**
 * Puts right, in one pass, a code fence, text around one object or array, trailing commas and raw control characters in strings.
 * Returns null for everything else: it never invents or drops a value and never closes what breaks off. Null as well beyond
 * `max_repair_bytes` (counted in UTF-16 units): a general repair library took 4.9 s for a hostile text of 440 KB.
 */
export function repairJson(text: string, limits: Pick<AnswerLimits, 'max_repair_bytes' | 'max_depth'>): RepairedJson | null {
  if (text.length > limits.max_repair_bytes) return null;
  const tracker = createValueTracker(createNode(), limits.max_depth);
  const reader = createAnswerReader(tracker, null, { ...limits, max_answer_bytes: limits.max_repair_bytes });
  const repaired = reader.read(text);
  return reader.finish() ? { text: repaired, repairs: reader.repairs() } : null;
}
