/** Budget periods: days and months of the UTC calendar. */
import type { BudgetPeriod } from '../../../shared/key-bodies.ts';

const dayMs = 86_400_000;

/** When the period that holds `nowMs` began, in milliseconds since 1970. */
export function periodStartMs(period: BudgetPeriod, nowMs: number): number {
  if (period === 'day') return Math.floor(nowMs / dayMs) * dayMs;
  const date = new Date(nowMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** When the next period begins and a used-up budget is full again. */
export function periodEndMs(period: BudgetPeriod, nowMs: number): number {
  if (period === 'day') return periodStartMs('day', nowMs) + dayMs;
  const date = new Date(nowMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
