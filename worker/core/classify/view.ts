/**
 * Reads a chat request once and keeps what every routing step needs: the last user turn separate from system prompt, history and tool
 * results, and counts instead of text wherever a count is enough. Decides nothing.
 */
import type { AskedFormat, InnerRequest, Message } from '../request/inner-request.ts';
import { splitAsk, type Ask } from './ask.ts';
import { measureJson } from '../json/size.ts';
import { textOf } from './message-text.ts';
import { type Answered, readAnswering } from './reply.ts';
import { rememberedByText } from '../text/remembered.ts';
import { measureText, type TextStats } from './text-stats.ts';
import {
  estimateTokens,
  tokensPerAnswerStart,
  tokensPerImage,
  tokensPerJsonChar,
  tokensPerMessage,
  tokensPerToolBlock,
} from './token-estimate.ts';
import { hashKey, tokenize, type Tokens } from './tokens.ts';

/** A text taken apart once for all who read it. */
export interface Reading {
  readonly text: string;
  readonly stats: TextStats;
  readonly tokens: Tokens;
  readonly distinctWords: number;
}

export interface RequestView {
  /** Text parts of the last user turn, joined by line breaks: whole up to 16 Ki characters, else its first and last 8 Ki. */
  readonly text: string;
  /** Characters of the whole last user turn. */
  readonly textChars: number;
  /** Counts over `text`. */
  readonly stats: TextStats;
  /** What the turn asks, apart from the material it carries. */
  readonly ask: Ask;
  readonly asked: Reading;
  /** The ask beside more of the passage it is about; the same object as `asked` where there is none. */
  readonly beside: Reading;
  /** Words of the ask, but at most twice its distinct words, so that repetition does not make it longer. */
  readonly askWords: number;
  readonly codeTokens: Tokens;
  /** Where the turn is a reply that asks for nothing by itself: what it answers, each read as if it were the turn. See reply.ts. */
  readonly reply: ReplyView | null;
  /** The ask of the user turn before the last; empty without one. */
  readonly previousAsk: string;
  readonly hasUserTurn: boolean;
  readonly userTurns: number;
  readonly messages: number;
  /** Image parts, in the whole request and in the last user turn. */
  readonly images: number;
  readonly lastTurnImages: number;
  readonly tools: number;
  readonly isToolChoiceForced: boolean;
  readonly toolResults: number;
  /** The last message is a tool result. */
  readonly isToolLoop: boolean;
  /** null when the request names none. */
  readonly responseFormat: AskedFormat['kind'] | null;
  readonly schemaChars: number;
  readonly schemaProperties: number;
  readonly schemaDepth: number;
  readonly systemChars: number;
  readonly toolResultChars: number;
  /** Characters of all messages. */
  readonly totalChars: number;
  /** See token-estimate.ts; messages, tools, images and frame together. */
  readonly estimatedPromptTokens: number;
  /** They are no estimate: a model server has counted them. */
  readonly isCounted: boolean;
  /** The client's own limit; null when it set none. */
  readonly requestedMaxTokens: number | null;
}

export interface ReplyView {
  /** It also says how it wants that. */
  readonly hasWish: boolean;
  /** At least one. */
  readonly answered: readonly { readonly what: Answered['what']; readonly view: RequestView }[];
}

/** Each text is read at most this far from either end. */
const sampleChars = 8192;

/** `text` itself, or its first and last 8 Ki characters with a line break between. */
export function sampleText(text: string): string {
  return text.length <= 2 * sampleChars ? text : `${text.slice(0, sampleChars)}\n${text.slice(-sampleChars)}`;
}

function imagesOf(message: Message): number {
  if ((message.role !== 'user' && message.role !== 'tool') || typeof message.content === 'string') return 0;
  let images = 0;
  for (const part of message.content) if (part.type === 'image_url') images += 1;
  return images;
}

interface Census {
  lastUser: Message | null;
  lastUserAt: number;
  /** Counts over the sampled text of the last message read, and of `lastUser`. */
  lastStats: TextStats | null;
  lastUserStats: TextStats | null;
  previousUser: Message | null;
  userTurns: number;
  images: number;
  toolResults: number;
  systemChars: number;
  toolResultChars: number;
  totalChars: number;
  tokens: number;
}

/** What a turn's own text says, whatever stands around it. */
interface Turn {
  readonly ask: Ask;
  readonly asked: Reading;
  readonly beside: Reading;
  readonly askWords: number;
  readonly codeTokens: Tokens;
}

const maxRepeats = 2;

function readText(text: string): Reading {
  const tokens = tokenize(text);
  return { text, stats: measureText(text), tokens, distinctWords: countDistinct(tokens) };
}

/** An agent sends its user's turn again with every result of a tool, and every conversation sends it once more as the turn before. */
const readTurn = rememberedByText(
  (text): Turn => {
    const ask = splitAsk(text);
    const asked = readText(ask.ask);
    const askWords = Math.min(asked.stats.words, maxRepeats * asked.distinctWords);
    return {
      ask,
      asked,
      beside: ask.beside === ask.ask ? asked : readText(ask.beside),
      askWords,
      codeTokens: tokenize(ask.code),
    };
  },
  { leastChars: 0, mostChars: 4096 },
);

