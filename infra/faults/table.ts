/**
 * What every fault of a model server must look like from outside: the one table that the tests over HTTP run and that a command line can
 * print. It holds promises, not behaviour; `infra/standin/faults.ts` says what each fault is.
 *
 * The limits it counts on are those of a fast test configuration: headers and first event 1.3 s, silence 1 s, whole answer
 * 4 s, status held back for 1 s, answers of 500 kB.
 */
import type { ErrorCode } from '../../shared/errors.ts';
import { errors } from '../../shared/errors.ts';
import type { Ending } from '../../shared/records.ts';
import type { FaultName } from '../standin/faults.ts';

/** How a request ends for its client, and in the ledger. */
export type Expectation =
  | { readonly ends: 'complete'; readonly ledger: Ending }
  /** An error answer with its own status: nothing had been sent yet. */
  | { readonly ends: 'status'; readonly code: ErrorCode; readonly ledger: Ending }
  /** The headers had to go out before the first event, so the error comes as an event; another model may still answer instead. */
  | { readonly ends: 'late_error'; readonly code: ErrorCode; readonly ledger: Ending }
  /** Some of the answer had been sent: an error event ends it, without finish_reason and [DONE]. */
  | { readonly ends: 'error_event'; readonly code: ErrorCode; readonly ledger: Ending };

export interface FaultCase {
  readonly fault: FaultName;
  /** `key=value;…` beyond the fault's defaults. */
  readonly settings?: string;
  /** What a request must ask for, so that the fault can show. */
  readonly needs?: 'tools' | 'schema' | 'logprobs' | 'thinking';
  readonly streamed: Expectation;
  readonly plain: Expectation;
  /** Whether a complete answer has the very text that it would have without the fault. */
  readonly text: 'same' | 'other';
  readonly retryAfterSeconds?: number;
  /** It reaches other requests as well: the listener is closed, or the model counts as missing. */
  readonly isContagious?: true;
}

const complete: Expectation = { ends: 'complete', ledger: 'ok' };

function ledgerOf(code: ErrorCode): Ending {
  if (code === 'upstream_timeout') return 'timeout';
  return errors[code].blames === 'client' ? 'rejected' : 'upstream_error';
}

const status = (code: ErrorCode): Expectation => ({ ends: 'status', code, ledger: ledgerOf(code) });
const lateError = (code: ErrorCode): Expectation => ({ ends: 'late_error', code, ledger: ledgerOf(code) });
const errorEvent = (code: ErrorCode): Expectation => ({ ends: 'error_event', code, ledger: ledgerOf(code) });

type Rest = Pick<FaultCase, 'settings' | 'needs' | 'retryAfterSeconds' | 'isContagious'>;

/** A client must not notice; `other` where the fault changes the words. */
function harmless(fault: FaultName, text: FaultCase['text'], rest: Rest = {}): FaultCase {
  return { fault, streamed: complete, plain: complete, text, ...rest };
}

/** Known before anything was sent. */
function refused(fault: FaultName, code: ErrorCode, rest: Rest = {}): FaultCase {
  return { fault, streamed: status(code), plain: status(code), text: 'same', ...rest };
}

/** Known only when some of the answer is with a client that reads along. */
function broken(fault: FaultName, code: ErrorCode, rest: Rest = {}): FaultCase {
  return { fault, streamed: errorEvent(code), plain: status(code), text: 'same', ...rest };
}

/** Known later than the headers can wait. */
function late(fault: FaultName, code: ErrorCode, rest: Rest = {}): FaultCase {
  return { fault, streamed: lateError(code), plain: status(code), text: 'same', ...rest };
}

