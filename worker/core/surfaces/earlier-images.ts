/**
 * Pictures that an answer follows already, where no model of the deployment sees any: an agent that has read one would be refused from then on.
 * A note stands in their place. One that is shown now is refused.
 */
import type { Config } from '../../../shared/config-prepare.ts';
import type { ImagePart, Message, TextPart } from '../request/inner-request.ts';
import type { ReadRequest } from './surface.ts';

const note: TextPart = { type: 'text', text: '[image: it cannot be seen here]' };

export function withoutEarlierImages(valid: ReadRequest, { chatModels }: Pick<Config, 'chatModels'>): ReadRequest {
  const { request, ignored } = valid;
  if (Object.values(chatModels).some(({ capabilities }) => capabilities.includes('vision'))) return valid;
  // The last message may be the beginning of the answer that is asked for.
  const answered = request.messages.slice(0, -1).findLastIndex(({ role }) => role === 'assistant');
  if (!request.messages.slice(0, Math.max(0, answered)).some(hasImage)) return valid;
  const messages = request.messages.map((message, i) => (i < answered ? noted(message) : message));
  return { ...valid, request: { ...request, messages }, ignored: [...ignored, 'earlier images'] };
}

function isImage(part: { readonly type: string }): part is ImagePart {
  return part.type === 'image_url';
}

function hasImage({ content }: Message): boolean {
  return Array.isArray(content) && content.some(isImage);
}

function noted(message: Message): Message {
  if ((message.role !== 'user' && message.role !== 'tool') || typeof message.content === 'string') return message;
  return { ...message, content: message.content.map((part) => (isImage(part) ? note : part)) };
}
