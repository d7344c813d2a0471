/** Tokens of a text, by the same estimate that a request's prompt is measured with. Adds up: a text has at most the tokens of its parts. */
import { measureText } from '../classify/text-stats.ts';
import { estimateTokens } from '../classify/token-estimate.ts';

export function textTokens(text: string): number {
  return estimateTokens(measureText(text), text.length);
}
