/** Writes chat completions: chunks of a stream, and whole ones. */
import type { Usage } from '../../../../shared/usage.ts';
import type { RoutingMetadata } from '../../../../shared/routing-metadata.ts';
import type { AnswerHead, WholeAnswer, WholeChoice } from '../../answer/whole-answer.ts';
import type { FinishReason } from '../../upstreams/dialect.ts';

/** What one chunk says of a choice. */
export interface ChunkPiece {
  readonly choice: number;
  readonly delta: Readonly<Record<string, unknown>>;
  readonly finishReason: FinishReason | null;
  logprobs: unknown;
}

/** The words of this wire for why an answer ended. */
const finishWords = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
} as const satisfies Record<FinishReason, string>;

function finishWord(reason: FinishReason | null): string | null {
  return reason === null ? null : finishWords[reason];
}

/** One chunk; the finish chunk carries the routing metadata. @param more what another surface adds to it */
export function renderChunk(
  head: AnswerHead,
  piece: ChunkPiece,
  metadata: RoutingMetadata | null,
  more: Readonly<Record<string, unknown>> | null = null,
): string {
  const choice = {
    index: piece.choice,
    delta: piece.delta,
    logprobs: piece.logprobs,
    finish_reason: finishWord(piece.finishReason),
  };
  const chunk = { id: head.id, object: 'chat.completion.chunk', created: head.created, model: head.model, choices: [choice] };
  const known = metadata === null ? chunk : { ...chunk, 'x-routing-metadata': metadata };
  return JSON.stringify(more === null ? known : { ...known, ...more });
}

/** The chunk without choices that `stream_options.include_usage` asks for. */
export function renderUsageChunk(head: AnswerHead, usage: Usage): string {
  return JSON.stringify({
    id: head.id,
    object: 'chat.completion.chunk',
    created: head.created,
    model: head.model,
    choices: [],
    usage: wireUsage(usage),
  });
}

export function renderCompletion(
  { head, choices }: WholeAnswer,
  usage: Usage,
  metadata: RoutingMetadata,
): Record<string, unknown> {
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices: [...choices].sort((a, b) => a.index - b.index).map(renderChoice),
    usage: wireUsage(usage),
    'x-routing-metadata': metadata,
  };
}

function renderChoice(choice: WholeChoice): Record<string, unknown> {
  const message: Record<string, unknown> = {
    role: 'assistant',
    content: choice.content === '' && (choice.calls.length > 0 || choice.refusal !== '') ? null : choice.content,
    refusal: choice.refusal === '' ? null : choice.refusal,
  };
  if (choice.reasoning !== '') {
    message['reasoning'] = choice.reasoning;
    message['reasoning_content'] = choice.reasoning;
  }
  if (choice.calls.length > 0) {
    message['tool_calls'] = choice.calls.map(({ id, name, arguments: args }) => ({
      id,
      type: 'function',
      function: { name, arguments: args },
    }));
  }
  return {
    index: choice.index,
    message,
    logprobs: mergeLogprobs(choice.logprobs),
    finish_reason: finishWord(choice.finishReason),
  };
}

/** Streamed logprob entries, joined as a whole answer has them. */
function mergeLogprobs(parts: readonly unknown[]): unknown {
  if (parts.length <= 1) return parts[0] ?? null;
  const content: unknown[] = [];
  for (const part of parts) {
    if (typeof part === 'object' && part !== null && 'content' in part && Array.isArray(part.content))
      content.push(...part.content);
  }
  return { content };
}

/** OpenAI's usage object. Unknown details are left out, since zero would be a claim; an estimate says so. */
export function wireUsage(usage: Usage): Record<string, unknown> {
  const wire: Record<string, unknown> = {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
  };
  if (usage.cachedTokens !== null) wire['prompt_tokens_details'] = { cached_tokens: usage.cachedTokens };
  if (usage.reasoningTokens !== null) wire['completion_tokens_details'] = { reasoning_tokens: usage.reasoningTokens };
  if (usage.isEstimated) wire['estimated'] = true;
  return wire;
}
