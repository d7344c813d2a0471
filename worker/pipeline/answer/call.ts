/** One call of one model server while its answer comes in. */
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import type { ModelConfig, UpstreamConfig } from '../../../shared/config.ts';
import type { Answer, AnswerState } from '../../core/answer/answer.ts';
import type { AlreadySent } from '../../core/answer/choice.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { routeKey } from '../../core/upstreams/route-key.ts';
import type { Dialect } from '../../core/upstreams/dialect.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import type { Asking } from '../calls/pace.ts';
import { mostTokens } from '../run/asked.ts';
import type { Parts, Run } from '../run/run.ts';
import { startWatch, type Watch, type WatchLimits } from './watch.ts';

export interface Call {
  readonly run: Run;
  readonly candidate: Candidate;
  readonly model: ModelConfig;
  readonly upstream: UpstreamConfig;
  readonly dialect: Dialect;
  readonly controller: AbortController;
  readonly resumed: Resumed | null;
  readonly startedAtMs: number;
  /** How the server is asked; one that answers the other way is understood as well. */
  readonly asking: Asking;
  /** The limit that ran out, if one did. */
  limit: 'first_event' | 'idle' | 'total' | null;
}

/** What the client has already, when a call finishes an answer that broke off. */
export interface Resumed {
  readonly sent: AlreadySent;
  readonly head: AnswerState['head'];
  /** What this call may generate: with what the client has, no more than it asked for. */
  readonly maxTokens: number;
}

export const timedOut: UpstreamFailure = { failure: { code: 'upstream_timeout' }, cause: 'timeout' };
export const unusable: UpstreamFailure = { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' };
export const tooLarge: UpstreamFailure = { failure: { code: 'upstream_too_large' }, cause: 'invalid_answer' };

/** The limits of a call whose answer has begun. */
export function watchLimits({ deps, asked }: Parts<'deps' | 'asked'>, candidate: Candidate, state: AnswerState): WatchLimits {
  const { config } = deps;
  const { idle, total } = upstreamOf(config, candidate.upstreamId).timeouts_ms;
  return {
    idleMs: idle,
    totalMs: total,
    tokensPerSecond: modelOf(config, candidate.modelId).slow_tokens_per_second,
    maxTokens: mostTokens(asked),
    progress: state,
  };
}

/** Silence shorter than this says nothing. */
const leastQuietMs = 10_000;

/** Keeps the call's place, and says whether it is lost: silent, and the engine behind it known to be dead while its API answers. */
export function isLost({ deps, asked, tried }: Parts<'deps' | 'asked' | 'tried'>, route: Candidate, quietMs: number): boolean {
  const { background } = asked.caller;
  tried.place?.keep(background);
  if (quietMs < leastQuietMs) return false;
  const snapshot = deps.health.snapshot(background);
  return !(snapshot instanceof Promise) && (snapshot.instances[routeKey(route)]?.wedgedSinceMs ?? null) !== null;
}

/** Idle and total limits of a call of which the client is shown nothing yet. */
export function watchCall(call: Call, answer: Answer): Watch {
  const { deps } = call.run;
  const onLimit = (limit: 'idle' | 'total'): void => {
    call.limit ??= limit;
    call.controller.abort();
  };
  return startWatch(deps.clock, deps.timers, {
    ...watchLimits(call.run, call.candidate, answer.state),
    pingMs: null,
    onLimit,
    onBeat: (quietMs) => isLost(call.run, call.candidate, quietMs) && onLimit('idle'),
    onPing: () => undefined,
  });
}
