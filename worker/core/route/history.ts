/**
 * Which conversation a request continues when it names none: the one whose messages and answer equal everything before this request's last
 * turn. Whatever clients may send back in another form is left out of the comparison (surrounding white space, thinking, ids of calls,
 * spacing of arguments, text as parts). If the hashes of two histories of one tenant collide, they only share a model.
 */
import type { AssistantMessage, InnerRequest, Message } from '../request/inner-request.ts';
import { textOf } from '../classify/message-text.ts';
import { addText, emptyHash, hashName, type TextHash } from '../text/hash.ts';
import { rememberedByText } from '../text/remembered.ts';

/** The parts of an answer that clients send back. */
export interface GivenAnswer {
  readonly content: string;
  readonly refusal: string;
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
}

export interface History {
  /** The conversation that the request continues; null when it starts one. */
  readonly id: string | null;
  /** The id that a later request with this history and `answer` will have. */
  idAfter(answer: GivenAnswer): string;
}

/** Reads the messages once; those after the last answer only when `idAfter` is called. */
export function readHistory(messages: readonly Message[], tenantId: string): History {
  const lastAnswer = messages.findLastIndex(({ role }) => role === 'assistant');
  const before = messages.slice(0, lastAnswer + 1).reduce(addMessage, addText(emptyHash, tenantId));
  // A request that ends with an assistant message wants it continued, so there is no answered history yet.
  const isBeginning = lastAnswer === -1 || lastAnswer === messages.length - 1;
  return {
    id: isBeginning ? null : hashName(before),
    idAfter: (answer) => hashName(addAnswer(messages.slice(lastAnswer + 1).reduce(addMessage, before), answer)),
  };
}

/** The id by which experiments recognise a conversation in every turn, from its beginning. Null for a single turn without tools. */
export function beginningOf({ messages, tools }: Pick<InnerRequest, 'messages' | 'tools'>, tenantId: string): string | null {
  const [first, second] = messages.filter(({ role }) => role === 'user');
  if (second === undefined && (tools ?? []).length === 0 && !messages.some(({ role }) => role === 'tool')) return null;
  const start4Ki = messages.slice(0, first === undefined ? 0 : messages.indexOf(first) + 1);
  return hashName(
    start4Ki.reduce((hash, message) => addText(hash, textOf(message).slice(0, beginningChars)), addText(emptyHash, tenantId)),
  );
}

/** Characters of each message that are hashed for the beginning. */
const beginningChars = 4096;

function addMessage(hash: TextHash, message: Message): TextHash {
  if (message.role === 'assistant') {
    const calls = (message.tool_calls ?? []).map((call) => call.function);
    return addAnswer(hash, { content: textOf(message), refusal: refusalOf(message), calls });
  }
  const role = message.role === 'developer' ? 'system' : message.role;
  let next = addText(hash, `${role}\n${message.role === 'tool' ? '' : (message.name ?? '')}`);
  const text = textOf(message).trim();
  next = role === 'system' ? addPrompt(next, text) : addText(next, shortened(text));
  if (typeof message.content === 'string') return next;
  for (const part of message.content) if (part.type !== 'text') next = addText(next, part.image_url.url);
  return next;
}

/** By prompt: the hash before it and with it, of the last request that had it. */
const prompts = rememberedByText((): { before: TextHash | null; with: TextHash } => ({ before: null, with: emptyHash }));

/** A system prompt is the same in every request of a kind, and often the longest text of them. */
function addPrompt(hash: TextHash, prompt: string): TextHash {
  const known = prompts(prompt);
  if (known.before?.[0] !== hash[0] || known.before[1] !== hash[1]) {
    known.with = addText(hash, prompt);
    known.before = hash;
  }
  return known.with;
}

/** Characters of a long text that are compared at either end. */
const endChars = 256;

/** Long texts that begin and end alike, and are as long, are the same for this purpose: every request hashes its answer and its history. */
function shortened(text: string): string {
  return text.length <= 2 * endChars ? text : `${text.length}\n${text.slice(0, endChars)}${text.slice(-endChars)}`;
}

/** Some clients drop an empty answer from the history, so it is never hashed. */
function addAnswer(hash: TextHash, { content, refusal, calls }: GivenAnswer): TextHash {
  const text = content.trim() || refusal.trim();
  if (text === '' && calls.length === 0) return hash;
  const next = addText(addText(hash, 'assistant\n'), shortened(text));
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