export const faultTable: readonly FaultCase[] = [
  // Connection. Behind a tunnel all of these are the tunnel's 502.
  refused('refused', 'upstream_unreachable', { settings: 'ms=300', isContagious: true }),
  refused('reset', 'upstream_unreachable'),
  refused('close-before-headers', 'upstream_unreachable'),
  refused('not-http', 'upstream_unreachable'),
  harmless('slow-headers', 'same', { settings: 'ms=600' }),
  late('slow-headers', 'upstream_timeout', { settings: 'ms=2000' }),
  late('never-answers', 'upstream_timeout'),
  harmless('slow-first-event', 'same', { settings: 'ms=600' }),
  late('slow-first-event', 'upstream_timeout', { settings: 'ms=2000' }),

  // Status.
  refused('bad-request', 'upstream_rejected'),
  refused('unprocessable', 'upstream_unprocessable'),
  refused('context-length', 'context_length_exceeded'),
  refused('content-policy', 'content_policy'),
  refused('unauthorized', 'upstream_auth'),
  refused('forbidden', 'upstream_auth'),
  refused('model-missing', 'upstream_model_missing', { isContagious: true }),
  refused('rate-limit', 'upstream_rate_limited', { settings: 'after=7', retryAfterSeconds: 7 }),
  refused('rate-limit-date', 'upstream_rate_limited', { settings: 'after=30', retryAfterSeconds: 30 }),
  refused('rate-limit-absurd', 'upstream_rate_limited', { retryAfterSeconds: 3600 }),
  refused('rate-limit-garbage', 'upstream_rate_limited', { retryAfterSeconds: 1 }),
  refused('server-error', 'upstream_error'),
  refused('legacy-error', 'upstream_error'),
  refused('out-of-memory', 'upstream_error'),
  refused('bad-gateway', 'upstream_unreachable'),
  refused('unavailable', 'upstream_overloaded', { retryAfterSeconds: 1 }),
  refused('unavailable-retry', 'upstream_overloaded', { settings: 'after=9', retryAfterSeconds: 9 }),

  // A 200 that is none.
  refused('empty-body', 'upstream_invalid_answer'),
  refused('garbage-body', 'upstream_invalid_answer'),
  refused('no-choices', 'upstream_invalid_answer'),
  refused('wrong-type', 'upstream_invalid_answer'),
  // The body breaks at its first byte, which looks like a connection that did.
  refused('lying-encoding', 'upstream_unreachable'),
  refused('short-body', 'upstream_invalid_answer'),
  refused('html-body', 'upstream_auth'),
  harmless('json-for-stream', 'same'),
  harmless('sse-for-json', 'same'),
  harmless('leaky-headers', 'same'),

  // Endings.
  refused('first-event-error', 'upstream_error'),
  broken('mid-error', 'upstream_error'),
  broken('mid-error-no-done', 'upstream_error'),
  broken('mid-reset', 'upstream_truncated'),
  broken('mid-hang-up', 'upstream_truncated'),
  broken('cut-json', 'upstream_truncated'),
  broken('eof', 'upstream_truncated'),
  harmless('no-done', 'same'),
  broken('stall', 'upstream_timeout'),
  harmless('pause', 'same', { settings: 'after=4;ms=700' }),
  late('comments-only', 'upstream_timeout'),

  // Framing: legal, so the answer is the same.
  harmless('comments-between', 'same'),
  harmless('drip', 'same'),
  harmless('crlf', 'same'),
  harmless('multi-line', 'same'),
  harmless('split-utf8', 'other'),
  harmless('one-write', 'same'),
  harmless('bom', 'same'),

  // Single events.
  // It may have held a piece of the answer.
  broken('bad-json-event', 'upstream_invalid_answer'),
  harmless('invalid-utf8', 'other'),
  broken('huge-event', 'upstream_too_large'),
  broken('endless-line', 'upstream_too_large', { settings: 'after=2;bytes=3000000' }),
  broken('endless-stream', 'upstream_timeout', { settings: 'ms=100' }),
  broken('endless-tool-arguments', 'upstream_too_large', { needs: 'tools' }),
  harmless('tool-index-negative', 'same', { needs: 'tools' }),
  harmless('tool-index-huge', 'same', { needs: 'tools' }),
  harmless('tool-index-missing', 'same', { needs: 'tools' }),
  harmless('events-after-done', 'same'),
  harmless('double-finish', 'same'),
  harmless('legacy-reasoning', 'same', { needs: 'thinking' }),

  // Usage: counted here where the server's counts cannot be true.
  harmless('no-usage', 'same'),
  harmless('usage-negative', 'same'),
  harmless('usage-nan', 'same'),
  harmless('usage-huge', 'same'),
  harmless('usage-zero', 'same'),
  harmless('usage-text', 'same'),

  // The model's own words. Where JSON was promised, what is wrong before any of it is known before anything is sent.
  harmless('hostile-content', 'other'),
  broken('breaks-schema', 'invalid_structured_output', { needs: 'schema' }),
  refused('not-repairable', 'invalid_structured_output', { needs: 'schema' }),
  harmless('code-fence', 'other', { needs: 'schema' }),
  harmless('trailing-text', 'other', { needs: 'schema' }),
  harmless('trailing-comma', 'other', { needs: 'schema' }),
  // Only what cannot change a value is repaired; a Python literal is not JSON with a blemish.
  refused('single-quotes', 'invalid_structured_output', { needs: 'schema' }),
  harmless('truncated-json', 'other', { needs: 'schema' }),
  refused('repair-bomb', 'invalid_structured_output', { settings: 'bytes=6000', needs: 'schema' }),
  refused('deep-json', 'invalid_structured_output', { needs: 'schema' }),
  harmless('low-logprobs', 'same', { needs: 'logprobs' }),
  harmless('refusal', 'other'),
  harmless('hedged', 'other'),
  harmless('empty-answer', 'other'),
  harmless('invalid-arguments', 'other', { needs: 'tools' }),
  harmless('truncated-arguments', 'other', { needs: 'tools' }),
  harmless('raw-markup', 'same', { needs: 'tools' }),
  harmless('unknown-tool', 'other', { needs: 'tools' }),
];

/** `name` or `name;settings`, as a request asks for it. */
export function directiveOf({ fault, settings }: FaultCase): string {
  return settings === undefined ? fault : `${fault};${settings}`;
}

/** Whether another model that is well must answer in the place of the one with the fault. */
export function isHealedByFallback(expectation: Expectation): boolean {
  return (expectation.ends === 'status' || expectation.ends === 'late_error') && errors[expectation.code].blames === 'upstream';
}
