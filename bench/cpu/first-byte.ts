/** How long a client waits for the first byte of a stream: one connection, one request after the other, a server that answers at once. */
import { chatRequest, openConnection } from './raw-client.ts';
import { shortWorkload, streamedBody } from './relay-cells.ts';
import type { Row } from './result-file.ts';
import { ratioOf, spreadOf } from './statistics.ts';
import type { Mock } from './start-mock.ts';
import type { Bench, Target } from './targets.ts';
import { clientKey } from '../../infra/rig/connect.ts';

const requestsPerRound = 300;
const names = ['pump', 'native-body', 'hono', 'gateway'] as const;

/** Medians of each round, against the pump's. */
export async function measureFirstByte(
  bench: Bench<(typeof names)[number]>,
  { rounds, onStep }: { readonly rounds: number; onStep(): void },
): Promise<Row[]> {
  const medians = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const median = await medianFirstByteMs(bench.target(name), bench.mock, false);
      if (round >= 0) medians.get(name)?.push(median);
      onStep();
    }
  }
  const pump = medians.get('pump') ?? [];
  return names.map((name) => {
    const own = medians.get(name) ?? [];
    const isBase = name === 'pump';
    return {
      what: `first streamed byte: ${name}`,
      value: spreadOf(own).median * 1000,
      unit: 'µs',
      ratio: isBase ? null : ratioOf(own, pump),
      base: isBase ? null : 'pump',
      goal: name === 'gateway' ? '≤ 1.2' : null,
    };
  });
}

/** Of `requestsPerRound` requests, one after the other. */
export async function medianFirstByteMs(target: Target, mock: Mock, hasTools: boolean): Promise<number> {
  await mock.set(shortWorkload);
  const connection = await openConnection(target.url);
  const request = chatRequest(target, clientKey, streamedBody(hasTools));
  const times: number[] = [];
  for (let i = 0; i < requestsPerRound; i += 1) times.push((await connection.send(request)).firstByteMs);
  connection.close();
  return spreadOf(times).median;
}
