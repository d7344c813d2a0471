/**
 * What model health hears of a request's calls. A 500 or a garbled answer may be the request's own doing: a body that no server can take.
 * So such failures wait until it is known whether any model answers this request. One that does has proved that the other failed; a
 * refusal of the request has proved that it did not; and where nobody answers, the failures are told with the request's mark, under
 * which one request, however often it is sent, counts once. Everything else (a refused connection, silence, a cut) is told at once.
 */
import type { Failure } from '../../../shared/errors.ts';
import type { Result } from '../../../shared/result.ts';
import type { AttemptReport } from '../../core/health/health-event.ts';
import { bodyMark, mayBeTheRequest, speaksOfRequest } from '../../core/health/request-blame.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import type { FailureCause } from '../../core/upstreams/causes.ts';
import { routeKey } from '../../core/upstreams/route-key.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import type { Parts } from '../run/run.ts';
import { endCall } from '../run/timeline.ts';
import { forgetSpeed, learnSpeed } from './pace.ts';

type What =
  | { readonly kind: 'trial' | 'begun' | 'success' }
  | { readonly kind: 'failure'; readonly cause: FailureCause; readonly retryAfterMs: number | null };

type Reporting = Parts<'deps' | 'asked' | 'tried'>;

export function report(run: Reporting, { modelId, upstreamId }: Candidate, startedAtMs: number, what: What): void {
  const { deps, asked, tried } = run;
  const line: AttemptReport = { modelId, upstreamId, startedAtMs, atMs: deps.clock.now(), count: 1, ...what };
  if (line.kind === 'failure' && mayBeTheRequest(line.cause)) {
    const isFirst = !tried.withheld.some((before) => routeKey(before) === routeKey(line));
    if (isFirst) tried.withheld.push(line);
    return;
  }
  if (line.kind === 'failure' && speaksOfRequest(line.cause) === 'fault') tried.withheld = [];
  else if (line.kind !== 'trial' && (line.kind !== 'failure' || speaksOfRequest(line.cause) === 'answer'))
    tellWithheld(run, null);
  deps.health.report(line, asked.caller.background);
}

/** Notes how an attempt came out: for the next step, for the metadata, for the model's health. */
export function reportAttempt(
  run: Parts<'deps' | 'asked' | 'tried' | 'spent' | 'client'>,
  candidate: Candidate,
  startedAtMs: number,
  opened: Result<{ readonly kind: 'stream' | 'whole' }, UpstreamFailure>,
): void {
  const { tried, client } = run;
  if (!opened.ok) {
    const { failure, cause, limit } = opened.failure;
    tried.outcomes.push({ isOk: false, candidate, cause, failure, roomTokens: limit?.contextTokens ?? null });
    reportFailure(run, candidate, startedAtMs, cause, failure);
    return;
  }
  tried.outcomes.push({ isOk: true, candidate });
  client.servedModelId = candidate.modelId;
  if (opened.value.kind === 'whole') learnSpeed(run, candidate.modelId, startedAtMs);
  report(run, candidate, startedAtMs, { kind: opened.value.kind === 'stream' ? 'begun' : 'success' });
}

/** How a stream ended after it had begun; the chain itself reports everything up to there. */
export function reportEnd(
  run: Parts<'deps' | 'asked' | 'tried' | 'spent'>,
  candidate: Candidate,
  startedAtMs: number,
  broken: { cause: FailureCause; failure: Failure } | null,
): void {
  const times = run.tried.timeline.findLast((call) => call.startedAtMs === startedAtMs && call.candidate === candidate);
  if (times !== undefined) endCall(times, broken === null ? 'ok' : broken.cause, run.deps.clock.now());
  if (broken === null) {
    learnSpeed(run, candidate.modelId, startedAtMs);
    report(run, candidate, startedAtMs, { kind: 'success' });
  } else reportFailure(run, candidate, startedAtMs, broken.cause, broken.failure);
}

/** The request has ended, and no model has answered it: what was withheld is told for what it may be. */
export function reportUnanswered(run: Reporting): void {
  if (run.tried.withheld.length > 0) tellWithheld(run, bodyMark(run.asked.request));
}

function reportFailure(run: Reporting, candidate: Candidate, startedAtMs: number, cause: FailureCause, failure: Failure): void {
  forgetSpeed(run, candidate.modelId);
  report(run, candidate, startedAtMs, { kind: 'failure', cause, retryAfterMs: failure.retryAfterMs ?? null });
}

function tellWithheld({ deps, asked, tried }: Reporting, mark: number | null): void {
  for (const line of tried.withheld.splice(0))
    deps.health.report(mark === null ? line : { ...line, bodyMark: mark }, asked.caller.background);
}
