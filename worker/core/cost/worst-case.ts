/**
 * The most a request can cost, reserved from a budget before it runs. Every estimate here errs upwards, because a budget that must never
 * be exceeded needs an upper bound; the unused part is returned when the request ends.
 */
import { nanoUsdFromPicoUsd } from '../../../shared/units.ts';
import type { NormalisedPrice } from './price.ts';

export interface PromptSize {
  /** Bytes of the request body. */
  readonly bodyBytes: number;
  /** An image has more tokens than bytes can tell. */
  readonly hasImages: boolean;
  /** The longest context of the models in question. */
  readonly contextTokens: number;
}

/** What chat templates add by themselves: a default system prompt and the instructions for tools. */
const templateTokens = 512;

/**
 * No prompt can have more tokens than this: byte-level tokenizers make at most one token per byte, the JSON around a message is longer
 * than the template's marks, and a model server refuses prompts beyond its context. About four times the likely count.
 */
export function promptTokensBound({ bodyBytes, hasImages, contextTokens }: PromptSize): number {
  return hasImages ? contextTokens : Math.min(contextTokens, bodyBytes + templateTokens);
}

/**
 * The cost in integer nano-USD on the most expensive of the models one attempt may run on; 0 without any. `completionTokens` is
 * `max_tokens` × `n`. A second attempt that may bill again (escalation, rescue, retry after a reset) reserves its own worst case first.
 */
export function worstCaseCost(
  prices: readonly NormalisedPrice[],
  tokens: { readonly promptTokens: number; readonly completionTokens: number },
): number {
  let worst = 0;
  for (const price of prices) {
    const inputPicoUsd = Math.max(price.inputPicoUsd, price.cachedInputPicoUsd, price.cacheWritePicoUsd);
    worst = Math.max(worst, tokens.promptTokens * inputPicoUsd + tokens.completionTokens * price.outputPicoUsd);
  }
  return nanoUsdFromPicoUsd(worst);
}