/** The same for every request of a kind. */
const statsOfPrompt = rememberedByText((text) => measureText(sampleText(text)));

function takeCensus(messages: readonly Message[]): Census {
  const census: Census = {
    lastUser: null,
    lastUserAt: 0,
    lastStats: null,
    lastUserStats: null,
    previousUser: null,
    userTurns: 0,
    images: 0,
    toolResults: 0,
    systemChars: 0,
    toolResultChars: 0,
    totalChars: 0,
    tokens: 0,
  };
  for (let at = 0; at < messages.length; at += 1) {
    const message = messages[at];
    if (message === undefined) continue;
    const text = textOf(message);
    const isPrompt = message.role === 'system' || message.role === 'developer';
    const stats = isPrompt ? statsOfPrompt(text) : measureText(sampleText(text));
    census.lastStats = stats;
    census.totalChars += text.length;
    census.images += imagesOf(message);
    if (message.role === 'user') {
      census.previousUser = census.lastUser;
      census.lastUser = message;
      census.lastUserAt = at;
      census.lastUserStats = stats;
      census.userTurns += 1;
    } else if (message.role === 'tool') {
      census.toolResults += 1;
      census.toolResultChars += text.length;
    } else if (message.role === 'assistant') {
      for (const call of message.tool_calls ?? []) census.tokens += call.function.arguments.length * tokensPerJsonChar + 12;
    } else census.systemChars += text.length;
    census.tokens += estimateTokens(stats, text.length) + tokensPerMessage;
  }
  return census;
}

function tokensOf(text: string): number {
  return estimateTokens(measureText(text), text.length);
}

function countDistinct(tokens: Tokens): number {
  const distinct = new Set<number>();
  for (let at = 0; at < tokens.count; at += 1) distinct.add(hashKey(tokens.hashes[at]));
  return distinct.size;
}

/**
 * The view of a request. A request without any user turn is read by its last message, so that a lone system prompt still counts as
 * what is asked. Linear; every text is read at most to 16 Ki characters, so a longer request costs no more.
 */
export function buildView(request: InnerRequest): RequestView {
  const census = takeCensus(request.messages);
  const subject = census.lastUser ?? request.messages.at(-1);
  const fullText = subject === undefined ? '' : textOf(subject);
  const text = sampleText(fullText);
  const turn = readTurn(text);
  const stats = census.lastUserStats ?? census.lastStats ?? measureText(text);
  const previous = census.previousUser === null ? '' : readTurn(sampleText(textOf(census.previousUser))).ask.ask;
  const format = request.answerFormat ?? null;
  const schema = format?.kind === 'json_schema' ? measureJson(format.schema) : null;
  const tools = request.tools ?? [];
  const toolTokens = tools.length === 0 ? 0 : tokensPerToolBlock + measureJson(tools).chars * tokensPerJsonChar;
  const last = request.messages.at(-1);
  const { grounding } = request;
  // Room and price count what the gateway adds; nothing that chooses a model reads a word of it.
  const added = grounding === undefined ? 0 : tokensOf(grounding.rules) + tokensOf(grounding.material) + tokensPerMessage;
  const view: RequestView = {
    text,
    textChars: fullText.length,
    stats,
    ask: turn.ask,
    asked: turn.asked,
    beside: turn.beside,
    askWords: turn.askWords,
    codeTokens: turn.codeTokens,
    reply: null,
    previousAsk: previous,
    hasUserTurn: census.lastUser !== null,
    userTurns: census.userTurns,
    messages: request.messages.length,
    images: census.images,
    lastTurnImages: subject === undefined ? 0 : imagesOf(subject),
    tools: tools.length,
    isToolChoiceForced: request.toolChoice === 'required' || typeof request.toolChoice === 'object',
    toolResults: census.toolResults,
    isToolLoop: last?.role === 'tool',
    responseFormat: format?.kind ?? null,
    schemaChars: schema?.chars ?? 0,
    schemaProperties: schema?.properties ?? 0,
    schemaDepth: schema?.depth ?? 0,
    systemChars: census.systemChars,
    toolResultChars: census.toolResultChars,
    totalChars: census.totalChars,
    estimatedPromptTokens: Math.ceil(census.tokens + toolTokens + census.images * tokensPerImage + added + tokensPerAnswerStart),
    isCounted: false,
    requestedMaxTokens: request.maxTokens ?? null,
  };
  const answering = census.lastUser === null ? null : readAnswering(request.messages, census.lastUserAt);
  return answering === null
    ? view
    : { ...view, reply: { ...answering, answered: answering.answered.map((one) => viewOf(one, view)) } };
}

/** The view of a request whose last turn says what it really only answers. */
function viewOf({ what, text: fullText }: Answered, view: RequestView): ReplyView['answered'][number] {
  const text = sampleText(fullText);
  const stats = measureText(text);
  return { what, view: { ...view, ...readTurn(text), text, textChars: fullText.length, stats, previousAsk: '' } };
}
