/** How an answer that has begun ends, stalls or continues. */
import { broken, harmless, late, refused, type FaultCase } from '../fault-case.ts';

export const endings: readonly FaultCase[] = [
  refused('first-event-error', 'upstream_error'),
  broken('mid-error', 'upstream_error'),
  // After the role, which is not part of the answer yet.
  refused('mid-error', 'upstream_error', { settings: 'after=1' }),
  broken('mid-error-no-done', 'upstream_error'),
  broken('mid-reset', 'upstream_truncated'),
  broken('mid-hang-up', 'upstream_truncated'),
  broken('cut-json', 'upstream_truncated'),
  broken('eof', 'upstream_truncated'),
  harmless('no-done', 'same'),
  broken('stall', 'upstream_timeout'),
  harmless('pause', 'same', { settings: 'after=4;ms=700' }),
  late('comments-only', 'upstream_timeout'),
  harmless('no-last-blank-line', 'same'),
  harmless('error-after-finish', 'same'),
  broken('engine-death', 'upstream_error', { settings: 'ms=300', isContagious: true }),
  // Only tokens count as progress.
  broken('stall-with-comments', 'upstream_timeout'),
  broken('stall-with-empty-deltas', 'upstream_timeout'),
  // Longer than the limit for a whole answer, but never silent.
  harmless('comments-between', 'same', { needs: 'flow' }),
];
