/** Writes a chat request for vLLM and compatible servers: only fields that the gateway knows and the client set are forwarded. */
import type { InnerRequest, ToolChoice } from '../request/inner-request.ts';
import type { EncodeOptions } from './dialect.ts';
import { encodeConstraints } from './vllm-constraints.ts';
import { encodeMessages } from './vllm-messages.ts';

export function encodeRequest(request: InnerRequest, options: EncodeOptions): Record<string, unknown> {
  const body: Record<string, unknown> = {
    model: options.servedName,
    messages: encodeMessages(request, options.continueFrom),
    stream: options.isStream,
    max_tokens: options.maxTokens,
  };
  if (options.isStream) body['stream_options'] = { include_usage: true };
  addWishes(body, request);
  Object.assign(body, encodeConstraints(request, options.hasGrammar));
  adapt(body, request);
  if (options.wantsLogprobs && request.logprobs !== true) body['logprobs'] = true;
  if (options.cacheSalt !== null) body['cache_salt'] = options.cacheSalt;
  if (options.continueFrom !== null || request.continuesLast) {
    body['continue_final_message'] = true;
    body['add_generation_prompt'] = false;
  }
  return body;
}

/** What the client set, under vLLM's names. */
function addWishes(body: Record<string, unknown>, request: InnerRequest): void {
  const { sampling, toolChoice, choiceCount, extras } = request;
  const add = (field: string, value: unknown): void => {
    if (value !== undefined) body[field] = value;
  };
  add('temperature', sampling.temperature);
  add('top_p', sampling.topP);
  if (choiceCount !== 1) body['n'] = choiceCount;
  add('stop', sampling.stop);
  add('presence_penalty', sampling.presencePenalty);
  add('frequency_penalty', sampling.frequencyPenalty);
  add('seed', sampling.seed);
  add('logit_bias', sampling.logitBias);
  add('logprobs', request.logprobs);
  add('top_logprobs', request.topLogprobs);
  if (toolChoice !== undefined) body['tool_choice'] = encodeToolChoice(toolChoice);
  add('parallel_tool_calls', request.allowsParallelCalls);
  add('reasoning_effort', request.reasoningEffort);
  add('top_k', sampling.topK);
  for (const field of ownFields) add(field, extras[field]);
}

/** Fields that only vLLM has. Other extras are not forwarded. */
const ownFields = [
  'min_p',
  'repetition_penalty',
  'min_tokens',
  'ignore_eos',
  'stop_token_ids',
  'allowed_token_ids',
  'bad_words',
  'include_stop_str_in_output',
  'skip_special_tokens',
  'spaces_between_special_tokens',
  'add_generation_prompt',
  'chat_template_kwargs',
] as const;

function encodeToolChoice(choice: ToolChoice): unknown {
  return typeof choice === 'string' ? choice : { type: 'function', function: choice };
}

/** Below this vLLM samples greedily, and refuses more than one choice. */
const greedyBelow = 1e-5;
/** The lowest temperature that vLLM samples with: it raises every lower one to it. */
const lowestTemperature = 0.01;

/** Changes what a server would refuse or misunderstand. */
function adapt(body: Record<string, unknown>, { tools, sampling, choiceCount }: InnerRequest): void {
  const { seed, temperature } = sampling;
  const kwargs = body['chat_template_kwargs'];
  // Servers refuse these fields without tools.
  if (tools === undefined) {
    delete body['tool_choice'];
    delete body['parallel_tool_calls'];
  }
  // Some tokenizers refuse the field itself.
  if (typeof kwargs === 'object' && kwargs !== null && Object.keys(kwargs).length === 0) delete body['chat_template_kwargs'];
  if (seed !== undefined) body['seed'] = exactSeed(seed);
  if (choiceCount > 1 && temperature !== undefined && temperature < greedyBelow) body['temperature'] = lowestTemperature;
}

/** A seed beyond 2^53 was rounded when it was parsed and may not fit into 64 bits: equal seeds become equal smaller ones. */
function exactSeed(seed: number): number {
  return Number.isSafeInteger(seed) ? seed : seed % 2 ** 53;
}
