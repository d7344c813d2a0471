/** vLLM 0.32 as a real one answered: keys in its order, refusals in its words. */
import type { ChatBody } from '../chat-request.ts';
import { isRecord } from '../json.ts';
import type { ModelServerOptions } from '../options.ts';
import type { Refusal } from '../refusal.ts';
import type { ChunkContext, ChunkPart, Flavour, Head, Payload, TokenCounts, WholeChoice, WholeMessage } from './flavour.ts';
import { bearerIn, openAiPaths } from './openai-paths.ts';
import { badValue, grammarError, vllmWords } from './vllm-words.ts';

const FINGERPRINT = 'vllm-0.32.0-5a4d1d1e';

/** Schema keywords that send vLLM from its usual grammar backend to a stricter one, which then refuses them. */
const REFUSED_KEYWORDS = ['uniqueItems', 'contains', 'minContains', 'maxContains'];

export const vllm: Flavour = {
  server: 'uvicorn',
  sendsHeadersWithFirstToken: false,
  namesAreIgnored: false,
  tokenizes: 'messages',
  forcedChoicesAreIgnored: false,
  alwaysParsesCalls: false,
  alwaysParsesReasoning: false,
  namesWithBracket: false,
  lastChoiceFirst: false,
  repeatsBegun: false,
  finishesApart: false,
  guardsMetrics: false,
  metricsStyle: 'vllm',
  words: vllmWords,
  paths: openAiPaths('/v1'),
  keyIn: bearerIn,
  health: { well: '', sick: '' },
  callId: (hex) => `chatcmpl-tool-${hex.slice(0, 16)}`,
  chunk,
  whole,
  check,
  modelList,
};

function chunk({ id, createdSeconds, model }: Head, part: ChunkPart, context: ChunkContext): Payload {
  const head = { id, object: 'chat.completion.chunk', created: createdSeconds, model };
  const { promptTokens, completionTokens, cachedTokens } = context.counts;
  const counted = {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    ...(cachedTokens === null ? {} : { prompt_tokens_details: detailsOf(cachedTokens) }),
  };
  if (part.kind === 'usage') {
    return { ...head, choices: [], usage: counted, system_fingerprint: FINGERPRINT };
  }
  const usage = context.sendsRunningUsage ? { usage: { ...counted, completion_tokens_details: null } } : {};
  if (part.kind === 'role') {
    const delta = { role: 'assistant', content: '' };
    const choice = { index: part.index, delta, logprobs: null, finish_reason: null };
    return { ...head, choices: [choice], ...usage, prompt_token_ids: null, prompt_text: null };
  }
  const { index, delta, ending } = part;
  const logprobs = part.logprobs === null ? null : { content: part.logprobs };
  const end = ending ? { finish_reason: ending.finishReason, stop_reason: ending.stopReason } : { finish_reason: null };
  // The fingerprint stands on the last chunk, which is the usage chunk where there is one.
  const fingerprint = ending && !context.sendsUsage ? { system_fingerprint: FINGERPRINT } : {};
  return { ...head, choices: [{ index, delta, logprobs, ...end, token_ids: null }], ...usage, ...fingerprint };
}

function whole({ id, createdSeconds, model }: Head, choices: readonly WholeChoice[], counts: TokenCounts): Payload {
  const { promptTokens, completionTokens, cachedTokens } = counts;
  return {
    id,
    object: 'chat.completion',
    created: createdSeconds,
    model,
    choices: choices.map(({ message, logprobs, ending }, index) => ({
      index,
      message: messageOf(message),
      logprobs: logprobs === null ? null : { content: logprobs },
      finish_reason: ending.finishReason,
      stop_reason: ending.stopReason,
      token_ids: null,
      routed_experts: null,
    })),
    service_tier: null,
    system_fingerprint: FINGERPRINT,
    usage: {
      prompt_tokens: promptTokens,
      total_tokens: promptTokens + completionTokens,
      completion_tokens: completionTokens,
      prompt_tokens_details: cachedTokens === null ? null : { ...detailsOf(cachedTokens), multimodal_tokens: null },
      completion_tokens_details: null,
    },
    prompt_logprobs: null,
    prompt_token_ids: null,
    prompt_text: null,
    kv_transfer_params: null,
    ec_transfer_params: null,
    metrics: null,
  };
}

function detailsOf(cachedTokens: number): Payload {
  return { cached_tokens: cachedTokens, created_cache_tokens: 0 };
}

function messageOf({ content, reasoning, calls, isForcedCall }: WholeMessage): Payload {
  const isSilent = content === '' && calls.length > 0 && !isForcedCall;
  return {
    role: 'assistant',
    content: isSilent ? null : content,
    refusal: null,
    annotations: null,
    audio: null,
    function_call: null,
    ...(calls.length > 0
      ? { tool_calls: calls.map(({ id, function: call }) => ({ id, type: 'function', function: call })) }
      : {}),
    reasoning: null,
    ...reasoning,
  };
}

