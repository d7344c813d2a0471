/** What requests leave behind in an isolate's heap, by workerd's inspector after a full collection. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { streamedBody } from '../../bench/cpu/relay-cells.ts';
import { type Bench, gateway, startBench } from '../../bench/cpu/targets.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import { heapAfterCollection } from '../../infra/rig/inspect-heap.ts';

let bench: Bench<'gateway'>;

beforeAll(async () => {
  bench = await startBench({ gateway: gateway({ isInspected: true }) });
  await bench.mock.set({ kind: 'stream', answer: { kind: 'plain', chunks: 16, tokensPerChunk: 1 }, intervalMs: 10 });
});

afterAll(() => bench.stop());

/** @param leavesAfterMs the first token; null stays to the end */
async function ask(body: object, leavesAfterMs: number | null): Promise<void> {
  const leaving = new AbortController();
  try {
    const response = await fetch(`${bench.target('gateway').url}/v1/chat/completions`, {
      method: 'POST',
      signal: leaving.signal,
      headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...streamedBody(false), ...body }),
    });
    if (leavesAfterMs !== null) setTimeout(() => leaving.abort(), leavesAfterMs);
    await response.arrayBuffer();
  } catch (error) {
    if (leavesAfterMs === null) throw error;
  }
}

async function heapAfter(requests: number, body: object, leavesAfterMs: number | null): Promise<number> {
  const { inspectorUrl } = bench.target('gateway');
  if (inspectorUrl === null) throw new Error('the gateway shows no heap');
  for (let sent = 0; sent < requests; sent += 40) await Promise.all(Array.from({ length: 40 }, () => ask(body, leavesAfterMs)));
  // The calls of those who left are noticed at the next write, and booked.
  await pause(1000);
  return heapAfterCollection(inspectorUrl);
}

describe('of a request that is over, the isolate keeps next to nothing', () => {
  test.each([
    ['a stream that was read to its end', {}, null],
    ['a stream whose client left', {}, 50],
    ['a whole answer that was read as a stream', { stream: false, max_tokens: 4000 }, null],
  ])('%s', async (_, body, leavesAfterMs) => {
    const before = await heapAfter(200, body, leavesAfterMs);
    const after = await heapAfter(320, body, leavesAfterMs);
    expect((after - before) / 320).toBeLessThan(5000);
  });
});
