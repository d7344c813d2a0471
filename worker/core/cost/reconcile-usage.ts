/**
 * Decides which token counts to book for an attempt: the model server's where they can be true, else what was relayed. Never throws,
 * whatever the server sent.
 */
import type { Usage } from '../../../shared/chat.ts';

/** What the gateway itself saw of an attempt. */
export interface Relayed {
  /** Events that carried generated text: content, reasoning or tool arguments. A JSON answer is one. */
  readonly contentEvents: number;
  /** Characters of that text. */
  readonly contentChars: number;
  /** The most completion tokens the request allowed: `max_tokens` sent upstream × `n`. */
  readonly maxTokens: number;
  /** More than the prompt can have: the bound that a budget reserved for. */
  readonly maxPromptTokens: number;
  readonly promptTokensEstimate: number;
}

/** vLLM sends about one token an event; events longer than this on average carry several (multi-step, speculative, JSON answers). */
const maxCharsPerTokenEvent = 16;
const charsPerToken = 4;

/**
 * Reads vLLM's `usage` object. A count that cannot be true (missing, negative, fractional, a string, above what the request allowed) is
 * replaced by an estimate and the whole is flagged `isEstimated`; an explicit 0 stays 0. Details that cannot be true become `null`
 * (unknown), which books cached tokens at the full price.
 */
export function reconcileUsage(upstreamUsage: unknown, relayed: Relayed): Usage {
  const usage = isObject(upstreamUsage) ? upstreamUsage : {};
  const promptTokens = countUpTo(usage['prompt_tokens'], relayed.maxPromptTokens);
  const completionTokens = countUpTo(usage['completion_tokens'], relayed.maxTokens);
  const isEstimated = promptTokens === null || completionTokens === null;
  return {
    promptTokens: promptTokens ?? clampToCount(relayed.promptTokensEstimate, relayed.maxPromptTokens),
    completionTokens: completionTokens ?? estimateCompletionTokens(relayed),
    cachedTokens: detail(usage['prompt_tokens_details'], 'cached_tokens', promptTokens),
    reasoningTokens: detail(usage['completion_tokens_details'], 'reasoning_tokens', completionTokens),
    isEstimated,
  };
}

/** One event is about one token, unless events are long: then four characters are. Always from 0 to `maxTokens`. */
export function estimateCompletionTokens({
  contentEvents,
  contentChars,
  maxTokens,
}: Omit<Relayed, 'promptTokensEstimate' | 'maxPromptTokens'>): number {
  const hasLongEvents = contentChars > contentEvents * maxCharsPerTokenEvent;
  return clampToCount(hasLongEvents ? contentChars / charsPerToken : contentEvents, maxTokens);
}

function detail(details: unknown, name: string, whole: number | null): number | null {
  return whole !== null && isObject(details) ? countUpTo(details[name], whole) : null;
}

/** The absolute value is there for -0, which JSON can spell. */
function countUpTo(value: unknown, max: number): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max ? Math.abs(value) : null;
}

function clampToCount(value: number, max: number): number {
  const count = Math.ceil(Math.min(value, max));
  return count > 0 ? count : 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
