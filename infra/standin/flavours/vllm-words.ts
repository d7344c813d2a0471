/** Error bodies in vLLM's words and shapes, word for word as 0.32 sent them unless said otherwise. */
import type { Refusal } from '../refusal.ts';
import type { Finding, ServerWords } from './flavour.ts';

const MAX_REPORTED = 10;

/** The envelope; `code` repeats the status as a number. */
export function vllmError(status: number, type: string, message: string, param: string | null = null): Refusal {
  return { status, body: { error: { message, type, param, code: status } } };
}

/** A value that is of the right type and not allowed. */
export function badValue(message: string, param: string | null, value?: number): Refusal {
  const extras = [...(param === null ? [] : [`parameter=${param}`]), ...(value === undefined ? [] : [`value=${value}`])];
  return vllmError(400, 'BadRequestError', extras.length > 0 ? `${message} (${extras.join(', ')})` : message, param);
}

/** A schema that the grammar backend cannot compile. */
export function grammarError(message: string): Refusal {
  return badValue(`Grammar error: ${message}`, null);
}

export const vllmWords: ServerWords = {
  unauthorized: { status: 401, body: { error: 'Unauthorized' } },
  notFound: { status: 404, body: { detail: 'Not Found' } },
  methodNotAllowed: { status: 405, body: { detail: 'Method Not Allowed' } },
  noVectors: { status: 404, body: { detail: 'Not Found' } },
  /** With `--max-num-queued-reqs` only; there is no Retry-After. */
  overloaded: vllmError(
    503,
    'Service Unavailable',
    'The engine is currently busy and cannot accept new requests. Please try again later or on a different instance.',
  ),
  engineDead: vllmError(
    500,
    'InternalServerError',
    'EngineCore encountered an issue. See stack trace (above) for the root cause.',
  ),
  invalid(findings) {
    const shown = findings.slice(0, MAX_REPORTED).map((finding) => `  ${pythonFinding(finding)}\n`);
    const errors = findings.length === 1 ? 'error' : 'errors';
    const rest = findings.length > MAX_REPORTED ? `  ...and ${findings.length - MAX_REPORTED} more ${errors}\n` : '';
    const message = `${findings.length} validation ${errors}:\n${shown.join('')}${rest}`.trimEnd();
    return vllmError(400, 'Bad Request', message, findings[0]?.loc ?? null);
  },
  modelMissing: (model, served) =>
    vllmError(404, 'NotFoundError', `The model \`${model}\` does not exist. Valid aliases: ${served.join(', ')}.`, 'model'),
  /** The tokenizer stops one token behind the limit, so the number is not the true one unless that is all there is. */
  promptTooLong: (maxModelLen) =>
    badValue(
      `This model's maximum context length is ${maxModelLen} tokens. However, your prompt contains at least ${maxModelLen + 1} input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt.`,
      'input_tokens',
      maxModelLen + 1,
    ),
};

function pythonFinding({ type, loc, message, input, context }: Finding): string {
  const ctx = context === undefined ? '' : `, 'ctx': {'error': ${quoted(context)}}`;
  return `{'type': '${type}', 'loc': '${loc}', 'msg': ${quoted(message)}, 'input': ${quoted(described(input))}${ctx}}`;
}

function quoted(text: string): string {
  return text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll("'", String.raw`\'`)}'`;
}

/** As the server describes an offending value: containers by their size, long texts cut. */
function described(input: unknown): string {
  if (Array.isArray(input)) return `<list of ${input.length} items>`;
  if (input === null) return 'None';
  if (typeof input === 'object') return `<dict of ${Object.keys(input).length} items>`;
  if (typeof input === 'boolean') return input ? 'True' : 'False';
  const text = String(input);
  return text.length > 200 ? `${text.slice(0, 200)}...[truncated]` : text;
}
