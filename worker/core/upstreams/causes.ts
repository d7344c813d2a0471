/**
 * Every way a call of a model server can fail, and what each means for the next try and for the model's health. One table; the routing
 * step and the health reducer read it and know nothing else about causes.
 */

interface CauseRule {
  /**
   * A second try of the same route. `yes`: once, before the chain; `if_told`: when a short Retry-After asks for it, else only without an
   * alternative; `if_alone`: only without an alternative; `never`.
   */
  readonly sameRoute: 'yes' | 'if_told' | 'if_alone' | 'never';
  /** Another route. `once`: one more upstream behind the same tunnel, then only other tunnels; `larger`: only a model with more room. */
  readonly elsewhere: 'yes' | 'once' | 'larger' | 'never';
  /** The breaker counter it increments; `null` never counts against the model. */
  readonly countsAs: 'path' | 'server' | 'overload' | 'broken' | null;
  /** What it says about the tunnel: `blames`, `clears` (an answer came through) or `silent`. */
  readonly tunnel: 'blames' | 'clears' | 'silent';
}

/** Every way an attempt can fail. The key of a row is what isolates report and what the breaker counts. */
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
  /** 530 (1033): the tunnel has no connector. */
  tunnel: rule('never', 'once', 'path', 'blames'),
  /** 402, or an empty account under any status: no credit, no quota. */
  account: rule('never', 'yes', 'path', 'clears'),
  /** A 4xx about the form of the call (405, 406, 411 …): the gateway cannot talk to this server. */
  misfit: rule('never', 'yes', 'path', 'clears'),
  /** 404 and 410: the server does not have the model, or not under this path. */
  model_missing: rule('never', 'yes', null, 'clears'),
  /** 200 with a body that is empty, garbage or of the wrong type. */
  invalid_answer: rule('if_alone', 'yes', 'server', 'silent'),
  /** Cut, reset or stalled after the first data event. */
  broken_off: rule('if_alone', 'yes', 'broken', 'silent'),
  /** A whole answer that does not satisfy the request, such as its schema: one more try, then another model. */
  unfit_answer: rule('yes', 'yes', null, 'clears'),
  /** The answer repeats itself without end, or the server abandoned it for that. Chance, not health: another try may succeed. */
  degenerate: rule('if_alone', 'yes', null, 'clears'),
  /** A whole answer without any token: tried once more elsewhere, since an empty answer may also be intended. */
  empty_answer: rule('if_alone', 'yes', null, 'clears'),
  /** The small tier's answer was judged too uncertain to be shown: the next tier answers. Says nothing about health. */
  low_confidence: rule('never', 'yes', null, 'clears'),
  context_length: rule('never', 'larger', null, 'clears'),
  /** A refusal is an answer; it is never routed around. */
  content_policy: rule('never', 'never', null, 'clears'),
  /** 400, 413 or 422 about the content: the request is at fault and would fail everywhere. */
  client: rule('never', 'never', null, 'clears'),
} as const satisfies Record<string, CauseRule>;

export type FailureCause = keyof typeof causes;

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
