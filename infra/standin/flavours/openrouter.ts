/**
 * OpenRouter by its documentation: comments while a provider works, `native_finish_reason`, a price in the usage, and errors in the middle of a
 * stream as a chunk that has an error beside a choice with the finish reason `error`.
 */
import type { Frame } from '../completion.ts';
import { isRecord } from '../json.ts';
import type { Refusal } from '../refusal.ts';
import type { Flavour, Head, Payload, ServerWords, TokenCounts, WholeChoice } from './flavour.ts';
import { openAiPaths } from './openai-paths.ts';
import { vllm } from './vllm.ts';

function routerError(code: number, message: string, metadata?: Payload): Refusal {
  return {
    status: code,
    body: { error: { message, code, ...(metadata === undefined ? {} : { metadata }) }, user_id: 'user_standin' },
  };
}

const words: ServerWords = {
  unauthorized: routerError(401, 'User not found.'),
  notFound: routerError(404, 'Not Found'),
  methodNotAllowed: routerError(405, 'Method Not Allowed'),
  noVectors: routerError(404, 'Not Found'),
  overloaded: routerError(503, 'No instances available', { provider_name: 'StandIn' }),
  engineDead: routerError(502, 'Provider returned error', { raw: 'Internal server error', provider_name: 'StandIn' }),
  invalid: ([finding]) => routerError(400, `${finding?.loc.replace(/^body\./, '')}: ${finding?.message}`),
  modelMissing: (model) => routerError(404, `No endpoints found for ${model}.`),
  promptTooLong: (maxModelLen, promptTokens) =>
    routerError(
      400,
      `This endpoint's maximum context length is ${maxModelLen} tokens. However, you requested about ${promptTokens} tokens (${promptTokens} of text input). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.`,
    ),
};

export const openRouter: Flavour = {
  ...vllm,
  server: 'cloudflare',
  alwaysParsesCalls: true,
  alwaysParsesReasoning: true,
  words,
  paths: openAiPaths('/api/v1'),
  callId: (hex) => `call_${hex.slice(0, 24)}`,
  rewrite,
  whole,
  modelList: (_, names) => ({ data: names.map((id) => ({ id, name: id, context_length: 1_000_000, pricing: {} })) }),
};

const ownId = (id: unknown): string => String(id).replace(/^chatcmpl/, 'gen');

async function* rewrite(frames: AsyncIterable<Frame>, counts: TokenCounts): AsyncGenerator<Frame, void> {
  let head: Payload = {};
  for await (const frame of frames) {
    const { payload } = frame;
    if (payload === '[DONE]') {
      yield frame;
      continue;
    }
    if (isRecord(payload['error'])) {
      const error = { code: 502, message: String(payload['error']['message'] ?? 'Provider returned error') };
      const choices = [{ index: 0, delta: { content: '' }, finish_reason: 'error' }];
      yield { ...frame, payload: { ...head, provider: 'StandIn', error, choices } };
      continue;
    }
    const { id, object, created, model } = payload;
    head = { id: ownId(id), object, created, model };
    const choices = Array.isArray(payload['choices']) ? payload['choices'].filter(isRecord) : [];
    // The counts come beside a choice that says nothing.
    const shown =
      frame.kind === 'usage'
        ? [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]
        : choices.map(chunkChoice);
    yield {
      ...frame,
      payload: { ...head, provider: 'StandIn', choices: shown, ...(frame.kind === 'usage' ? { usage: usageOf(counts) } : {}) },
    };
  }
}

function chunkChoice({ index, delta, finish_reason: finish, logprobs }: Payload): Payload {
  const said = isRecord(delta) ? delta : {};
  return {
    index,
    delta: { role: 'assistant', content: said['content'] ?? '', ...said },
    finish_reason: finish ?? null,
    native_finish_reason: finish ?? null,
    logprobs: logprobs ?? null,
  };
}

function usageOf({ promptTokens, completionTokens, cachedTokens, reasoningTokens, writtenTokens }: TokenCounts): Payload {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    cost: 0.000_12,
    is_byok: false,
    prompt_tokens_details: { cached_tokens: cachedTokens ?? 0, cache_write_tokens: writtenTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

function whole({ id, createdSeconds, model }: Head, choices: readonly WholeChoice[], counts: TokenCounts): Payload {
  return {
    id: ownId(id),
    provider: 'StandIn',
    model,
    object: 'chat.completion',
    created: createdSeconds,
    choices: choices.map(({ message: { content, reasoning, calls }, ending, logprobs }, index) => ({
      logprobs,
      finish_reason: ending.finishReason,
      native_finish_reason: ending.finishReason,
      index,
      message: {
        role: 'assistant',
        content,
        refusal: null,
        reasoning: Object.values(reasoning).join('') || null,
        ...(calls.length > 0
          ? {
              tool_calls: calls.map(({ id: callId, function: call }, at) => ({
                index: at,
                id: callId,
                type: 'function',
                function: call,
              })),
            }
          : {}),
      },
    })),
    usage: usageOf(counts),
  };
}
