/**
 * Gemini's OpenAI-compatible endpoint, as its documentation and the reports of its users show it: calls whole and without an index, `stop`
 * behind calls too, thinking left out of the completion's count and told in the total, errors in Google's shape inside a list.
 */
import type { ChatBody } from '../chat-request.ts';
import type { Frame } from '../completion.ts';
import { isRecord } from '../json.ts';
import type { ModelServerOptions } from '../options.ts';
import type { Refusal } from '../refusal.ts';
import type { Flavour, Head, Payload, ServerWords, TokenCounts, WholeChoice } from './flavour.ts';
import { openAiPaths } from './openai-paths.ts';
import { vllm } from './vllm.ts';

function googleError(code: number, status: string, message: string): Refusal {
  return { status: code, body: [{ error: { code, message, status } }] };
}

const words: ServerWords = {
  unauthorized: googleError(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'),
  notFound: googleError(404, 'NOT_FOUND', 'Not found.'),
  methodNotAllowed: googleError(404, 'NOT_FOUND', 'Not found.'),
  noVectors: googleError(404, 'NOT_FOUND', 'Not found.'),
  overloaded: googleError(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
  engineDead: googleError(500, 'INTERNAL', 'An internal error has occurred. Please retry.'),
  invalid: ([finding]) =>
    googleError(400, 'INVALID_ARGUMENT', `Invalid value at '${finding?.loc.replace(/^body\./, '') ?? ''}': ${finding?.message}`),
  modelMissing: (model) =>
    googleError(
      404,
      'NOT_FOUND',
      `models/${model} is not found for API version v1main, or is not supported for generateContent.`,
    ),
  promptTooLong: (maxModelLen, promptTokens) =>
    googleError(
      400,
      'INVALID_ARGUMENT',
      `The input token count (${promptTokens}) exceeds the maximum number of tokens allowed (${maxModelLen}).`,
    ),
};

/** Fields of vLLM that it does not know. */
const foreign = [
  'cache_salt',
  'structured_outputs',
  'continue_final_message',
  'add_generation_prompt',
  'chat_template_kwargs',
  'logit_bias',
];

export const gemini: Flavour = {
  ...vllm,
  server: 'scaffolding on HTTPServer2',
  alwaysParsesCalls: true,
  alwaysParsesReasoning: false,
  words,
  paths: openAiPaths('/v1beta/openai'),
  callId: (hex) => `call_${hex.slice(0, 8)}`,
  rewrite,
  whole,
  check,
  modelList: (_, names) => ({
    object: 'list',
    data: names.map((id) => ({ id: `models/${id}`, object: 'model', owned_by: 'google' })),
  }),
};

/** Each chunk has the role, calls come whole, and the last one has the counts. */
async function* rewrite(frames: AsyncIterable<Frame>, counts: TokenCounts): AsyncGenerator<Frame, void> {
  const calls = new Map<unknown, { id: unknown; name: unknown; text: string }>();
  for await (const frame of frames) {
    const { payload } = frame;
    const [choice] = payload !== '[DONE]' && Array.isArray(payload['choices']) ? payload['choices'] : [];
    if (payload === '[DONE]' || isRecord(payload['error'])) yield frame;
    if (payload === '[DONE]' || !isRecord(choice)) continue;
    const delta = isRecord(choice['delta']) ? choice['delta'] : {};
    collect(calls, delta['tool_calls']);
    const finish = choice['finish_reason'];
    const isEnd = typeof finish === 'string';
    const content = typeof delta['content'] === 'string' && delta['content'] !== '' ? { content: delta['content'] } : {};
    if (!isEnd && Object.keys(content).length === 0) continue;
    const head = { created: payload['created'], id: payload['id'], model: payload['model'], object: 'chat.completion.chunk' };
    for (const call of isEnd ? calls.values() : []) {
      const entry = { ...signed, function: { arguments: call.text, name: call.name }, id: call.id, type: 'function' };
      yield {
        ...frame,
        kind: 'delta',
        tokens: 0,
        payload: { choices: [{ delta: { role: 'assistant', tool_calls: [entry] }, index: 0 }], ...head },
      };
    }
    const end = isEnd ? { finish_reason: finish === 'tool_calls' ? 'stop' : finish } : {};
    yield {
      ...frame,
      payload: {
        choices: [{ delta: { ...content, role: 'assistant' }, ...end, index: 0 }],
        ...head,
        ...(isEnd ? { usage: usageOf(counts) } : {}),
      },
    };
  }
}

const signed = { extra_content: { google: { thought_signature: 'c3RhbmQtaW4=' } } };

function collect(calls: Map<unknown, { id: unknown; name: unknown; text: string }>, entries: unknown): void {
  for (const entry of Array.isArray(entries) ? entries : []) {
    if (!isRecord(entry) || !isRecord(entry['function'])) continue;
    const { name, arguments: text } = entry['function'];
    const known = calls.get(entry['index']) ?? { id: entry['id'], name, text: '' };
    calls.set(entry['index'], { ...known, text: known.text + (typeof text === 'string' ? text : '') });
  }
}

function usageOf({ promptTokens, completionTokens, cachedTokens, reasoningTokens }: TokenCounts): Payload {
  return {
    completion_tokens: completionTokens - reasoningTokens,
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    ...(cachedTokens === null ? {} : { prompt_tokens_details: { cached_tokens: cachedTokens } }),
  };
}

function whole({ id, createdSeconds, model }: Head, choices: readonly WholeChoice[], counts: TokenCounts): Payload {
  return {
    choices: choices.map(({ message: { content, calls }, ending }, index) => ({
      finish_reason: ending.finishReason === 'tool_calls' ? 'stop' : ending.finishReason,
      index,
      message: {
        ...(content === '' ? {} : { content }),
        role: 'assistant',
        ...(calls.length > 0
          ? {
              tool_calls: calls.map(({ id: callId, function: call }) => ({
                ...signed,
                function: call,
                id: callId,
                type: 'function',
              })),
            }
          : {}),
      },
    })),
    created: createdSeconds,
    id,
    model,
    object: 'chat.completion',
    usage: usageOf(counts),
  };
}

function check(body: ChatBody, options: ModelServerOptions): Refusal | null {
  const unknown = foreign.find((field) => Object.hasOwn(body, field));
  if (unknown !== undefined)
    return googleError(400, 'INVALID_ARGUMENT', `Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`);
  return vllm.check(body, options);
}
