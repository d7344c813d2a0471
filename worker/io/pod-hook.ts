/** Asks the machine of a model server for a restart: one POST with a secret, short, never repeated here. */
import type { LogPort } from '../core/ports.ts';
import type { RestartRequest } from '../core/health/restart.ts';
import type { PodHookTarget } from '../env.ts';

const timeoutMs = 5000;

/** True when the hook has taken the order. Never rejects. */
export async function callPodHook(
  { url, secret, server, access }: PodHookTarget,
  { models, sinceMs, atMs }: RestartRequest,
  log: LogPort,
): Promise<boolean> {
  const body = { action: 'restart', server, models, reason: 'wedged', since: iso(sinceMs), at: iso(atMs) };
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${secret}` };
  const token = access === null ? {} : { 'cf-access-client-id': access.clientId, 'cf-access-client-secret': access.clientSecret };
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const init = {
      method: 'POST',
      headers: { ...headers, ...token },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal,
    } as const;
    const response = await fetch(url, init);
    await response.body?.cancel();
    log.write(response.ok ? 'warn' : 'error', 'pod_restart_asked', { server, status: response.status });
    return response.ok;
  } catch (error) {
    log.write('error', 'pod_restart_asked', { server, error });
    return false;
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();
