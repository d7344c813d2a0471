/**
 * A row of the fault table: what a streaming client, a client of a whole answer and the ledger must see. Rows rely on the limits of a fast
 * test configuration: first event 1.7 s, silence 1.5 s, whole answer 4 s, status held back for 3 s, answers of 500 kB.
 */
import type { ErrorCode } from '../../shared/errors.ts';
import { errors } from '../../shared/errors.ts';
import type { Ending } from '../../shared/records.ts';
import type { FaultName } from '../standin/faults.ts';

/** How a request ends for its client, and in the ledger. */
export type Expectation =
  | { readonly ends: 'complete'; readonly ledger: Ending }
  /** An error answer with its true status: nothing had been sent yet. */
  | { readonly ends: 'status'; readonly code: ErrorCode; readonly ledger: Ending }
  /** The headers had to go out before the first event, so the error comes as an event; another model may still answer instead. */
  | { readonly ends: 'late_error'; readonly code: ErrorCode; readonly ledger: Ending }
  /** Some of the answer had been sent: an error event ends it, without finish_reason and [DONE]. */
  | { readonly ends: 'error_event'; readonly code: ErrorCode; readonly ledger: Ending };

/** What a request must ask for to trigger the fault. The calls of `text` tools are written by a server without a tool parser. */
export type Need =
  | 'tools'
  | 'two_tools'
  | 'required_tool'
  | 'text_tools'
  | 'two_text_tools'
  | 'unused_tools'
  | 'schema'
  | 'logprobs'
  | 'thinking'
  | 'flow'
  | 'room';

export interface FaultCase {
  readonly fault: FaultName;
  /** `key=value;…` beyond the fault's defaults. */
  readonly settings?: string;
  readonly needs?: Need;
  readonly streamed: Expectation;
  readonly plain: Expectation;
  /** Whether a complete answer has the same text and calls as without the fault. */
  readonly text: 'same' | 'other';
  /** The finish reason of a complete answer, where it matters. */
  readonly finish?: string;
  /** What the client must be able to read in the answer. */
  readonly shows?: string;
  readonly retryAfterSeconds?: number;
  /** It affects other requests as well: the listener is closed, or the model counts as missing. */
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

type Rest = Pick<FaultCase, 'settings' | 'needs' | 'finish' | 'shows' | 'retryAfterSeconds' | 'isContagious'>;

/** A client must not notice; `other` where the fault changes the words. */
export function harmless(fault: FaultName, text: FaultCase['text'], rest: Rest = {}): FaultCase {
  return { fault, streamed: complete, plain: complete, text, ...rest };
}

/** Detected before anything is sent. */
export function refused(fault: FaultName, code: ErrorCode, rest: Rest = {}): FaultCase {
  return { fault, streamed: status(code), plain: status(code), text: 'same', ...rest };
}

/** Detected only after a streaming client has part of the answer. */
export function broken(fault: FaultName, code: ErrorCode, rest: Rest = {}): FaultCase {
  return { fault, streamed: errorEvent(code), plain: status(code), text: 'same', ...rest };
}

/** Detected later than the headers can wait. */
export function late(fault: FaultName, code: ErrorCode, rest: Rest = {}): FaultCase {
  return { fault, streamed: lateError(code), plain: status(code), text: 'same', ...rest };
}
