/**
 * The step between two attempts: given the plan and the outcomes so far, try something, answer, or fail. Pure: it sends nothing and waits
 * for nothing. The rules per cause are in `upstreams/causes.ts`; this file holds the order in which they apply.
 */
import type { RoutingConfig } from '../../../shared/config.ts';
import { errors } from '../../../shared/errors.ts';
import type { Failure } from '../../../shared/errors.ts';
import type { HealthSnapshot, InstanceSnapshot } from '../health/snapshot.ts';
import { currentStatus, isUsable, leastBad } from '../health/usable.ts';
import type { Candidate, AttemptOutcome, FailedOutcome, Plan } from './attempt.ts';
import { routeKey } from '../upstreams/route-key.ts';
import { ruleOf } from '../upstreams/causes.ts';
import { telling } from './attempt.ts';
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
}

/**
 * Why this attempt is made. Only a `retry` is counted against the retry budget. `last_resort`: nothing in the plan is usable, and this is
 * the least bad of it.
 */
export type AttemptKind = 'first' | 'retry' | 'fallback' | 'last_resort';

export type NextStep =
  | { readonly kind: 'try'; readonly candidate: Candidate; readonly waitMs: number; readonly as: AttemptKind }
  | { readonly kind: 'answer' }
  | { readonly kind: 'fail'; readonly failure: Failure };

/**
 * Decides the next step of one request; ends after at most `max_attempts` attempts. With the retry budget spent, the same model is not
 * tried again, and the chain continues only to models that are up: fallbacks are not budgeted because an ejected model gets none.
 *
 * @param outcomes all attempts of this request so far, in order
 */
export function next(plan: Plan, outcomes: readonly AttemptOutcome[], context: NextContext): NextStep {
  const last = outcomes.at(-1);
  if (last === undefined) return firstStep(plan, context);
  if (last.isOk) return { kind: 'answer' };
  const failed = outcomes.filter((outcome) => !outcome.isOk);
  const remaining = context.retry.max_attempts - outcomes.length;
  if (remaining <= 0 || ruleOf(last.cause).elsewhere === 'never') return { kind: 'fail', failure: mostUseful(failed, last) };

  const open = plan.candidates.filter((candidate) => isOpen(candidate, plan, failed, context));
  // The chain does not return to a model that it has left.
  const used = new Set(failed.map((outcome) => outcome.candidate.modelId));
  const others = open.filter((candidate) => !used.has(candidate.modelId));
  const levels = new Set(others.map((candidate) => candidate.modelId)).size;
  // A second try must leave enough attempts for every remaining level of the chain.
  if (remaining > levels && mayTryModelAgain(last.candidate.modelId, failed, context)) {
    const sibling = open.find((candidate) => candidate.modelId === last.candidate.modelId);
    if (sibling !== undefined) return { kind: 'try', candidate: sibling, waitMs: 0, as: 'retry' };
    const isPlanned = plan.candidates.some((candidate) => routeKey(candidate) === routeKey(last.candidate));
    if (isPlanned && mayRetryRoute(last, failed, others.length === 0, context)) return retryRoute(last, failed, context);
  }
  const fallback = others[0];
  if (fallback !== undefined) return { kind: 'try', candidate: fallback, waitMs: 0, as: 'fallback' };
  return { kind: 'fail', failure: mostUseful(failed, last) };
}

function firstStep(plan: Plan, context: NextContext): NextStep {
  const fits = (candidate: Candidate): boolean => candidate.contextTokens >= plan.requiredContextTokens;
  for (const candidate of plan.candidates) {
    const isOpen = fits(candidate) && isUsable(context.snapshot, candidate, context.nowMs);
    if (isOpen) return { kind: 'try', candidate, waitMs: 0, as: 'first' };
  }
  const fitting = plan.candidates.filter(fits);
  const best = leastBad(fitting, (candidate) => instanceOf(candidate, context), context.nowMs);
  if (best === undefined) {
    return { kind: 'fail', failure: { code: plan.candidates.length === 0 ? 'no_upstream' : 'context_length_exceeded' } };
  }
  return { kind: 'try', candidate: best, waitMs: throttleWaitMs(best, context), as: 'last_resort' };
}

