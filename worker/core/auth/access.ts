/** Whether a key may do what it asks for. The record has been looked up by the hash of the whole token; nothing here compares secrets. */
import type { Failure } from '../../../shared/errors.ts';
import type { Scope } from '../../../shared/key-bodies.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { KeyRecord } from './key-record.ts';

/**
 * Checks a key's record. `invalid_api_key`: unknown or revoked (the two look alike, so a stolen key tells its thief nothing).
 * `expired_api_key`: at and after the expiry. `forbidden`: the key lacks the scope; `null` asks for none.
 */
export function decideAccess(record: KeyRecord | null, nowMs: number, neededScope: Scope | null): Result<KeyRecord, Failure> {
  if (record === null) return fail({ code: 'invalid_api_key' });
  if (record.revokedAtMs !== null && record.revokedAtMs <= nowMs) return fail({ code: 'invalid_api_key' });
  if (record.expiresAtMs !== null && record.expiresAtMs <= nowMs) return fail({ code: 'expired_api_key' });
  if (neededScope !== null && !record.scopes.includes(neededScope)) {
    return fail({ code: 'forbidden', detail: `It lacks the scope "${neededScope}".` });
  }
  return ok(record);
}

/** Whether the key may use this agent name. A key with a list must name one of the list, or it could avoid an agent's budget. */
export function checkAgent({ agents }: Pick<KeyRecord, 'agents'>, agent: string | null): Result<null, Failure> {
  if (agents === null || (agent !== null && agents.includes(agent))) return ok(null);
  return fail({ code: 'forbidden', detail: 'It may only be used with the agent names it was created for (x-agent-name).' });
}
