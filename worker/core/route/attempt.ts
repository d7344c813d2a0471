/** The types of one request's attempts: what may be tried, how an attempt ended, and which failure is reported to the client. */
import type { Failure } from '../../../shared/errors.ts';
import type { FailureCause } from '../upstreams/causes.ts';

/** One route that may be tried: a model on one of its upstreams. */
export interface Candidate {
  readonly modelId: string;
  readonly upstreamId: string;
  /** Routes with the same tunnel share its fate. */
  readonly tunnelId: string;
  /** Prompt and answer together, in tokens of this model. */
  readonly contextTokens: number;
  /** Why this route has this position in the plan, for logs and for `x-routing-metadata`. */
  readonly reason: string;
}

/** What may be tried, the best first: the routed model's instances, then the chain's, level by level. */
export interface Plan {
  readonly candidates: readonly Candidate[];
  /** Routes with less room are never tried. */
  readonly requiredContextTokens: number;
}

/**
 * Which failure explains best to a client why there is no answer, best first: what the model made of the request, then what the server did,
 * then whether it was reachable, then what only operators can fix. A time-out of the first model explains more than a stand-in that was
 * never installed.
 */
export const telling: Readonly<Record<FailureCause, number>> = {
  client: 0,
  content_policy: 0,
  rate_limited: 1,
  overload: 1,
  unfit_answer: 2,
  degenerate: 3,
  empty_answer: 3,
  timeout: 4,
  broken_off: 5,
  invalid_answer: 5,
  server_error: 6,
  gateway_error: 7,
  reset: 7,
  unreachable: 7,
  tunnel: 7,
  account: 8,
  auth: 8,
  misfit: 8,
  model_missing: 9,
  context_length: 10,
  low_confidence: 10,
};

/** How one attempt ended, as far as the next step has to know. */
export type AttemptOutcome =
  | { readonly isOk: true; readonly candidate: Candidate }
  | {
      readonly isOk: false;
      readonly candidate: Candidate;
      readonly cause: FailureCause;
      readonly failure: Failure;
      /** What the server itself said that it has room for, in tokens; null when it did not say. */
      readonly roomTokens: number | null;
    };

export type FailedOutcome = Extract<AttemptOutcome, { isOk: false }>;
