/** Which prompt beginnings a server has seen: enough to report cached tokens the way automatic prefix caching would. */
import type { ChatMessage } from './chat-request.ts';
import { contentText } from './json.ts';
import { seededHex } from './random.ts';
import { countTokens } from './tokens.ts';

/** vLLM caches whole blocks of 16 tokens. */
const BLOCK_TOKENS = 16;
const MAX_REMEMBERED = 20_000;

export interface PrefixCache {
  /** Tokens of the longest known beginning, and remembers all beginnings of these messages. */
  hit(messages: readonly ChatMessage[]): number;
}

export function prefixCache(): PrefixCache {
  const seen = new Set<string>();
  return {
    hit(messages) {
      let chain = '';
      let tokens = 0;
      let cached = 0;
      for (const message of messages) {
        const text = contentText(message.content);
        chain = seededHex(24, chain, message.role, text);
        tokens += countTokens(text);
        if (seen.has(chain)) cached = tokens;
        else if (seen.size < MAX_REMEMBERED) seen.add(chain);
        else seen.clear();
      }
      return Math.floor(cached / BLOCK_TOKENS) * BLOCK_TOKENS;
    },
  };
}
