import { describe, expect, it } from 'vitest';
import { parseCreateKey, parseRevokeKey, parseRotateKey } from '../../../worker/core/auth/admin-bodies.ts';
import { decideAccess } from '../../../worker/core/auth/access.ts';
import {
  createKeyRecord,
  keepRevocation,
  limitsOf,
  publicKey,
  revokeKeyRecord,
  rotateKeyRecord,
} from '../../../worker/core/auth/key-record.ts';
import { plainKey } from './key.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const identity = { id: 'key-9', hashHex: 'cd'.repeat(32), prefix: 'AbCdEfGh' };
const create = (body: unknown) => {
  const parsed = parseCreateKey(body, nowMs);
  if (!parsed.ok) throw new Error(parsed.failure.detail);
  return createKeyRecord(parsed.value, identity, nowMs);
};

describe('storing a changed record', () => {
  const revoked = (revokedAtMs: number | null) => ({ ...plainKey, revokedAtMs });

  it.each([
    ['a change decided before a revocation does not undo it', 100, null, 100],
    ['nor does a grace period that ends later', 100, 500, 100],
    ['an earlier end counts', 500, 100, 100],
    ['a first revocation is stored', null, 100, 100],
    ['no revocation stays none', null, null, null],
  ])('%s', (_, stored, next, expected) => {
    expect(keepRevocation(revoked(stored), revoked(next)).revokedAtMs).toBe(expected);
  });

  it('keeps everything else of the change', () => {
    expect(keepRevocation(revoked(100), { ...plainKey, name: 'new name' })).toEqual({
      ...plainKey,
      name: 'new name',
      revokedAtMs: 100,
    });
    expect(keepRevocation(null, plainKey)).toBe(plainKey);
  });
});

describe('creating a key', () => {
  it('fills in everything but the name', () => {
    expect(create({ name: 'ci' })).toEqual({
      ...identity,
      tenantId: 'key-9',
      name: 'ci',
      scopes: ['chat', 'embeddings', 'classify', 'rag', 'documents', 'feedback', 'usage'],
      allowedModels: null,
      agents: null,
      plan: 'default',
      limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null, models: [] },
      budgets: [],
      expiresAtMs: null,
      revokedAtMs: null,
      createdAtMs: nowMs,
      hasResumableStreams: false,
      mayUseCache: true,
      logsContent: false,
      metadata: {},
      rotatedFrom: null,
    });
  });

  it('takes limits, budgets in nano-USD and an expiry', () => {
    const record = create({
      name: 'team',
      scopes: ['chat'],
      limits: { requests_per_minute: 60, max_concurrent: 4 },
      budgets: [
        { period: 'day', limit_usd: 0.29 },
        { period: 'month', limit_usd: 5, agent: 'planner', when_exhausted: 'cheap_tier' },
      ],
      expires_at: '2026-12-01T00:00:00+01:00',
    });
    expect(record.limits).toEqual({ requestsPerMinute: 60, tokensPerMinute: null, maxConcurrent: 4, models: [] });
    expect(record.budgets).toEqual([
      { name: 'key', period: 'day', limitNanoUsd: 290_000_000, whenExhausted: 'refuse' },
      { name: 'agent:planner', period: 'month', limitNanoUsd: 5_000_000_000, whenExhausted: 'cheap_tier' },
    ]);
    expect(record.expiresAtMs).toBe(Date.parse('2026-11-30T23:00:00Z'));
    expect(limitsOf(record, 'planner').budgets).toHaveLength(2);
    expect(limitsOf(record, 'coder').budgets).toHaveLength(1);
  });

  it.each([
    ['no body', null, undefined],
    ['a list', [], undefined],
    ['an unknown field', { name: 'x', admin: true }, 'admin'],
    ['no name', {}, 'name', 'missing_field'],
    ['an empty name', { name: '' }, 'name'],
    ['a name of 101 characters', { name: 'x'.repeat(101) }, 'name'],
    ['an unknown scope', { name: 'x', scopes: ['admin'] }, 'scopes.0'],
    ['no scopes', { name: 'x', scopes: [] }, 'scopes'],
    ['a limit of zero', { name: 'x', limits: { requests_per_minute: 0 } }, 'limits.requests_per_minute'],
    ['half a request', { name: 'x', limits: { requests_per_minute: 1.5 } }, 'limits.requests_per_minute'],
    ['a misspelt limit', { name: 'x', limits: { rpm: 1 } }, 'limits.rpm'],
    ['a negative budget', { name: 'x', budgets: [{ period: 'day', limit_usd: -1 }] }, 'budgets.0.limit_usd'],
    ['an unknown period', { name: 'x', budgets: [{ period: 'week', limit_usd: 1 }] }, 'budgets.0.period'],
    ['an expiry that is no date', { name: 'x', expires_at: 'tomorrow' }, 'expires_at'],
    ['an expiry in the past', { name: 'x', expires_at: '2026-11-20T12:00:00Z' }, 'expires_at'],
    ['a model id that cannot be configured', { name: 'x', allowed_models: ['../x'] }, 'allowed_models.0'],
    ['metadata that is not text', { name: 'x', metadata: { team: 4 } }, 'metadata.team'],
  ])('refuses %s and names the field', (_, body, param, code = param === undefined ? 'invalid_request' : 'invalid_value') => {
    const parsed = parseCreateKey(body, nowMs);
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.failure.param).toBe(param);
    expect(parsed.failure.code).toBe(code);
    expect(parsed.failure.detail).toContain(param ?? '');
  });
});

