/** How many streams a target carries at once without delaying a reader: every event says when it was written, and is counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { clientKey } from '../../infra/rig/connect.ts';
import { chatRequest, openConnection } from './raw-client.ts';
import { type StreamWorkload, streamedBody } from './relay-cells.ts';
import type { Mock } from './start-mock.ts';
import type { Target } from './targets.ts';
import { stampPlaceholder } from './vllm-wire.ts';

const counts = [64, 128, 256, 512];
const mostLagMs = 50;
const intervalMs = 20;
const chunks = 200;
/** Of the delay at few streams, where nothing piles up: p99 of some 1,800 tokens, in three seconds. */
const lagChunks = 100;
/** The streams begin over this time, so that what is measured is carrying them, not opening them. */
const beginWithinMs = 1000;

const stamp = /@(\d{15})@/g;
const steadyUs = (): number => Number(process.hrtime.bigint() / 1000n);

/** The largest of 64, 128, 256 and 512 at which p99 of the lag stays under 50 ms and every event arrives; 0 where none does. */
export async function mostHeldStreams(target: Target, mock: Mock): Promise<number> {
  await mock.set(stampedWorkload(chunks));
  let held = 0;
  for (const count of counts) {
    const { p99Ms, lost } = await holdStreams(target, count, chunks);
    if (lost > 0 || p99Ms >= mostLagMs) break;
    held = count;
  }
  return held;
}

/** How late the reader has a token that a model server has written, at so many streams: 99 of 100 are sooner. NaN when one is missing. */
export async function tokenLagP99Ms(target: Target, mock: Mock, count: number): Promise<number> {
  await mock.set(stampedWorkload(lagChunks));
  const { p99Ms, lost } = await holdStreams(target, count, lagChunks);
  return lost > 0 ? Number.NaN : p99Ms;
}

/** An event every 20 ms, as a model server of fifty tokens a second sends them. */
export function stampedWorkload(length: number): StreamWorkload {
  return { kind: 'stream', answer: { kind: 'stamps', chunks: length, tokensPerChunk: 1 }, intervalMs };
}

async function holdStreams(target: Target, count: number, chunks: number): Promise<{ p99Ms: number; lost: number }> {
  const request = chatRequest(target, clientKey, streamedBody(false));
  // What was written before all streams ran is not measured.
  const fromUs = steadyUs() + (beginWithinMs + 200) * 1000;
  const lagsMs: number[] = [];
  let seen = 0;
  const readOne = async (at: number): Promise<void> => {
    await sleep((at * beginWithinMs) / count);
    const connection = await openConnection(target.url);
    let rest = '';
    await connection.send(request, {
      onBytes(bytes) {
        const nowUs = steadyUs();
        const text = rest + bytes.toString('latin1');
        let end = 0;
        for (const match of text.matchAll(stamp)) {
          seen += 1;
          end = match.index + match[0].length;
          const writtenUs = Number(match[1]);
          if (writtenUs >= fromUs) lagsMs.push((nowUs - writtenUs) / 1000);
        }
        rest = text.slice(Math.max(end, text.length - stampPlaceholder.length + 1));
      },
    });
    connection.close();
  };
  await Promise.all(Array.from({ length: count }, (_, at) => readOne(at)));
  lagsMs.sort((a, b) => a - b);
  return { p99Ms: lagsMs[Math.floor(lagsMs.length * 0.99)] ?? Number.POSITIVE_INFINITY, lost: count * chunks - seen };
}
