/**
 * `npm run bench:log`: what the request log costs a request, in workerd itself: CPU with a database and without one, and, of another checkout,
 * without the log in the code at all. Prints no promise: the machine decides how far two rounds of the same are apart, which is printed too.
 */
import { decimalNumber, readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import { startPostgres } from '../../infra/postgres/server.ts';
import { type BuiltBundle, buildGateway, buildGatewayOf } from '../../infra/rig/bundle.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { inParallel, pause } from '../../infra/rig/waiting.ts';

const help = `CPU of the gateway for each request, with the request log in PostgreSQL and without.

  npm run bench:log -- [options]

  --requests N        of each round (2000)
  --rounds N          rounds of each, taken in turn; the median counts (5)
  --against FOLDER    another checkout whose gateway is measured too, without a database
  --warm-up N         requests before the first round (1000)
  --help`;

const options = {
  requests: { type: 'string', default: '2000' },
  rounds: { type: 'string', default: '5' },
  against: { type: 'string' },
  'warm-up': { type: 'string', default: '1000' },
} as const;

/** What an isolate still has to send when the last answer is out. */
const settleMs = 1500;

interface Side {
  readonly name: string;
  readonly rig: Rig;
  readonly microseconds: number[];
}

async function send(rig: Rig, count: number): Promise<void> {
  const body = { model: 'small', max_tokens: 5, messages: [{ role: 'user', content: 'What is a lighthouse?' }] };
  await inParallel(count, 16, async () => {
    const response = await rig.chat(body);
    await response.text();
    if (response.status !== 200) throw new Error(`${response.status}`);
  });
  await pause(settleMs);
}

async function measure(side: Side, requests: number): Promise<void> {
  const before = side.rig.cpuMs();
  await send(side.rig, requests);
  side.microseconds.push(((side.rig.cpuMs() - before) / requests) * 1000);
}

function report({ name, microseconds }: Side): void {
  const sorted = microseconds.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  console.log(`${name.padEnd(22)} ${median.toFixed(0).padStart(5)} µs  (${sorted.map((one) => one.toFixed(0)).join(', ')})`);
}

async function main(): Promise<void> {
  const { values } = readCommandLine({ name: 'npm run bench:log', help, options });
  const requests = wholeNumber('requests', values.requests, { min: 1 });
  const rounds = decimalNumber('rounds', values.rounds, 1);
  const bundles: BuiltBundle[] = [await buildGateway()];
  if (values.against !== undefined) bundles.push(await buildGatewayOf(values.against));
  const [own, other] = bundles;
  if (own === undefined) return;
  const server = await startPostgres({ settings: { fsync: 'off' } });
  const sides: Side[] = [];
  try {
    const open = async (name: string, on: BuiltBundle, vars: Readonly<Record<string, string>> = {}): Promise<void> => {
      sides.push({ name, rig: await startRig({ on, vars }), microseconds: [] });
    };
    if (other !== undefined) await open('other checkout', other);
    await open('without a database', own);
    await open('with a database', own, { DATABASE_URL: server.url });
    for (const { rig } of sides) await send(rig, wholeNumber('warm-up', values['warm-up']));
    for (let round = 0; round < rounds; round += 1) for (const side of sides) await measure(side, requests);
    console.log(`CPU of workerd for each request, the median of ${rounds} rounds of ${requests} requests (and all of them)`);
    for (const side of sides) report(side);
  } finally {
    for (const { rig } of sides) await rig.stop();
    await server.stop();
    for (const bundle of bundles) bundle.remove();
  }
}

await runCommand(main);
