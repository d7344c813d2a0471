/** `GET /v1/usage`: what the calling key has used, its limits, and what is left of its budgets. It sees nothing of any other key. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { usdFromNanoUsd } from '../../shared/units.ts';
import { publicBudget, publicLimits } from '../core/auth/key-record.ts';
import { type KeyBookId, keyBookIds } from '../core/ledger/key-book.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

function readGroup(text: string | undefined): KeyBookId | null {
  if (text === undefined) return null;
  const by = keyBookIds.find((known) => known === text);
  if (by !== undefined) return by;
  throw new GatewayError({ code: 'invalid_value', param: 'group_by', detail: `Expected one of: ${keyBookIds.join(', ')}.` });
}

export function usage(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { id, tenantId, limits, budgets } = c.get('key');
    const { ledger, tenants } = deps.pipeline;
    const by = readGroup(c.req.query('group_by'));
    try {
      const [used, groups, numbers] = await Promise.all([
        ledger.usageOf(id),
        by === null ? null : ledger.breakdownOf(id, by),
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
        ...(groups === null ? {} : { group_by: by, groups }),
        limits: publicLimits(limits),
        budgets: shown,
      });
    } catch (cause) {
      throw new GatewayError({ code: 'state_unavailable' }, { cause });
    }
  };
}
