/** What a gateway keeps: its JavaScript heap right after a collection, idle, with streams open, and after many requests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { clientKey } from '../../infra/rig/connect.ts';
import { heapAfterCollection } from '../../infra/rig/inspect-heap.ts';
import { stampedWorkload } from './held-streams.ts';
import { chatRequest, openConnection } from './raw-client.ts';
import { streamedBody } from './relay-cells.ts';
import { loadRequests, type RequestLoad } from './request-load.ts';
import type { Mock } from './start-mock.ts';
import type { Target } from './targets.ts';

const heldStreams = 200;
const chunks = 500;
const bytesPerMb = 2 ** 20;

/** Megabytes: after 2,000 requests, with 200 streams open, and after another 10,000 requests. Durable Objects share the heap here. */
export async function measureHeap(target: Target, mock: Mock, load: RequestLoad): Promise<number[]> {
  const { inspectorUrl } = target;
  if (inspectorUrl === null) throw new Error(`${target.name} shows no heap`);
  const heapMb = async (): Promise<number> => (await heapAfterCollection(inspectorUrl)) / bytesPerMb;
  const run = async (requests: number): Promise<number> => {
    await mock.set({ kind: 'json', bytes: load.bytes });
    // A new conversation each, so that session memories fill up.
    await loadRequests(target, { ...load, isNewEachTime: true, requests });
    return heapMb();
  };
  const before = await run(2000);
  await mock.set(stampedWorkload(chunks));
  const request = chatRequest(target, clientKey, streamedBody(false));
  const connections = await Promise.all(Array.from({ length: heldStreams }, () => openConnection(target.url)));
  const answers = Promise.all(connections.map((connection) => connection.send(request)));
  await sleep(3000);
  const held = await heapMb();
  const statuses = (await answers).map(({ status }) => status);
  for (const connection of connections) connection.close();
  if (statuses.some((status) => status !== 200)) throw new Error(`${target.name}: not every stream was answered`);
  return [before, held, await run(10_000)];
}
