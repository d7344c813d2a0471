/** A finished request as a row of the database: its record, as operators see it, with what only a log has beside it. */
import type { ModelKind } from '../../../shared/config.ts';
import type { AttemptUsage, LedgerEntry } from '../../../shared/records.ts';
import type { RequestRow, RowAttempt } from '../../../shared/request-row.ts';
import { statusOf } from '../ledger/ending.ts';
import { detailOf, recordOf } from '../ledger/request-records.ts';

/** What the ledger's entry does not say. */
export interface EndedRequest {
  /** The run's id. */
  readonly id: string;
  readonly entry: LedgerEntry;
  readonly kind: ModelKind;
  readonly traceId: string | null;
  /** Texts as they are to be kept; null where the key's record does not say so. */
  readonly content: { readonly prompt: string; readonly answer: string } | null;
}

export function requestRow({ id, entry, kind, traceId, content }: EndedRequest): RequestRow {
  const { id: requestId, at, stream, ...record } = recordOf(entry);
  const detail = detailOf(entry);
  return {
    gpu_ms: 0,
    gpu_cost_nano_usd: 0,
    ...record,
    ...detail,
    id,
    ended_at: at,
    request_id: requestId,
    trace_id: traceId,
    tenant_id: entry.tenantId,
    kind,
    is_forced: entry.isForced,
    is_stream: stream,
    http_status: statusOf(entry.ending, entry.errorCode),
    cached_tokens: cachedTokens(entry.attemptUsages),
    reasoning_tokens: reasoningTokens(entry.attemptUsages),
    is_estimated: entry.isEstimated,
    all_small_cost_nano_usd: entry.allSmallCostNanoUsd,
    cache_saved_nano_usd: entry.cacheSavedNanoUsd,
    attempts: detail.attempts.map((attempt, at): RowAttempt => {
      const billed = entry.attemptUsages.filter((_, index) => entry.trace?.billedCalls[index] === at + 1);
      return { ...attempt, cached_tokens: cachedTokens(billed), reasoning_tokens: reasoningTokens(billed) };
    }),
    arm: entry.arm,
    prompt: content?.prompt ?? null,
    answer: content?.answer ?? null,
  };
}

/** The row as JSON that PostgreSQL takes: its texts know no character 0 and no half of a pair. */
export function rowJson(ended: EndedRequest): string {
  return JSON.stringify(requestRow(ended), (_, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\u{fffd}') : value,
  );
}

function cachedTokens(usages: readonly AttemptUsage[]): number {
  return usages.reduce((sum, { usage }) => sum + (usage.cachedTokens ?? 0), 0);
}

function reasoningTokens(usages: readonly AttemptUsage[]): number {
  return usages.reduce((sum, { usage }) => sum + (usage.reasoningTokens ?? 0), 0);
}
