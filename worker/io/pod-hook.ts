/** Asks the machine of a model server for a restart: one POST with a secret, short, never repeated here. */
import type { RestartRequest } from '../core/health/restart.ts';
import { restartCall } from '../core/pods/restart-call.ts';
import type { LogPort } from '../core/ports.ts';
import type { PodHookTarget } from '../env.ts';

const timeoutMs = 5000;

/** True when the hook has taken the order. Never rejects. */
export async function callPodHook(target: PodHookTarget, order: RestartRequest, log: LogPort): Promise<boolean> {
  const { server } = target;
  try {
    const call = restartCall(target, order);
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(target.url, { method: 'POST', ...call, redirect: 'manual', signal });
    await response.body?.cancel();
    log.write(response.ok ? 'warn' : 'error', 'pod_restart_asked', { server, status: response.status });
    return response.ok;
  } catch (error) {
    log.write('error', 'pod_restart_asked', { server, error });
    return false;
  }
}
