/** A key record for tests to vary. */
import type { KeyRecord } from '../../../worker/core/auth/key-record.ts';

export const plainKey: KeyRecord = {
  id: 'key-1',
  tenantId: 'key-1',
  hashHex: 'ab'.repeat(32),
  prefix: '2kT9xQ0a',
  name: 'demo',
  scopes: ['chat', 'usage'],
  allowedModels: null,
  agents: null,
  plan: 'default',
  limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null },
  budgets: [],
  expiresAtMs: null,
  revokedAtMs: null,
  createdAtMs: 1000,
  metadata: {},
  rotatedFrom: null,
};
