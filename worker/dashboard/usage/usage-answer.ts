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

export function isInOrder({ from, to }: DayRange): boolean {
  return from === '' || to === '' || from <= to;
}

export function usagePath(groupBy: GroupBy, { from, to }: DayRange): string {
  const query = new URLSearchParams({ group_by: groupBy });
  if (from !== '') query.set('from', from);
  if (to !== '') query.set('to', to);
  return `/v1/usage?${query}`;
}

const dayMs = 86_400_000;
/** More days than this are shown only where something was used. */
const mostDays = 366;

/** The last `days` UTC days, today among them. */
export function lastDays(days: number, nowMs: number): DayRange {
  return { from: dayOf(nowMs - (days - 1) * dayMs), to: dayOf(nowMs) };
}

/**
 * What each day cost, the oldest first, also those on which nothing was used: from the first that was asked for, or on which something was, to
 * the last. Empty where nothing was used at all.
 */
export function costByDay(rows: KeyBreakdown, { from, to }: DayRange): readonly { day: string; costUsd: number }[] {
  const used = new Map(rows.map((row): [string, number] => [String(row['day']), row.cost_usd]).filter(([day]) => isDay(day)));
  const known = [...used.keys()].toSorted();
  const first = from === '' ? known[0] : from;
  const last = to === '' ? known.at(-1) : to;
  if (known.length === 0 || first === undefined || last === undefined) return [];
  const count = Math.round((Date.parse(last) - Date.parse(first)) / dayMs) + 1;
  const days =
    count > 0 && count <= mostDays ? Array.from({ length: count }, (_, at) => dayOf(Date.parse(first) + at * dayMs)) : known;
  return days.map((day) => ({ day, costUsd: used.get(day) ?? 0 }));
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text);
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
