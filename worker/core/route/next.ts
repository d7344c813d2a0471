/**
 * The step between two attempts: given the plan and what came of the attempts so far, try something, answer, or fail. It sends nothing
 * and waits for nothing. The rules per cause stand in `attempt.ts`; this file holds the order in which they are asked.
 */
import type { RoutingConfig } from '../../../shared/config.ts';
import { errors } from '../../../shared/errors.ts';
import type { Failure } from '../../../shared/errors.ts';
import type { HealthSnapshot, InstanceSnapshot } from '../health/snapshot.ts';
import { currentStatus, isUsable, leastBad } from '../health/usable.ts';
import type { Attempt, AttemptOutcome, FailedOutcome, Plan } from './attempt.ts';
import { routeKey, ruleOf, telling } from './attempt.ts';
import { afterRetryAfterMs, backoffMs } from './backoff.ts';

export interface NextContext {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly retry: RoutingConfig['retry'];
  /** What `mayRetry` of the retry budget says. */
  readonly isRetryAllowed: boolean;
  /** With the isolate's overlay; `null` on a cold isolate that could not read one: everything is usable. */
  readonly snapshot: HealthSnapshot | null;
  /** The first data event has gone to the client: nothing may be tried any more. */
  readonly isCommitted: boolean;
}

/**
 * Why this attempt is made. Only a `retry` is counted against the retry budget. `last_resort`: nothing in the plan is usable, and this is
 * the least bad of it.
 */
export type AttemptKind = 'first' | 'retry' | 'fallback' | 'last_resort';

export type NextStep =
  | { readonly kind: 'try'; readonly attempt: Attempt; readonly waitMs: number; readonly as: AttemptKind }
  | { readonly kind: 'answer' }
  | { readonly kind: 'fail'; readonly failure: Failure };

/**
 * Decides the next step of one request; ends after at most `max_attempts` attempts. With the retry budget spent, the same model is not
 * tried again, and the chain goes on only to models that are up: fallbacks are not budgeted because an ejected model gets none.
 *
 * @param outcomes all attempts of this request so far, in order
 */
export function next(plan: Plan, outcomes: readonly AttemptOutcome[], context: NextContext): NextStep {
  const last = outcomes.at(-1);
  if (last === undefined) return firstStep(plan, context);
  if (last.isOk) return { kind: 'answer' };
  if (context.isCommitted) return { kind: 'fail', failure: last.failure };
  const failed = outcomes.filter((outcome) => !outcome.isOk);
  const remaining = context.retry.max_attempts - outcomes.length;
  if (remaining <= 0 || ruleOf(last.cause).elsewhere === 'never') return { kind: 'fail', failure: mostUseful(failed, last) };

  const open = plan.attempts.filter((attempt) => isOpen(attempt, plan, failed, context));
  // The chain does not come back to a model that it has left.
  const used = new Set(failed.map((outcome) => outcome.attempt.modelId));
  const others = open.filter((attempt) => !used.has(attempt.modelId));
  const levels = new Set(others.map((attempt) => attempt.modelId)).size;
  // A second try must not cost a level of the chain its turn.
  if (remaining > levels && mayTryModelAgain(last.attempt.modelId, failed, context)) {
    const sibling = open.find((attempt) => attempt.modelId === last.attempt.modelId);
    if (sibling !== undefined) return { kind: 'try', attempt: sibling, waitMs: 0, as: 'retry' };
    const isPlanned = plan.attempts.some((attempt) => routeKey(attempt) === routeKey(last.attempt));
    if (isPlanned && mayRetryRoute(last, failed, others.length === 0, context)) return retryRoute(last, failed, context);
  }
  const fallback = others[0];
  if (fallback !== undefined) return { kind: 'try', attempt: fallback, waitMs: 0, as: 'fallback' };
  return { kind: 'fail', failure: mostUseful(failed, last) };
}

function firstStep(plan: Plan, context: NextContext): NextStep {
  if (context.isCommitted) return { kind: 'fail', failure: { code: 'internal_error' } };
  const fitting = plan.attempts.filter((attempt) => attempt.contextTokens >= plan.requiredContextTokens);
  const usable = fitting.find((attempt) => isUsable(context.snapshot, attempt, context.nowMs));
  if (usable !== undefined) return { kind: 'try', attempt: usable, waitMs: 0, as: 'first' };
  const best = leastBad(fitting, (attempt) => instanceOf(attempt, context), context.nowMs);
  if (best === undefined) {
    return { kind: 'fail', failure: { code: plan.attempts.length === 0 ? 'no_upstream' : 'context_length_exceeded' } };
  }
  return { kind: 'try', attempt: best, waitMs: throttleWaitMs(best, context), as: 'last_resort' };
}

/** A throttle that ends soon is waited out; a longer one does not close the last path. */
function throttleWaitMs(attempt: Attempt, context: NextContext): number {
  const instance = instanceOf(attempt, context);
  if (instance === undefined || currentStatus(instance, context.nowMs) !== 'throttled') return 0;
  const leftMs = (instance.untilMs ?? context.nowMs) - context.nowMs;
  return leftMs <= context.retry.max_retry_after_ms ? afterRetryAfterMs(leftMs, context.random, context.retry) : 0;
}

