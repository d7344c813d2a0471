/** A long prompt waits for its turn before it takes a place, and has it until its first token. */
import { describe, expect, it } from 'vitest';
import { createGateway, type GatewayOptions } from '../support/fakes/gateway.ts';
import { completion, done, hello, role, stop, streamReply, text, usageChunk } from './wire.ts';

const small = 'qwen2.5-7b';
const long = { ...hello, model: 'small', messages: [{ role: 'user', content: 'wind rain lake road '.repeat(1500) }] };
const streamed = { ...long, stream: true };
const whole = streamReply(role, text('Once'), { waitMs: 500 }, text(' more'), stop, usageChunk, done);
const alone = { routing: { chains: { [small]: [] }, retry: { max_attempts: 1 } } };

function open(options: GatewayOptions) {
  const seen: (boolean | null)[] = [];
  const gateway = createGateway(options);
  return { gateway, seen };
}

describe('a long prompt', () => {
  it('has its turn until its first token, not until its last', async () => {
    const { gateway, seen } = open({ script: [whole] });
    gateway.time.timers.once(250, () => seen.push(gateway.admission.turns[0]?.isRead ?? null));
    await gateway.ask(streamed);
    expect(seen).toEqual([true]);
    expect(gateway.admission.turns).toMatchObject([{ modelId: small, isRead: true }]);
    expect(gateway.admission.turns[0]?.promptTokens).toBeGreaterThan(4096);
  });

  it.each<[what: string, script: GatewayOptions['script'], body: object, leavesAfterMs?: number]>([
    ['its server is gone', [{ kind: 'refuse' }], streamed],
    ['its stream breaks before a token', [streamReply(role, 'reset')], streamed],
    ['its client leaves', [{ kind: 'hang' }], streamed, 300],
    ['its answer comes whole', [completion('answered')], { ...long, max_tokens: 5 }],
  ])('has it no longer when %s', async (_, script, body, leavesAfterMs) => {
    const { gateway } = open({ script, config: alone });
    await gateway.ask(body, leavesAfterMs === undefined ? {} : { leavesAfterMs });
    expect(gateway.admission.turns.map(({ isRead }) => isRead)).toEqual([false]);
    expect(gateway.admission.held).toBe(0);
  });

  it('may take as long to its first token as a loaded server reads it, beyond the limit of its server', async () => {
    const late = streamReply({ waitMs: 3500 }, role, text('Late'), stop, usageChunk, done);
    const { gateway } = open({
      script: [late],
      config: { ...alone, models: { [small]: { prefill: { tokens_per_second: 2500 } } } },
    });
    await gateway.ask(streamed);
    expect(gateway.entry().ending).toBe('ok');
  });

  it('is refused with a wait when its lane is full', async () => {
    const { gateway } = open({ script: [], queue: 'full' });
    expect(await gateway.ask(long)).toMatchObject({ kind: 'failed', code: 'queue_full' });
    expect(gateway.upstream.calls).toEqual([]);
  });
});

it('a short prompt asks for no turn', async () => {
  const { gateway } = open({ script: [whole] });
  await gateway.ask({ ...hello, stream: true });
  expect(gateway.admission.turns).toEqual([]);
});
