/** Errors of servers that speak OpenAI's wire: as the answer to a call, and as an event inside a stream. */
import { asObject } from './json-view.ts';
import { retryAfterMs } from './retry-after.ts';
import { numberIn, readServerWords, wordsOf } from './server-words.ts';
import { statusFailure, type UpstreamFailure } from './transport-failure.ts';

/** The head of an answer that is no 200. */
export interface ErrorHead {
  readonly status: number;
  readonly mediaType: string;
  /** `Retry-After`, and `retry-after-ms`. */
  readonly retryAfter: string | null;
  readonly retryAfterExact: string | null;
}

export function readError(head: ErrorHead, body: string | null, nowMs: number): UpstreamFailure {
  const { status, mediaType, retryAfter, retryAfterExact } = head;
  const waitMs = retryAfterMs(retryAfter, nowMs, retryAfterExact);
  return statusFailure(status, mediaType, readServerWords(mediaType, body), waitMs);
}

/**
 * The value of `error` in an event. It carries the HTTP number as its code, or a name, or only words; what has neither a number nor words
 * that say whose fault it is, is the server's.
 */
export function readErrorEvent(error: unknown): UpstreamFailure {
  const words = wordsOf({ error });
  const fields = asObject(error);
  const number = fields === null ? null : numberIn(fields);
  const read = statusFailure(number ?? 400, 'application/json', words, null);
  const isGuess = number === null && read.cause === 'client' && read.limit === undefined;
  const saysSo = words?.names.some((name) => /invalid_?request|bad_?request/.test(name)) === true;
  return isGuess && !saysSo ? statusFailure(500, 'application/json', null, null) : read;
}
