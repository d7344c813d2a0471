import { describe, expect, it } from 'vitest';
import { checkAgent, decideAccess } from '../../../worker/core/auth/access.ts';
import { plainKey } from './key.ts';

const code = (result: ReturnType<typeof decideAccess> | ReturnType<typeof checkAgent>) =>
  result.ok ? 'ok' : result.failure.code;

describe('decideAccess', () => {
  it.each([
    ['lets a key in that has the scope', plainKey, 'chat', 'ok'],
    ['asks for no scope where none is needed', { ...plainKey, scopes: [] }, null, 'ok'],
    ['does not know an unknown key', null, 'chat', 'invalid_api_key'],
    ['does not know a revoked key', { ...plainKey, revokedAtMs: 5000 }, 'chat', 'invalid_api_key'],
    ['lets a key in until its revocation takes effect', { ...plainKey, revokedAtMs: 5001 }, 'chat', 'ok'],
    ['refuses an expired key', { ...plainKey, expiresAtMs: 5000 }, 'chat', 'expired_api_key'],
    ['lets a key in until it expires', { ...plainKey, expiresAtMs: 5001 }, 'chat', 'ok'],
    ['tells a revoked key nothing about its expiry', { ...plainKey, expiresAtMs: 1, revokedAtMs: 1 }, 'chat', 'invalid_api_key'],
    ['refuses a scope the key lacks', plainKey, 'rag', 'forbidden'],
  ] as const)('%s', (_, record, scope, expected) => {
    expect(code(decideAccess(record, 5000, scope))).toBe(expected);
  });
});

describe('what a key may ask for', () => {
  it('is any agent name without a list, else one of the list and never none', () => {
    expect(code(checkAgent(plainKey, 'anyone'))).toBe('ok');
    expect(code(checkAgent(plainKey, null))).toBe('ok');
    expect(code(checkAgent({ agents: ['planner'] }, 'planner'))).toBe('ok');
    expect(code(checkAgent({ agents: ['planner'] }, 'coder'))).toBe('forbidden');
    expect(code(checkAgent({ agents: ['planner'] }, null))).toBe('forbidden');
  });
});
