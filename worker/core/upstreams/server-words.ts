/** Reads the words of an error's body, whatever its shape. Their meaning is decided elsewhere. */
import { asArray, asInteger, asObject, asString } from '../json/view.ts';

export interface ServerWords {
  readonly message: string;
  /** The request field that the error names, by the client's name for it. */
  readonly param: string | null;
  /** The names it gives the error, in lower case: `code`, `type`, `error_type` … */
  readonly names: readonly string[];
  /** llama.cpp reports these counts in fields of their own. */
  readonly promptTokens: number | null;
  readonly contextTokens: number | null;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads an error's body: OpenAI's `{"error": {…}}`, vLLM's older fields at the root, `{"error": "text"}`, FastAPI's `{"detail": …}`, RFC
 * 9457's problem, `{"message": …}`, and any of them in a list, as Gemini sends it. Null when the body is not JSON.
 */
export function readServerWords(mediaType: string, body: string | null): ServerWords | null {
  // HTML comes from a proxy. Every other type is tried: servers send JSON as text/plain and under names of their own.
  if (body === null || mediaType === 'text/html' || !/^\s*[{[]/.test(body)) return null;
  try {
    return serverWordsIn(JSON.parse(body));
  } catch {
    return null;
  }
}

/** The same for an error that stands in an answer or in a stream's event. */
export function serverWordsIn(value: unknown): ServerWords | null {
  const root = asObject(value) ?? asObject(asArray(value)?.[0]);
  if (root === null) return typeof value === 'string' ? { ...silent, message: value } : null;
  const error = asObject(root['error']);
  const fields = error ?? root;
  const detail = detailOf(root['detail']);
  const message = asString(error?.['message']) ?? asString(root['error']) ?? asString(root['message']) ?? detail.message;
  return {
    message: message ?? asString(root['title']) ?? '',
    // vLLM names fields from its own root: `body.messages`.
    param: asString(fields['param'])?.replace(/^body\./, '') ?? detail.param,
    names: [fields['code'], fields['type'], fields['status'], root['error_type'], root['type']]
      .map((name) => asString(name)?.toLowerCase() ?? '')
      .filter((name) => name !== ''),
    promptTokens: asInteger(fields['n_prompt_tokens']),
    contextTokens: asInteger(fields['n_ctx']),
  };
}

const silent: ServerWords = { message: '', param: null, names: [], promptTokens: null, contextTokens: null };

/** FastAPI's text, or the first item of its list of findings. */
function detailOf(detail: unknown): Pick<ServerWords, 'param'> & { readonly message: string | null } {
  const first = asObject(asArray(detail)?.[0]);
  if (first === null) return { message: asString(detail) ?? asString(asObject(detail)?.['message']), param: null };
  const where = asArray(first['loc'])
    ?.filter((key) => key !== 'body')
    .map(String)
    .join('.');
  return { message: asString(first['msg']), param: where === undefined || where === '' ? null : where };
}

/** The HTTP number that an error inside a stream carries; null when it has none. */
export function numberIn(error: Fields): number | null {
  for (const value of [error['code'], error['status'], error['status_code']]) {
    const number = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : asInteger(value);
    if (number !== null && number >= 400 && number < 600) return number;
  }
  return null;
}
