/** Work of a model server whose end was not seen: it costs what it may have cost, whichever side cancelled it. */
import { describe, expect, it } from 'vitest';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { type ClientBehaviour, createGateway, type FakeGateway } from '../support/fakes/gateway.ts';
import { completion, hello, role, streamReply, text } from './wire.ts';

const streamed = { ...hello, stream: true };
const burnt = (gateway: FakeGateway) =>
  gateway
    .entry()
    .attemptUsages.map(({ model, usage, isPartOfAnswer }) => [
      model,
      usage.promptTokens > 0,
      usage.completionTokens,
      usage.isEstimated,
      isPartOfAnswer,
    ]);

async function run(script: readonly Reply[], body: object, behaviour: ClientBehaviour = {}): Promise<FakeGateway> {
  const gateway = createGateway({ script, last: completion('answered') });
  await gateway.ask(body, behaviour);
  return gateway;
}

const small = 'qwen2.5-7b';
const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];

describe('a call that is given up', () => {
  it.each<readonly [string, object, Reply, number]>([
    ['before the headers of a stream: its prompt', streamed, { kind: 'hang' }, 0],
    ['before the first event of a stream: its prompt', streamed, streamReply({ waitMs: 5000 }, role), 0],
    ['after the first event, before a token: its prompt', streamed, streamReply(role, 'stall'), 0],
    ['while it may be writing a call: the time it ran', { ...streamed, tools }, streamReply(role, 'stall'), 20],
    ['as plain JSON: the time it ran', { ...hello, max_tokens: 400 }, { ...completion('x'), afterMs: 5000 } as Reply, 20],
    ['as plain JSON: no more than was allowed', { ...hello, max_tokens: 7 }, { ...completion('x'), afterMs: 5000 } as Reply, 7],
  ])('by its client, %s', async (_, body, reply, tokens) => {
    const gateway = await run([reply], body, { leavesAfterMs: 400 });
    expect(gateway.entry()).toMatchObject({ ending: 'client_abort', isEstimated: true });
    expect(gateway.entry().costNanoUsd).toBeGreaterThan(0);
    expect(burnt(gateway)).toEqual([[small, true, tokens, true, false]]);
  });

  it('again and again costs each time', async () => {
    const costs = await Promise.all(
      [1, 2, 3].map(async () => (await run([{ kind: 'hang' }], streamed, { leavesAfterMs: 300 })).entry().costNanoUsd),
    );
    expect(costs.every((cost) => cost > 0)).toBe(true);
  });

  it('by a limit, and answered elsewhere: both are booked, and the client is told of its answer alone', async () => {
    const gateway = createGateway({ script: [{ kind: 'hang' }], last: completion('answered') });
    const answer = await gateway.ask(hello);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 2 });
    expect(burnt(gateway).map(([, , , , isPart]) => isPart)).toEqual([false, true]);
    const [unseen, shown] = gateway.entry().attemptUsages;
    expect(unseen?.usage.completionTokens).toBeGreaterThan(0);
    expect(JSON.parse(answer.text).usage.total_tokens).toBe(
      (shown?.usage.promptTokens ?? 0) + (shown?.usage.completionTokens ?? 0),
    );
  });

  it('while it waits for its turn costs nothing: no server was asked', async () => {
    const gateway = createGateway({ script: [], queue: { waitMs: 3000 } });
    await gateway.ask(hello, { leavesAfterMs: 400 });
    expect(gateway.entry()).toMatchObject({ attempts: 0, costNanoUsd: 0 });
  });
});

describe('a call that fails by itself', () => {
  it.each<readonly [string, Reply]>([
    ['refuses the connection', { kind: 'refuse' }],
    ['answers 500', { kind: 'status', status: 500 }],
    ['answers 503', { kind: 'status', status: 503 }],
  ])('at once, and %s, costs nothing', async (_, reply) => {
    const gateway = await run([reply], hello);
    expect(burnt(gateway).filter(([, , , , isPart]) => isPart === false)).toEqual([]);
  });

  it.each<readonly [string, Reply]>([
    ['loses its connection', { kind: 'refuse', afterMs: 2000 }],
    ['ends in the tunnel’s timeout', { kind: 'status', status: 524, afterMs: 2000 }],
  ])('after two seconds, and %s, costs what it ran', async (_, reply) => {
    const gateway = await run([reply], hello);
    expect(burnt(gateway)[0]).toEqual([small, true, 50, true, false]);
  });
});

it('tokens that were seen are booked as they were seen, not by the time', async () => {
  const gateway = await run([streamReply(role, text('a'), text('b'), 'stall')], streamed, { leavesAfterMs: 2500 });
  expect(burnt(gateway)).toEqual([[small, true, 2, true, true]]);
});
