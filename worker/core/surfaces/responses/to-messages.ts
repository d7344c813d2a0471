/**
 * From items to messages: what a model said in one turn (its thinking, its text, its calls) is one message here, and several items there.
 */
import type { AssistantMessage, ImagePart, Message, RefusalPart, TextPart, ToolCall } from '../../request/inner-request.ts';
import type { Item, Message as MessageItem, Part } from './items.ts';

/** The turn of the model that is being put together. */
interface Turn {
  reasoning: string;
  content: string | (TextPart | RefusalPart)[] | null;
  calls: ToolCall[];
}

export function messagesOf(instructions: string | undefined, items: readonly Item[]): Message[] {
  const messages: Message[] =
    instructions === undefined || instructions === '' ? [] : [{ role: 'system', content: instructions }];
  let turn: Turn | null = null;
  const close = (): void => {
    if (turn !== null) messages.push(messageOf(turn));
    turn = null;
  };
  for (const item of items) {
    if (!isOfTheModel(item)) {
      close();
      messages.push(otherMessage(item));
      continue;
    }
    if (turn !== null && beginsAnother(turn, item)) close();
    turn ??= { reasoning: '', content: null, calls: [] };
    addTo(turn, item);
  }
  close();
  return messages;
}

type Spoken = Extract<
  Item,
  { type: 'reasoning' | 'function_call' | 'custom_tool_call' | 'local_shell_call' | 'shell_call' | 'apply_patch_call' }
>;

function isOfTheModel(item: Item): item is Spoken | (MessageItem & { role: 'assistant' }) {
  if (item.type === 'message') return item.role === 'assistant';
  return item.type === 'reasoning' || item.type.endsWith('_call');
}

/** A second text without a call between is another message; thinking comes before what it is about. */
function beginsAnother({ content, calls }: Turn, item: Spoken | MessageItem): boolean {
  if (item.type === 'message') return content !== null && calls.length === 0;
  return item.type === 'reasoning' && content !== null && calls.length === 0;
}

function addTo(turn: Turn, item: Spoken | MessageItem): void {
  if (item.type === 'message') turn.content = joined(turn.content, spokenContent(item.content));
  else if (item.type === 'reasoning') {
    const parts = item.content != null && item.content.length > 0 ? item.content : (item.summary ?? []);
    const text = parts.map((part) => part.text).join('\n\n');
    if (text !== '') turn.reasoning = turn.reasoning === '' ? text : `${turn.reasoning}\n\n${text}`;
  } else turn.calls.push(callOf(item));
}

function callOf(item: Exclude<Spoken, { type: 'reasoning' }>): ToolCall {
  const { call_id: id } = item;
  if (item.type === 'function_call') return { id, type: 'function', function: { name: item.name, arguments: item.arguments } };
  if (item.type === 'custom_tool_call')
    return { id, type: 'function', function: { name: item.name, arguments: JSON.stringify({ input: item.input }) } };
  const done = JSON.stringify(item.action ?? item.operation ?? {});
  return { id, type: 'function', function: { name: item.type.slice(0, -'_call'.length), arguments: done } };
}

function messageOf({ reasoning, content, calls }: Turn): AssistantMessage {
  return {
    role: 'assistant',
    content: content ?? (calls.length > 0 ? null : ''),
    ...(reasoning === '' ? {} : { reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** One text is a text; parts stay parts. */
function spokenContent(content: MessageItem['content']): string | (TextPart | RefusalPart)[] {
  if (typeof content === 'string') return content;
  const parts = content.flatMap((part): (TextPart | RefusalPart)[] => {
    if (part.type === 'input_image') return [];
    return [part.type === 'refusal' ? { type: 'refusal', refusal: part.refusal } : { type: 'text', text: part.text }];
  });
  const [only, ...more] = parts;
  return only?.type === 'text' && more.length === 0 ? only.text : parts;
}

function joined(first: Turn['content'], second: string | (TextPart | RefusalPart)[]): Turn['content'] {
  if (first === null) return second;
  if (typeof first === 'string' && typeof second === 'string') return first + second;
  return [...asParts(first), ...asParts(second)];
}

function asParts(content: string | (TextPart | RefusalPart)[]): (TextPart | RefusalPart)[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function otherMessage(item: Exclude<Item, Spoken>): Message {
  if (item.type === 'message') {
    if (item.role === 'user') return { role: 'user', content: seenContent(item.content) };
    return { role: item.role === 'developer' ? 'developer' : 'system', content: plainContent(item.content) };
  }
  const id = item.call_id ?? item.id ?? '';
  return { role: 'tool', tool_call_id: id, content: outputOf(item.output) };
}

/** Some tools answer with objects: the model reads them as JSON. */
function outputOf(output: unknown): string | (TextPart | ImagePart)[] {
  if (output === undefined) return '';
  if (typeof output === 'string') return output;
  return isParts(output) ? seenContent(output) : JSON.stringify(output);
}

function isParts(output: unknown): output is readonly Part[] {
  const isPart = (part: unknown): boolean =>
    typeof part === 'object' && part !== null && ('text' in part || 'image_url' in part) && 'type' in part;
  return Array.isArray(output) && output.every(isPart);
}

function seenContent(content: string | readonly Part[]): string | (TextPart | ImagePart)[] {
  if (typeof content === 'string') return content;
  const parts = content.map((part): TextPart | ImagePart => {
    if (part.type === 'refusal') return { type: 'text', text: part.refusal };
    if (part.type !== 'input_image') return { type: 'text', text: part.text };
    return {
      type: 'image_url',
      image_url: { url: part.image_url, ...(part.detail === undefined ? {} : { detail: part.detail }) },
    };
  });
  const [only, ...more] = parts;
  return only?.type === 'text' && more.length === 0 ? only.text : parts;
}

function plainContent(content: string | readonly Part[]): string | TextPart[] {
  const seen = seenContent(content);
  return typeof seen === 'string' ? seen : seen.filter((part) => part.type === 'text');
}
