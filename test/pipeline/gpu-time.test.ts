/** What a request used of its card, booked with the calls that it is billed for. */
import { describe, expect, it } from 'vitest';
import { createGateway, type GatewayOptions } from '../support/fakes/gateway.ts';
import { completion, done, goodStream, hello, role, stop, streamed, streamReply, text, usageChunk } from './wire.ts';

const card = { gpus: { a40: { models: ['qwen2.5-7b', 'qwen2.5-32b'], price_per_hour_usd: 0.36 } } };
const slow = streamReply({ waitMs: 200 }, role, text('Once'), { waitMs: 800 }, text(' more'), stop, usageChunk, done);

async function booked(options: GatewayOptions, body: object = streamed, behaviour = {}) {
  const gateway = createGateway({ config: card, ...options });
  await gateway.ask(body, behaviour);
  return gateway.entry().attemptUsages.map(({ gpuMs, gpuNanoUsd }) => [gpuMs, gpuNanoUsd]);
}

describe('a request alone on its card', () => {
  it.each<[what: string, script: GatewayOptions['script'], body: object, gpuMs: number[]]>([
    ['has all of the time of its stream', [slow], streamed, [1000]],
    ['has all of the time of an answer that comes whole', [{ ...completion('x'), afterMs: 700 } as never], hello, [700]],
    [
      'has the time of every call that it is billed for',
      [streamReply({ waitMs: 300 }, role, text('Onc'), 'reset'), slow],
      hello,
      [300, 1000],
    ],
  ])('%s', async (_, script, body, gpuMs) => {
    // At 0.36 USD an hour a millisecond costs 100 nano-USD.
    expect(await booked({ script }, body)).toEqual(gpuMs.map((ms) => [ms, 100 * ms]));
  });

  it('has it until it leaves', async () => {
    const [first] = await booked({ script: [streamReply(role, text('x'), 'stall')] }, streamed, { leavesAfterMs: 400 });
    expect(first).toEqual([400, 40_000]);
  });
});

it('requests side by side share the time, and it adds up', async () => {
  const gateway = createGateway({ script: [slow, slow, slow], config: card });
  await Promise.all([1, 2, 3].map((at) => gateway.ask({ ...streamed, user: `${at}` })));
  const used = gateway.ledger.entries.map(({ attemptUsages: [call] }) => call?.gpuMs ?? 0);
  expect(used).toHaveLength(3);
  expect(Math.abs(used.reduce((sum, ms) => sum + ms, 0) - 1000)).toBeLessThanOrEqual(3);
});

it('a model without a configured card has none', async () => {
  expect(await booked({ script: [goodStream('x')], config: { gpus: null } })).toEqual([[undefined, undefined]]);
});
