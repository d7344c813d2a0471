/**
 * From a body of the older text completions to the inner request. The models behind the gateway are chat models: the prompt is what a user
 * says, and the text is the answer. All other fields are chat's, and are read as there.
 */
import type { Failure } from '../../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import { parseJsonObject } from '../../validate/json-object.ts';
import { readChatBody } from '../chat/chat-surface.ts';
import type { ReadRequest, ReadSettings } from '../surface.ts';

/** A longer prompt is not written before its answer again. */
const maxEchoChars = 200_000;
/** OpenAI's limit. */
const maxLogprobs = 5;

const refused: Readonly<Record<string, string>> = {
  messages: 'Use prompt, or /v1/chat/completions.',
  suffix: 'The models are chat models, and cannot write what stands before a text.',
  tools: 'Use /v1/chat/completions.',
  tool_choice: 'Use /v1/chat/completions.',
  prompt_embeds: 'Use prompt.',
};

export function readCompletion(text: string, { limits }: ReadSettings): Result<ReadRequest, Failure> {
  const json = parseJsonObject(text, limits);
  if (!json.ok) return json;
  const { prompt, echo, best_of: best, logprobs, ...body } = json.value;
  for (const [name, advice] of Object.entries(refused))
    if (body[name] != null && body[name] !== '') return fail({ code: 'unsupported_parameter', param: name, detail: advice });
  for (const name of Object.keys(refused)) delete body[name];
  if (best != null && best !== (body['n'] ?? 1))
    return fail({ code: 'unsupported_parameter', param: 'best_of', detail: 'Use n.' });
  const asked = promptOf(prompt);
  if (!asked.ok) return asked;
  const top = topOf(logprobs, echo === true);
  if (!top.ok) return top;
  if (echo != null && typeof echo !== 'boolean') return fail(invalid('echo', 'Expected true or false.'));
  if (echo === true && asked.value.length > maxEchoChars)
    return fail(invalid('echo', `A prompt of more than ${maxEchoChars} characters is not said again.`));
  if (top.value !== null) Object.assign(body, { logprobs: true, ...(top.value === 0 ? {} : { top_logprobs: top.value }) });
  const read = readChatBody({ ...body, messages: [{ role: 'user', content: asked.value }] }, limits);
  if (!read.ok || echo !== true) return read;
  return ok({ ...read.value, request: { ...read.value.request, echo: { prompt: asked.value } } });
}

function promptOf(prompt: unknown): Result<string, Failure> {
  if (prompt == null) return fail({ code: 'missing_field', param: 'prompt', detail: 'prompt is required.' });
  const [only, ...more] = Array.isArray(prompt) ? prompt : [prompt];
  if (typeof only === 'number' || Array.isArray(only))
    return fail({ code: 'unsupported_parameter', param: 'prompt', detail: 'Tokens are not available; send the text.' });
  if (more.length > 0)
    return fail({ code: 'unsupported_parameter', param: 'prompt', detail: 'One prompt can be sent with a request.' });
  if (typeof only !== 'string' || only === '') return fail(invalid('prompt', 'Expected a text that is not empty.'));
  return ok(only);
}

/** Null where none are asked for. */
function topOf(logprobs: unknown, isEcho: boolean): Result<number | null, Failure> {
  if (logprobs == null || logprobs === false) return ok(null);
  if (typeof logprobs !== 'number' || !Number.isInteger(logprobs) || logprobs < 0 || logprobs > maxLogprobs)
    return fail(invalid('logprobs', `Expected a whole number from 0 to ${maxLogprobs}.`));
  if (isEcho)
    return fail({
      code: 'unsupported_parameter',
      param: 'logprobs',
      detail: 'Those of the prompt are not available: leave echo out.',
    });
  return ok(logprobs);
}

function invalid(param: string, detail: string): Failure {
  return { code: 'invalid_value', param, detail };
}
