/** What an answer of a vendor costs, from the counts as its wire has them to nano-USD. */
import { describe, expect, it } from 'vitest';
import { normalisePrice, priceUsage } from '../../../worker/core/cost/price.ts';
import { reconcileUsage } from '../../../worker/core/cost/reconcile-usage.ts';
import { worstCaseCost } from '../../../worker/core/cost/worst-case.ts';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { dialects } from '../../../worker/core/upstreams/registry.ts';

/** 1, 0.1, 1.25 and 5 USD per million tokens: 1000, 100, 1250 and 5000 nano-USD a token. */
const price = {
  input_per_million_usd: 1,
  cached_input_per_million_usd: 0.1,
  cache_write_per_million_usd: 1.25,
  output_per_million_usd: 5,
  source: 'test',
  as_of: '2026-11-30',
};
const relayed = {
  contentEvents: 5,
  contentChars: 20,
  maxTokens: 4000,
  maxPromptTokens: 10_000,
  contextTokens: 200_000,
  promptTokensEstimate: 100,
};
const openAis = (usage: object) => ({ choices: [{ index: 0, message: { content: 'a' }, finish_reason: 'stop' }], usage });
const anthropics = (usage: object) => ({
  type: 'message',
  content: [{ type: 'text', text: 'a' }],
  stop_reason: 'end_turn',
  usage,
});

/** Nano-USD, and whether a count was the gateway's own. */
function costOf(dialect: string, body: object, one: typeof price = price): readonly [number, boolean] {
  const read = dialects[dialect]?.(asItIs, {}).readCompletion(body);
  if (read?.ok !== true) throw new Error('no answer');
  const usage = reconcileUsage(read.value.usage, relayed);
  return [priceUsage(normalisePrice(one), usage), usage.isEstimated];
}

describe('the cost of an answer', () => {
  it.each([
    ['anthropic', 'plain', anthropics({ input_tokens: 10, output_tokens: 7 }), 10 * 1000 + 7 * 5000],
    [
      'anthropic',
      'read from the cache and written into it, both beside input_tokens',
      anthropics({ input_tokens: 10, cache_read_input_tokens: 600, cache_creation_input_tokens: 40, output_tokens: 7 }),
      10 * 1000 + 600 * 100 + 40 * 1250 + 7 * 5000,
    ],
    [
      'openai',
      'of OpenAI: cached tokens are part of the prompt, reasoning is part of the completion',
      openAis({
        prompt_tokens: 650,
        completion_tokens: 57,
        total_tokens: 707,
        prompt_tokens_details: { cached_tokens: 600 },
        completion_tokens_details: { reasoning_tokens: 50 },
      }),
      50 * 1000 + 600 * 100 + 57 * 5000,
    ],
    [
      'openai',
      'of Gemini: reasoning is in the total alone',
      openAis({ prompt_tokens: 20, completion_tokens: 198, total_tokens: 623 }),
      20 * 1000 + 603 * 5000,
    ],
    [
      'openai',
      'of xAI: reasoning stands beside the completion',
      openAis({
        prompt_tokens: 20,
        completion_tokens: 8,
        total_tokens: 128,
        completion_tokens_details: { reasoning_tokens: 100 },
      }),
      20 * 1000 + 108 * 5000,
    ],
    [
      'openai',
      'of DeepSeek: what was in the cache has its own field',
      openAis({
        prompt_tokens: 100,
        completion_tokens: 1,
        total_tokens: 101,
        prompt_cache_hit_tokens: 64,
        prompt_cache_miss_tokens: 36,
      }),
      36 * 1000 + 64 * 100 + 5000,
    ],
    [
      'openai',
      'of OpenRouter: what was written into a cache is told',
      openAis({
        prompt_tokens: 100,
        completion_tokens: 1,
        total_tokens: 101,
        prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 50 },
      }),
      20 * 1000 + 30 * 100 + 50 * 1250 + 5000,
    ],
  ])('%s: %s', (dialect, _, body, nanoUsd) => {
    expect(costOf(dialect, body)).toEqual([nanoUsd, false]);
  });

  it('of what was written is that of the prompt where no price is given for it', () => {
    const { cache_write_per_million_usd: _, ...plain } = price;
    const body = anthropics({ input_tokens: 10, cache_creation_input_tokens: 40, output_tokens: 0 });
    expect(costOf('anthropic', body, plain as typeof price)).toEqual([50 * 1000, false]);
  });

  it.each([
    [{ input_tokens: 10, cache_creation_input_tokens: 'many', output_tokens: 1 }],
    [{ input_tokens: 10, cache_creation_input_tokens: -40, output_tokens: 1 }],
    [{ input_tokens: 10, cache_read_input_tokens: 1e12, output_tokens: 1 }],
  ])('is never less than the prompt for counts that cannot be: %j', (usage) => {
    expect(costOf('anthropic', anthropics(usage))[0]).toBeGreaterThanOrEqual(10 * 100);
  });

  it('is reserved with the dearest kind of prompt token', () => {
    expect(worstCaseCost([normalisePrice(price)], { promptTokens: 10, completionTokens: 2 })).toBe(10 * 1250 + 2 * 5000);
  });
});
