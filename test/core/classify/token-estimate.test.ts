/** The estimate of tokens beside what a real tokenizer counted; `npm run eval:tokens` prints the same in full. */
import { describe, expect, it } from 'vitest';
import { errorOf, errorsByKind, readTexts } from '../../../bench/tokens/texts.ts';
import { measureText } from '../../../worker/core/classify/text-stats.ts';
import { estimateTokens } from '../../../worker/core/classify/token-estimate.ts';

const unseen = readTexts().filter(({ seen }) => !seen);

describe('the estimate of tokens', () => {
  it.each(errorsByKind(unseen))('is within 30 % for every unseen text of $kind, and within 15 % as a rule', ({ worst, mean }) => {
    expect([worst < 0.3, mean < 0.15]).toEqual([true, true]);
  });

  it('is within a tenth over all of them, and leans to no side by more than 5 %', () => {
    const { mean, bias } = errorOf('all', unseen);
    expect([mean < 0.1, Math.abs(bias) < 0.05]).toEqual([true, true]);
  });

  it('grows with a text, and is scaled up for what a sample stands for', () => {
    for (const { text } of unseen) {
      const [once, twice] = [text, `${text}\n${text}`].map((whole) => estimateTokens(measureText(whole), whole.length));
      expect(twice).toBeGreaterThan((once ?? 0) * 1.9);
      expect(estimateTokens(measureText(text), text.length * 10)).toBeCloseTo((once ?? 0) * 10);
    }
    expect(estimateTokens(measureText(''), 0)).toBe(0);
  });
});
