/** Whose trouble the end of a shared run is: the leader's own, or that of all who ask the same. */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { KeptEnding } from './kept-answer.ts';

/** Ends that say nothing of what another request would get: its client left, its key had no room, its isolate was stopped. */
const own: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'client_closed_request',
  'stream_cancelled',
  'rate_limit_exceeded',
  'concurrency_limit_exceeded',
  'request_exceeds_limit',
  'budget_exceeded',
  'state_unavailable',
  'internal_error',
  'not_ready',
]);

/** Without metadata nobody has ended it: its writer was given up. */
export function isLeadersOwn({ failure, metadata }: Extract<KeptEnding, { kind: 'failed' }>): boolean {
  return metadata === null || own.has(failure.code);
}
