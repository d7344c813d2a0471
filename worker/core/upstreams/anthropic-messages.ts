/**
 * Writes a conversation as Anthropic's Messages API takes it: the system prompt apart, turns that alternate, every result behind its call. What
 * other models and clients leave in a history, and this API refuses, is put straight: empty texts, foreign ids, calls without a result,
 * results without a call.
 */
import { groundedMessages } from '../request/grounded-messages.ts';
import { isSystem } from '../request/late-system.ts';
import type {
  AssistantMessage,
  ImagePart,
  InnerRequest,
  Message,
  TextPart,
  ToolCall,
  ToolMessage,
} from '../request/inner-request.ts';
import { asObject } from '../json/view.ts';
import { textOf } from './openai-messages.ts';

type Block = Readonly<Record<string, unknown>>;

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: Block[];
}

export interface WrittenConversation {
  /** '' for none. */
  readonly system: string;
  readonly turns: readonly Turn[];
  /** Names of the tools that the history calls. */
  readonly called: readonly string[];
}

/** Something has to be said where this API wants a turn and nobody said anything. */
const silence = '(no text)';
const noResult = '(no result)';

/** @param continueFrom text of an answer that broke off */
export function writeConversation(request: InnerRequest, continueFrom: string | null): WrittenConversation {
  const messages = groundedMessages(request);
  const isContinued = continueFrom !== null || request.continuesLast;
  const system = messages.filter(isSystem).map(({ content }) => textOf(content));
  const turns: Turn[] = [];
  for (const message of messages) {
    if (!isSystem(message)) addTo(turns, message.role === 'assistant' ? 'assistant' : 'user', blocksOf(message));
  }
  if (continueFrom !== null) addTo(turns, 'assistant', textBlocks(continueFrom));
  // A conversation that is a system prompt and nothing else.
  if (turns.length === 0) addTo(turns, 'user', textBlocks(system.splice(0).join('\n\n') || silence));
  if (turns[0]?.role === 'assistant') turns.unshift({ role: 'user', content: textBlocks(silence) });
  if (turns.at(-1)?.role === 'assistant') {
    if (isContinued) trimLast(turns);
    else turns.push({ role: 'user', content: [] });
  }
  const called = pairResults(turns);
  for (const turn of turns) if (turn.content.length === 0) turn.content.push(...textBlocks(silence));
  return { system: system.filter((text) => text.trim() !== '').join('\n\n'), turns, called };
}

/** Turns of one role that follow each other are one turn. */
function addTo(turns: Turn[], role: Turn['role'], blocks: readonly Block[]): void {
  const last = turns.at(-1);
  if (last?.role === role) last.content.push(...blocks);
  else if (blocks.length > 0) turns.push({ role, content: [...blocks] });
}

function blocksOf(message: Message): Block[] {
  if (message.role === 'tool') return [resultBlock(message)];
  return message.role === 'assistant' ? assistantBlocks(message) : contentBlocks(message.content);
}

/** Thinking is not sent back: without the vendor's signature it is refused, and what another model thought has none. */
function assistantBlocks({ content, refusal, tool_calls: calls = [] }: AssistantMessage): Block[] {
  return [...textBlocks(textOf(content) || (refusal ?? '')), ...calls.map(callBlock)];
}

/** Texts of white space alone are refused. */
function textBlocks(text: string): Block[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }];
}

function contentBlocks(content: Message['content']): Block[] {
  if (typeof content === 'string' || content == null) return textBlocks(content ?? '');
  return content.flatMap((part: TextPart | ImagePart | { readonly type: 'refusal'; readonly refusal: string }) =>
    part.type === 'image_url' ? [imageBlock(part)] : textBlocks(part.type === 'text' ? part.text : part.refusal),
  );
}