/** A throttle that ends soon is waited out; a longer one does not close the last path. */
function throttleWaitMs(candidate: Candidate, context: NextContext): number {
  const instance = instanceOf(candidate, context);
  if (instance === undefined || currentStatus(instance, context.nowMs) !== 'throttled') return 0;
  const leftMs = (instance.untilMs ?? context.nowMs) - context.nowMs;
  return leftMs <= context.retry.max_retry_after_ms ? afterRetryAfterMs(leftMs, context.random, context.retry) : 0;
}

/** Whether a route that this request has not used may be used now. */
function isOpen(candidate: Candidate, plan: Plan, failed: readonly FailedOutcome[], context: NextContext): boolean {
  if (candidate.contextTokens < plan.requiredContextTokens) return false;
  if (!isUsable(context.snapshot, candidate, context.nowMs)) return false;
  const instance = instanceOf(candidate, context);
  if (!context.isRetryAllowed && instance !== undefined && currentStatus(instance, context.nowMs) !== 'up') return false;
  let behindSameTunnel = 0;
  for (const outcome of failed) {
    const used = outcome.candidate;
    if (routeKey(used) === routeKey(candidate)) return false;
    const { elsewhere } = ruleOf(outcome.cause);
    if (elsewhere === 'larger' && candidate.contextTokens <= (outcome.roomTokens ?? used.contextTokens)) return false;
    if (elsewhere !== 'once' || used.tunnelId !== candidate.tunnelId) continue;
    behindSameTunnel += 1;
    if (behindSameTunnel > 1 || used.upstreamId === candidate.upstreamId || used.modelId === candidate.modelId) return false;
  }
  return true;
}

function mayTryModelAgain(modelId: string, failed: readonly FailedOutcome[], context: NextContext): boolean {
  const tries = failed.filter((outcome) => outcome.candidate.modelId === modelId).length;
  return context.isRetryAllowed && tries < context.retry.attempts_per_model;
}

function mayRetryRoute(last: FailedOutcome, failed: readonly FailedOutcome[], isAlone: boolean, context: NextContext): boolean {
  const { sameRoute } = ruleOf(last.cause);
  const { retryAfterMs } = last.failure;
  // A server that fell silent may still be working on the first call.
  if (sameRoute === 'never' || last.failure.code === 'upstream_timeout') return false;
  if (retryAfterMs !== undefined && retryAfterMs > context.retry.max_retry_after_ms) return false;
  if (sameRoute === 'if_told' && retryAfterMs === undefined && !isAlone) return false;
  if (sameRoute === 'if_alone' && !isAlone) return false;
  const instance = instanceOf(last.candidate, context);
  if (instance === undefined) return true;
  // A second try helps against a blip. When other requests have failed there too, it is not a blip. Failures that the request may have
  // caused are not counted yet.
  const own = failed.filter(({ candidate, cause }) => {
    const { countsAs } = ruleOf(cause);
    return routeKey(candidate) === routeKey(last.candidate) && countsAs !== null && countsAs !== 'server';
  }).length;
  if (!isAlone && instance.consecutiveFailures > own) return false;
  // Waiting helps against a throttle; any other status means that the model was ejected in the meantime.
  const status = currentStatus(instance, context.nowMs);
  return status === 'up' || (status === 'throttled' && last.cause === 'rate_limited');
}

function retryRoute(last: FailedOutcome, failed: readonly FailedOutcome[], context: NextContext): NextStep {
  const { retryAfterMs } = last.failure;
  const retries = failed.length - new Set(failed.map((outcome) => routeKey(outcome.candidate))).size;
  const waitMs =
    retryAfterMs === undefined
      ? backoffMs(retries, context.random, context.retry)
      : afterRetryAfterMs(retryAfterMs, context.random, context.retry);
  return { kind: 'try', candidate: last.candidate, waitMs, as: 'retry' };
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

function roomOf({ candidate, roomTokens }: FailedOutcome): number {
  return roomTokens ?? candidate.contextTokens;
}

function instanceOf(candidate: Candidate, context: NextContext): InstanceSnapshot | undefined {
  return context.snapshot?.instances[routeKey(candidate)];
}
