/**
 * Decides which token counts to book for an attempt: the model server's where they can be true, else what was relayed. A count that is
 * too high is never replaced by a low one, because an exploit that makes requests free would be used. Never throws, whatever the server sent.
 */
import type { Usage } from '../../../shared/usage.ts';
import type { ReportedUsage } from '../upstreams/dialect.ts';

/** What the gateway itself saw of an attempt. */
export interface Relayed {
  /** Events that carried generated text: content, reasoning or tool arguments. A JSON answer is one. */
  readonly contentEvents: number;
  /** Characters of that text. */
  readonly contentChars: number;
  /** The most completion tokens the request allowed: `max_tokens` sent upstream × `n`. */
  readonly maxTokens: number;
  /** Upper bound of the prompt, as the budget reserved it. */
  readonly maxPromptTokens: number;
  /** The model's context: no prompt can be longer. */
  readonly contextTokens: number;
  readonly promptTokensEstimate: number;
}

/** vLLM sends about one token an event; events longer than this on average carry several (multi-step, speculative, JSON answers). */
const maxCharsPerTokenEvent = 16;
const charsPerToken = 4;

/** Servers count an end mark or the last step of a speculation that `max_tokens` does not. */
const toleranceTokens = 16;
const toleranceShare = 0.02;

/**
 * The result is flagged `isEstimated` if any count is not the server's own:
 *
 * | a count that is                                                              | is booked as                          |
 * | ---------------------------------------------------------------------------- | ------------------------------------- |
 * | within what was expected (0 included)                                        | it is                                 |
 * | above that, up to the model's context, or `max_tokens` with a small tolerance | it is, flagged                        |
 * | higher still                                                                 | the most that was expected, flagged   |
 * | missing, negative, a fraction, no number                                     | an estimate of what was seen, flagged |
 *
 * Details that cannot be true become `null` (unknown), which books cached tokens at the full price.
 *
 * @param reported null when the server said nothing
 */
export function reconcileUsage(reported: ReportedUsage | null, relayed: Relayed): Usage {
  const { maxTokens, maxPromptTokens, contextTokens } = relayed;
  const tolerated = maxTokens + Math.max(toleranceTokens, Math.ceil(maxTokens * toleranceShare));
  const prompt = readCount(reported?.promptTokens, maxPromptTokens, contextTokens);
  const completion = readCount(reported?.completionTokens, maxTokens, tolerated);
  const cachedTokens = detail(reported?.cachedTokens, prompt?.tokens ?? null);
  const written = detail(reported?.cacheWriteTokens, prompt === null ? null : prompt.tokens - (cachedTokens ?? 0));
  return {
    promptTokens: prompt?.tokens ?? clampToCount(relayed.promptTokensEstimate, maxPromptTokens),
    completionTokens: completion?.tokens ?? estimateCompletionTokens(relayed),
    cachedTokens,
    reasoningTokens: detail(reported?.reasoningTokens, completion?.tokens ?? null),
    ...(written === null || written === 0 ? {} : { cacheWriteTokens: written }),
    isEstimated: prompt?.isExpected !== true || completion?.isExpected !== true,
  };
}

/** Null where the server's value is unusable. */
function readCount(
  value: unknown,
  expected: number,
  possible: number,
): { readonly tokens: number; readonly isExpected: boolean } | null {
  if (typeof value !== 'number' || !(value >= 0)) return null;
  if (value > Math.max(expected, possible)) return { tokens: expected, isExpected: false };
  // The absolute value is there for -0, which JSON can spell.
  return Number.isInteger(value) ? { tokens: Math.abs(value), isExpected: value <= expected } : null;
}

/** One event is about one token, unless events are long: then four characters are. Always from 0 to `maxTokens`. */
export function estimateCompletionTokens({
  contentEvents,
  contentChars,
  maxTokens,
}: Pick<Relayed, 'contentEvents' | 'contentChars' | 'maxTokens'>): number {
  const hasLongEvents = contentChars > contentEvents * maxCharsPerTokenEvent;
  return clampToCount(hasLongEvents ? contentChars / charsPerToken : contentEvents, maxTokens);
}

function detail(value: unknown, whole: number | null): number | null {
  return whole === null ? null : countUpTo(value, whole);
}

function countUpTo(value: unknown, max: number): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max ? Math.abs(value) : null;
}

function clampToCount(value: number, max: number): number {
  const count = Math.ceil(Math.min(value, max));
  return count > 0 ? count : 0;
}