function imageBlock({ image_url: { url } }: ImagePart): Block {
  const embedded = /^data:([^;,]+)(?:;[^;,]+)*;base64,(.*)$/s.exec(url);
  if (embedded === null) return { type: 'image', source: { type: 'url', url } };
  const [, mediaType = '', data = ''] = embedded;
  return {
    type: 'image',
    source: { type: 'base64', media_type: mediaType.toLowerCase().replace('image/jpg', 'image/jpeg'), data },
  };
}

function callBlock({ id, function: { name, arguments: text } }: ToolCall): Block {
  return { type: 'tool_use', id: ownId(id), name, input: inputOf(text) };
}

/** The input of a call is an object; arguments that are none are kept under a name. */
function inputOf(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return asObject(value) ?? { arguments: value };
  } catch {
    return { arguments: text };
  }
}

function resultBlock({ tool_call_id: callId, content, is_error: isError }: ToolMessage): Block {
  const blocks = contentBlocks(content);
  const result = { type: 'tool_result', tool_use_id: ownId(callId) };
  // A failure has to say something.
  if (isError === true) return { ...result, content: blocks.length > 0 ? blocks : textBlocks('Error.'), is_error: true };
  return blocks.length > 0 ? { ...result, content: blocks } : result;
}

/** Other models' ids have dots and colons, which this API refuses. */
function ownId(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/g, '_') || 'call';
}

/** "Final assistant content cannot end with trailing whitespace." */
function trimLast(turns: readonly Turn[]): void {
  const content = turns.at(-1)?.content;
  const last = content?.at(-1);
  if (content === undefined || typeof last?.['text'] !== 'string') return;
  content.splice(-1, 1, ...textBlocks(last['text'].trimEnd()));
}

/** The ids of a turn's calls as they are written, by what they were: an id that comes again is another one here. */
type OpenCalls = ReadonlyMap<unknown, string[]>;

/** Results stand first in the turn behind their calls, each call has one, and what belongs to no call is text. */
function pairResults(turns: Turn[]): string[] {
  const called = new Set<string>();
  const uses = new Map<string, number>();
  const open = turns.map((turn) => openCalls(turn, called, uses));
  if ((open.at(-1)?.size ?? 0) > 0) turns.push({ role: 'user', content: [] });
  turns.forEach((turn, at) => {
    if (turn.role === 'user') order(turn, open[at - 1] ?? new Map());
  });
  return [...called];
}

/** @param uses how often each id was there in the turns before */
function openCalls({ role, content }: Turn, called: Set<string>, uses: Map<string, number>): OpenCalls {
  const open = new Map<unknown, string[]>();
  if (role === 'user') return open;
  for (const [k, block] of content.entries()) {
    if (block['type'] !== 'tool_use') continue;
    called.add(String(block['name']));
    const given = String(block['id']);
    const id = unused(given, uses);
    if (id !== given) content[k] = { ...block, id };
    open.set(given, [...(open.get(given) ?? []), id]);
  }
  return open;
}

/** Servers that number the calls of an answer begin again with every answer; this API refuses an id that comes twice. */
function unused(id: string, uses: Map<string, number>): string {
  for (;;) {
    const count = (uses.get(id) ?? 0) + 1;
    uses.set(id, count);
    if (count === 1) return id;
    const another = `${id}_${count}`;
    if (!uses.has(another)) {
      uses.set(another, 1);
      return another;
    }
  }
}

function order(turn: Turn, open: OpenCalls): void {
  const results: Block[] = [];
  const others: Block[] = [];
  for (const block of turn.content) {
    const id = block['type'] === 'tool_result' ? open.get(block['tool_use_id'])?.shift() : undefined;
    if (id !== undefined) results.push(id === block['tool_use_id'] ? block : { ...block, tool_use_id: id });
    else if (block['type'] === 'tool_result') others.push(...blocksIn(block));
    else others.push(block);
  }
  for (const ids of open.values())
    for (const id of ids) results.push({ type: 'tool_result', tool_use_id: id, content: noResult, is_error: true });
  turn.content.splice(0, turn.content.length, ...results, ...others);
}

function blocksIn({ content }: Block): Block[] {
  return Array.isArray(content) ? content : [];
}
