/**
 * The stand-in's tokens: word pieces of about four characters whose concatenation is exactly the text. Not a real vocabulary; counts
 * are deterministic and of the right size, which is all that usage, limits and pace need.
 */
import { contentText, isRecord } from './json.ts';
import type { ChatBody } from './chat-request.ts';

/** Qwen's markers are single tokens; everything else is cut by length. */
const PIECE = /<\/?(?:tool_call|think)>| ?\p{L}{1,4}|\p{N}{1,3}| ?[^\s\p{L}\p{N}]{1,2}|\s{1,4}/gu;

/** Role markers and line ends of one chat-template message (assumed: Qwen's ChatML spends four). */
const TOKENS_PER_MESSAGE = 4;
/** The opening of the assistant's turn, absent when a final message is continued. */
const TOKENS_FOR_ANSWER_OPENING = 3;
/** A flat price for an image, whatever its size (assumed). */
const TOKENS_PER_IMAGE = 256;

export function tokenize(text: string): string[] {
  return text.match(PIECE) ?? [];
}

export function countTokens(text: string): number {
  return tokenize(text).length;
}

/**
 * Prompt tokens of a request: per message 4 + its text + its name + its tool calls as JSON + 256 per image; the tools as JSON once;
 * 3 for the opening of the answer unless `continue_final_message` is set.
 */
export function countPromptTokens(body: ChatBody): number {
  let count = body.continue_final_message === true ? 0 : TOKENS_FOR_ANSWER_OPENING;
  for (const message of body.messages) {
    count += TOKENS_PER_MESSAGE + countTokens(contentText(message.content)) + countTokens(message.name ?? '');
    if (message.tool_calls) count += countTokens(JSON.stringify(message.tool_calls));
    if (message.tool_call_id) count += countTokens(message.tool_call_id);
    if (Array.isArray(message.content)) {
      count += TOKENS_PER_IMAGE * message.content.filter((part) => isRecord(part) && part['type'] === 'image_url').length;
    }
  }
  return body.tools ? count + countTokens(JSON.stringify(body.tools)) : count;
}
