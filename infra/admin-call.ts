/** Calls of a running gateway's paths for operators, for commands. */
import { serverOrigin } from './command-line.ts';

export type Answer = Readonly<Record<string, unknown>>;
export type Call = (method: string, path: string, body?: object) => Promise<Answer>;

/** Throws a sentence for the operator: what the gateway said, or that nothing answers. */
export function adminCaller(url: string, token: string): Call {
  const origin = serverOrigin('url', url);
  return async (method, path, body) => {
    const response = await fetch(origin + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(() => {
      throw new Error(`No gateway answers at ${origin}. Start one with npm start, or name another with --url.`);
    });
    const text = await response.text();
    const answer = parseAnswer(text);
    if (answer === null)
      throw new Error(`${origin} answers, but not as a gateway does (HTTP ${response.status}). Is --url right?`);
    if (response.ok) return answer;
    const { error } = answer;
    const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : null;
    throw new Error(message ?? `HTTP ${response.status}`);
  };
}

function parseAnswer(text: string): Answer | null {
  try {
    const answer: unknown = text === '' ? {} : JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? { ...answer } : null;
  } catch {
    return null;
  }
}