/** Whether a route that this request has not used may be used now. */
function isOpen(attempt: Attempt, plan: Plan, failed: readonly FailedOutcome[], context: NextContext): boolean {
  if (attempt.contextTokens < plan.requiredContextTokens) return false;
  if (!isUsable(context.snapshot, attempt, context.nowMs)) return false;
  const instance = instanceOf(attempt, context);
  if (!context.isRetryAllowed && instance !== undefined && currentStatus(instance, context.nowMs) !== 'up') return false;
  let behindSameTunnel = 0;
  for (const outcome of failed) {
    const used = outcome.attempt;
    if (routeKey(used) === routeKey(attempt)) return false;
    const { elsewhere } = ruleOf(outcome.cause);
    if (elsewhere === 'larger' && attempt.contextTokens <= (outcome.roomTokens ?? used.contextTokens)) return false;
    if (elsewhere !== 'once' || used.tunnelId !== attempt.tunnelId) continue;
    behindSameTunnel += 1;
    if (behindSameTunnel > 1 || used.upstreamId === attempt.upstreamId || used.modelId === attempt.modelId) return false;
  }
  return true;
}

function mayTryModelAgain(modelId: string, failed: readonly FailedOutcome[], context: NextContext): boolean {
  const tries = failed.filter((outcome) => outcome.attempt.modelId === modelId).length;
  return context.isRetryAllowed && tries < context.retry.attempts_per_model;
}

function mayRetryRoute(last: FailedOutcome, failed: readonly FailedOutcome[], isAlone: boolean, context: NextContext): boolean {
  const { sameRoute } = ruleOf(last.cause);
  const { retryAfterMs } = last.failure;
  // However far it had come: a server that fell silent may still be working on the first call.
  if (sameRoute === 'never' || last.failure.code === 'upstream_timeout') return false;
  if (retryAfterMs !== undefined && retryAfterMs > context.retry.max_retry_after_ms) return false;
  if (sameRoute === 'if_told' && retryAfterMs === undefined && !isAlone) return false;
  if (sameRoute === 'if_alone' && !isAlone) return false;
  const instance = instanceOf(last.attempt, context);
  if (instance === undefined) return true;
  // A second try helps against a blip. When others have failed there, too, it is none. What the request may have caused is not counted yet.
  const own = failed.filter(({ attempt, cause }) => {
    const { countsAs } = ruleOf(cause);
    return routeKey(attempt) === routeKey(last.attempt) && countsAs !== null && countsAs !== 'server';
  }).length;
  if (!isAlone && instance.consecutiveFailures > own) return false;
  // A throttle is what the wait is for; anything else means that the model has been taken out in the meantime.
  const status = currentStatus(instance, context.nowMs);
  return status === 'up' || (status === 'throttled' && last.cause === 'rate_limited');
}

function retryRoute(last: FailedOutcome, failed: readonly FailedOutcome[], context: NextContext): NextStep {
  const { retryAfterMs } = last.failure;
  const retries = failed.length - new Set(failed.map((outcome) => routeKey(outcome.attempt))).size;
  const waitMs =
    retryAfterMs === undefined
      ? backoffMs(retries, context.random, context.retry)
      : afterRetryAfterMs(retryAfterMs, context.random, context.retry);
  return { kind: 'try', attempt: last.attempt, waitMs, as: 'retry' };
}

/**
 * The failure to show: the last one when the request itself is at fault; else one that says when to come back (429, 503) with the longest
 * wait that was named; else the most telling, the last of several alike. A request too long for one model is at fault only if it went
 * to none with more room.
 */
function mostUseful(failed: readonly FailedOutcome[], last: FailedOutcome): Failure {
  if (last.cause === 'context_length') {
    const roomiest = failed.reduce((a, b) => (roomOf(b) >= roomOf(a) ? b : a));
    if (roomiest.cause === 'context_length') return roomiest.failure;
    const others = failed.filter((outcome) => outcome.cause !== 'context_length');
    return mostUseful(others, roomiest);
  }
  if (errors[last.failure.code].blames === 'client') return last.failure;
  const waits = failed.map((outcome) => outcome.failure).filter((failure) => errors[failure.code].retry === 'client');
  const longest = waits.toSorted((a, b) => (b.retryAfterMs ?? -1) - (a.retryAfterMs ?? -1))[0];
  if (longest !== undefined) return longest;
  return failed.reduce((a, b) => (telling[b.cause] <= telling[a.cause] ? b : a), failed[0] ?? last).failure;
}

function roomOf({ attempt, roomTokens }: FailedOutcome): number {
  return roomTokens ?? attempt.contextTokens;
}

function instanceOf(attempt: Attempt, context: NextContext): InstanceSnapshot | undefined {
  return context.snapshot?.instances[routeKey(attempt)];
}
