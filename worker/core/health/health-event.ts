/** Events that health receives: reports of attempts from isolates, results of probes, and that an isolate reads the snapshot. */
import type { FailureCause } from '../upstreams/causes.ts';
import type { ListedModel, ServerLoad } from '../upstreams/dialect.ts';

interface AttemptFacts {
  readonly modelId: string;
  readonly upstreamId: string;
  /** When the attempt was sent; of several, the latest. An attempt older than an ejection says nothing about its end. */
  readonly startedAtMs: number;
  /** When it was seen; of several, the latest. Without it the time of arrival counts. */
  readonly atMs?: number;
  /** How many times in a row. */
  readonly count: number;
}

/**
 * One line of an isolate's report. An attempt reports `begun` at its first data event (streams only), then `success` when the answer
 * ended whole, or `failure`. `trial` says that a permit is being used and is sent when that attempt starts.
 */
export type AttemptReport = AttemptFacts &
  (
    | { readonly kind: 'trial' | 'begun' | 'success' }
    | {
        readonly kind: 'failure';
        readonly cause: FailureCause;
        readonly retryAfterMs: number | null;
        /** Set when no model answered the request, so that it may itself be the cause: the mark of its body. */
        readonly bodyMark?: number;
      }
  );

export type FailureReport = Extract<AttemptReport, { kind: 'failure' }>;

/** What one probe of an upstream found. */
export interface ProbeResult extends ServerLoad {
  readonly upstreamId: string;
  /** `null`: the probe succeeded. */
  readonly cause: FailureCause | null;
  /** The server's list of models; `null` when it could not be read. */
  readonly modelsServed: readonly ListedModel[] | null;
}

export type HealthEvent =
  | { readonly kind: 'reports'; readonly isolateId: string; readonly reports: readonly AttemptReport[] }
  | ({ readonly kind: 'probe' } & ProbeResult)
  /** The pod was asked to restart a server. @see `restart.ts` */
  | { readonly kind: 'restart_asked'; readonly upstreamId: string; readonly isHeard: boolean }
  /** Sent right before `snapshot()` for the same isolate; it is what hands out permits. */
  | { readonly kind: 'snapshot_read'; readonly isolateId: string };

/** Beyond this the oldest lines are dropped. */
export const maxReports = 200;

/**
 * Adds a line to an isolate's pending batch. A repeat of a route's newest line is counted instead, which keeps batches small in an outage
 * and preserves the order per route, which "consecutive" depends on. Between isolates the order is that of arrival.
 */
export function addReport(batch: readonly AttemptReport[], report: AttemptReport): readonly AttemptReport[] {
  const at = batch.findLastIndex((line) => line.modelId === report.modelId && line.upstreamId === report.upstreamId);
  const line = batch[at];
  if (line !== undefined && isRepeat(line, report)) {
    const startedAtMs = Math.max(line.startedAtMs, report.startedAtMs);
    return batch.with(at, { ...line, ...report, startedAtMs, count: line.count + report.count });
  }
  return [...batch.slice(Math.max(0, batch.length - maxReports + 1)), report];
}

function isRepeat(line: AttemptReport, report: AttemptReport): boolean {
  if (line.kind !== 'failure' || report.kind !== 'failure') return line.kind === report.kind;
  return line.cause === report.cause && line.retryAfterMs === report.retryAfterMs && line.bodyMark === report.bodyMark;
}
