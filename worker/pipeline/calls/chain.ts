/** Tries the plan's candidates until one answers or none is left. What to try next is the core's decision; here it is carried out. */
import type { Failure } from '../../../shared/errors.ts';
import { modelOf } from '../../../shared/config-prepare.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { isCalm } from '../../core/admission/local-gate.ts';
import type { HealthSnapshot } from '../../core/health/snapshot.ts';
import { isUsable } from '../../core/health/usable.ts';
import type { Answer } from '../../core/relay/answer.ts';
import { type Candidate, type FailureCause, type Plan, routeKey } from '../../core/route/attempt.ts';
import { next } from '../../core/route/next.ts';
import { countRequest, countRetry, mayRetry } from '../../core/route/retry-budget.ts';
import { leastAnswer, loweredTokens } from '../../core/route/token-room.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import { openCall, type Opened, type OpenStream } from '../answer/open.ts';
import { mayEscalate } from '../answer/judge.ts';
import { report } from './report.ts';
import { leaveModelOut, refuseCall } from './reserve.ts';
import { dropSpare, isDoubted, type Run } from '../run/run.ts';

export type ChainResult =
  | { readonly kind: 'stream'; readonly stream: OpenStream }
  | { readonly kind: 'whole'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The one way out: whatever ends the chain without an answer, a doubtful one is shown if there is one. */
export async function runChain(run: Run): Promise<ChainResult> {
  const result = await tryInTurn(run);
  if (result.kind === 'failed' && !run.isClientGone) return spareAnswer(run) ?? result;
  dropSpare(run);
  return result;
}

async function tryInTurn(run: Run): Promise<ChainResult> {
  const { deps } = run;
  deps.retryBudget.current = countRequest(deps.retryBudget.current, deps.clock.now());
  let refusal: Failure | null = null;
  for (;;) {
    const snapshot = await deps.health.snapshot(run.background);
    const step = next(planNow(run), run.outcomes, contextOf(run, snapshot));
    if (step.kind === 'fail') return { kind: 'failed', failure: refused(run, refusal) ?? step.failure };
    if (step.kind === 'answer') throw new Error('the chain goes on after an answer');
    if (step.as === 'retry') deps.retryBudget.current = countRetry(deps.retryBudget.current, deps.clock.now());
    if (step.waitMs > 0) await pause(run, step.waitMs);
    if (run.isClientGone) return { kind: 'failed', failure: { code: 'client_closed_request' } };
    const failure = await refuseCall(run, step.candidate);
    if (failure !== null) {
      refusal = failure;
      leaveModelOut(run, step.candidate.modelId);
      continue;
    }
    // Who could answer better is down: a doubtful answer is shown, and need not be held back to be judged.
    run.judges &&= mayEscalate(run, (route) => isUsable(snapshot, route, deps.clock.now()));
    const result = await tryOnce(run, step.candidate, snapshot);
    if (result !== null) return result;
  }
}

/** Once an answer was not good enough, only the large tier is asked: neither its own model once more nor another small one. */
function planNow(run: Run): Plan {
  const { plan } = run.route;
  if (!isDoubted(run)) return plan;
  return { ...plan, candidates: plan.candidates.filter(({ modelId }) => modelOf(run.deps.config, modelId).tier === 'large') };
}

/** The small tier's doubtful answer, which is better than none: shown whole, or from where it was held back. */
function spareAnswer(run: Run): ChainResult | null {
  const { spare } = run;
  if (spare === null) return null;
  run.spare = null;
  run.servedModelId = spare.begun.modelId;
  // It counts as the last call's answer: what came after it gave none.
  run.answers.push(...run.answers.splice(run.answers.indexOf(spare.begun), 1));
  if (spare.opened.kind === 'stream') {
    run.current = spare.opened.stream;
    run.place = spare.place;
  }
  return spare.opened;
}

/** A budget or a limit had no room for one more call. What went wrong with the last one is the reason, unless that was only not good enough. */
function refused(run: Run, refusal: Failure | null): Failure | null {
  const last = run.outcomes.at(-1);
  return last === undefined || last.isOk || last.cause === 'low_confidence' ? refusal : null;
}

async function tryOnce(run: Run, candidate: Candidate, snapshot: HealthSnapshot): Promise<ChainResult | null> {
  const startedAtMs = run.deps.clock.now();
  if (snapshot.instances[routeKey(candidate)]?.hasPermit === true) report(run, candidate, startedAtMs, { kind: 'trial' });
  const place = await takePlace(run, candidate.modelId, snapshot);
  // A full waiting room is no model's failure, and its neighbour shares the GPU: the client is told at once when to come back.
  if (!place.ok) return { kind: 'failed', failure: place.failure };
  const opened = await openWithRoom(run, candidate);
  if (!opened.ok || opened.value.kind === 'whole') releasePlace(run);
  if (run.isClientGone) return { kind: 'failed', failure: { code: 'client_closed_request' } };
  reportAttempt(run, candidate, startedAtMs, opened);
  return opened.ok ? opened.value : null;
}

/** Asks once more with fewer tokens where the limit was the gateway's own and the server says that it is too much. */
async function openWithRoom(run: Run, candidate: Candidate): Promise<Result<Opened, UpstreamFailure>> {
  const opened = await openCall(run, candidate);
  const limit = opened.ok ? undefined : opened.failure.limit;
  if (limit === undefined || run.askedTokens === null || run.isClientGone) return opened;
  const { contextTokens } = limit;
  const hasLarger = run.route.plan.candidates.some((other) => contextTokens !== null && other.contextTokens > contextTokens);
  const lowered = loweredTokens(run.askedTokens, limit, run.view, leastAnswer(hasLarger));
  if (lowered === null) return opened;
  run.lowered.set(routeKey(candidate), lowered);
  return openCall(run, candidate);
}

/** Waits until the model has a place for this call. A client that leaves meanwhile gives its seat up. */
export async function takePlace(run: Run, modelId: string, snapshot: HealthSnapshot): Promise<Result<null, Failure>> {
  const { config, admission, newId } = run.deps;
  const plans = config.routing.admission.plans;
  const { weight, priority } = plans[run.key.plan] ?? plans['default'] ?? { weight: 1, priority: 1 };
  const waiting = new AbortController();
  run.current = waiting;
  const isCalmNow = isCalm(snapshot, modelId, modelOf(config, modelId).max_in_flight);
  const request = { modelId, ticketId: newId(), keyId: run.key.id, weight, priority, isCalm: isCalmNow };
  const onQueued = (position: number): void => {
    run.queuePosition = position;
  };
  const place = await admission.enter(request, onQueued, waiting.signal, run.background);
  run.queuePosition = null;
  if (!place.ok) return place;
  run.place = place.value;
  if (!run.isClientGone) return ok(null);
  releasePlace(run);
  return fail({ code: 'client_closed_request' });
}

export function releasePlace(run: Run): void {
  run.place?.release(run.background);
  run.place = null;
}

/** Notes how an attempt came out: for the next step, for the metadata, for the model's health. */
export function reportAttempt(run: Run, candidate: Candidate, startedAtMs: number, opened: Result<Opened, UpstreamFailure>): void {
  if (!opened.ok) {
    const { failure, cause, limit } = opened.failure;
    run.outcomes.push({ isOk: false, candidate, cause, failure, roomTokens: limit?.contextTokens ?? null });
    reportFailure(run, candidate, startedAtMs, cause, failure);
    return;
  }
  run.isEscalated = isDoubted(run);
  run.outcomes.push({ isOk: true, candidate });
  run.servedModelId = candidate.modelId;
  report(run, candidate, startedAtMs, { kind: opened.value.kind === 'stream' ? 'begun' : 'success' });
}

function contextOf(run: Run, snapshot: HealthSnapshot) {
  const { clock, random, config, retryBudget } = run.deps;
  const nowMs = clock.now();
  const { retry } = config.routing;
  return { nowMs, random, retry, isRetryAllowed: mayRetry(retryBudget.current, nowMs, retry), snapshot, isCommitted: false };
}

/** How a stream ended after it had begun; the chain itself reports everything up to there. */
export function reportEnd(
  run: Run,
  candidate: Candidate,
  startedAtMs: number,
  broken: { cause: FailureCause; failure: Failure } | null,
): void {
  if (broken === null) report(run, candidate, startedAtMs, { kind: 'success' });
  else reportFailure(run, candidate, startedAtMs, broken.cause, broken.failure);
}

function reportFailure(run: Run, candidate: Candidate, startedAtMs: number, cause: FailureCause, failure: Failure): void {
  report(run, candidate, startedAtMs, { kind: 'failure', cause, retryAfterMs: failure.retryAfterMs ?? null });
}

function pause(run: Run, waitMs: number): Promise<void> {
  return new Promise((resolve) => run.deps.timers.once(waitMs, resolve));
}
