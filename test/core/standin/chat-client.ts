/** Asks a stand-in and takes the answer apart, byte by byte where it matters. */

/** Whatever JSON.parse gives: tests take answers apart without checking every step. */
export type Parsed = ReturnType<typeof JSON.parse>;

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed JSON body, or undefined. */
  readonly json: Parsed;
  /** Parsed `data:` payloads without [DONE]. */
  readonly events: Parsed[];
  readonly isDone: boolean;
  /** Why the connection broke, or null. */
  readonly broke: string | null;
}

export const user = (content: string) => ({ messages: [{ role: 'user', content }] });

/** Sends a chat body; a broken connection is part of the answer, not an exception. `maxBytes` leaves an endless answer. */
export async function ask(
  url: string,
  body: unknown,
  {
    headers = {},
    maxBytes = 4_000_000,
    maxMs = 5000,
  }: { headers?: Record<string, string>; maxBytes?: number; maxMs?: number } = {},
): Promise<Asked> {
  const leave = new AbortController();
  const timer = setTimeout(() => leave.abort(new Error('left after maxMs')), maxMs);
  const parts: Buffer[] = [];
  let broke: string | null = null;
  let response: Response | null = null;
  try {
    response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      signal: leave.signal,
      redirect: 'manual',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    let size = 0;
    for await (const part of response.body ?? []) {
      parts.push(Buffer.from(part));
      size += part.length;
      if (size > maxBytes) leave.abort(new Error('left after maxBytes'));
    }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    broke =
      cause instanceof Error ? ('code' in cause && typeof cause.code === 'string' ? cause.code : cause.message) : String(cause);
    if (leave.signal.aborted) broke = leave.signal.reason.message;
  } finally {
    clearTimeout(timer);
  }
  const text = Buffer.concat(parts).toString('utf8');
  const payloads = text
    .split(/\r?\n\r?\n/)
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice(6).trim());
  return {
    status: response?.status ?? 0,
    headers: response?.headers ?? new Headers(),
    text,
    json: tryParse(text),
    events: payloads.filter((payload) => payload !== '[DONE]').map(tryParse),
    isDone: payloads.includes('[DONE]'),
    broke,
  };
}

export function tryParse(text: string): Parsed {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The content of a streamed answer. */
export function contentOf({ events }: Asked, index = 0): string {
  return deltas(events, index)
    .map((delta) => delta.content ?? '')
    .join('');
}

export function deltas(events: Parsed[], index = 0): Parsed[] {
  return events.flatMap((event) =>
    (event?.choices ?? []).filter((choice: Parsed) => choice.index === index).map((choice: Parsed) => choice.delta),
  );
}

export function finishOf({ events }: Asked): string | null {
  return events.flatMap((event) => event?.choices ?? []).find((choice: Parsed) => choice.finish_reason)?.finish_reason ?? null;
}

export function usageOf({ events }: Asked): Parsed {
  return events.findLast((event) => event?.usage)?.usage;
}

/** Resolves once `check` holds, looking every few milliseconds; throws after two seconds. */
export async function eventually(check: () => boolean, what: string): Promise<void> {
  const lastMs = performance.now() + 2000;
  while (!check()) {
    if (performance.now() > lastMs) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
