/** Tries the plan's candidates until one answers or none is left. What to try next is the core's decision; here it is carried out. */
import type { Failure } from '../../../shared/errors.ts';
import { fail, type Result } from '../../../shared/result.ts';
import type { HealthSnapshot } from '../../core/health/snapshot.ts';
import { isUsable } from '../../core/health/usable.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { routeKey } from '../../core/upstreams/route-key.ts';
import { mayEscalate } from '../../core/route/may-escalate.ts';
import { largeTierOnly, withoutModel } from '../../core/route/narrow-plan.ts';
import { next } from '../../core/route/next.ts';
import { countRequest, countRetry, mayRetry } from '../../core/route/retry-budget.ts';
import { leastAnswer, loweredTokens } from '../../core/route/token-room.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import type { PipelineDeps } from '../run/deps.ts';
import type { Parts, Run } from '../run/run.ts';
import { isDoubted, type Tried } from '../run/tried.ts';
import { releasePlace, takePlace } from './places.ts';
import { report, reportAttempt } from './report.ts';
import { refuseCall } from './reserve.ts';
import { awaitPods } from './wake.ts';

/** Makes one call. The chain does not know what it asks, nor how its answer is read. */
export type OpenCall<Opened> = (candidate: Candidate) => Promise<Result<Opened, UpstreamFailure>>;

export async function tryInTurn<Opened extends { readonly kind: 'stream' | 'whole' }>(
  run: Run,
  open: OpenCall<Opened>,
): Promise<Result<Opened, Failure>> {
  const { deps, asked, tried, client } = run;
  deps.retryBudget.current = countRequest(deps.retryBudget.current, deps.clock.now());
  let refusal: Failure | null = tried.awaited === null ? null : await awaitPods(run);
  if (refusal !== null) return fail(refusal);
  for (;;) {
    const seen = deps.health.snapshot(asked.caller.background);
    const snapshot = seen instanceof Promise ? await seen : seen;
    const { plan } = tried.route;
    const step = next(isDoubted(tried) ? largeTierOnly(plan, deps.config) : plan, tried.outcomes, contextOf(deps, snapshot));
    if (step.kind === 'fail') return fail(refused(tried, refusal) ?? step.failure);
    if (step.kind === 'answer') throw new Error('the chain continues after an answer');
    if (step.as === 'retry') deps.retryBudget.current = countRetry(deps.retryBudget.current, deps.clock.now());
    if (step.waitMs > 0) await pause(deps, step.waitMs);
    if (client.isGone) return fail({ code: 'client_closed_request' });
    const refusing = refuseCall(run, step.candidate);
    const failure = refusing === null ? null : await refusing;
    if (failure !== null) {
      refusal = failure;
      tried.route = withoutModel(tried.route, step.candidate.modelId);
      continue;
    }
    // No better model is up: a doubtful answer is shown, and need not be held back to be judged.
    tried.judges &&= mayEscalate(tried.route, asked.request.choiceCount, deps.config, (route) =>
      isUsable(snapshot, route, deps.clock.now()),
    );
    const result = await tryOnce(run, step.candidate, snapshot, open);
    if (result !== null) return result;
  }
}

/** A budget or a limit had no room for one more call. What went wrong with the last one is the reason, unless that was only not good enough. */
function refused({ outcomes }: Tried, refusal: Failure | null): Failure | null {
  const last = outcomes.at(-1);
  return last === undefined || last.isOk || last.cause === 'low_confidence' ? refusal : null;
}

/** Null when another candidate may be tried. */
async function tryOnce<Opened extends { readonly kind: 'stream' | 'whole' }>(
  run: Run,
  candidate: Candidate,
  snapshot: HealthSnapshot,
  open: OpenCall<Opened>,
): Promise<Result<Opened, Failure> | null> {
  const startedAtMs = run.deps.clock.now();
  if (snapshot.instances[routeKey(candidate)]?.hasPermit === true) report(run, candidate, startedAtMs, { kind: 'trial' });
  const taking = takePlace(run, candidate, snapshot);
  const place = taking instanceof Promise ? await taking : taking;
  // A full queue is not a model failure, and the other models share the GPU, so there is no fallback: the client is told when to come back.
  if (!place.ok) return place;
  const first = await open(candidate);
  const opened = first.ok || first.failure.limit === undefined ? first : await openWithRoom(run, candidate, first, open);
  if (!opened.ok || opened.value.kind === 'whole') releasePlace(run);
  if (run.client.isGone) return fail({ code: 'client_closed_request' });
  reportAttempt(run, candidate, startedAtMs, opened);
  return opened.ok ? opened : null;
}

/** Asks once more with fewer tokens where the limit was the gateway's own and the server says that it is too much. */
async function openWithRoom<Opened>(
  { asked, tried, client }: Parts<'asked' | 'tried' | 'client'>,
  candidate: Candidate,
  opened: Result<Opened, UpstreamFailure>,
  open: OpenCall<Opened>,
): Promise<Result<Opened, UpstreamFailure>> {
  const limit = opened.ok ? undefined : opened.failure.limit;
  if (limit === undefined || tried.askedTokens === null || client.isGone) return opened;
  const { contextTokens } = limit;
  const hasLarger = tried.route.plan.candidates.some((other) => contextTokens !== null && other.contextTokens > contextTokens);
  const lowered = loweredTokens(tried.askedTokens, limit, asked.view, leastAnswer(hasLarger));
  if (lowered === null) return opened;
  tried.lowered.set(routeKey(candidate), lowered);
  return open(candidate);
}

function contextOf({ clock, random, config, retryBudget }: PipelineDeps, snapshot: HealthSnapshot) {
  const nowMs = clock.now();
  const { retry } = config.routing;
  return { nowMs, random, retry, isRetryAllowed: mayRetry(retryBudget.current, nowMs, retry), snapshot };
}

function pause({ timers }: PipelineDeps, waitMs: number): Promise<void> {
  return new Promise((resolve) => timers.once(waitMs, resolve));
}
