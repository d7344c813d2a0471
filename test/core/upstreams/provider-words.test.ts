/** Trouble of the server's own, or the operator's with it, that comes as a client's error: who is asked next, and who is blamed. */
import { describe, expect, it } from 'vitest';
import { readError } from '../../../worker/core/upstreams/read-error.ts';

const read = (status: number, error: object | string, mediaType = 'application/json') =>
  readError({ status, mediaType, retryAfter: null, retryAfterExact: null }, JSON.stringify({ error }), 0);

describe('trouble of the provider', () => {
  it.each([
    ['DeepSeek', 402, { message: 'Insufficient Balance', type: 'unknown_error' }],
    ['OpenAI', 429, { message: 'You exceeded your current quota, please check your plan.', code: 'insufficient_quota' }],
    ['OpenAI', 400, { message: 'Billing hard limit has been reached', code: 'billing_hard_limit_reached' }],
    ['Anthropic', 400, { message: 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.' }],
    ['one-api', 403, { message: "User's credit limit is insufficient", code: 'insufficient_user_quota' }],
    ['any', 401, { message: 'Insufficient balance' }],
    ['any', 400, { message: 'Quota exceeded for this project' }],
    ['DashScope', 400, { message: 'Access denied, please make sure your account is in good standing.', code: 'Arrearage' }],
  ])('%s has no credit left: %i %j', (_, status, error) => {
    expect(read(status, error)).toEqual({ failure: { code: 'upstream_quota' }, cause: 'account' });
  });

  it.each([
    ['Gemini', 400, { message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' }],
    ['any', 400, { message: 'Incorrect API key provided' }],
    ['any', 400, { message: 'no', code: 'invalid_api_key' }],
    ['LiteLLM', 400, { message: 'Authentication Error, Invalid proxy server token passed', type: 'auth_error' }],
  ])('%s does not know the key: %i %j', (_, status, error) => {
    expect(read(status, error)).toEqual({ failure: { code: 'upstream_auth' }, cause: 'auth' });
  });

  it.each([
    [400, { message: 'Model is currently loading, please retry' }],
    [400, { message: 'The model is overloaded. Please try again later.' }],
    [400, { message: 'Loading model' }],
    [422, { message: 'Server is busy' }],
    [400, { message: 'No available channel for model gpt-4o' }],
    [400, { message: 'x', type: 'overloaded_error' }],
  ])('the server is not ready: %i %j', (status, error) => {
    expect(read(status, error)).toEqual({ failure: { code: 'upstream_overloaded' }, cause: 'overload' });
  });

  it.each([
    [400, { message: 'Rate limit reached for requests' }],
    [413, { message: 'Request too large for model x on tokens per minute (TPM): Limit 6000', code: 'rate_limit_exceeded' }],
    [400, { message: 'Too many requests, please wait before trying again.', type: 'ThrottlingException' }],
  ])('it asks to slow down: %i %j', (status, error) => {
    expect(read(status, error)).toEqual({ failure: { code: 'upstream_rate_limited' }, cause: 'rate_limited' });
  });

  it.each([
    ['vLLM', 404, { message: 'The model `x` does not exist.', type: 'NotFoundError', param: 'model' }],
    ['Ollama', 404, { message: 'model "qwen2.5:7b" not found, try pulling it first' }],
    ['DeepSeek', 400, { message: 'Model Not Exist', type: 'invalid_request_error' }],
    ['LM Studio', 400, { message: 'No models loaded. Please load a model in the developer page' }],
    ['OpenRouter', 400, { message: 'qwen/qwen-9 is not a valid model ID' }],
    ['LiteLLM', 400, { message: 'Invalid model name passed in model=x. Call `/v1/models`' }],
    ['Groq', 400, { message: 'The model `x` has been decommissioned', code: 'model_decommissioned' }],
    ['any', 422, { message: 'Input should be one of a, b', param: 'model' }],
  ])('%s does not have the model: %i %j', (_, status, error) => {
    expect(read(status, error)).toEqual({ failure: { code: 'upstream_model_missing' }, cause: 'model_missing' });
  });

  it.each([
    ['FastAPI', 'application/json', '{"detail":"Not Found"}'],
    ['a page', 'text/html', '<h1>404</h1>'],
  ])('there is nothing under the path, which is no mistake of the client: %s', (_, mediaType, body) => {
    const head = { status: 404, mediaType, retryAfter: null, retryAfterExact: null };
    expect(readError(head, body, 0)).toEqual({ failure: { code: 'upstream_error' }, cause: 'model_missing' });
  });
});

describe('trouble of the client', () => {
  it.each([
    'temperature must be in [0, 2]',
    'messages must alternate between user and assistant',
    'tool_choice "auto" requires --enable-auto-tool-choice and --tool-call-parser to be set',
    'This model does not support tools',
    "Invalid value: 'loading'",
    'Unknown tool: model_lookup was not declared',
    'logit_bias is not supported by this model',
    'Invalid token in the grammar',
    'Only one of temperature and top_p may be used with this model',
    'Expected credits to be an integer',
  ])('stays the client\u2019s: %s', (message) => {
    expect(read(400, { message })).toMatchObject({ cause: 'client', failure: { code: 'upstream_rejected', detail: message } });
  });

  it('is a rate and not an empty account when only the sentence speaks of a quota', () => {
    const message = 'You exceeded your current quota, please check your plan and billing details.';
    expect(read(429, { message, status: 'RESOURCE_EXHAUSTED' }).cause).toBe('rate_limited');
  });
});
