/** Writes a conversation for OpenAI's wire as its vendors take it: no field of one server, images only where a user speaks. */
import { groundedMessages } from '../request/grounded-messages.ts';
import type {
  AssistantMessage,
  ImagePart,
  InnerRequest,
  Message,
  TextPart,
  ToolCall,
  ToolMessage,
} from '../request/inner-request.ts';

/**
 * @param systemRole the name that this server has for the role
 * @param continueFrom text of an answer that broke off; only for models that go on behind it
 */
export function encodeMessages(
  request: InnerRequest,
  systemRole: 'system' | 'developer',
  continueFrom: string | null,
): unknown[] {
  const messages = groundedMessages(request);
  const written: unknown[] = [];
  /** Images of tool results: vendors take text there. They follow the results, as what a user shows. */
  const shown: ImagePart[] = [];
  for (const message of messages) {
    if (message.role !== 'tool' && shown.length > 0) written.push({ role: 'user', content: shown.splice(0) });
    if (message.role === 'tool') shown.push(...imagesIn(message.content));
    written.push(encodeMessage(message, systemRole));
  }
  if (shown.length > 0) written.push({ role: 'user', content: shown });
  if (continueFrom === null) return written;
  const begun = request.continuesLast ? messages.at(-1) : undefined;
  if (begun !== undefined) written.pop();
  return [...written, { role: 'assistant', content: (begun === undefined ? '' : textOf(begun.content)) + continueFrom }];
}

function encodeMessage(message: Message, systemRole: 'system' | 'developer'): unknown {
  if (message.role === 'system' || message.role === 'developer') return { ...message, role: systemRole };
  if (message.role === 'tool') return encodeResult(message);
  return message.role === 'assistant' ? encodeAssistant(message) : message;
}

/** There is no field for a tool that failed: the text says so, unless it does already. */
function encodeResult({ tool_call_id, content, is_error: isError }: ToolMessage): unknown {
  const text = textOf(content);
  return { role: 'tool', tool_call_id, content: isError === true && !/\berror\b/i.test(text) ? `Error: ${text}`.trim() : text };
}

/** Thinking stays behind: vendors refuse the field or ignore it, and bill it where they read it. */
function encodeAssistant({ content, refusal, tool_calls: calls = [], name }: AssistantMessage): unknown {
  const spoken = textOf(content) || (refusal ?? '');
  return {
    role: 'assistant',
    ...(name === undefined ? {} : { name }),
    content: spoken === '' && calls.length > 0 ? null : spoken,
    ...(calls.length > 0 ? { tool_calls: calls.map(encodeCall) } : {}),
  };
}

/** Servers parse the text as JSON, and a call without arguments is streamed with an empty one. */
function encodeCall({ id, type, function: { name, arguments: text } }: ToolCall): unknown {
  return { id, type, function: { name, arguments: text.trim() === '' ? '{}' : text } };
}

function imagesIn(content: string | readonly (TextPart | ImagePart)[]): ImagePart[] {
  return typeof content === 'string' ? [] : content.filter((part) => part.type === 'image_url');
}

/** Everything that is text in a message, refusals included. */
export function textOf(content: Message['content']): string {
  if (typeof content === 'string' || content == null) return content ?? '';
  return content.map((part) => (part.type === 'text' ? part.text : part.type === 'refusal' ? part.refusal : '')).join('');
}
