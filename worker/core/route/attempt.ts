/**
 * The words of one request's attempts: what may be tried, how a try ended, and what each way of failing means for the next try and for
 * the model's health. One table; the routing step and the health reducer read it and know nothing else about causes.
 */
import type { Failure } from '../../../shared/errors.ts';

/** One route that may be tried: a model on one of its upstreams. */
export interface Candidate {
  readonly modelId: string;
  readonly upstreamId: string;
  /** Routes with the same tunnel share its fate. */
  readonly tunnelId: string;
  /** Prompt and answer together, in tokens of this model. */
  readonly contextTokens: number;
  /** Why this route stands at this place of the plan, for logs and for `x-routing-metadata`. */
  readonly reason: string;
}

/** What may be tried, the best first: the routed model's instances, then the chain's, level by level. */
export interface Plan {
  readonly candidates: readonly Candidate[];
  /** Routes with less room are never tried. */
  readonly requiredContextTokens: number;
}

interface CauseRule {
  /**
   * A second try of the same route. `yes`: once, before the chain; `if_told`: when a short Retry-After asks for it, else only without an
   * alternative; `if_alone`: only without an alternative; `never`.
   */
  readonly sameRoute: 'yes' | 'if_told' | 'if_alone' | 'never';
  /** Another route. `once`: one more upstream behind the same tunnel, then only other tunnels; `larger`: only a model with more room. */
  readonly elsewhere: 'yes' | 'once' | 'larger' | 'never';
  /** The count of the breaker that it adds to; `null` never counts against the model. */
  readonly countsAs: 'path' | 'server' | 'overload' | 'broken' | null;
  /** What it says about the tunnel: it `blames` it, `clears` it (an answer came through), or is `silent`. */
  readonly tunnel: 'blames' | 'clears' | 'silent';
}

/** Every way an attempt can fail. The first word of a row is what isolates report and what the breaker counts. */
export const causes = {
  /** Refused, no route, not HTTP: before any header. */
  unreachable: rule('yes', 'yes', 'path', 'silent'),
  /** The connection ended before the first data event. */
  reset: rule('yes', 'yes', 'path', 'silent'),
  /** No headers or no first event in time. A silent server is not asked twice: it may still be working on the first call. */
  timeout: rule('never', 'yes', 'path', 'silent'),
  /** 500 of the model server, or an error as its first event. */
  server_error: rule('yes', 'yes', 'server', 'clears'),
  /** 502, 503, 504 or 52x that a proxy on the way wrote, not the model server. */
  gateway_error: rule('yes', 'yes', 'path', 'blames'),
  /** 503 of the model server itself. */
  overload: rule('if_told', 'yes', 'overload', 'clears'),
  /** 429. */
  rate_limited: rule('if_told', 'yes', null, 'clears'),
  /** 302, 401, 403 or a login page: the gateway's own credentials were refused. */
  auth: rule('never', 'once', 'path', 'blames'),
  /** 530 (1033): nobody is at the other end of the tunnel. */
  tunnel: rule('never', 'once', 'path', 'blames'),
  /** 402, or an empty account by whatever status: no credit, no quota. */
  account: rule('never', 'yes', 'path', 'clears'),
  /** A 4xx about the call's own form (405, 406, 411 …): this server is not one that the gateway can talk to. */
  misfit: rule('never', 'yes', 'path', 'clears'),
  /** 404 and 410: the server does not have the model, or not under this path. */
  model_missing: rule('never', 'yes', null, 'clears'),
  /** 200 with a body that is empty, garbage or of the wrong type. */
  invalid_answer: rule('if_alone', 'yes', 'server', 'silent'),
  /** Cut, reset or stalled after the first data event. */
  broken_off: rule('if_alone', 'yes', 'broken', 'silent'),
  /** A whole answer that does not do what the request asked for, such as its schema: once more, then another model. */
  unfit_answer: rule('yes', 'yes', null, 'clears'),
  /** The server itself gave the answer up as worthless: the model repeated itself without end. Chance, not health: elsewhere it may be well. */
  degenerate: rule('if_alone', 'yes', null, 'clears'),
  /** A whole answer without one token of anything: once more elsewhere, for it may be what the model has to say. */
  empty_answer: rule('if_alone', 'yes', null, 'clears'),
  /** The small tier's answer was judged too uncertain to be shown: the next tier answers. Says nothing about health. */
  low_confidence: rule('never', 'yes', null, 'clears'),
  context_length: rule('never', 'larger', null, 'clears'),
  /** A refusal is an answer; it is never routed around. */
  content_policy: rule('never', 'never', null, 'clears'),
  /** 400, 413 or 422 about the content: the request is at fault and would be everywhere. */
  client: rule('never', 'never', null, 'clears'),
} as const satisfies Record<string, CauseRule>;

export type FailureCause = keyof typeof causes;

/**
 * How much each tells a client of why there is no answer, the most first: what the model made of the request, then what the server did,
 * then whether it was there, then what only operators can mend. A time-out of the model that was asked first is the reason, not the stand-in
 * that was never installed.
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

/** The identity of a route; ids never hold an `@`. */
export function routeKey(route: { readonly modelId: string; readonly upstreamId: string }): string {
  return `${route.modelId}@${route.upstreamId}`;
}

/** The row of a cause, widened so that callers compare it with every possible value. */
export function ruleOf(cause: FailureCause): CauseRule {
  return causes[cause];
}

function rule(
  sameRoute: CauseRule['sameRoute'],
  elsewhere: CauseRule['elsewhere'],
  countsAs: CauseRule['countsAs'],
  tunnel: CauseRule['tunnel'],
): CauseRule {
  return { sameRoute, elsewhere, countsAs, tunnel };
}
