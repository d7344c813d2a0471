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
import type { WireOptions } from './dialect.ts';

/** @param continueFrom text of an answer that broke off; only for models that go on behind it */
export function encodeMessages(request: InnerRequest, wire: WireOptions, continueFrom: string | null): unknown[] {
  const messages = groundedMessages(request);
  const written: unknown[] = [];
  /** Images of tool results: vendors take text there. They follow the results, as what a user shows. */
  const shown: ImagePart[] = [];
  for (const message of messages) {
    if (message.role !== 'tool' && shown.length > 0) written.push({ role: 'user', content: shown.splice(0) });
    if (message.role === 'tool') shown.push(...imagesIn(message.content));
    written.push(encodeMessage(message, wire));
  }
  if (shown.length > 0) written.push({ role: 'user', content: shown });
  if (continueFrom === null) return written;
  const begun = request.continuesLast ? messages.at(-1) : undefined;
  if (begun !== undefined) written.pop();
  return [...written, { role: 'assistant', content: (begun === undefined ? '' : textOf(begun.content)) + continueFrom }];
}

function encodeMessage(message: Message, wire: WireOptions): unknown {
  if (message.role === 'system' || message.role === 'developer') return { ...message, role: wire.system_role ?? 'system' };
  if (message.role === 'tool') return encodeResult(message);
  return message.role === 'assistant' ? encodeAssistant(message, wire) : message;
}

/** There is no field for a tool that failed: the text says so, unless it does already. */
function encodeResult({ tool_call_id, content, is_error: isError }: ToolMessage): unknown {
  const text = textOf(content);
  return { role: 'tool', tool_call_id, content: isError === true && !/\berror\b/i.test(text) ? `Error: ${text}`.trim() : text };
}

/** Thinking stays behind: vendors refuse the field or ignore it, and bill it where they read it. */
function encodeAssistant({ content, refusal, tool_calls: calls = [], name }: AssistantMessage, wire: WireOptions): unknown {
  const spoken = textOf(content) || (refusal ?? '');
  return {
    role: 'assistant',
    ...(name === undefined ? {} : { name }),
    content: spoken === '' && calls.length > 0 ? null : spoken,
    ...(calls.length > 0 ? { tool_calls: calls.map((call) => encodeCall(call, wire)) } : {}),
  };
}

/** Servers parse the text as JSON, and a call without arguments is streamed with an empty one. */
function encodeCall(
  { id, type, function: { name, arguments: text } }: ToolCall,
  { signs_calls: isSigned }: WireOptions,
): unknown {
  const call = { id, type, function: { name, arguments: text.trim() === '' ? '{}' : text } };
  return isSigned === true ? { ...call, ...unsigned } : call;
}

/** Google's documented value for calls that it did not make, or whose signature was lost on the way. */
const unsigned = { extra_content: { google: { thought_signature: 'skip_thought_signature_validator' } } };

function imagesIn(content: string | readonly (TextPart | ImagePart)[]): ImagePart[] {
  return typeof content === 'string' ? [] : content.filter((part) => part.type === 'image_url');
}

/** Everything that is text in a message, refusals included. */
export function textOf(content: Message['content']): string {
  if (typeof content === 'string' || content == null) return content ?? '';
  return content.map((part) => (part.type === 'text' ? part.text : part.type === 'refusal' ? part.refusal : '')).join('');
}
