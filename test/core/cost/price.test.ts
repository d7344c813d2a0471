import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Usage } from '../../../shared/usage.ts';
import { normalisePrice, priceUsage, savings } from '../../../worker/core/cost/price.ts';
import { requestCost } from '../../../worker/core/cost/request-cost.ts';
import { promptTokensBound, worstCaseCost } from '../../../worker/core/cost/worst-case.ts';

const seedPrice = (usd: number, cachedUsd = usd, outputUsd = usd) =>
  normalisePrice({
    input_per_million_usd: usd,
    cached_input_per_million_usd: cachedUsd,
    output_per_million_usd: outputUsd,
    source: 'seed',
    as_of: '2026-02-27',
  });
const small = seedPrice(0.1);
const large = seedPrice(0.8);
const split = seedPrice(0.15, 0.075, 0.6);
const fine = seedPrice(0.0375, 0.0001, 0.3);

const usage = (promptTokens: number, completionTokens: number, cachedTokens: number | null = null): Usage => ({
  promptTokens,
  completionTokens,
  cachedTokens,
  reasoningTokens: null,
  isEstimated: false,
});

describe('priceUsage', () => {
  it.each([
    ['a token at 0.10 USD per million costs 100 nano-USD', small, usage(1, 0), 100],
    ['a million tokens each way at 0.10 cost 0.20 USD', small, usage(1_000_000, 1_000_000), 200_000_000],
    ['nothing costs nothing', small, usage(0, 0), 0],
    ['prompt and completion have their own prices', split, usage(1000, 100), 150_000 + 60_000],
    ['cached tokens are taken out of the prompt before they are priced', split, usage(1000, 0, 400), 600 * 150 + 400 * 75],
    ['unknown cached tokens count as none', split, usage(1000, 0, null), 150_000],
    ['zero cached tokens count as none', split, usage(1000, 0, 0), 150_000],
    ['cached tokens never exceed the prompt', split, usage(10, 0, 400), 750],
    ['half a nano-USD is rounded up once for the whole request', fine, usage(1, 1, 0), 338],
    ['whole sums of fractional prices are exact', fine, usage(2, 0, 0), 75],
  ])('%s', (_, price, tokens, nanoUsd) => {
    expect(priceUsage(price, tokens)).toBe(nanoUsd);
  });

  it('is a whole number, never negative, and less than 1 nano-USD above the exact price', () => {
    const micros = fc.integer({ min: 0, max: 200_000_000 });
    const tokens = fc.integer({ min: 0, max: 2_000_000 });
    fc.assert(
      fc.property(micros, micros, micros, tokens, tokens, tokens, (input, cached, output, prompt, completion, cachedTokens) => {
        const price = seedPrice(input / 1e6, cached / 1e6, output / 1e6);
        const nanoUsd = priceUsage(price, usage(prompt, completion, cachedTokens));
        const cachedPart = BigInt(Math.min(prompt, cachedTokens));
        const exactPico =
          (BigInt(prompt) - cachedPart) * BigInt(input) + cachedPart * BigInt(cached) + BigInt(completion) * BigInt(output);
        expect(Number.isSafeInteger(nanoUsd)).toBe(true);
        expect(BigInt(nanoUsd)).toBe((exactPico + 999n) / 1000n);
      }),
    );
  });
});

describe('savings', () => {
  it('reproduces the published rule: 71.4 % of the tokens on the small model save 62.5 %', () => {
    const routed = priceUsage(small, usage(5_000_000, 0)) + priceUsage(large, usage(2_000_000, 0));
    expect(savings(routed, priceUsage(large, usage(7_000_000, 0)))).toEqual({ nanoUsd: 3_500_000_000, percent: 62.5 });
  });

  it('is negative where routing cost more, and has no percent of nothing', () => {
    expect(savings(300, 200)).toEqual({ nanoUsd: -100, percent: -50 });
    expect(savings(0, 0)).toEqual({ nanoUsd: 0, percent: null });
  });
});

