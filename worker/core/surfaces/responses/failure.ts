/** How failures are named on this wire: fields by their names here, and the few codes that a response itself may carry. */
import { errors, publicMessage, type Failure } from '../../../../shared/errors.ts';

/** What the rest of the gateway calls by chat's names. */
const ownNames: Readonly<Record<string, string>> = {
  messages: 'input',
  response_format: 'text.format',
  'response_format.json_schema.schema': 'text.format.schema',
  max_tokens: 'max_output_tokens',
};

export function withOwnNames(failure: Failure): Failure {
  const { param } = failure;
  if (param === undefined) return failure;
  const [name, own] = Object.entries(ownNames)
    .filter(([known]) => param === known || param.startsWith(`${known}.`))
    .reduce((best, one) => (one[0].length > best[0].length ? one : best), ['', '']);
  if (name === '') return failure;
  const { code, sentence, detail, retryAfterMs, tokens } = failure;
  return {
    code,
    ...(sentence === undefined ? {} : { sentence }),
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(tokens === undefined ? {} : { tokens }),
    param: own + param.slice(name.length),
  };
}

/** `error` of a response that has failed. Agents shorten their conversation by the first code. */
export function ownFailure(failure: Failure): Readonly<Record<string, unknown>> {
  return { code: codeOf(failure), message: publicMessage(failure) };
}

function codeOf({ code }: Failure): string {
  const { status } = errors[code];
  if (code === 'context_length_exceeded' || code === 'budget_exceeded')
    return code === 'budget_exceeded' ? 'insufficient_quota' : code;
  if (status === 429) return 'rate_limit_exceeded';
  return status < 500 && status !== 499 ? 'invalid_prompt' : 'server_error';
}