describe('rotating a key', () => {
  const rotate = (graceSeconds: number, old = plainKey) => rotateKeyRecord(old, { grace_seconds: graceSeconds }, identity, nowMs);

  it('hands everything over but the identity', () => {
    const rotated = rotate(0);
    expect(rotated?.fresh).toEqual({ ...plainKey, ...identity, createdAtMs: nowMs, rotatedFrom: 'key-1' });
  });

  it('lets the old key work for the grace period and no longer', () => {
    const old = rotate(60)?.old ?? null;
    expect(decideAccess(old, nowMs + 59_999, 'chat').ok).toBe(true);
    expect(decideAccess(old, nowMs + 60_000, 'chat').ok).toBe(false);
    expect(decideAccess(rotate(0)?.old ?? null, nowMs, 'chat').ok).toBe(false);
  });

  it('goes on counting limits and budgets where the old key stood, through any number of rotations', () => {
    const second = rotate(0)?.fresh ?? plainKey;
    const third = rotateKeyRecord(second, { grace_seconds: 0 }, { ...identity, id: 'key-10' }, nowMs)?.fresh;
    expect([third?.id, third?.tenantId, third?.rotatedFrom]).toEqual(['key-10', 'key-1', 'key-9']);
  });

  it('does not lengthen a life: the expiry stays', () => {
    const old = { ...plainKey, expiresAtMs: nowMs + 1000 };
    expect(rotate(3600, old)?.fresh.expiresAtMs).toBe(nowMs + 1000);
    expect(decideAccess(rotate(3600, old)?.old ?? null, nowMs + 1000, 'chat')).toMatchObject({
      failure: { code: 'expired_api_key' },
    });
  });

  it('does not bring a revoked key back', () => {
    expect(rotate(0, { ...plainKey, revokedAtMs: 1 })).toBeNull();
  });

  it('takes a grace period of whole seconds up to a week', () => {
    expect(parseRotateKey(undefined)).toEqual({ ok: true, value: { grace_seconds: 0 } });
    expect(parseRotateKey({ grace_seconds: 604_800 }).ok).toBe(true);
    for (const body of [{ grace_seconds: -1 }, { grace_seconds: 604_801 }, { grace_seconds: 0.5 }, { grace: 5 }, 'now']) {
      expect(parseRotateKey(body).ok).toBe(false);
    }
  });
});

describe('revoking a key', () => {
  it('takes effect now, ends a grace period, and is not postponed by doing it again', () => {
    expect(revokeKeyRecord(plainKey, nowMs).revokedAtMs).toBe(nowMs);
    expect(revokeKeyRecord({ ...plainKey, revokedAtMs: nowMs + 5000 }, nowMs).revokedAtMs).toBe(nowMs);
    expect(revokeKeyRecord({ ...plainKey, revokedAtMs: nowMs - 5000 }, nowMs).revokedAtMs).toBe(nowMs - 5000);
  });

  it('takes no options', () => {
    expect(parseRevokeKey(null).ok).toBe(true);
    expect(parseRevokeKey({}).ok).toBe(true);
    expect(parseRevokeKey({ at: 'later' }).ok).toBe(false);
  });
});

describe('showing a key', () => {
  const body = {
    name: 'team',
    scopes: ['chat'],
    allowed_models: ['qwen2.5-7b'],
    agents: ['planner'],
    plan: 'pro',
    limits: {
      requests_per_minute: 60,
      tokens_per_minute: 90_000,
      max_concurrent: 4,
      models: { 'qwen2.5-32b': { requests_per_minute: 6, tokens_per_minute: null, max_concurrent: 1 } },
    },
    budgets: [
      { period: 'day', limit_usd: 0.29, when_exhausted: 'refuse' },
      { agent: 'planner', period: 'month', limit_usd: 5, when_exhausted: 'cheap_tier' },
    ],
    resumable_streams: true,
    cache: false,
    log_content: false,
    expires_at: '2026-12-01T00:00:00.000Z',
    metadata: { team: 'a' },
  };

  it('has the words and units of the body it was made from', () => {
    const { id, tenant_id, prefix, created_at, revoked_at, rotated_from, ...shown } = publicKey(create(body));
    expect(shown).toEqual(body);
    expect({ id, tenant_id, prefix, created_at, revoked_at, rotated_from }).toEqual({
      id: identity.id,
      tenant_id: identity.id,
      prefix: identity.prefix,
      created_at: new Date(nowMs).toISOString(),
      revoked_at: null,
      rotated_from: null,
    });
  });

  it('says when it was revoked and what it replaces', () => {
    const rotated = rotateKeyRecord(plainKey, { grace_seconds: 60 }, identity, nowMs);
    if (rotated === null) throw new Error('not rotated');
    expect(publicKey(rotated.old).revoked_at).toBe(new Date(nowMs + 60_000).toISOString());
    expect(publicKey(rotated.fresh)).toMatchObject({ tenant_id: 'key-1', rotated_from: 'key-1', revoked_at: null });
  });

  it('leaves the hash out', () => {
    expect(JSON.stringify(publicKey(plainKey))).not.toContain(plainKey.hashHex);
  });
});
