/** "Too long" in the wording of OpenAI's API, by which clients and other gateways recognise it. */

import type { TokenCounts } from '../../../shared/errors.ts';

/** The sentence a client reads; null where not even the model's size is known. */
export function contextWords(counts: TokenCounts): string | null {
  const { contextTokens, promptTokens, completionTokens } = counts;
  if (contextTokens === null) return null;
  const limit = `This model's maximum context length is ${contextTokens} tokens. However, `;
  if (promptTokens === null) return `${limit}the request needs more. Please reduce the length of the messages or completion.`;
  if (completionTokens === null || promptTokens >= contextTokens)
    return `${limit}your messages resulted in ${counts.isEstimate === true ? 'at least ' : ''}${promptTokens} tokens. Please reduce the length of the messages.`;
  const total = promptTokens + completionTokens;
  return `${limit}you requested ${total} tokens (${promptTokens} in the messages, ${completionTokens} in the completion). Please reduce the length of the messages or completion.`;
}
