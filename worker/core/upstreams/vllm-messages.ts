/** Writes a conversation for vLLM: as the client sent it, except for what chat templates and servers are known to reject. */
import { groundedMessages } from '../request/grounded-messages.ts';
import { isSystem } from '../request/late-system.ts';
import type {
  AssistantMessage,
  InnerRequest,
  Message,
  SystemMessage,
  TextPart,
  ToolCall,
  ToolMessage,
} from '../request/inner-request.ts';

/** @param continueFrom text of an answer that broke off; the model continues after it */
export function encodeMessages(request: InnerRequest, continueFrom: string | null): unknown[] {
  const { continuesLast } = request;
  const messages = withOneSystemPrompt(groundedMessages(request));
  const mapped: unknown[] = messages.map(encodeMessage);
  if (continueFrom === null) return mapped;
  // The client began the answer itself: the text generated so far follows its own.
  const begun = continuesLast ? messages.at(-1) : undefined;
  if (begun !== undefined) mapped.pop();
  mapped.push({ role: 'assistant', content: (begun === undefined ? '' : plainText(begun)) + continueFrom });
  return mapped;
}

/**
 * Agents send instructions and more of the same behind them. Newer templates refuse a second system message, so those that a conversation
 * begins with are one.
 */
function withOneSystemPrompt(messages: readonly Message[]): readonly Message[] {
  const [first, second] = messages;
  if (first === undefined || second === undefined || !isSystem(first) || !isSystem(second)) return messages;
  const end = messages.findIndex((message) => !isSystem(message));
  const others = end < 0 ? [] : messages.slice(end);
  const prompts = messages.slice(0, messages.length - others.length).filter(isSystem);
  const isText = prompts.every(({ content }) => typeof content === 'string');
  const content = isText ? prompts.map(plainText).join('\n\n') : prompts.flatMap(partsOf);
  return [{ ...first, content }, ...others];
}

function partsOf({ content }: SystemMessage): readonly TextPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function encodeMessage(message: Message): unknown {
  // Qwen's and Llama's chat templates do not know the newer name of the same role.
  if (message.role === 'developer') return { ...message, role: 'system' };
  if (message.role === 'tool') return encodeResult(message);
  return message.role === 'assistant' ? encodeAssistant(message) : message;
}

/** Chat templates have no field for a tool that failed: the text says so, unless it does already. */
function encodeResult(message: ToolMessage): unknown {
  const { is_error: isError, ...rest } = message;
  const content = rest.content.length === 0 ? '' : rest.content;
  if (isError !== true || /\berror\b/i.test(plainText(message)))
    return isError === undefined && content !== '' ? message : { ...rest, content };
  return {
    ...rest,
    content: typeof content === 'string' ? `Error: ${content}`.trim() : [{ type: 'text', text: 'Error:' }, ...content],
  };
}

function encodeAssistant(message: AssistantMessage): unknown {
  const {
    refusal,
    reasoning,
    reasoning_content: older,
    reasoning_signature: _signature,
    redacted_reasoning: _redacted,
    tool_calls: calls,
    content,
    ...rest
  } = message;
  const hasCalls = calls !== undefined && calls.length > 0;
  // Templates know only `content`, so a refusal is written there.
  const spoken = refusal !== undefined && (content ?? '').length === 0 ? refusal : contentOf(content);
  return {
    ...rest,
    // llama.cpp refuses an assistant message with neither content nor calls; a message with reasoning alone is valid history.
    ...(hasCalls && spoken === undefined ? {} : { content: hasCalls ? spoken : (spoken ?? '') }),
    // In requests vLLM reads `reasoning` and ignores `reasoning_content`.
    ...(reasoning === undefined && older === undefined ? {} : { reasoning: reasoning ?? older }),
    ...(hasCalls ? { tool_calls: calls.map(encodeCall) } : {}),
  };
}

/** Refusals inside a list of parts are text to a template. */
function contentOf(content: AssistantMessage['content']): unknown {
  if (typeof content === 'string' || content == null || !content.some((part) => part.type === 'refusal')) return content;
  return content.map((part) => (part.type === 'refusal' ? { type: 'text', text: part.refusal } : part));
}

/** A call without arguments is streamed with empty text, and clients send it back that way; servers parse that text as JSON. */
function encodeCall(call: ToolCall): ToolCall {
  return call.function.arguments.trim() === '' ? { ...call, function: { ...call.function, arguments: '{}' } } : call;
}

function plainText({ content }: Message): string {
  if (typeof content === 'string' || content == null) return content ?? '';
  return content.map((part) => (part.type === 'text' ? part.text : part.type === 'refusal' ? part.refusal : '')).join('');
}
