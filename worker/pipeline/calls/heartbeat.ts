/**
 * Heartbeats of a running request: without them, what it holds of limits and budgets would be taken for abandoned.
 * The timer belongs to the request, so it ends with it in every case.
 */
import { heartbeatMs } from '../../core/limits/heartbeat.ts';
import type { Parts } from '../run/run.ts';

export function startHeartbeat({ deps, asked, spent }: Parts<'deps' | 'asked' | 'spent'>): void {
  const { background } = asked.caller;
  const tenantIds = new Set(spent.holders.map(({ tenantId }) => tenantId));
  if (tenantIds.size === 0) return;
  spent.stopHeartbeat = deps.timers.every(heartbeatMs, () => {
    for (const tenantId of tenantIds) deps.tenants.hear(tenantId, spent.runId, background);
  });
}
