import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateCompletionTokens, reconcileUsage, type Relayed } from '../../../worker/core/cost/reconcile-usage.ts';
import { readUsage } from '../../../worker/core/upstreams/read-answer.ts';

const relayed = {
  contentEvents: 7,
  contentChars: 30,
  maxTokens: 256,
  maxPromptTokens: 600,
  contextTokens: 32_768,
  promptTokensEstimate: 40,
};
/** As vLLM sends it. */
const read = (usage: unknown, seen: Relayed) => reconcileUsage(readUsage(usage), seen);
const whole = { prompt_tokens: 12, completion_tokens: 8, total_tokens: 20 };

describe('reconcileUsage', () => {
  it('books what the model server says', () => {
    const usage = read(
      { ...whole, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: 3 } },
      relayed,
    );
    expect(usage).toEqual({ promptTokens: 12, completionTokens: 8, cachedTokens: 4, reasoningTokens: 3, isEstimated: false });
  });

  it.each([
    ['as much as was expected', 600, 600, false],
    ['more than was expected, such as a template of the server’s own', 900, 900, true],
    ['as much as the model has room for', 32_768, 32_768, true],
    ['more than the model has room for', 32_769, 600, true],
    ['absurd', 2 ** 60, 600, true],
    ['absurd, and no whole number', 1e9 + 0.5, 600, true],
  ])(
    'books a prompt that is %s by the server’s count or the bound, never by a small estimate',
    (_, reported, booked, isFlagged) => {
      expect(read({ ...whole, prompt_tokens: reported }, relayed)).toMatchObject({
        promptTokens: booked,
        completionTokens: 8,
        isEstimated: isFlagged,
      });
    },
  );

  it.each([
    ['as long as was allowed', 256, 256, false],
    ['one token longer', 257, 257, true],
    ['within the tolerance', 272, 272, true],
    ['beyond the tolerance', 273, 256, true],
    ['absurd', Number.POSITIVE_INFINITY, 256, true],
  ])('books a completion that is %s by the server’s count or the limit', (_, reported, booked, isFlagged) => {
    expect(read({ ...whole, completion_tokens: reported }, relayed)).toMatchObject({
      promptTokens: 12,
      completionTokens: booked,
      isEstimated: isFlagged,
    });
  });

  it('never books less for a server that reports more, up to what is possible', () => {
    const booked = (prompt_tokens: number) => read({ ...whole, prompt_tokens }, relayed).promptTokens;
    fc.assert(
      fc.property(fc.nat(32_768), fc.nat(32_768), (a, b) => {
        expect(booked(Math.max(a, b))).toBeGreaterThanOrEqual(booked(Math.min(a, b)));
      }),
    );
  });

  it('keeps an explicit zero, which is not a missing count', () => {
    const usage = read({ prompt_tokens: 0, completion_tokens: 0, prompt_tokens_details: { cached_tokens: 0 } }, relayed);
    expect(usage).toEqual({ promptTokens: 0, completionTokens: 0, cachedTokens: 0, reasoningTokens: null, isEstimated: false });
  });

  it.each([
    ['absent', undefined],
    ['null', null],
    ['a number', 42],
    ['text', 'prompt_tokens'],
    ['a list', []],
    ['empty', {}],
  ])('estimates both counts when usage is %s', (_, usage) => {
    expect(read(usage, relayed)).toEqual({
      promptTokens: 40,
      completionTokens: 7,
      cachedTokens: null,
      reasoningTokens: null,
      isEstimated: true,
    });
  });

  it.each([
    ['negative', -1],
    ['not a number', Number.NaN],
    ['fractional', 8.5],
    ['a string', '8'],
    ['null', null],
  ])('estimates the completion and flags it when it is %s, and keeps the prompt', (_, completion_tokens) => {
    expect(read({ ...whole, completion_tokens }, relayed)).toMatchObject({
      promptTokens: 12,
      completionTokens: 7,
      isEstimated: true,
    });
  });

  it.each([-3, 1.5, '12', Number.NaN])('estimates the prompt and flags it when it is %s', (prompt_tokens) => {
    expect(read({ ...whole, prompt_tokens }, relayed)).toMatchObject({
      promptTokens: 40,
      completionTokens: 8,
      isEstimated: true,
    });
  });

  it.each([
    ['more cached tokens than prompt', { prompt_tokens_details: { cached_tokens: 13 } }],
    ['negative cached tokens', { prompt_tokens_details: { cached_tokens: -1 } }],
    ['details that are no object', { prompt_tokens_details: 4, completion_tokens_details: 'all' }],
    ['more reasoning than completion', { completion_tokens_details: { reasoning_tokens: 9 } }],
    ['details of null', { prompt_tokens_details: null, completion_tokens_details: null }],
  ])('knows nothing of %s', (_, details) => {
    expect(read({ ...whole, ...details }, relayed)).toEqual({
      promptTokens: 12,
      completionTokens: 8,
      cachedTokens: null,
      reasoningTokens: null,
      isEstimated: false,
    });
  });

  it('gives whole counts within bounds for anything a server may send', () => {
    const field = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.constant(null), fc.constant(undefined), fc.bigInt());
    const anything = fc.oneof(
      fc.anything(),
      fc.record({
        prompt_tokens: field,
        completion_tokens: field,
        prompt_tokens_details: fc.record({ cached_tokens: field }),
        completion_tokens_details: fc.record({ reasoning_tokens: field }),
      }),
    );
    fc.assert(
      fc.property(
        anything,
        fc.nat(5000),
        fc.nat(50_000),
        fc.nat(4096),
        fc.double(),
        (usage, events, chars, maxTokens, estimate) => {
          const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = read(usage, {
            contentEvents: events,
            contentChars: chars,
            maxTokens,
            maxPromptTokens: 600,
            contextTokens: 32_768,
            promptTokensEstimate: estimate,
          });
          expect(Number.isSafeInteger(promptTokens) && promptTokens >= 0).toBe(true);
          expect(Number.isSafeInteger(completionTokens) && completionTokens >= 0).toBe(true);
          expect(completionTokens).toBeLessThanOrEqual(maxTokens + Math.max(16, Math.ceil(maxTokens * 0.02)));
          expect(promptTokens).toBeLessThanOrEqual(32_768);
          for (const [part, all] of [
            [cachedTokens, promptTokens],
            [reasoningTokens, completionTokens],
          ] as const) {
            expect(part === null || (Number.isSafeInteger(part) && part >= 0 && part <= all)).toBe(true);
          }
        },
      ),
    );
  });
});

describe('estimateCompletionTokens', () => {
  it.each([
    ['an event is a token', { contentEvents: 10, contentChars: 40, maxTokens: 256 }, 10],
    ['events of 16 characters still are', { contentEvents: 10, contentChars: 160, maxTokens: 256 }, 10],
    ['longer events count four characters a token', { contentEvents: 10, contentChars: 164, maxTokens: 256 }, 41],
    ['a JSON answer is one long event', { contentEvents: 1, contentChars: 401, maxTokens: 256 }, 101],
    ['never above the limit', { contentEvents: 300, contentChars: 900, maxTokens: 256 }, 256],
    ['nothing relayed is nothing', { contentEvents: 0, contentChars: 0, maxTokens: 256 }, 0],
  ])('%s', (_, seen, tokens) => {
    expect(estimateCompletionTokens(seen)).toBe(tokens);
  });

  it('is within one event of what was relayed while events are single tokens', () => {
    fc.assert(
      fc.property(fc.nat(4000), fc.integer({ min: 1, max: 16 }), (events, charsPerEvent) => {
        const tokens = estimateCompletionTokens({ contentEvents: events, contentChars: events * charsPerEvent, maxTokens: 4096 });
        expect(Math.abs(tokens - events)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
