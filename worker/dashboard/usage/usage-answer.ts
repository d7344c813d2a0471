/** What `GET /v1/usage` says of the key that asks. */
import type { KeyBreakdown, KeyUsage } from '../../../shared/records.ts';

export type GroupBy = 'day' | 'model' | 'agent';

export interface UsageAnswer extends KeyUsage {
  readonly key_id: string;
  readonly groups?: KeyBreakdown;
  readonly limits: {
    readonly requests_per_minute: number | null;
    readonly tokens_per_minute: number | null;
    readonly max_concurrent: number | null;
  };
  readonly budgets: readonly {
    readonly agent?: string;
    readonly period: string;
    readonly limit_usd: number;
    readonly spent_usd: number;
    readonly reserved_usd: number;
    readonly remaining_usd: number;
    readonly resets_at: string;
  }[];
}

/** UTC days, both of them included; empty is open. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

export function usagePath(groupBy: GroupBy, { from, to }: DayRange): string {
  const query = new URLSearchParams({ group_by: groupBy });
  if (from !== '') query.set('from', from);
  if (to !== '') query.set('to', to);
  return `/v1/usage?${query}`;
}

/** The last `days` UTC days, today among them. */
export function lastDays(days: number, nowMs: number): DayRange {
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return { from: dayOf(nowMs - (days - 1) * 86_400_000), to: dayOf(nowMs) };
}
