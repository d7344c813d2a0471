/** Writes messages: whole ones, and the parts that a stream has as well. */
import type { RoutingMetadata } from '../../../../shared/routing-metadata.ts';
import type { Usage } from '../../../../shared/usage.ts';
import type { WholeAnswer, WholeChoice } from '../../answer/whole-answer.ts';
import type { StreamRequest } from '../../request/inner-request.ts';
import type { FinishReason } from '../../upstreams/dialect.ts';

/**
 * What stands where a vendor signs its model's thinking. Clients send thinking back only with a signature, and none but that vendor looks at
 * it: "pointsman" in base64.
 */
export const thinkingSignature = 'cG9pbnRzbWFu';

/** What is known of an answer's end. */
export interface Ending {
  readonly reason: FinishReason | null;
  readonly stopSequence: string | null;
  readonly hasCalls: boolean;
  readonly isRefused: boolean;
}

/** The words of this wire for why an answer ended. */
export function stopFields({ reason, stopSequence, hasCalls, isRefused }: Ending): Record<string, unknown> {
  if (isRefused || reason === 'content_filter')
    return { stop_reason: 'refusal', stop_sequence: null, stop_details: { type: 'refusal', category: null, explanation: null } };
  if (reason === 'length') return { stop_reason: 'max_tokens', stop_sequence: null };
  // Servers say "stop" of a call that tool_choice demanded; clients run calls for this word only.
  if (hasCalls) return { stop_reason: 'tool_use', stop_sequence: null };
  if (stopSequence !== null) return { stop_reason: 'stop_sequence', stop_sequence: stopSequence };
  return { stop_reason: reason === null ? null : 'end_turn', stop_sequence: null };
}

/** An id in this wire's form: most model servers send one of theirs. */
export function messageId(id: string): string {
  return id.startsWith('msg_') ? id : `msg_${id.replace(/^chatcmpl-/, '')}`;
}

export function showsThinking({ echo }: StreamRequest): boolean {
  return echo?.['showsThinking'] !== false;
}

function isReadOnly({ echo }: StreamRequest): boolean {
  return echo?.['isReadOnly'] === true;
}

/** Input tokens that came from a prefix cache are counted apart. Nothing is ever written to one for a price, and what is not known is 0. */
export function wireUsage({
  promptTokens,
  completionTokens,
  cachedTokens,
  reasoningTokens,
  isEstimated,
}: Usage): Record<string, unknown> {
  const cached = Math.min(cachedTokens ?? 0, promptTokens);
  return {
    input_tokens: promptTokens - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: completionTokens,
    ...(reasoningTokens === null ? {} : { output_tokens_details: { thinking_tokens: reasoningTokens } }),
    ...(isEstimated ? { estimated: true } : {}),
  };
}

export function renderMessage(
  { head, choices }: WholeAnswer,
  usage: Usage,
  routing: RoutingMetadata,
  request: StreamRequest,
): Record<string, unknown> {
  const [choice] = choices;
  return {
    id: messageId(head.id),
    type: 'message',
    role: 'assistant',
    model: head.model,
    ...(isReadOnly(request)
      ? { content: [], ...stopFields({ ...noEnding, reason: 'length' }) }
      : {
          content: choice === undefined ? [] : blocksOf(choice, showsThinking(request)),
          ...stopFields(choice === undefined ? noEnding : endingOf(choice)),
        }),
    usage: wireUsage(usage),
    'x-routing-metadata': routing,
  };
}

const noEnding: Ending = { reason: null, stopSequence: null, hasCalls: false, isRefused: false };

function endingOf({ finishReason, stopSequence, calls, refusal }: WholeChoice): Ending {
  return { reason: finishReason, stopSequence: stopSequence ?? null, hasCalls: calls.length > 0, isRefused: refusal !== '' };
}

function blocksOf({ content, reasoning, refusal, calls }: WholeChoice, withThinking: boolean): unknown[] {
  const blocks: unknown[] = [];
  if (reasoning !== '' && withThinking) blocks.push({ type: 'thinking', thinking: reasoning, signature: thinkingSignature });
  const isAlone = blocks.length === 0 && refusal === '' && calls.length === 0;
  if (isAlone ? content !== '' : content.trim() !== '') blocks.push({ type: 'text', text: content });
  if (refusal !== '') blocks.push({ type: 'text', text: refusal });
  for (const { id, name, arguments: args } of calls) blocks.push({ type: 'tool_use', id, name, input: inputOf(args) });
  return blocks;
}

/** Arguments are an object in this wire. Models write others, and none of it is lost. */
function inputOf(args: string): unknown {
  if (args.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(args);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // As it is, then.
  }
  return { arguments: args };
}
