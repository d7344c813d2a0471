/** For models whose chat template takes a system message at the beginning of a conversation and nowhere else. */
import type { ModelConfig } from '../../../shared/config.ts';
import type { InnerRequest, Message, SystemMessage, TextPart, UserMessage } from './inner-request.ts';

/** The request as the model can be sent it; most take it as it is. */
export function requestFor({ late_system: sentAs }: Pick<ModelConfig, 'late_system'>, request: InnerRequest): InnerRequest {
  const { messages } = request;
  const begin = messages.findIndex((message) => !isSystem(message));
  if (sentAs !== 'user' || begin < 0 || !messages.slice(begin).some(isSystem)) return request;
  return { ...request, messages: [...messages.slice(0, begin), ...asUser(messages.slice(begin))] };
}

/** At its place, so that the prefix before it stays the same from turn to turn, and within the user's turn, since some templates want turns to alternate. */
function asUser(messages: readonly Message[]): Message[] {
  const written: Message[] = [];
  /** Whether the last one is, or ends with, such a message. */
  let isMarked = false;
  for (const message of messages) {
    const last = written.at(-1);
    const isLate = isSystem(message);
    const next: Message = isLate ? { role: 'user', content: marked(message) } : message;
    if (next.role === 'user' && last?.role === 'user' && (isLate || isMarked))
      written[written.length - 1] = { ...last, content: joined(last.content, next.content) };
    else written.push(next);
    isMarked = isLate;
  }
  return written;
}

export function isSystem(message: Message): message is SystemMessage {
  return message.role === 'system' || message.role === 'developer';
}

function marked({ content }: SystemMessage): string {
  return `<system>\n${typeof content === 'string' ? content : content.map(({ text }) => text).join('\n')}\n</system>`;
}

function joined(first: UserMessage['content'], second: UserMessage['content']): UserMessage['content'] {
  if (typeof first === 'string' && typeof second === 'string') return `${first}\n\n${second}`;
  return [...partsOf(first), ...partsOf(second)];
}

function partsOf(content: UserMessage['content']): Exclude<UserMessage['content'], string> {
  return typeof content === 'string' ? [{ type: 'text', text: content } satisfies TextPart] : content;
}
