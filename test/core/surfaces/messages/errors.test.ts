/** Errors in Anthropic's envelope: known types, fields by this wire's names, and the sentences that agents compact on. */
import { describe, expect, it, test } from 'vitest';
import { errors, type ErrorCode, type Failure } from '../../../../shared/errors.ts';
import { messagesSurface } from '../../../../worker/core/surfaces/messages/messages-surface.ts';

describe('an error', () => {
  const errorOf = (failure: Failure) => JSON.parse(messagesSurface.writeError(failure, null, 'r-1'));

  test.each<readonly [ErrorCode, string]>([
    ['invalid_json', 'invalid_request_error'],
    ['invalid_api_key', 'authentication_error'],
    ['forbidden', 'permission_error'],
    ['model_not_found', 'not_found_error'],
    ['body_too_large', 'request_too_large'],
    ['rate_limit_exceeded', 'rate_limit_error'],
    ['budget_exceeded', 'rate_limit_error'],
    ['internal_error', 'api_error'],
    ['upstream_truncated', 'api_error'],
    ['upstream_overloaded', 'overloaded_error'],
    ['upstream_timeout', 'timeout_error'],
  ])('%s has the type %s', (code, type) => {
    expect(errorOf({ code })).toEqual({
      type: 'error',
      error: { type, message: errors[code].message, details: { error_code: code, param: null } },
      request_id: 'r-1',
    });
  });

  it.each(Object.keys(errors) as ErrorCode[])('%s has a type that official clients know', (code) => {
    const known =
      /^(?:invalid_request|authentication|billing|permission|not_found|rate_limit|timeout|overloaded|api)_error$|^request_too_large$/;
    expect(errorOf({ code }).error.type).toMatch(known);
  });

  it.each<readonly [Failure, string, string]>([
    [{ code: 'invalid_value', param: 'top_k', detail: 'Too small.' }, 'top_k: A field has an invalid value. Too small.', 'top_k'],
    [
      { code: 'missing_field', param: 'max_tokens', detail: 'max_tokens is required.' },
      'A required field is missing. max_tokens is required.',
      'max_tokens',
    ],
    [
      { code: 'unsupported_schema', param: 'response_format.json_schema.schema.$ref' },
      'output_config.format.schema.$ref: ',
      'output_config.format.schema.$ref',
    ],
    [{ code: 'unsupported_parameter', param: 'continue_final_message' }, 'messages: ', 'messages'],
  ])('names the field as this wire has it: %j', (failure, message, param) => {
    const { error } = errorOf(failure);
    expect(error.message.startsWith(message)).toBe(true);
    expect(error.details.param).toBe(param);
  });

  test.each<readonly [string, Failure['tokens'], string | undefined, string]>([
    [
      'a prompt that is too long',
      { contextTokens: 8192, promptTokens: 9000, completionTokens: null },
      'messages',
      'prompt is too long: 9000 tokens > 8192 maximum',
    ],
    [
      'one that is estimated',
      { contextTokens: 8192, promptTokens: 9000, completionTokens: null, isEstimate: true },
      'messages',
      'prompt is too long: 9000 tokens > 8192 maximum',
    ],
    [
      'prompt and answer together',
      { contextTokens: 8192, promptTokens: 8000, completionTokens: 500 },
      'messages',
      'input length and `max_tokens` exceed context limit: 8000 + 500 > 8192, decrease input length or `max_tokens` and try again',
    ],
    [
      'a server that names only its limit',
      { contextTokens: 8192, promptTokens: null, completionTokens: null },
      'messages',
      'prompt is too long: it needs more than 8192 tokens > 8192 maximum',
    ],
    ['a server that names nothing', undefined, 'messages', 'prompt is too long: the model server has no room for it.'],
  ])('says of %s what agents compact on', (_, tokens, param, message) => {
    const failure: Failure = {
      code: 'context_length_exceeded',
      ...(tokens === undefined ? {} : { tokens }),
      ...(param === undefined ? {} : { param }),
    };
    expect(errorOf(failure).error).toMatchObject({ type: 'invalid_request_error', message });
  });
});
