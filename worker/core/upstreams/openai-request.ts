/** Writes a chat request for any server with OpenAI's wire: only fields that this API has. */
import type { AskedFormat, InnerRequest } from '../request/inner-request.ts';
import type { EncodeOptions, WireOptions } from './dialect.ts';
import { formatWords } from './format-words.ts';
import { encodeMessages } from './openai-messages.ts';
import { withObject } from './tool-parameters.ts';

export function encodeRequest(request: InnerRequest, options: EncodeOptions, wire: WireOptions): Record<string, unknown> {
  const { answerFormat: format, tools, toolChoice, sampling } = request;
  const isAsked = wire.json_schema === 'prompt' && format !== undefined && format.kind !== 'text';
  const told = isAsked ? withWords(request, formatWords(format)) : request;
  const body: Record<string, unknown> = {
    model: options.servedName,
    messages: encodeMessages(told, wire, options.continueFrom),
    stream: options.isStream,
    [wire.max_tokens_field ?? 'max_tokens']: options.maxTokens,
  };
  const add = (field: string, value: unknown): void => {
    if (value !== undefined) body[field] = value;
  };
  if (options.isStream) body['stream_options'] = { include_usage: true };
  add('temperature', sampling.temperature);
  add('top_p', sampling.topP);
  if (request.choiceCount !== 1) body['n'] = request.choiceCount;
  add('stop', sampling.stop);
  add('presence_penalty', sampling.presencePenalty);
  add('frequency_penalty', sampling.frequencyPenalty);
  add('seed', sampling.seed);
  add('logit_bias', sampling.logitBias);
  if (request.logprobs === true || options.wantsLogprobs) body['logprobs'] = true;
  add('top_logprobs', request.topLogprobs);
  add('reasoning_effort', request.reasoningEffort);
  if (!isAsked) add('response_format', formatOf(format));
  if (tools !== undefined) {
    body['tools'] = tools.map(withObject);
    add('tool_choice', typeof toolChoice === 'object' ? { type: 'function', function: toolChoice } : toolChoice);
    add('parallel_tool_calls', request.allowsParallelCalls);
  }
  for (const field of wire.omit ?? []) delete body[field];
  return body;
}

function formatOf(format: AskedFormat | undefined): unknown {
  if (format === undefined || format.kind === 'text') return undefined;
  const { kind: type, ...named } = format;
  return type === 'json_object' ? { type } : { type, json_schema: named };
}

/** What a server cannot enforce is asked for in the system prompt; the gateway checks the answer either way. */
function withWords(request: InnerRequest, words: string): InnerRequest {
  const { grounding } = request;
  const rules = grounding === undefined ? words : `${grounding.rules}\n\n${words}`;
  return { ...request, grounding: { rules, material: grounding?.material ?? '' } };
}
