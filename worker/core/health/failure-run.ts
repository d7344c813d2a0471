/** A run of failures without a success between them: how severe it is, and what ends it. It does not open the breaker itself. */
import { type FailureCause, ruleOf } from '../upstreams/causes.ts';
import type { HealthRules } from './health-config.ts';
import type { FailureReport } from './health-event.ts';

/** Consecutive failures by what they count as; mixed runs add up. */
export interface FailureRun {
  readonly path: number;
  readonly server: number;
  readonly overload: number;
  /** Answers that broke off after they had begun. Only a whole answer ends this run: a server that fails in every answer begins each one well. */
  readonly broken: number;
  /** The marks of requests that failed here and that no model answered. The same request counts once. */
  readonly unsure: readonly number[];
  /** When the first of them was seen; without meaning for an empty run. */
  readonly sinceMs: number;
}

/** An overloaded server is busy, not sick: four of its 503 weigh as one 500. Proposed; no public figure was found. */
const overloadWeight = 0.25;

/** A failure that the request may have caused weighs less, but still counts, so that a fleet that answers nothing is noticed. Proposed. */
const unsureWeight = 0.85;

export const noFailures: FailureRun = { path: 0, server: 0, overload: 0, broken: 0, unsure: [], sinceMs: 0 };

/** `consecutive_server_errors` is at most 100. */
const maxMarks = 200;

/** What a report says of a failure. */
type Failed = Pick<FailureReport, 'cause' | 'count' | 'bodyMark'>;

/** Adds failures seen at `atMs`; causes that never count leave the run as it is. */
export function addFailures(run: FailureRun, { cause, count, bodyMark }: Failed, atMs: number): FailureRun {
  const { countsAs } = ruleOf(cause);
  if (countsAs === null) return run;
  const sinceMs = runLength(run) === 0 ? atMs : Math.min(run.sinceMs, atMs);
  if (bodyMark !== undefined) {
    // Marks beyond `maxMarks` are never needed and not kept.
    const isNew = !run.unsure.includes(bodyMark) && run.unsure.length < maxMarks;
    return isNew ? { ...run, sinceMs, unsure: [...run.unsure, bodyMark] } : run;
  }
  return { ...run, sinceMs, [countsAs]: run[countsAs] + count };
}

const seenByProbes: ReadonlySet<FailureCause> = new Set(['unreachable', 'reset', 'gateway_error', 'auth', 'tunnel']);

/** Whether a probe can fail for the same cause: connection failures can be seen by probes, failures of text generation cannot. */
export function isSeenByProbes(cause: FailureCause): boolean {
  return seenByProbes.has(cause);
}

/** Some model has answered a request, so the requests that no model could answer were themselves at fault. */
export function withoutUnsure(run: FailureRun): FailureRun {
  return run.unsure.length === 0 ? run : { ...run, unsure: [] };
}

/**
 * An answer began (`begun`) or ended whole (`success`) at `atMs`. Successes older than the run's first failure do not end it: isolates
 * report in batches, so old successes arrive in the middle of an outage.
 */
export function endRun(run: FailureRun, by: 'begun' | 'success', atMs: number): FailureRun {
  if (runLength(run) === 0 || atMs < run.sinceMs) return run;
  return by === 'success' || run.broken === 0 ? noFailures : { ...noFailures, broken: run.broken, sinceMs: run.sinceMs };
}

/**
 * Whether the run is long enough to take the model out: `consecutive_local_failures` path failures or broken answers, or
 * `consecutive_server_errors` server errors (one more if no model answered those requests), or a mix that adds up to the same.
 */
export function isTooLong(run: FailureRun, rules: HealthRules['breaker']): boolean {
  const local = (run.path + run.broken) / rules.consecutive_local_failures;
  const server =
    (run.server + run.overload * overloadWeight + run.unsure.length * unsureWeight) / rules.consecutive_server_errors;
  return local + server >= 1;
}

export function runLength(run: FailureRun): number {
  return run.path + run.server + run.overload + run.broken + run.unsure.length;
}
