/**
 * `Idempotency-Key`, with the semantics Stripe documents: the first request with a key runs, a repeat with the same parameters gets the
 * same answer for 24 hours, a repeat with others is refused, and so is one that comes while the first still runs. Unlike there, a broken
 * answer is never kept: repeating it is what the key is for.
 */
import { errors, type ErrorCode, type Failure } from '../../../shared/errors.ts';
import type { Ending } from '../../../shared/records.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { doubtfulMs } from '../limits/heartbeat.ts';

/** A whole answer, as it was sent. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface IdempotencyRecord {
  /** Hash of method, path and canonical body. */
  readonly fingerprint: string;
  /** The request that runs under the key, by an id of the gateway's own: a repeated call of the same one may go on. */
  readonly runId: string;
  readonly startedAtMs: number;
  /** The run is heard of before, or a record without an answer counts as abandoned. */
  readonly runsUntilMs: number;
  readonly answer: StoredAnswer | null;
}

export type IdempotencyRequest = Pick<IdempotencyRecord, 'fingerprint' | 'runId' | 'runsUntilMs'>;

export type IdempotencyDecision =
  /** Store `record` in the same step, so that a second request cannot run, too. */
  { readonly action: 'run'; readonly record: IdempotencyRecord } | { readonly action: 'replay'; readonly answer: StoredAnswer };

/** Counted from the start of the first request. */
export const idempotencyTtlMs = 86_400_000;
/** A longer answer is not kept and its key is free again. */
const maxStoredChars = 500_000;
/** A SQLite row holds 2 MB; escaped, a text can be six times as long as its characters. */
const maxRecordBytes = 1_900_000;
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
 * What to do with a request:
 *
 * | stored                            | same fingerprint              | another fingerprint        |
 * | --------------------------------- | ----------------------------- | -------------------------- |
 * | nothing, or older than 24 h       | run                           | run                        |
 * | an answer                         | replay                        | 400 `idempotency_mismatch` |
 * | no answer, may still run          | 409 `idempotency_in_flight`,  | 400 `idempotency_mismatch` |
 * |                                   | run if it is this very one    |                            |
 * | no answer, cannot run any more    | run                           | 400 `idempotency_mismatch` |
 */
export function decideIdempotency(
  stored: IdempotencyRecord | null,
  request: IdempotencyRequest,
  nowMs: number,
): Result<IdempotencyDecision, Failure> {
  const record = { ...request, startedAtMs: nowMs, answer: null };
  if (stored === null || isForgotten(stored, nowMs)) return ok({ action: 'run', record });
  if (stored.fingerprint !== request.fingerprint) return fail({ code: 'idempotency_mismatch' });
  if (stored.answer !== null) return ok({ action: 'replay', answer: stored.answer });
  if (nowMs < stored.runsUntilMs && stored.runId !== request.runId) return fail(inFlight(stored.runsUntilMs - nowMs));
  return ok({ action: 'run', record });
}

/** A run that may be a dead one is waited for until it is given up; any other may end at any time. */
function inFlight(leftMs: number): Failure {
  return { code: 'idempotency_in_flight', retryAfterMs: leftMs < doubtfulMs ? Math.max(1000, leftMs) : 1000 };
}

/**
 * The record to keep when the request has ended; `null` frees the key. Kept are whole successes and the refusals that would come again:
 * client errors of the model server (`rejected`, not worth a retry). Nothing else: limits and validation refuse before anything ran, and
 * a cut, failed, timed out or abandoned answer is not one.
 */
export function recordAfterEnding(
  record: IdempotencyRecord,
  outcome: { readonly ending: Ending; readonly errorCode: ErrorCode | null; readonly answer: StoredAnswer },
): IdempotencyRecord | null {
  const { ending, errorCode, answer } = outcome;
  const isSuccess = ending === 'ok' && errorCode === null;
  const isFinalRefusal = ending === 'rejected' && errorCode !== null && wouldComeAgain(errorCode);
  if (!isSuccess && !isFinalRefusal) return null;
  if (answer.body.length > maxStoredChars) return null;
  const kept = { ...record, answer };
  return utf8Bytes(JSON.stringify(kept)) > maxRecordBytes ? null : kept;
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}

/** A budget is full again one day, whatever a client is told about repeating by itself. */
function wouldComeAgain(code: ErrorCode): boolean {
  const { blames, retry, status } = errors[code];
  return blames === 'client' && retry === 'never' && status !== 429;
}

/** Whether a record is past its 24 hours and may be deleted. */
export function isForgotten({ startedAtMs }: IdempotencyRecord, nowMs: number): boolean {
  return nowMs >= startedAtMs + idempotencyTtlMs;
}
