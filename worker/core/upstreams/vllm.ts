/**
 * vLLM's OpenAI-compatible server, 2025 and 2026 releases, and whatever speaks alike (Ollama, llama.cpp, MAX Serve). Tolerant of every
 * variant known: old error bodies, `reasoning` and `reasoning_content`, missing nulls.
 */
import type { ChatRequest, Message } from '../../../shared/chat.ts';
import { fail, ok } from '../../../shared/result.ts';
import type { ChunkChoice, Dialect, EncodeOptions } from './dialect.ts';
import { asArray, asInteger, asObject, asString } from './json-view.ts';
import { retryAfterMs, statusFailure, type UpstreamFailure } from './transport-failure.ts';

/** Choices beyond this index are a server's mistake: the gateway never asks for that many. */
const maxChoiceIndex = 63;

export const vllm: Dialect = {
  chatPath: '/v1/chat/completions',
  encode,

  readError(status, mediaType, body, retryAfter, nowMs) {
    const error = mediaType === 'application/json' && body !== null ? readErrorBody(body) : null;
    return statusFailure(status, mediaType, error, retryAfterMs(retryAfter, nowMs));
  },

  readCompletion(body) {
    const answer = asObject(body);
    const choices = asArray(answer?.['choices']);
    if (answer === null || choices === null || choices.length === 0) return fail({ code: 'upstream_invalid_answer' });
    const read = choices.map((choice) => readChoice(choice, 'message'));
    if (read.some((choice) => choice === null)) return fail({ code: 'upstream_invalid_answer' });
    return ok({
      id: asString(answer['id']),
      created: asInteger(answer['created']),
      model: asString(answer['model']),
      choices: read.filter((choice) => choice !== null),
      usage: answer['usage'] ?? null,
    });
  },

  readChunk(payload) {
    const chunk = asObject(payload);
    if (chunk === null) return null;
    // Older releases have the error's fields at the root.
    const error = asObject(chunk['error']) ?? asString(chunk['error']) ?? (chunk['object'] === 'error' ? chunk : null);
    if (error !== null) return fail(streamError(error));
    const list = asArray(chunk['choices']);
    if (list === null) return null;
    let isPlainContent = list.length > 0 && chunk['usage'] == null;
    let hasRole = true;
    const choices: ChunkChoice[] = [];
    for (const item of list) {
      const choice = readChoice(item, 'delta');
      if (choice === null) return hasLostText(item) ? fail(unreadable) : null;
      const { delta } = choice;
      const raw = asObject(item);
      const rawDelta = asObject(raw?.['delta']);
      hasRole &&= rawDelta?.['role'] === 'assistant';
      isPlainContent &&= choice.finishReason === null && delta.tool_calls == null && delta.reasoning == null;
      // Clients do not know whose text it is without an index.
      isPlainContent &&= raw?.['index'] != null && !Array.isArray(rawDelta?.['content']);
      choices.push(choice);
    }
    return ok({
      id: asString(chunk['id']),
      created: asInteger(chunk['created']),
      model: asString(chunk['model']),
      choices,
      usage: chunk['usage'] ?? null,
      isPlainContent,
      hasRole,
    });
  },
};

const empty: Readonly<Record<string, unknown>> = {};
const unreadable: UpstreamFailure = { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' };

/** Content that is there and cannot be read: to leave it out would make another answer of it. */
function hasLostText(item: unknown): boolean {
  const content = asObject(asObject(item)?.['delta'])?.['content'];
  return content != null && readContent(content) === null;
}

/** A text, or parts as Mistral's models have them: text, and thinking that is made of text parts. Null for anything else. */
function readContent(
  content: unknown,
  mayThink = true,
): { readonly text: string | null; readonly thinking: string | null } | null {
  if (content === null || typeof content === 'string') return { text: content, thinking: null };
  let [text, thinking] = ['', ''];
  for (const item of asArray(content) ?? [null]) {
    const part = asObject(item);
    const own = part?.['type'] === 'text' ? asString(part['text']) : null;
    const thought = part?.['type'] === 'thinking' && mayThink ? readContent(part['thinking'], false) : null;
    if (own === null && thought === null) return null;
    text += own ?? '';
    thinking += thought?.text ?? '';
  }
  return { text: text === '' ? null : text, thinking: thinking === '' ? null : thinking };
}

function readChoice(item: unknown, field: 'delta' | 'message'): ChunkChoice | null {
  const choice = asObject(item);
  // Some servers leave the empty delta out of the chunk that ends a choice.
  const isBareEnd = field === 'delta' && choice?.['delta'] == null && asString(choice?.['finish_reason']) !== null;
  const delta = isBareEnd ? empty : asObject(choice?.[field]);
  const index = asInteger(choice?.['index'] ?? 0);
  if (choice === null || delta === null || index === null || index < 0 || index > maxChoiceIndex) return null;
  const content = readContent(delta['content'] ?? null);
  if (content === null) return null;
  const calls = asArray(delta['tool_calls']);
  return {
    index,
    delta: {
      content: content.text,
      // An older name for the same; a server that sends both sends the same text twice.
      reasoning: asString(delta['reasoning']) || asString(delta['reasoning_content']) || content.thinking,
      tool_calls: calls !== null && calls.length > 0 ? calls : null,
    },
    // Some servers write "" where others write null.
    finishReason: asString(choice['finish_reason']) || null,
    logprobs: choice['logprobs'] ?? null,
  };
}

/** `{"error": {...}}`, the older `{"object": "error", ...}`, `{"error": "Unauthorized"}`, FastAPI's `{"detail": ...}`. */
function readErrorBody(body: string): { message: string; param: string | null } | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  const root = asObject(parsed);
  if (root === null) return null;
  const error = asObject(root['error']) ?? (root['object'] === 'error' ? root : null);
  // vLLM names fields from its own root: `body.messages`.
  const param = asString(error?.['param'])?.replace(/^body\./, '') ?? null;
  if (error !== null) return { message: asString(error['message']) ?? '', param };
  const detail = root['detail'];
  const first = asObject(asArray(detail)?.[0]);
  if (first === null) return { message: asString(detail) ?? asString(root['error']) ?? '', param: null };
  const where = asArray(first['loc'])
    ?.filter((key) => key !== 'body')
    .map(String)
    .join('.');
  return { message: asString(first['msg']) ?? '', param: where === undefined || where === '' ? null : where };
}

/** An error inside a stream carries the HTTP number as `code`; what has no usable number is the server's fault. */
function streamError(error: string | Readonly<Record<string, unknown>>): ReturnType<typeof statusFailure> {
  if (typeof error === 'string') return statusFailure(500, 'application/json', null, null);
  const number = asInteger(error['code']);
  const status = number !== null && number >= 400 && number < 600 ? number : 500;
  return statusFailure(
    status,
    'application/json',
    { message: asString(error['message']) ?? '', param: asString(error['param']) },
    null,
  );
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
