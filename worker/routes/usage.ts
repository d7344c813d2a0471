/** `GET /v1/usage`: what the calling key has used, its limits, and what is left of its budgets; nothing about other keys. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { usdFromNanoUsd } from '../../shared/units.ts';
import { publicBudget, publicLimits } from '../core/auth/key-record.ts';
import { dayOf } from '../core/ledger/days.ts';
import { type DayRange, type KeyBookId, keyBookIds } from '../core/ledger/key-book.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

function readGroup(text: string | undefined): KeyBookId | null {
  if (text === undefined) return null;
  const by = keyBookIds.find((known) => known === text);
  if (by !== undefined) return by;
  throw new GatewayError({ code: 'invalid_value', param: 'group_by', detail: `Expected one of: ${keyBookIds.join(', ')}.` });
}

/** `from` and `to`; null without either. */
function readDays(from: string | undefined, to: string | undefined): DayRange | null {
  if (from === undefined && to === undefined) return null;
  const days = { from: readDay('from', from), to: readDay('to', to) };
  if (days.from !== null && days.to !== null && days.to < days.from)
    throw new GatewayError({ code: 'invalid_value', param: 'to', detail: 'It is before from.' });
  return days;
}

function readDay(param: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  const atMs = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // What the calendar does not have (30 February) is another day when it is read back.
  if (!Number.isNaN(atMs) && dayOf(atMs) === text) return text;
  throw new GatewayError({ code: 'invalid_value', param, detail: 'Expected a day of the calendar (UTC) such as 2026-11-29.' });
}

export function usage(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { id, tenantId, limits, budgets } = c.get('key');
    const { ledger, tenants } = deps.pipeline;
    const by = readGroup(c.req.query('group_by'));
    const days = readDays(c.req.query('from'), c.req.query('to'));
    try {
      const [used, groups, numbers] = await Promise.all([
        ledger.usageOf(id, days),
        by === null ? null : ledger.breakdownOf(id, by, days),
        budgets.length === 0 ? [] : tenants.budgets(tenantId, { ...limits, budgets }),
      ]);
      const shown = budgets.map((budget, index) => {
        const now = numbers[index];
        if (now === undefined) throw new Error('a budget without numbers');
        return {
          ...publicBudget(budget),
          spent_usd: usdFromNanoUsd(now.spentNanoUsd),
          reserved_usd: usdFromNanoUsd(now.reservedNanoUsd),
          remaining_usd: usdFromNanoUsd(now.remainingNanoUsd),
          resets_at: new Date(now.resetAtMs).toISOString(),
        };
      });
      return c.json({
        object: 'usage',
        key_id: id,
        ...used,
        ...days,
        ...(groups === null ? {} : { group_by: by, groups }),
        limits: publicLimits(limits),
        budgets: shown,
      });
    } catch (cause) {
      throw new GatewayError({ code: 'state_unavailable' }, { cause });
    }
  };
}
