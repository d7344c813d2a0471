/**
 * `Idempotency-Key`, with the semantics Stripe documents: the first request with a key runs, a repeat with the same parameters gets the
 * same answer for 24 hours, a repeat with others is refused. Unlike Stripe, a broken answer is never given again, because a retry after a
 * broken answer is what the key is for; and a repeat of a stream that still runs follows it.
 */
import { errors, type ErrorCode, type Failure } from '../../../shared/errors.ts';
import type { Ending } from '../../../shared/records.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { KeptEnding } from './kept-answer.ts';
import { silentMs } from './log.ts';

/** Counted from the end of the first request. */
export const idempotencyTtlMs = 86_400_000;
const keyPattern = /^[\x21-\x7e]{1,255}$/;

/** The key of the header, 1 to 255 printable characters without spaces; `null` when there is no header. */
export function parseIdempotencyKey(header: string | null): Result<string | null, Failure> {
  if (header === null) return ok(null);
  if (keyPattern.test(header)) return ok(header);
  return fail({
    code: 'invalid_value',
    param: 'idempotency-key',
    detail: 'idempotency-key: 1 to 255 printable characters, no spaces.',
  });
}

/**
 * For a repeat that cannot follow: a run that may be dead is waited for until it is given up, any other may end at any time.
 *
 * @param quietMs since its writer was heard of
 */
export function inFlight(isHeard: boolean, quietMs: number): Failure {
  return { code: 'idempotency_in_flight', retryAfterMs: isHeard ? 1000 : Math.max(1000, silentMs - quietMs) };
}

/** Read by whoever follows a run that was stopped because its own client had left. */
const givenUp: Failure = {
  code: 'client_closed_request',
  sentence: 'The answer was given up: its client left, and nobody came back for it in time.',
};

/**
 * What is kept of a run's end. Given again are whole successes and the refusals that would come again: client errors of the model server
 * (`rejected`, not worth a retry). Nothing else: limits and validation refuse before anything runs, and a cut, failed, timed out or
 * abandoned answer is worth a retry.
 *
 * @param failure null where the run has none of its own
 */
export function keptEnding(ending: Ending, failure: Failure | null, metadata: RoutingMetadata): KeptEnding {
  if (ending === 'cancelled') return { kind: 'cancelled', metadata };
  if (ending === 'ok' && failure === null) return { kind: 'complete', metadata };
  const shown = plain(failure ?? givenUp);
  return { kind: 'failed', failure: shown, metadata, isFinal: ending === 'rejected' && wouldComeAgain(shown.code) };
}

/** An error object would lose what it says on its way into a log. */
function plain({ code, sentence, detail, param, retryAfterMs }: Failure): Failure {
  return {
    code,
    ...(sentence === undefined ? {} : { sentence }),
    ...(detail === undefined ? {} : { detail }),
    ...(param === undefined ? {} : { param }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** A budget refills eventually, even though clients are told not to retry by themselves. */
function wouldComeAgain(code: ErrorCode): boolean {
  const { blames, retry, status } = errors[code];
  return blames === 'client' && retry === 'never' && status < 500 && status !== 429;
}
