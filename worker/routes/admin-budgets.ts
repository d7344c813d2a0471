/** `GET /admin/budgets`: what every budget has spent and has left, the fullest first: the keys that will be refused next. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import type { BudgetList } from '../../shared/observed.ts';
import { usdFromNanoUsd } from '../../shared/units.ts';
import { endedWhy } from '../core/auth/key-record.ts';
import type { BudgetLimit, BudgetNumbers } from '../core/limits/budget-state.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';
import { deploymentBudgets, deploymentTenant, noLimits } from '../pipeline/calls/holders.ts';
import { allKeys } from './all-keys.ts';

/** Shown at most. */
const maxBudgets = 500;
/** Each is an object to be asked. */
const maxOwners = 1000;
/** Asked at the same time: an invocation has six connections that may wait for an answer. */
const atOnce = 6;

interface Owner {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  readonly budgets: readonly BudgetLimit[];
}

export function budgets(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const owners = (await ownersOf(deps)).slice(0, maxOwners);
    const rows: BudgetList['budgets'][number][] = [];
    for (let from = 0; from < owners.length; from += atOnce) {
      const asked = owners.slice(from, from + atOnce).map((owner) => rowsOf(deps, owner));
      rows.push(...(await Promise.all(asked)).flat());
    }
    const fullness = ({ limit_usd: limit, remaining_usd: left }: (typeof rows)[number]) => (limit === 0 ? 1 : 1 - left / limit);
    const fullest = rows.toSorted((a, b) => fullness(b) - fullness(a) || (a.key_id < b.key_id ? -1 : 1));
    return c.json({ budgets: fullest.slice(0, maxBudgets) } satisfies BudgetList);
  };
}

/** The deployment, then every key that has budgets and is in force. */
async function ownersOf(deps: Deps): Promise<Owner[]> {
  const nowMs = deps.pipeline.clock.now();
  const shared = deploymentBudgets(deps.pipeline.config);
  const owners: Owner[] = [{ id: deploymentTenant, name: deploymentTenant, tenantId: deploymentTenant, budgets: shared }];
  for await (const record of allKeys(deps)) {
    const { id, name, tenantId } = record;
    if (endedWhy(record, nowMs) === null) owners.push({ id, name, tenantId, budgets: record.budgets });
  }
  return owners.filter((owner) => owner.budgets.length > 0);
}

async function rowsOf({ pipeline }: Deps, { id, name, tenantId, budgets: limits }: Owner): Promise<BudgetList['budgets']> {
  try {
    const numbers = await pipeline.tenants.budgets(tenantId, { ...noLimits, budgets: limits });
    return numbers.map((budget) => rowOf(id, name, budget));
  } catch (cause) {
    throw new GatewayError({ code: 'state_unavailable' }, { cause });
  }
}

function rowOf(id: string, keyName: string, budget: BudgetNumbers): BudgetList['budgets'][number] {
  return {
    key_id: id,
    key_name: keyName,
    // A budget that covers all of its owner has no name.
    window: budget.name.startsWith('agent:') ? `${budget.name} ${budget.period}` : budget.period,
    limit_usd: usdFromNanoUsd(budget.limitNanoUsd),
    spent_usd: usdFromNanoUsd(budget.spentNanoUsd),
    reserved_usd: usdFromNanoUsd(budget.reservedNanoUsd),
    remaining_usd: usdFromNanoUsd(budget.remainingNanoUsd),
    resets_at: new Date(budget.resetAtMs).toISOString(),
  };
}
