/** Errors of servers that speak OpenAI's wire: as the answer to a call, and as an event inside a stream. */
import { asItIs, type HideSecrets } from '../log/known-secrets.ts';
import { asObject } from '../json/view.ts';
import type { ErrorHead } from './dialect.ts';
import { retryAfterMs } from './retry-after.ts';
import { numberIn, readServerWords, type ServerWords, serverWordsIn } from './server-words.ts';
import { statusFailure, type UpstreamFailure } from './transport-failure.ts';

export function readError(
  head: ErrorHead,
  body: string | null,
  nowMs: number,
  hideSecrets: HideSecrets = asItIs,
): UpstreamFailure {
  const { status, mediaType, retryAfter, retryAfterExact } = head;
  const waitMs = retryAfterMs(retryAfter, nowMs, retryAfterExact);
  return statusFailure(status, mediaType, withoutSecrets(readServerWords(mediaType, body), hideSecrets), waitMs);
}

/**
 * The value of `error` in an event: an object with an HTTP status as its code, or with a name, or only a sentence. When nothing in it says
 * whose fault it is, it is the server's.
 */
export function readErrorEvent(error: unknown, hideSecrets: HideSecrets = asItIs): UpstreamFailure {
  const words = withoutSecrets(serverWordsIn({ error }), hideSecrets);
  const fields = asObject(error);
  const number = fields === null ? null : numberIn(fields);
  const read = statusFailure(number ?? 400, 'application/json', words, null);
  const isGuess = number === null && read.cause === 'client' && read.limit === undefined;
  const saysSo = words?.names.some((name) => /invalid_?request|bad_?request/.test(name)) === true;
  return isGuess && !saysSo ? statusFailure(500, 'application/json', null, null) : read;
}

/** Must run before anything reads or shortens the words: a server may quote the headers of the call. */
function withoutSecrets(words: ServerWords | null, hide: HideSecrets): ServerWords | null {
  if (words === null) return null;
  return { ...words, message: hide(words.message), param: words.param === null ? null : hide(words.param) };
}
