/** llama.cpp's `llama-server` as a real one answered, with Jinja templates on. Behaviour that was not observed is marked. */
import type { ChatBody } from '../chat-request.ts';
import { isRecord } from '../json.ts';
import type { LogprobEntry } from '../logprobs.ts';
import type { ModelServerOptions } from '../options.ts';
import type { Refusal } from '../refusal.ts';
import type { ToolDelta } from '../steps.ts';
import type {
  ChunkContext,
  ChunkPart,
  Finding,
  Flavour,
  Head,
  Payload,
  ServerWords,
  TokenCounts,
  WholeChoice,
} from './flavour.ts';
import { bearerIn, openAiPaths } from './openai-paths.ts';

const FINGERPRINT = 'b11434-stand-in';

function llamaError(code: number, message: string, type: string, more: Payload = {}): Refusal {
  return { status: code, body: { error: { code, message, type, ...more } } };
}

const words: ServerWords = {
  unauthorized: llamaError(401, 'Invalid API Key', 'authentication_error'),
  notFound: llamaError(404, 'File Not Found', 'not_found_error'),
  methodNotAllowed: llamaError(404, 'File Not Found', 'not_found_error'),
  noVectors: llamaError(501, 'This server does not support embeddings. Start it with `--embeddings`', 'not_supported_error'),
  // Not seen: a full server queues.
  overloaded: llamaError(503, 'Loading model', 'unavailable_error'),
  engineDead: llamaError(500, 'Compute error.', 'server_error'),
  invalid: ([finding]) => llamaError(400, wordsOf(finding), 'invalid_request_error'),
  modelMissing: () => llamaError(404, 'model not found', 'not_found_error'),
  promptTooLong: (maxModelLen, promptTokens) =>
    llamaError(
      400,
      `request (${promptTokens} tokens) exceeds the available context size (${maxModelLen} tokens), try increasing it`,
      'exceed_context_size_error',
      { n_prompt_tokens: promptTokens, n_ctx: maxModelLen },
    ),
};

function wordsOf(finding: Finding | undefined): string {
  const field = finding?.loc.replace(/^body\./, '') ?? '';
  return finding?.type === 'missing' ? `'${field}' is required` : `Field '${field}': ${finding?.message}`;
}

export const llamaCpp: Flavour = {
  server: 'llama.cpp',
  sendsHeadersWithFirstToken: true,
  namesAreIgnored: true,
  tokenizes: 'text',
  forcedChoicesAreIgnored: true,
  alwaysParsesCalls: true,
  alwaysParsesReasoning: false,
  namesWithBracket: true,
  lastChoiceFirst: true,
  repeatsBegun: true,
  finishesApart: true,
  guardsMetrics: true,
  metricsStyle: 'llamacpp',
  words,
  paths: openAiPaths('/v1'),
  keyIn: bearerIn,
  health: { well: { status: 'ok' }, sick: { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } } },
  callId: (hex) => hex,
  chunk,
  whole,
  check,
  modelList,
};

function chunk({ id, createdSeconds, model }: Head, part: ChunkPart, { counts, sendsUsage }: ChunkContext): Payload {
  const rest = { created: createdSeconds, id, model, system_fingerprint: FINGERPRINT, object: 'chat.completion.chunk' };
  if (part.kind === 'usage') return { choices: [], ...rest, usage: usageOf(counts), timings: timingsOf(counts) };
  if (part.kind === 'role') {
    return { choices: [{ finish_reason: null, index: part.index, delta: { role: 'assistant', content: null } }], ...rest };
  }
  const { index, delta, ending } = part;
  // A delta with a call has no content key.
  const { content, ...others } = delta;
  const said = content === null || content === undefined ? others : delta;
  const shown = said.tool_calls ? { ...said, tool_calls: said.tool_calls.map(entryOf) } : said;
  const logprobs = part.logprobs === null || ending ? {} : { logprobs: { content: part.logprobs.map(logprobOf) } };
  const choice = { finish_reason: ending?.finishReason ?? null, index, delta: shown, ...logprobs };
  return { choices: [choice], ...rest, ...(ending && !sendsUsage ? { timings: timingsOf(counts) } : {}) };
}

function whole({ id, createdSeconds, model }: Head, choices: readonly WholeChoice[], counts: TokenCounts): Payload {
  return {
    choices: choices.map(({ message, logprobs, ending }, index) => ({
      finish_reason: ending.finishReason,
      index,
      message: {
        role: 'assistant',
        content: message.content,
        ...message.reasoning,
        ...(message.calls.length > 0
          ? { tool_calls: message.calls.map((call) => ({ type: 'function', function: call.function, id: call.id })) }
          : {}),
      },
      ...(logprobs === null ? {} : { logprobs: { content: logprobs.map(logprobOf) } }),
    })),
    created: createdSeconds,
    model,
    system_fingerprint: FINGERPRINT,
    object: 'chat.completion',
    usage: usageOf(counts),
    id,
    timings: timingsOf(counts),
  };
}

function usageOf({ promptTokens, completionTokens }: TokenCounts): Payload {
  return {
    completion_tokens: completionTokens,
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
  };
}

function entryOf({ index, id, type, function: call }: ToolDelta): Payload {
  return { index, ...(id === undefined ? {} : { id, type }), function: call };
}

/** The token's number in the vocabulary comes first; here it is none. */
function logprobOf({ top_logprobs: others, ...own }: LogprobEntry): Payload {
  const numbered = ({ token, bytes, logprob }: typeof own): Payload => ({ id: 0, token, bytes, logprob });
  return { ...numbered(own), top_logprobs: others.map(numbered) };
}

/** Keys as in the real server; the times are invented. */
function timingsOf({ promptTokens, completionTokens }: TokenCounts): Payload {
  return {
    cache_n: 0,
    prompt_n: promptTokens,
    prompt_ms: promptTokens * 2,
    prompt_per_token_ms: 2,
    prompt_per_second: 500,
    predicted_n: completionTokens,
    predicted_ms: completionTokens * 20,
    predicted_per_token_ms: 20,
    predicted_per_second: 50,
  };
}

function modelList({ maxModelLen }: ModelServerOptions, names: readonly string[]): Payload {
  const created = Math.floor(Date.now() / 1000);
  const shape = { vocab_type: 2, n_vocab: 151_936, n_ctx: maxModelLen, n_ctx_train: 32_768, n_embd: 3584 };
  const weights = { n_params: 7_615_616_512, size: 4_677_120_000, ftype: 'Q4_K - Medium' };
  const entry = (id: string): Payload => ({
    id,
    aliases: [id],
    tags: [],
    object: 'model',
    architecture: { input_modalities: ['text'], output_modalities: ['text'] },
    created,
    owned_by: 'llamacpp',
    meta: { ...shape, ...weights },
  });
  const own = names.slice(0, 1);
  return { models: own.map(ollamaEntry), object: 'list', data: own.map(entry) };
}

/** The same once more, as Ollama's clients read it. */
function ollamaEntry(name: string): Payload {
  const details = { parent_model: '', format: 'gguf', family: '', families: [''], parameter_size: '', quantization_level: '' };
  const blank = { modified_at: '', size: '', digest: '', type: 'model', description: '', tags: [''] };
  return { name, model: name, ...blank, capabilities: ['completion'], parameters: '', details };
}

function check({ messages }: ChatBody): Refusal | null {
  const hasImage = messages.some(
    ({ content }) => Array.isArray(content) && content.some((part) => isRecord(part) && part['type'] === 'image_url'),
  );
  const hint = 'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj';
  return hasImage ? llamaError(500, hint, 'server_error') : null;
}
