/**
 * The cost of a call whose end was not seen: the client left, a limit ran out, the connection was lost. The model server may have worked
 * all that time, so the prompt is booked and, where the answer could not be watched token by token, the running time at the model's pace.
 * A call that the server refused, or that failed at once, costs nothing.
 */
import type { Usage } from '../../../shared/usage.ts';
import type { FailureCause } from '../upstreams/causes.ts';

/** How a call that brought no token ended. */
export interface CallEnd {
  /** We ended it: the client had gone, or one of our limits ran out. */
  readonly isGivenUp: boolean;
  /** Null where the call did not fail by itself. */
  readonly cause: FailureCause | null;
  readonly isTimeout: boolean;
  readonly ranMs: number;
}

/** A failure sooner than this is a connection failure: no answer was being generated. */
const leastWorkMs = 1000;
/** Causes that leave open whether the server was working on the call. */
const silentCauses: ReadonlySet<FailureCause> = new Set(['unreachable', 'reset', 'invalid_answer']);

/** Whether the server may have worked on a call that brought no token. */
export function mayHaveWorked({ isGivenUp, cause, isTimeout, ranMs }: CallEnd): boolean {
  if (isGivenUp) return true;
  // A proxy's timeout (504, 522, 524) says that the server was at work, or might have been.
  const isSilent = cause !== null && (silentCauses.has(cause) || isTimeout);
  return isSilent && ranMs >= leastWorkMs;
}

export interface UnseenWork {
  readonly ranMs: number;
  /** A stream, whose tokens would have been seen: none came, so none was generated. */
  readonly isWatched: boolean;
  readonly tokensPerSecond: number;
  readonly choices: number;
  /** Of all choices: what was sent upstream. */
  readonly maxTokens: number;
  /** May be a quarter too low. */
  readonly promptTokensEstimate: number;
  /** What a budget reserved for. */
  readonly maxPromptTokens: number;
}

/** Never more than was reserved for the call. */
export function unseenUsage(work: UnseenWork): Usage {
  const { ranMs, isWatched, tokensPerSecond, choices, maxTokens, promptTokensEstimate, maxPromptTokens } = work;
  const generated = isWatched ? 0 : Math.ceil((ranMs / 1000) * tokensPerSecond * choices);
  return {
    promptTokens: Math.min(maxPromptTokens, Math.ceil(promptTokensEstimate * estimateMargin)),
    completionTokens: Math.min(maxTokens, generated),
    cachedTokens: null,
    reasoningTokens: null,
    isEstimated: true,
  };
}

const estimateMargin = 1.34;
