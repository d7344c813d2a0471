/** The key that exists from the start, for development: no limit, no budget, every model and scope. */
import { scopeIds } from '../../shared/key-bodies.ts';
import type { KeyRecord } from '../core/auth/key-record.ts';

/** Free of every limit, the platform's own included. */
export const bootstrapKeyId = 'bootstrap';

/** A key's record by its digest. */
export type KeysByDigest = (digestHex: string) => KeyRecord | null;

/** @param digestHex SHA-256 of the key, or null when there is none */
export function createBootstrapKeys(digestHex: string | null): KeysByDigest {
  const record: KeyRecord | null = digestHex === null ? null : bootstrapRecord(digestHex);
  return (wanted) => (wanted === digestHex ? record : null);
}

function bootstrapRecord(hashHex: string): KeyRecord {
  return {
    id: bootstrapKeyId,
    tenantId: bootstrapKeyId,
    hashHex,
    prefix: 'bootstra',
    name: 'bootstrap key',
    scopes: scopeIds,
    allowedModels: null,
    agents: null,
    plan: 'default',
    limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null },
    budgets: [],
    expiresAtMs: null,
    revokedAtMs: null,
    createdAtMs: 0,
    metadata: {},
    rotatedFrom: null,
  };
}