describe('requestCost', () => {
  const attempt = (model: string, price: typeof small, tokens: Usage, isPartOfAnswer = true) => ({
    gpu: null,
    model,
    price,
    usage: tokens,
    isPartOfAnswer,
  });

  it('compares a small answer with the same tokens on the large model', () => {
    const cost = requestCost([attempt('s', small, usage(100, 50))], { large, small });
    expect(cost).toMatchObject({ costNanoUsd: 15_000, allLargeCostNanoUsd: 120_000, isEstimated: false });
  });

  it('bills both answers of an escalation, and compares with one', () => {
    const cost = requestCost([attempt('s', small, usage(100, 50), false), attempt('l', large, usage(100, 60))], { large, small });
    expect(cost.costNanoUsd).toBe(15_000 + 128_000);
    expect(cost.allLargeCostNanoUsd).toBe(128_000);
    expect(cost.attemptUsages.map(({ model, costNanoUsd }) => [model, costNanoUsd])).toEqual([
      ['s', 15_000],
      ['l', 128_000],
    ]);
  });

  it('bills both halves of a rescue, and compares with one prompt and the whole answer', () => {
    const cost = requestCost([attempt('l', large, usage(100, 30)), attempt('s', small, usage(140, 20))], { large, small });
    expect(cost.costNanoUsd).toBe(104_000 + 16_000);
    expect(cost.allLargeCostNanoUsd).toBe(150 * 800);
  });

  it('compares a failed request by its last attempt', () => {
    const cost = requestCost([attempt('s', small, usage(10, 5), false), attempt('s', small, usage(10, 7), false)], {
      large,
      small,
    });
    expect(cost.allLargeCostNanoUsd).toBe(17 * 800);
  });

  it('costs nothing without attempts and claims no saving without a large model', () => {
    expect(requestCost([], { large, small })).toEqual({
      attemptUsages: [],
      costNanoUsd: 0,
      allLargeCostNanoUsd: 0,
      allSmallCostNanoUsd: 0,
      isEstimated: false,
    });
    expect(requestCost([attempt('s', small, usage(1, 1))], { large: null, small: null })).toMatchObject({
      costNanoUsd: 200,
      allLargeCostNanoUsd: 200,
    });
  });

  it('is estimated as soon as one attempt is', () => {
    const estimated = { ...usage(1, 1), isEstimated: true };
    expect(
      requestCost([attempt('s', small, estimated, false), attempt('l', large, usage(1, 1))], { large, small }).isEstimated,
    ).toBe(true);
  });
});

describe('the worst case', () => {
  it('takes the most expensive model, and the dearer of the two prompt prices', () => {
    expect(worstCaseCost([small, large], { promptTokens: 10, completionTokens: 10 })).toBe(16_000);
    expect(worstCaseCost([seedPrice(0.1, 0.5, 0.1)], { promptTokens: 10, completionTokens: 0 })).toBe(5000);
    expect(worstCaseCost([], { promptTokens: 10, completionTokens: 10 })).toBe(0);
  });

  it.each([
    ['a token per byte and the template', { bodyBytes: 1000, hasImages: false, contextTokens: 32_768 }, 1512],
    ['no more than the context', { bodyBytes: 1_000_000, hasImages: false, contextTokens: 32_768 }, 32_768],
    ['the whole context with an image', { bodyBytes: 300, hasImages: true, contextTokens: 32_768 }, 32_768],
  ])('bounds the prompt: %s', (_, size, tokens) => {
    expect(promptTokensBound(size)).toBe(tokens);
  });

  it('is never below what any usage within it costs on any of the models', () => {
    const count = fc.integer({ min: 0, max: 100_000 });
    const prices = fc.subarray([small, large, split, fine], { minLength: 1 });
    fc.assert(
      fc.property(prices, count, count, fc.nat(), fc.nat(), fc.nat(), (models, maxPrompt, maxCompletion, p, c, k) => {
        const worst = worstCaseCost(models, { promptTokens: maxPrompt, completionTokens: maxCompletion });
        const actual = usage(p % (maxPrompt + 1), c % (maxCompletion + 1), k);
        for (const price of models) expect(priceUsage(price, actual)).toBeLessThanOrEqual(worst);
      }),
    );
  });
});
