/** Error bodies in vLLM's words and shapes. Data only; the server sends them. */

/** An answer that is no completion: a status, a JSON or text body, and headers beyond the usual ones. */
export interface Refusal {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** vLLM's envelope; `code` repeats the status as a number. */
export function vllmError(status: number, type: string, message: string, param: string | null = null): Refusal {
  return { status, body: { error: { message, type, param, code: status } } };
}

/** A body that does not validate, one line per finding. */
export function validationError(findings: readonly { type: string; loc: string; msg: string }[]): Refusal {
  const lines = findings.map(({ type, loc, msg }) => `  {'type': '${type}', 'loc': '${loc}', 'msg': '${msg}'}`);
  const count = `${findings.length} validation error${findings.length === 1 ? '' : 's'}`;
  return vllmError(400, 'Bad Request', `${count}:\n${lines.join('\n')}`, findings[0]?.loc ?? null);
}

export function badRequest(message: string, param: string | null = null): Refusal {
  return vllmError(400, 'Bad Request', message, param);
}

export function contextExceeded(maxModelLen: number, promptTokens: number, outputTokens: number): Refusal {
  const start = `This model's maximum context length is ${maxModelLen} tokens. However, `;
  const end = ` (parameter=input_tokens, value=${promptTokens})`;
  const message =
    promptTokens >= maxModelLen
      ? `${start}your request has ${promptTokens} input tokens. Please reduce the length of the input messages.${end}`
      : `${start}you requested ${outputTokens} output tokens and your prompt contains at least ${promptTokens} input tokens, for a total of at least ${promptTokens + outputTokens} tokens. Please reduce the length of the input prompt or the number of requested output tokens.${end}`;
  return vllmError(400, 'BadRequestError', message, 'input_tokens');
}

export function modelMissing(model: string): Refusal {
  return vllmError(404, 'NotFoundError', `The model \`${model}\` does not exist.`, 'model');
}

export const unauthorized: Refusal = { status: 401, body: { error: 'Unauthorized' } };
export const notFound: Refusal = { status: 404, body: { detail: 'Not Found' } };
export const methodNotAllowed: Refusal = { status: 405, body: { detail: 'Method Not Allowed' } };
/** The body of `--max-num-queued-reqs`; public issues show the status, the words are assumed. */
export const overloaded = vllmError(503, 'Service Unavailable', 'Server is overloaded');
export const engineDead = vllmError(
  500,
  'InternalServerError',
  'EngineCore encountered an issue. See stack trace (above) for the root cause.',
);
