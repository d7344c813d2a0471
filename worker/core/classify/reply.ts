/**
 * Short replies that approve, choose or want something continued ("go ahead", "the second one", "weiter"): they ask for what they answer,
 * so that is what says how hard they are. Reads the history only once a last turn has turned out to be such a reply.
 */
import type { Message } from '../request/inner-request.ts';
import { saysNothing } from './frame.ts';
import { unwrap } from './marks.ts';
import { textOf } from './message-text.ts';
import { type Phrase, phrasesByWord, type PhraseKind } from './reply-words.ts';
import { hashKey, tokenize, type Tokens } from './tokens.ts';

export interface Reply {
  /** Tells to do it, wants more of it, agrees with what was asked, or chooses. */
  readonly kind: 'go' | 'more' | 'agree' | 'pick';
  /** Number of the option that it chooses; null where it names none. */
  readonly option: number | null;
  /** It has a wish of its own: "yes, but in French". */
  readonly hasWish: boolean;
}

/** What a reply answers. */
export interface Answered {
  readonly what: 'request' | 'proposal' | 'option';
  readonly text: string;
}

/** A longer text is a request of its own. */
const maxReplyChars = 160;
/** More than "yes please, go ahead with the second one as you proposed". */
const maxReplyWords = 24;
/** User turns that are looked at, the last one included. */
const maxTurns = 12;

/** Coding agents put words of their own before or after a turn. */
const injectedBefore = /^<(?:system-reminder|environment_details)>/;
const injectedAfter = /<\/(?:system-reminder|environment_details)>\s*$/;
const maxTagChars = 30;

/** `text` as a reply; null for one that says what it wants. */
export function readReply(text: string): Reply | null {
  const isTagged = injectedBefore.test(text) || injectedAfter.test(text.slice(-maxTagChars));
  const said = isTagged ? unwrap(text) : text;
  if (said.length > maxReplyChars) return null;
  const tokens = tokenize(said);
  if (tokens.count === 0 || tokens.count > maxReplyWords) return null;
  const found = new Set<PhraseKind>();
  let option: number | null = null;
  let wishAt = -1;
  let at = 0;
  while (at < tokens.count) {
    const phrase = phraseAt(tokens, at);
    const number = phrase === null || phrase.keys.length === 1 ? optionAt(tokens, at) : null;
    if (number !== null) option = number;
    else if (phrase === null) break;
    else if (phrase.kind !== 'add') found.add(phrase.kind);
    else if (wishAt < 0 && (found.size > 0 || option !== null)) wishAt = at;
    at += number === null ? (phrase?.keys.length ?? 1) : 1;
  }
  const hasWish = at < tokens.count;
  // A question is asked by whoever asks it.
  if (hasWish ? wishAt < 0 || /[?？؟]/.test(said) : /[+*=^]/.test(said)) return null;
  option ??= found.has('first') ? 1 : found.has('second') ? 2 : found.has('third') ? 3 : null;
  const kind = kindOf(found, option);
  return kind === null ? null : { kind, option, hasWish };
}

function kindOf(found: ReadonlySet<PhraseKind>, option: number | null): Reply['kind'] | null {
  if (option !== null || (found.has('pick') && !found.has('thanks'))) return 'pick';
  if (found.has('go')) return 'go';
  if (found.has('more')) return 'more';
  return found.has('yes') || (found.has('praise') && !found.has('thanks')) ? 'agree' : null;
}

function phraseAt({ hashes }: Tokens, at: number): Phrase | null {
  const phrases = phrasesByWord.get(hashKey(hashes[at]));
  return phrases?.find(({ keys }) => keys.every((key, word) => key === hashKey(hashes[at + word]))) ?? null;
}

const letterA = 97;

/** `2`, or `b` in a reply of at most two words. */
function optionAt({ text, starts, ends, count }: Tokens, at: number): number | null {
  const word = text.slice(starts[at], ends[at]);
  if (/^\d\d?$/.test(word)) return Number(word);
  return count <= 2 && /^[a-f]$/.test(word) ? word.charCodeAt(0) - letterA + 1 : null;
}

export interface Answering {
  readonly hasWish: boolean;
  /** Nearest first; at least one. */
  readonly answered: readonly Answered[];
}

/**
 * What the user message at index `at` answers, if it is a short reply: the proposal or option that the assistant has put before it, and the
 * request that this was about; where that was a reply, too, what it answered. Null for any other message, and for a reply that answers nothing.
 */
export function readAnswering(messages: readonly Message[], at: number): Answering | null {
  const last = messages[at];
  const reply = at === 0 || last === undefined ? null : readReply(textOf(last));
  if (reply === null) return null;
  const answered: Answered[] = [];
  let turns = 0;
  for (let index = at; index >= 0 && turns < maxTurns; index -= 1) {
    const message = messages[index];
    if (message?.role !== 'user') continue;
    turns += 1;
    const text = textOf(message);
    const earlier = index === at ? reply : readReply(text);
    if (earlier === null) {
      if (isCourtesy(text)) continue;
      answered.push({ what: 'request', text });
      break;
    }
    const proposed = proposedTo(earlier, textBefore(messages, index));
    if (proposed === null && index === at) return null;
    if (proposed?.text) answered.push({ what: proposed.what, text: proposed.text });
    if (proposed?.isAll === true) break;
  }
  return answered.length === 0 ? null : { hasWish: reply.hasWish, answered };
}

