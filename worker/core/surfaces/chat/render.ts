/** Writes an answer in OpenAI's shapes: chunks of a stream, and the whole completion. */
import type { Usage } from '../../../../shared/chat.ts';
import type { RoutingMetadata } from '../../../../shared/routing-metadata.ts';
import type { AnswerState, Emission } from '../../answer/answer.ts';
import type { Choice } from '../../answer/choice.ts';

/** Identity that a server did not supply. */
export interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

export function headOf(state: AnswerState, fallback: Head): Head {
  const { id, created, model } = state.head;
  return { id: id ?? fallback.id, created: created ?? fallback.created, model: model ?? fallback.model };
}

/** One chunk; the finish chunk carries the routing metadata. */
export function renderChunk(head: Head, emission: Emission, metadata: RoutingMetadata | null): string {
  const choice = {
    index: emission.choiceIndex,
    delta: emission.delta,
    logprobs: emission.logprobs,
    finish_reason: emission.finishReason,
  };
  const chunk = { id: head.id, object: 'chat.completion.chunk', created: head.created, model: head.model, choices: [choice] };
  return JSON.stringify(
    emission.finishReason === null || metadata === null ? chunk : { ...chunk, 'x-routing-metadata': metadata },
  );
}

/** The chunk without choices that `stream_options.include_usage` asks for. */
export function renderUsageChunk(head: Head, usage: Usage): string {
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
  head: Head,
  state: AnswerState,
  usage: Usage,
  metadata: RoutingMetadata,
): Record<string, unknown> {
  const choices = [...state.choices.values()].sort((a, b) => a.index - b.index).map(renderChoice);
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices,
    usage: wireUsage(usage),
    'x-routing-metadata': metadata,
  };
}

function renderChoice(choice: Choice): Record<string, unknown> {
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
  return { index: choice.index, message, logprobs: mergeLogprobs(choice.logprobs), finish_reason: choice.finishReason };
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
