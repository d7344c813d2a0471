/** Rows as statements: one parameter however many there are, and a repeated row changes nothing. */
import type { RequestRow } from '../../../shared/request-row.ts';

type ColumnType = 'text' | 'timestamptz' | 'boolean' | 'smallint' | 'bigint' | 'double precision' | 'jsonb';

const columns: Readonly<Record<keyof RequestRow, ColumnType>> = {
  id: 'text',
  ended_at: 'timestamptz',
  request_id: 'text',
  trace_id: 'text',
  tenant_id: 'text',
  key_id: 'text',
  agent: 'text',
  session: 'text',
  kind: 'text',
  requested_model: 'text',
  routed_model: 'text',
  served_model: 'text',
  tier: 'text',
  intent: 'text',
  score: 'double precision',
  threshold: 'double precision',
  confidence: 'double precision',
  signals: 'jsonb',
  rule: 'text',
  reason: 'text',
  strategy: 'text',
  is_forced: 'boolean',
  is_stream: 'boolean',
  ending: 'text',
  error_code: 'text',
  http_status: 'smallint',
  prompt_tokens: 'bigint',
  cached_tokens: 'bigint',
  completion_tokens: 'bigint',
  reasoning_tokens: 'bigint',
  is_estimated: 'boolean',
  cost_nano_usd: 'bigint',
  all_large_cost_nano_usd: 'bigint',
  all_small_cost_nano_usd: 'bigint',
  cache_saved_nano_usd: 'bigint',
  gpu_ms: 'bigint',
  gpu_cost_nano_usd: 'bigint',
  latency_ms: 'double precision',
  first_byte_ms: 'double precision',
  attempts: 'jsonb',
  fallback_used: 'boolean',
  escalated: 'boolean',
  rescued: 'boolean',
  cache: 'text',
  arm: 'text',
  prompt: 'text',
  answer: 'text',
};

const names = Object.keys(columns).join(', ');
const typed = Object.entries(columns)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');

/** Takes the rows as one JSON array. */
export const insertRows = `insert into pointsman.requests (${names})
select ${names} from jsonb_to_recordset($1::jsonb) as r (${typed})
on conflict (ended_at, id) do nothing`;

/** Takes days as `2026-11-29`. */
export const makePartitions = 'select pointsman.make_request_partitions(day, day) from unnest($1::date[]) as day';
/** Takes a day: everything before it goes. */
export const dropPartitions = 'select pointsman.drop_request_partitions($1::date)';

/** Joins rows that are JSON already. */
export function jsonArray(rows: readonly string[]): string {
  return `[${rows.join(',')}]`;
}

/** The UTC days of rows that are JSON already, each once. */
export function daysOf(rows: readonly string[]): string[] {
  return [...new Set(rows.flatMap((row) => /"ended_at":"(\d{4}-\d\d-\d\d)T/.exec(row)?.[1] ?? []))];
}

const dayMs = 86_400_000;

/** Days for which tables are made ahead: a week in which nobody has to make one. */
export const daysAhead = 7;

/** Today and the days ahead, and the first day that is kept. */
export function retention(nowMs: number, retentionDays: number): { readonly make: readonly string[]; readonly keepFrom: string } {
  const day = (offset: number): string => new Date(nowMs + offset * dayMs).toISOString().slice(0, 10);
  return { make: Array.from({ length: daysAhead + 1 }, (_, offset) => day(offset)), keepFrom: day(-retentionDays) };
}
