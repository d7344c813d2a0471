/** What a message says in words. */
import type { Message } from '../request/inner-request.ts';

/** Text parts of a message, joined by line breaks; images and refusals count as none. */
export function textOf(message: Message): string {
  const { content } = message;
  if (typeof content === 'string') return content;
  if (content === null || content === undefined) return '';
  let text = '';
  for (const part of content) {
    if (part.type === 'text') text = text === '' ? part.text : `${text}\n${part.text}`;
  }
  return text;
}