function modelList({ servedName, maxModelLen }: ModelServerOptions, names: readonly string[]): Payload {
  const created = Math.floor(Date.now() / 1000);
  const permission = {
    id: 'modelperm-stand-in',
    object: 'model_permission',
    created,
    allow_create_engine: false,
    allow_sampling: true,
    allow_logprobs: true,
    allow_search_indices: false,
    allow_view: true,
    allow_fine_tuning: false,
    organization: '*',
    group: null,
    is_blocking: false,
  };
  const data = names.map((id) => ({
    id,
    object: 'model',
    created,
    owned_by: 'vllm',
    root: servedName,
    parent: null,
    max_model_len: maxModelLen,
    permission: [permission],
  }));
  return { object: 'list', data };
}

function check(body: ChatBody, options: ModelServerOptions): Refusal | null {
  return checkTools(body) ?? checkOutput(body, options) ?? checkSampling(body) ?? checkPrompt(body, options);
}

function checkTools(body: ChatBody): Refusal | null {
  const choice = body.tool_choice;
  if (body.tools?.length === 0) {
    return badValue('`tools` must not be an empty array. Either provide at least one tool or omit the field entirely.', 'tools');
  }
  if (choice && choice !== 'none' && !body.tools) {
    return badValue('When using `tool_choice`, `tools` must be set.', 'tool_choice');
  }
  if (typeof choice === 'string' && !['none', 'auto', 'required'].includes(choice)) {
    const allowed = 'Only named tools, "none", "auto" or "required" are supported.';
    return badValue(`Invalid value for \`tool_choice\`: ${choice}! ${allowed}`, 'tool_choice');
  }
  if (isRecord(choice) && !body.tools?.some((tool) => tool.function.name === choice.function.name)) {
    return badValue('The tool specified in `tool_choice` does not match any of the specified `tools`', 'tool_choice');
  }
  return null;
}

function checkOutput(body: ChatBody, { maxModelLen }: ModelServerOptions): Refusal | null {
  if (body.stream_options && body.stream !== true) {
    return badValue('Stream options can only be defined when `stream=True`.', 'stream_options');
  }
  if ((body.top_logprobs ?? 0) > 0 && body.logprobs !== true) {
    return badValue('when using `top_logprobs`, `logprobs` must be set to true.', 'top_logprobs');
  }
  if (body.response_format?.type === 'json_schema' && !body.response_format.json_schema) {
    const message = "When response_format type is 'json_schema', the 'json_schema' field must be provided.";
    return badValue(message, 'response_format');
  }
  const [param, wanted] =
    typeof body.max_completion_tokens === 'number'
      ? ['max_completion_tokens', body.max_completion_tokens]
      : ['max_tokens', body.max_tokens ?? 1];
  if (wanted < 1) return badValue(`max_tokens must be at least 1, got ${wanted}.`, 'max_tokens', wanted);
  if (wanted > maxModelLen) {
    const message = `${param}=${wanted} cannot be greater than max_model_len=${maxModelLen}. Please request fewer output tokens.`;
    return badValue(message, param, wanted);
  }
  const schemas = [body.response_format?.json_schema?.schema, body.structured_outputs?.['json']];
  const keyword = REFUSED_KEYWORDS.find((key) => schemas.some((schema) => holdsKeyword(schema, key)));
  return keyword ? grammarError(`Unimplemented keys: ["${keyword}"]`) : null;
}

function holdsKeyword(schema: unknown, keyword: string): boolean {
  if (Array.isArray(schema)) return schema.some((member) => holdsKeyword(member, keyword));
  if (!isRecord(schema)) return false;
  return (
    (schema['type'] === 'array' && keyword in schema) || Object.values(schema).some((member) => holdsKeyword(member, keyword))
  );
}

function checkSampling(body: ChatBody): Refusal | null {
  const { n, temperature } = body;
  if (typeof temperature === 'number' && temperature < 0) {
    return badValue(`temperature must be non-negative, got ${temperature}.`, 'temperature', temperature);
  }
  if ((n ?? 1) > 1 && temperature === 0) return badValue(`n must be 1 when using greedy sampling, got ${n}.`, null);
  return null;
}

function checkPrompt(body: ChatBody, { role, servedName, rejectsPrefill }: ModelServerOptions): Refusal | null {
  const hasImage = body.messages.some(
    ({ content }) => Array.isArray(content) && content.some((part) => isRecord(part) && part['type'] === 'image_url'),
  );
  if (role !== 'vision' && hasImage) return badValue(`${servedName} is not a multimodal model`, null);
  if (body.continue_final_message !== true) return null;
  if (body.add_generation_prompt !== false) {
    return badValue(
      'continue_final_message and add_generation_prompt are not compatible. Use continue_final_message when you want the model to continue the final message, and add_generation_prompt when you want to add a header that will prompt it to start a new assistant message instead.',
      null,
    );
  }
  if (body.messages.at(-1)?.role !== 'assistant' || rejectsPrefill) {
    return badValue(
      'continue_final_message is set but the final message does not appear in the chat after applying the chat template!',
      null,
    );
  }
  return null;
}
