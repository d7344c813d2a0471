/**
 * A finished request as the database keeps it: the columns of `pointsman.requests`, by their names. Only the gateway writes such rows, so they
 * are plain types. docs/storage.md describes the table.
 */
import type { ModelKind } from './config.ts';
import type { AttemptRecord, RequestDetail } from './observed.ts';

/** One call of a model server. The first `AttemptRecord` fields are those of `GET /admin/requests/:id`. */
export interface RowAttempt extends AttemptRecord {
  readonly cached_tokens: number;
  readonly reasoning_tokens: number;
}

export interface RequestRow extends Omit<RequestDetail, 'id' | 'at' | 'stream' | 'attempts'> {
  /** The run's, made by the gateway; with `ended_at` it is the row's key. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly ended_at: string;
  /** May be chosen by a client, and be there twice. */
  readonly request_id: string;
  readonly trace_id: string | null;
  readonly tenant_id: string;
  readonly kind: ModelKind;
  readonly is_forced: boolean;
  readonly is_stream: boolean;
  /** `null` when the ending was never reported. */
  readonly http_status: number | null;
  /** Sums over all attempts, as the ledger counts them; so are prompt and completion tokens. */
  readonly cached_tokens: number;
  readonly reasoning_tokens: number;
  readonly is_estimated: boolean;
  readonly all_small_cost_nano_usd: number;
  readonly cache_saved_nano_usd: number;
  readonly gpu_ms: number;
  readonly gpu_cost_nano_usd: number;
  readonly attempts: readonly RowAttempt[];
  readonly arm: string | null;
  /** Only where the key's record says so. */
  readonly prompt: string | null;
  readonly answer: string | null;
}
