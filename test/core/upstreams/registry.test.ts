/** Which dialect an upstream gets. */
import { describe, expect, it } from 'vitest';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { dialects, dialectsOf } from '../../../worker/core/upstreams/registry.ts';
import { createVllm } from '../../../worker/core/upstreams/vllm.ts';

describe('dialectsOf', () => {
  const upstreams = { small: { dialect: 'vllm' }, large: { dialect: 'other' } };
  const registry = {
    ...dialects,
    other: () => ({ ...createVllm(asItIs), readFinish: () => ({ kind: 'end', reason: 'length', isKnown: true }) as const }),
  };

  it('gives every upstream its own, and the same one every time', () => {
    const dialectOf = dialectsOf(upstreams, asItIs, registry);
    expect(dialectOf('small').readFinish('stop')).toMatchObject({ reason: 'stop' });
    expect(dialectOf('large').readFinish('stop')).toMatchObject({ reason: 'length' });
    expect(dialectOf('small')).toBe(dialectOf('small'));
  });

  it.each(['other', 'constructor', ''])('throws for what no checked configuration has: %j', (name) => {
    expect(() => dialectsOf({ small: { dialect: name } }, asItIs)).toThrow(`no dialect "${name}"`);
    expect(() => dialectsOf(upstreams, asItIs, registry)(name)).toThrow(`no upstream "${name}"`);
  });

  it('hides secrets in what a server is quoted with', () => {
    const dialectOf = dialectsOf({ small: { dialect: 'vllm' } }, (text) => text.replaceAll('canary', '[redacted]'));
    const head = { status: 400, mediaType: 'application/json', retryAfter: null, retryAfterExact: null };
    const { failure } = dialectOf('small').readError(head, '{"error":{"message":"no canary here"}}', 0);
    expect(failure.detail).toBe('no [redacted] here');
  });
});
