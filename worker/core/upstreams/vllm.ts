/**
 * vLLM's OpenAI-compatible server, 2025 and 2026 releases, and whatever speaks alike (Ollama, llama.cpp, MAX Serve). Tolerant of every
 * variant known: old error bodies, `reasoning` and `reasoning_content`, missing nulls.
 */
import type { ChatRequest, Message } from '../../../shared/chat.ts';
import { fail, ok } from '../../../shared/result.ts';
import type { Dialect, EncodeOptions } from './dialect.ts';
import { readFinishReason } from './finish-reasons.ts';
import { asObject, asString } from './json-view.ts';
import { readChunk, readCompletion } from './read-answer.ts';
import { readError, readErrorEvent } from './read-error.ts';
import type { UpstreamFailure } from './transport-failure.ts';

export const vllm: Dialect = {
  chatPath: '/v1/chat/completions',
  encode,

  readError,

  readCompletion(body) {
    const completion = readCompletion(body);
    if (completion !== null) return ok(completion);
    return fail(errorIn(body) ?? { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' });
  },

  readChunk(payload) {
    const error = errorIn(payload);
    return error === null ? readChunk(payload) : fail(error);
  },

  readFinish: readFinishReason,
};

/** What an answer or an event says that is an error. Older releases have the error's fields at the root. */
function errorIn(body: unknown): UpstreamFailure | null {
  const root = asObject(body);
  const error = asObject(root?.['error']) ?? (asString(root?.['error']) || null) ?? (root?.['object'] === 'error' ? root : null);
  return error === null ? null : readErrorEvent(error);
}

/** Only fields the gateway knows travel on, and only those the client set. */
function encode(request: ChatRequest, options: EncodeOptions): Record<string, unknown> {
  const body: Record<string, unknown> = {
    model: options.servedName,
    messages: messagesFor(request.messages, options.continueFrom),
    stream: options.isStream,
    max_tokens: options.maxTokens,
  };
  if (options.isStream) body['stream_options'] = { include_usage: true };
  for (const field of passedOn) {
    // Servers refuse what belongs to tools when there are none.
    if (request.tools === undefined && (field === 'tool_choice' || field === 'parallel_tool_calls')) continue;
    const value = request[field];
    if (value != null) body[field] = value;
  }
  if (options.wantsLogprobs && request.logprobs !== true) body['logprobs'] = true;
  if (options.cacheSalt !== null) body['cache_salt'] = options.cacheSalt;
  if (options.continueFrom !== null) {
    body['continue_final_message'] = true;
    body['add_generation_prompt'] = false;
  }
  return body;
}

const passedOn = [
  'temperature',
  'top_p',
  'n',
  'stop',
  'presence_penalty',
  'frequency_penalty',
  'seed',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'top_k',
  'min_p',
  'repetition_penalty',
  'min_tokens',
  'ignore_eos',
  'chat_template_kwargs',
] as const satisfies readonly (keyof ChatRequest)[];

function messagesFor(messages: readonly Message[], continueFrom: string | null): unknown[] {
  const mapped: unknown[] = messages.map((message) => {
    // Qwen's and Llama's chat templates do not know the newer name of the same role.
    if (message.role === 'developer') return { ...message, role: 'system' };
    if (message.role !== 'assistant' || message.reasoning_content == null) return message;
    // vLLM reads `reasoning` and drops `reasoning_content` on the way in.
    const { reasoning_content: older, ...rest } = message;
    return { ...rest, reasoning: rest.reasoning ?? older };
  });
  if (continueFrom !== null) mapped.push({ role: 'assistant', content: continueFrom });
  return mapped;
}