/** What the assistant said to the user turn before. */
function textBefore(messages: readonly Message[], at: number): string {
  for (let index = at - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message?.role === 'assistant') return textOf(message);
    if (message?.role === 'user') break;
  }
  return '';
}

interface Proposed extends Answered {
  /** Nothing but this is approved. */
  readonly isAll: boolean;
}

/** What a reply takes up of the text that it answers, which may be nothing; null where it is as good as thanks. */
function proposedTo({ kind, option }: Reply, said: string): Proposed | null {
  const offer = readOffer(said);
  // "Okay" after a text that asks nothing is an end.
  const isAnswering = kind === 'agree' ? offer.isAsking : kind !== 'pick' || offer.isAsking || optionStart.test(said);
  if (!isAnswering) return null;
  if (kind === 'pick' && option !== null) return { what: 'option', text: optionOf(said, option), isAll: false };
  if (offer.what !== '' && (kind === 'go' || kind === 'agree')) return { what: 'proposal', text: offer.what, isAll: true };
  return { what: 'proposal', text: kind === 'go' || kind === 'pick' || offer.isPlan ? offer.plan : '', isAll: false };
}

function isCourtesy(text: string): boolean {
  return text.length <= maxReplyChars && (text.trim() === '' || saysNothing(text));
}

interface Offer {
  /** The assistant ended with a question, or with words that wait for an answer. */
  readonly isAsking: boolean;
  /** It asks whether to go ahead with what it has described. */
  readonly isPlan: boolean;
  /** The one thing that it offers to do; empty where it offers to go ahead, or nothing. */
  readonly what: string;
  /** Its text without the question. */
  readonly plan: string;
}

/** The question is looked for in this much of the end. */
const endChars = 400;
const lastQuestion = /[^.!?？؟。！\n]*[?？؟](?=[^?？؟]{0,100}$)/u;
const awaiting =
  /[^.!?\n]*(?:let me know (?:if|whether|when)|if you(?:'d| would)? (?:like|want|agree|approve)|your (?:go|approval|okay)|bescheid)[^?\n]*$/iu;
/** "Shall I?" is less. */
const minOfferChars = 14;
/** Nothing is offered by these. */
const closing =
  /anything else|something else|(?:other|any|more) questions|(?:that|this) help|sonst noch|autre chose|algo más|mais alguma|что-(?:то|нибудь) ещё|还有其他|ほかに|他に/iu;
const offering =
  /(?<!\p{L})(?:(?:shall|should|can|may|could) (?:i|we)|me to|i can|(?:soll|sollen|kann|darf) (?:ich|wir)|dass ich|(?:dois|puis)-je|que je|puedo|debo|quieres que|quer que|gostaria que|posso|devo|vuoi che|мне)(?!\p{L})|要我|需要我|ましょうか|क्या मैं/iu;
const goingAhead =
  /ahead|(?<!\p{L})go on|proceed|start|begin|contin|implement|execut|appl[iy]|plan|approach|chang|code|fix|build|edit|patch|test|commit|merg|push|ship|deploy|refactor|migrat|umsetz|umzusetz|anfang|loslegen|weiter|ausarbeit|so machen|vorschlag|commenc|proced|adelante|empie[zc]|começ|prossig|план|продолж|приступ|нач(?:ать|ина)|сделать так|实施|开始|继续|执行|进行|方案|进め|進め|始め|実行|आगे|शुरू|(?<!\p{L})(?:do (?:it|so|that|this)|es tun|le faire|hacerlo|fazer isso)(?!\p{L})/iu;

function readOffer(said: string): Offer {
  const end = said.slice(-endChars);
  const match = lastQuestion.exec(end) ?? awaiting.exec(end);
  const asked = match?.[0] ?? '';
  if (match === null || closing.test(asked)) return { isAsking: false, isPlan: false, what: '', plan: said.trim() };
  const isOffer = offering.test(asked);
  const isPlan = goingAhead.test(asked) || (saysNothing(asked) && (!isOffer || asked.length < minOfferChars));
  const plan = said.slice(0, said.length - end.length + match.index).trim();
  return { isAsking: true, isPlan, what: isOffer && !isPlan ? asked.trim() : '', plan };
}

const optionStart = /^\W{0,6}(?:option |variante |opción |opção )?(?:\d{1,2}|[a-f])\W{0,3}[.):]/imu;

/** A name or a word says nothing of how hard a request is. */
const minOptionChars = 20;

/** The option of that number, by the line that begins with it; empty without one. */
function optionOf(said: string, option: number): string {
  const name = option > 6 ? option : `(?:${option}|${String.fromCharCode(letterA + option - 1)})`;
  const start = new RegExp(`^\\W{0,6}(?:option |variante |opción |opção )?${name}\\W{0,3}[.):]\\W*(.+)$`, 'imu');
  const text = start.exec(said)?.[1]?.trim() ?? '';
  return text.length < minOptionChars ? '' : text;
}
