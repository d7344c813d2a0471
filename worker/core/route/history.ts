/**
 * Which conversation a request goes on with, when it names none: one whose messages, and the answer they got, are exactly those that this
 * request has before its last turn. Everything that a client can send back differently and mean the same is left out (white space at the
 * ends, thinking, the ids of calls, how their arguments are spaced, parts for text), so that nothing else is. Histories of one tenant whose
 * hashes collide only share a model.
 */
import type { AssistantMessage, InnerRequest, Message } from '../request/inner-request.ts';
import { textOf } from '../classify/view.ts';
import { addText, emptyHash, hashName, type TextHash } from '../text/hash.ts';

/** An answer as its client may send it back. */
export interface GivenAnswer {
  readonly content: string;
  readonly refusal: string;
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
}

export interface History {
  /** What the request goes on with; null when it is a beginning. */
  readonly id: string | null;
  /** What a request that goes on with this one and `answer` will find. */
  idAfter(answer: GivenAnswer): string;
}

/** Reads the messages once; those behind the last answer only when they are asked for. */
export function readHistory(messages: readonly Message[], tenantId: string): History {
  const lastAnswer = messages.findLastIndex(({ role }) => role === 'assistant');
  const before = messages.slice(0, lastAnswer + 1).reduce(addMessage, addText(emptyHash, tenantId));
  // A request that ends with an answer wants it continued: nobody has answered that yet.
  const isBeginning = lastAnswer === -1 || lastAnswer === messages.length - 1;
  return {
    id: isBeginning ? null : hashName(before),
    idAfter: (answer) => hashName(addAnswer(messages.slice(lastAnswer + 1).reduce(addMessage, before), answer)),
  };
}

/** What experiments know a conversation by, which must stay the same in every turn: its beginning. Null for a single turn without tools. */
export function beginningOf({ messages, tools }: Pick<InnerRequest, 'messages' | 'tools'>, tenantId: string): string | null {
  const [first, second] = messages.filter(({ role }) => role === 'user');
  if (second === undefined && (tools ?? []).length === 0 && !messages.some(({ role }) => role === 'tool')) return null;
  const start4Ki = messages.slice(0, first === undefined ? 0 : messages.indexOf(first) + 1);
  return hashName(
    start4Ki.reduce((hash, message) => addText(hash, textOf(message).slice(0, beginningChars)), addText(emptyHash, tenantId)),
  );
}

/** Characters of each message that tell a beginning from others. */
const beginningChars = 4096;

function addMessage(hash: TextHash, message: Message): TextHash {
  if (message.role === 'assistant') {
    const calls = (message.tool_calls ?? []).map((call) => call.function);
    return addAnswer(hash, { content: textOf(message), refusal: refusalOf(message), calls });
  }
  const role = message.role === 'developer' ? 'system' : message.role;
  let next = addText(hash, `${role}\n${message.role === 'tool' ? '' : (message.name ?? '')}`);
  next = addText(next, textOf(message).trim());
  if (typeof message.content === 'string') return next;
  for (const part of message.content) if (part.type !== 'text') next = addText(next, part.image_url.url);
  return next;
}

/** An answer without a word is left out of it by some clients, so by all. */
function addAnswer(hash: TextHash, { content, refusal, calls }: GivenAnswer): TextHash {
  const text = content.trim() || refusal.trim();
  if (text === '' && calls.length === 0) return hash;
  const next = addText(addText(hash, 'assistant\n'), text);
  return calls.reduce((so, call) => addText(so, `${call.name}\n${plainJson(call.arguments)}`), next);
}

function refusalOf({ refusal, content }: AssistantMessage): string {
  if (refusal !== undefined) return refusal;
  if (typeof content === 'string' || content == null) return '';
  return content.flatMap((part) => (part.type === 'refusal' ? [part.refusal] : [])).join('\n');
}

function plainJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text.trim();
  }
}
