/** How a run ended for its client, and what the ledger calls that. */
import { type ErrorCode, errors, type Failure } from '../../../shared/errors.ts';
import type { Ending } from '../../../shared/records.ts';

export type RunEnding =
  | { readonly kind: 'ok' }
  | { readonly kind: 'client_gone' }
  /** Somebody asked for it to be stopped. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly failure: Failure };

export function endingOf(ending: RunEnding): Ending {
  if (ending.kind === 'ok') return 'ok';
  if (ending.kind === 'client_gone') return 'client_abort';
  if (ending.kind === 'cancelled') return 'cancelled';
  const { code } = ending.failure;
  if (code === 'upstream_timeout') return 'timeout';
  return errors[code].blames === 'client' ? 'rejected' : 'upstream_error';
}

/** HTTP's word for a client that left; nobody reads it but logs. */
export const goneStatus = 499;
export const goneEndings: readonly Ending[] = ['client_abort', 'cancelled'];

/**
 * The status of a request's answer, as far as its headers had not gone out before it failed: that of its error, 200 without one. Null when its
 * ending was never reported.
 */
export function statusOf(ending: Ending, code: ErrorCode | null): number | null {
  if (goneEndings.includes(ending)) return goneStatus;
  if (code !== null) return errors[code].status;
  return ending === 'unknown' ? null : 200;
}
