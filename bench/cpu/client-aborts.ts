/** Whether the model server is freed when clients leave in the middle of an answer: counted at the server, half a second later. */
import { setTimeout as sleep } from 'node:timers/promises';
import { chatRequest, openConnection } from './raw-client.ts';
import { streamedBody } from './relay-cells.ts';
import type { Row } from './result-file.ts';
import type { Bench, Target } from './targets.ts';
import { clientKey } from '../../infra/rig/connect.ts';

const clients = 60;
const chunks = 200;
const leaveAfterEvents = 10;
const withinMs = 500;
const names = ['pump', 'native-body', 'hono', 'gateway'] as const;

export async function countAborts(bench: Bench<(typeof names)[number]>): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of names) {
    const target = bench.target(name);
    await bench.mock.set({ kind: 'stream', answer: { kind: 'plain', chunks, tokensPerChunk: 1 }, intervalMs: 10 });
    await Promise.all(Array.from({ length: clients }, () => readAndLeave(target)));
    await sleep(withinMs);
    const { aborted, eventsBeforeAbort } = await bench.mock.counts();
    const events = aborted === 0 ? '' : `, after ${(eventsBeforeAbort / aborted).toFixed(0)} events`;
    rows.push({
      what: `clients left after ${leaveAfterEvents} of ${chunks} chunks, server freed in ${withinMs / 1000} s${events}: ${name}`,
      value: aborted,
      unit: `of ${clients}`,
      ratio: null,
      base: null,
      goal: name === 'gateway' ? 'all' : null,
    });
  }
  return rows;
}

async function readAndLeave(target: Target): Promise<void> {
  const connection = await openConnection(target.url);
  let events = 0;
  const answer = connection.send(chatRequest(target, clientKey, streamedBody(false)), {
    onBytes(bytes) {
      events += bytes.toString('latin1').split('data: ').length - 1;
      if (events >= leaveAfterEvents) connection.close();
    },
  });
  await answer.catch(() => undefined);
}
