/** How long an answer may become on a model: the client's word, the operator's limit, and the room there is. */
import { describe, expect, it } from 'vitest';
import { answerTokens, leastAnswer, loweredTokens, type SaidLimit, wantedTokens } from '../../../worker/core/route/token-room.ts';

const limits = { default_completion_tokens: 4096, max_completion_tokens: 16_384 };

describe('answerTokens', () => {
  it.each([
    ['without a wish: the default', 100, null, 32_768, 4096],
    ['without a wish on a small context: what is surely free', 100, null, 2048, 1914],
    ['without a wish and hardly any room: a short answer all the same', 2000, null, 2048, 256],
    ['a wish that fits', 100, 500, 2048, 500],
    ['a wish that may fit beside a long prompt travels as it is', 20_000, 12_000, 32_768, 12_000],
    ['a wish that surely does not fit is lowered to what is surely free', 20_000, 16_000, 24_000, 256],
    ['a wish of the whole context', 10, 2048, 2048, 2034],
    ['a wish beyond the operator’s limit', 10, 100_000, 131_072, 16_384],
    ['a wish beyond both', 10, 10_000_000, 4096, 4082],
    ['one token', 5000, 1, 4096, 1],
  ])('%s', (_, estimatedPromptTokens, requestedMaxTokens, contextTokens, expected) => {
    expect(answerTokens({ estimatedPromptTokens, requestedMaxTokens }, limits, contextTokens)).toBe(expected);
  });
});

describe('wantedTokens', () => {
  it('counts no more of an answer than the operator allows', () => {
    expect(wantedTokens({ estimatedPromptTokens: 100, requestedMaxTokens: 1_000_000 }, limits)).toBe(75 + 16_384);
    expect(wantedTokens({ estimatedPromptTokens: 100, requestedMaxTokens: null }, limits)).toBe(75);
  });
});

describe('loweredTokens', () => {
  const said = (contextTokens: number | null, promptTokens: number | null, change: Partial<SaidLimit> = {}): SaidLimit => ({
    contextTokens,
    promptTokens,
    maxCompletionTokens: null,
    isCompletion: false,
    ...change,
  });
  const own = { estimatedPromptTokens: 100, requestedMaxTokens: null };

  it.each([
    ['what the server counts besides the prompt', said(2048, 27), own, 2021],
    ['what the server allows an answer', said(null, null, { maxCompletionTokens: 512, isCompletion: true }), own, 512],
    ['what is surely free, when it names only its context', said(2048, null, { isCompletion: true }), own, 2048 - 134],
    [
      'a short answer, when it has not counted a long prompt',
      said(2048, null, { isCompletion: true }),
      { ...own, estimatedPromptTokens: 3000 },
      256,
    ],
    ['nothing when the prompt alone is too long', said(2048, 3000), own, null],
    ['nothing when it names no number', said(null, null), own, null],
    ['nothing when it is about the prompt and does not count it', said(2048, null), own, null],
    ['nothing when fewer were asked for already', said(32_768, 27), own, null],
    ['nothing where the client has asked for it', said(2048, 27), { ...own, requestedMaxTokens: 4096 }, null],
    ['something where the client asked for more than was sent', said(2048, 27), { ...own, requestedMaxTokens: 9000 }, 2021],
    ['too short an answer only where nobody has more room', said(2048, 2040), own, null],
  ])('asks once more for %s', (_, limit, sizes, expected) => {
    expect(loweredTokens(4096, limit, sizes, leastAnswer(true))).toBe(expected);
  });

  it('asks for the few that are left where nobody has more room', () => {
    expect(loweredTokens(4096, said(2048, 2040), own, leastAnswer(false))).toBe(8);
  });
});
