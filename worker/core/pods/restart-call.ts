/** What a machine is sent that shall restart one of its model servers. Pure: `io/pod-hook.ts` sends it. */
import type { RestartRequest } from '../health/restart.ts';

export interface HookAccess {
  readonly secret: string;
  /** The server's name at the hook. */
  readonly server: string;
  /** Cloudflare Access's service token, where the hook is behind it. */
  readonly access: { readonly clientId: string; readonly clientSecret: string } | null;
}

export function restartCall(
  { secret, server, access }: HookAccess,
  { models, sinceMs, atMs }: RestartRequest,
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const token = access === null ? {} : { 'cf-access-client-id': access.clientId, 'cf-access-client-secret': access.clientSecret };
  const body = { action: 'restart', server, models, reason: 'wedged', since: iso(sinceMs), at: iso(atMs) };
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${secret}`, ...token };
  return { headers, body: JSON.stringify(body) };
}

const iso = (ms: number): string => new Date(ms).toISOString();
