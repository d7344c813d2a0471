/**
 * Says, as long as a request runs, that it does: what it holds of limits and budgets and its idempotency key would be taken for left
 * behind otherwise. The timer is the request's own, so it goes with the request, however that ends.
 */
import { heartbeatMs } from '../../core/limits/heartbeat.ts';
import type { Parts } from '../run/run.ts';

export function startHeartbeat({ deps, asked, spent, client }: Parts<'deps' | 'asked' | 'spent' | 'client'>): void {
  const { key, background } = asked.caller;
  const keptBy = client.recording === null ? [] : [key.tenantId];
  const tenantIds = new Set([...spent.holders.map(({ tenantId }) => tenantId), ...keptBy]);
  if (tenantIds.size === 0) return;
  spent.stopHeartbeat = deps.timers.every(heartbeatMs, () => {
    for (const tenantId of tenantIds) deps.tenants.hear(tenantId, spent.runId, background);
  });
}
