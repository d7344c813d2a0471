/** How long an answer the model server is asked for, and what the client is told when that is less than it wanted. */
import { describe, expect, it } from 'vitest';
import { createGateway } from '../support/fakes/gateway.ts';
import { completion, goodStream, hello } from './wire.ts';

const room = { models: { 'qwen2.5-7b': { context_tokens: 8192 }, 'qwen2.5-32b': { context_tokens: 32_768 } } };

describe('a token limit', () => {
  it('beyond the model’s room is lowered to it, and the metadata says so', async () => {
    const gateway = createGateway({ script: [goodStream('hi')], config: room });
    const { metadata } = await gateway.ask({ ...hello, max_tokens: 100_000 });
    const sent = gateway.upstream.calls[0]?.body['max_tokens'];
    expect(sent).toBeGreaterThan(8100);
    expect(sent).toBeLessThan(8192);
    expect(metadata?.warnings).toEqual([`max_tokens lowered to ${sent}`]);
  });

  it('by its newer name is lowered under that name', async () => {
    const gateway = createGateway({ script: [goodStream('hi')], config: room });
    const { metadata } = await gateway.ask({ ...hello, stream: true, max_completion_tokens: 9000 });
    expect(metadata?.warnings?.[0]).toMatch(/^max_completion_tokens lowered to 81\d\d$/);
  });

  it('beyond the operator’s is lowered to that', async () => {
    const gateway = createGateway({ script: [goodStream('hi')], config: { limits: { max_completion_tokens: 5000 } } });
    expect((await gateway.ask({ ...hello, max_tokens: 5001 })).metadata?.warnings).toEqual(['max_tokens lowered to 5000']);
  });

  it('that fits travels as it is, without a word', async () => {
    const gateway = createGateway({ script: [completion('hi')], config: room });
    const { metadata } = await gateway.ask({ ...hello, max_tokens: 500 });
    expect(gateway.upstream.calls[0]?.body['max_tokens']).toBe(500);
    expect(metadata).not.toHaveProperty('warnings');
  });

  it('is each model’s own where another one stands in', async () => {
    const config = { models: { 'qwen2.5-7b': { context_tokens: 32_768 }, 'qwen2.5-32b': { context_tokens: 8192 } } };
    const gateway = createGateway({ script: [{ kind: 'refuse' }, { kind: 'refuse' }], last: goodStream('hi'), config });
    const { metadata } = await gateway.ask({ ...hello, max_tokens: 16_000 });
    const sent = gateway.upstream.calls.slice(1).map(({ upstreamId, body }) => [upstreamId, Number(body['max_tokens']) < 8192]);
    expect(sent).toEqual([
      ['small', false],
      ['large', true],
    ]);
    expect(metadata?.warnings?.[0]).toMatch(/^max_tokens lowered to 81\d\d$/);
  });
});
