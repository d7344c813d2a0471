/** `GET /v1/usage`: what the calling key has used, its limits, and what is left of its budgets. It sees nothing of any other key. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { usdFromNanoUsd } from '../../shared/units.ts';
import { publicBudget, publicLimits } from '../core/auth/key-record.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

export function usage(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { id, tenantId, limits, budgets } = c.get('key');
    const { ledger, tenants } = deps.pipeline;
    try {
      const [used, numbers] = await Promise.all([
        ledger.usageOf(id),
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
      return c.json({ object: 'usage', key_id: id, ...used, limits: publicLimits(limits), budgets: shown });
    } catch (cause) {
      throw new GatewayError({ code: 'state_unavailable' }, { cause });
    }
  };
}
