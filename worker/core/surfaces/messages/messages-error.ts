/** Errors in Anthropic's envelope: a type by the status, and one sentence in which clients look for what they can act on. */
import { type ErrorCode, errors, type Failure, publicMessage } from '../../../../shared/errors.ts';
import type { ShownRouting } from '../../../../shared/routing-metadata.ts';

const types: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function typeOf(code: ErrorCode): string {
  const { status } = errors[code];
  return types[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}

/** The body of an error response, and the data of a stream's error event. */
export function errorBody(failure: Failure, requestId: string, routing: ShownRouting | null = null): string {
  const { code, param = null } = failure;
  return JSON.stringify({
    type: 'error',
    error: {
      type: typeOf(code),
      message: messageOf(failure),
      details: { error_code: code, param: param === null ? null : ownName(param) },
    },
    request_id: requestId,
    ...(routing === null ? {} : { 'x-routing-metadata': routing }),
  });
}

function messageOf(failure: Failure): string {
  const sentence = tooLong(failure) ?? publicMessage(failure);
  if (failure.param === undefined || failure.code === 'context_length_exceeded') return sentence;
  const field = ownName(failure.param);
  return sentence.includes(field) ? sentence : `${field}: ${sentence}`;
}

/** The sentences by which agents know that they have to compact, or to ask for a shorter answer. */
function tooLong({ code, tokens, param }: Failure): string | null {
  if (code !== 'context_length_exceeded') return null;
  const { contextTokens = null, promptTokens = null, completionTokens = null } = tokens ?? {};
  if (contextTokens === null) return 'prompt is too long: the model server has no room for it.';
  if (promptTokens === null)
    return param?.startsWith('max_') === true
      ? `max_tokens: the answer alone needs more than the ${contextTokens} tokens that the model has room for`
      : `prompt is too long: it needs more than ${contextTokens} tokens > ${contextTokens} maximum`;
  if (completionTokens !== null && promptTokens < contextTokens)
    return `input length and \`max_tokens\` exceed context limit: ${promptTokens} + ${completionTokens} > ${contextTokens}, decrease input length or \`max_tokens\` and try again`;
  return `prompt is too long: ${Math.max(promptTokens, contextTokens + 1)} tokens > ${contextTokens} maximum`;
}

/** Fields that other parts of the gateway know by the names of chat completions. */
const ownNames: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^response_format\.json_schema\.schema/, 'output_config.format.schema'],
  [/^response_format/, 'output_config.format'],
  [/^continue_final_message$/, 'messages'],
  [/^(tools\.\d+)\.function\.parameters/, '$1.input_schema'],
  [/^(tools\.\d+)\.function\.name/, '$1.name'],
  [/^max_completion_tokens$/, 'max_tokens'],
  [/^stop$/, 'stop_sequences'],
];

function ownName(param: string): string {
  const found = ownNames.find(([pattern]) => pattern.test(param));
  return found === undefined ? param : param.replace(found[0], found[1]);
}
