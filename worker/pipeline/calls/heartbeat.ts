/**
 * Says, as long as a request runs, that it does: what it holds of limits and budgets and its idempotency key would be taken for left
 * behind otherwise. The timer is the request's own, so it goes with the request, however that ends.
 */
import { heartbeatMs } from '../../core/limits/heartbeat.ts';
import type { Run } from '../run/run.ts';

export function startHeartbeat(run: Run): void {
  const { deps, doors, recording, key, runId } = run;
  const tenantIds = new Set([...doors.map(({ tenantId }) => tenantId), ...(recording === null ? [] : [key.tenantId])]);
  if (tenantIds.size === 0) return;
  run.stopHeartbeat = deps.timers.every(heartbeatMs, () => {
    for (const tenantId of tenantIds) deps.tenants.hear(tenantId, runId, run.background);
  });
}
