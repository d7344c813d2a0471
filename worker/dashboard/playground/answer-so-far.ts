/** What has come of a streamed answer: its text, its thinking, its calls, how it ended and what it used. */
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';

export interface ToolCall {
  readonly name: string;
  readonly arguments: string;
}

export interface TokensUsed {
  readonly prompt: number;
  /** Of the prompt: known to the model server already, and cheaper. */
  readonly cached: number;
  readonly completion: number;
}

export interface AnswerSoFar {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly ToolCall[];
  readonly finishReason: string | null;
  readonly usage: TokensUsed | null;
  readonly routing: RoutingMetadata | null;
  /** Why the stream broke off, in the gateway's words. */
  readonly error: string | null;
}

export const emptyAnswer: AnswerSoFar = {
  text: '',
  reasoning: '',
  calls: [],
  finishReason: null,
  usage: null,
  routing: null,
  error: null,
};

/** The part of a chunk that the playground reads. */
interface Chunk {
  readonly choices?: readonly {
    readonly delta?: {
      readonly content?: string | null;
      readonly refusal?: string | null;
      readonly reasoning?: string | null;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  } | null;
  readonly 'x-routing-metadata'?: RoutingMetadata;
  readonly error?: { readonly message: string };
}

/** @param data of one event */
export function withEvent(before: AnswerSoFar, data: string): AnswerSoFar {
  if (data === '[DONE]') return before;
  const chunk: Chunk = JSON.parse(data);
  const [choice] = chunk.choices ?? [];
  const { usage } = chunk;
  return {
    text: before.text + (choice?.delta?.content ?? '') + (choice?.delta?.refusal ?? ''),
    reasoning: before.reasoning + (choice?.delta?.reasoning ?? ''),
    calls: (choice?.delta?.tool_calls ?? []).reduce(withCall, before.calls),
    finishReason: choice?.finish_reason ?? before.finishReason,
    usage:
      usage == null
        ? before.usage
        : {
            prompt: usage.prompt_tokens,
            cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
            completion: usage.completion_tokens,
          },
    routing: chunk['x-routing-metadata'] ?? before.routing,
    error: chunk.error?.message ?? before.error,
  };
}

function withCall(
  calls: readonly ToolCall[],
  { index, function: part }: { readonly index: number; readonly function?: Partial<ToolCall> },
): readonly ToolCall[] {
  const known = calls[index] ?? { name: '', arguments: '' };
  const next = [...calls];
  next[index] = { name: known.name + (part?.name ?? ''), arguments: known.arguments + (part?.arguments ?? '') };
  return next;
}

/** Whether anything of an answer is there, for the time of its first token. */
export function hasBegun({ text, reasoning, calls }: AnswerSoFar): boolean {
  return text !== '' || reasoning !== '' || calls.length > 0;
}
