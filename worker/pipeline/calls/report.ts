/**
 * What model health hears of a request's calls. A 500 or a garbled answer may be the request's own doing: a body that no server can take.
 * So such failures wait until it is known whether any model answers this request. One that does has proved that the other failed; a
 * refusal of the request has proved that it did not; and where nobody answers, the failures are told with the request's mark, under
 * which one request, however often it is sent, counts once. Everything else (a refused connection, silence, a cut) is told at once.
 */
import type { AttemptReport } from '../../core/health/health-event.ts';
import { bodyMark, mayBeTheRequest, speaksOfRequest } from '../../core/health/request-blame.ts';
import { type Candidate, type FailureCause, routeKey } from '../../core/route/attempt.ts';
import type { Run } from '../run/run.ts';

type What =
  | { readonly kind: 'trial' | 'begun' | 'success' }
  | { readonly kind: 'failure'; readonly cause: FailureCause; readonly retryAfterMs: number | null };

export function report(run: Run, { modelId, upstreamId }: Candidate, startedAtMs: number, what: What): void {
  const line: AttemptReport = { modelId, upstreamId, startedAtMs, atMs: run.deps.clock.now(), count: 1, ...what };
  if (line.kind === 'failure' && mayBeTheRequest(line.cause)) {
    const isFirst = !run.withheld.some((before) => routeKey(before) === routeKey(line));
    if (isFirst) run.withheld.push(line);
    return;
  }
  if (line.kind === 'failure' && speaksOfRequest(line.cause) === 'fault') run.withheld = [];
  else if (line.kind !== 'trial' && (line.kind !== 'failure' || speaksOfRequest(line.cause) === 'answer'))
    tellWithheld(run, null);
  run.deps.health.report(line, run.background);
}

/** The request has ended, and no model has answered it: what was withheld is told for what it may be. */
export function reportUnanswered(run: Run): void {
  if (run.withheld.length > 0) tellWithheld(run, bodyMark(run.request));
}

function tellWithheld(run: Run, mark: number | null): void {
  for (const line of run.withheld.splice(0))
    run.deps.health.report(mark === null ? line : { ...line, bodyMark: mark }, run.background);
}
