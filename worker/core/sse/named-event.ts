/**
 * Events with a name. Chat completions need none, but some servers give one to everything they send: pings, errors, the chunks
 * themselves. The name decides how data that is not a chunk is treated.
 */

/** What is to be read of it; null when it is no part of an answer. */
export function readNamedEvent(name: string, data: string): string | null {
  if (name === 'error') return asError(data);
  return /^\s*[{[]/.test(data) || name === 'message' ? data : null;
}

function asError(data: string): string {
  let value: unknown = data;
  try {
    value = JSON.parse(data);
  } catch {
    // Words, then.
  }
  const isEnvelope = typeof value === 'object' && value !== null && 'error' in value;
  return isEnvelope ? data : JSON.stringify({ error: value });
}
