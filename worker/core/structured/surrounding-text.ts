/**
 * Classifies the text around a document: a Markdown code fence (three backticks, with anything else on the line) or other text.
 */
import { isJsonSpace } from '../json/grammar.ts';

export interface SurroundingText {
  note(code: number): void;
  /** True until the first character that is not white space. */
  isBlank(): boolean;
  hasFence(): boolean;
  hasText(): boolean;
}

const backtick = 96;
const lineFeed = 10;

export function createSurroundingText(): SurroundingText {
  let backticks = 0;
  let isFenceLine = false;
  let hasFence = false;
  let hasText = false;

  return {
    note(code) {
      if (code === lineFeed) isFenceLine = false;
      if (code === backtick && !isFenceLine) {
        backticks += 1;
        if (backticks === 3) [backticks, isFenceLine, hasFence] = [0, true, true];
        return;
      }
      if (backticks > 0 || (!isFenceLine && !isJsonSpace(code))) hasText = true;
      backticks = 0;
    },
    isBlank: () => !hasFence && !hasText && backticks === 0,
    hasFence: () => hasFence,
    hasText: () => hasText || backticks > 0,
  };
}
