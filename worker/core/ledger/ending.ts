/** How a run ended for its client, and what the ledger calls that. */
import { errors, type Failure } from '../../../shared/errors.ts';
import type { Ending } from '../../../shared/records.ts';

export type RunEnding =
  | { readonly kind: 'ok' }
  | { readonly kind: 'client_gone' }
  | { readonly kind: 'failed'; readonly failure: Failure };

export function endingOf(ending: RunEnding): Ending {
  if (ending.kind === 'ok') return 'ok';
  if (ending.kind === 'client_gone') return 'client_abort';
  const { code } = ending.failure;
  if (code === 'upstream_timeout') return 'timeout';
  return errors[code].blames === 'client' ? 'rejected' : 'upstream_error';
}
