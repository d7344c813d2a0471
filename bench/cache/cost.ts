/**
 * `npm run bench:cache`: what a hit takes beside `/livez`, and what a request pays that uses nothing of the cache, both within rounds of the same
 * run, in workerd before stand-in model servers. Linux only: CPU time is read from /proc.
 */
import { readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import { type BuiltBundle, buildGateway, buildGatewayOf } from '../../infra/rig/bundle.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import { checkMachine, pinSelf } from '../../infra/rig/process-cpu.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { type Connection, chatRequest, openConnection } from '../cpu/raw-client.ts';
import { ratioOf, type Spread, spreadOf } from '../cpu/statistics.ts';
import { figure, percentileOf, promise, type PromiseRow, tableOf } from '../load/promise-table.ts';

const help = `Measures a cache hit beside /livez, and requests that use no cache beside an earlier gateway.

  npm run bench:cache -- [options]

  --against DIR   another checkout, for the requests that use no cache; its dependencies must be installed
  --rounds N      each target takes its turn in every round (9)
  --requests N    of each kind in a round (300)
  --bytes N       of a request's body (1000)
  --help`;

/** A hit beside /livez, both one at a time on one connection. */
const mostHitRatio = 1.5;
/** CPU of a request without a cache beside the gateway before it. */
const mostPlainRatio = 1.03;

async function main(): Promise<void> {
  const { values } = readCommandLine({
    name: 'npm run bench:cache',
    help,
    options: {
      against: { type: 'string' },
      rounds: { type: 'string', default: '9' },
      requests: { type: 'string', default: '300' },
      bytes: { type: 'string', default: '1000' },
    },
  });
  const rounds = wholeNumber('rounds', values.rounds, { min: 3 });
  const requests = wholeNumber('requests', values.requests, { min: 10 });
  const bytes = wholeNumber('bytes', values.bytes, { min: 300 });
  checkMachine();
  pinSelf();
  const own = await buildGateway();
  const earlier = values.against === undefined ? null : await buildGatewayOf(values.against);
  try {
    const rows = await measure(own, earlier, { rounds, requests, bytes });
    console.log(tableOf(`${rounds} rounds of ${requests} requests of ${bytes} bytes, medians of rounds (least to most)`, rows));
    if (rows.some(({ isKept }) => !isKept)) process.exitCode = 1;
  } finally {
    own.remove();
    earlier?.remove();
  }
}

interface Wanted {
  readonly rounds: number;
  readonly requests: number;
  readonly bytes: number;
}

interface Turn {
  readonly p50Ms: number;
  readonly cpuUs: number;
}

async function measure(own: BuiltBundle, earlier: BuiltBundle | null, wanted: Wanted): Promise<readonly PromiseRow[]> {
  const on = await startRig({ on: own, overrides: { cache: { enabled: true, single_flight: 'off' } } });
  const off = await startRig({ on: own });
  const before = earlier === null ? null : await startRig({ on: earlier });
  try {
    const { bytes } = wanted;
    const livez = Buffer.from(`GET /livez HTTP/1.1\r\nhost: ${new URL(on.url).host}\r\n\r\n`);
    const asks: Readonly<Record<string, readonly [Rig, () => Uint8Array]>> = {
      livez: [on, () => livez],
      hit: [on, constant(on, body(bytes, 0, false))],
      'streamed hit': [on, constant(on, body(bytes, 0, true))],
      miss: [on, numbered(on, bytes)],
      'no-store': [on, constant(on, body(bytes, 0, false), { 'cache-control': 'no-store' })],
      off: [off, constant(off, body(bytes, 0, false))],
      ...(before === null ? {} : { before: [before, constant(before, body(bytes, 0, false))] as const }),
    };
    const turns = new Map<string, Turn[]>(Object.keys(asks).map((name) => [name, []]));
    for (let round = -1; round < wanted.rounds; round += 1) {
      const order = Object.entries(asks);
      for (const [name, [rig, next]] of round % 2 === 0 ? order : order.toReversed()) {
        const turn = await take(rig, next, wanted.requests);
        if (round >= 0) turns.get(name)?.push(turn);
      }
    }
    return rowsOf(turns, earlier !== null);
  } finally {
    await Promise.all([on.stop(), off.stop(), before?.stop()]);
  }
}

async function take(rig: Rig, next: () => Uint8Array, requests: number): Promise<Turn> {
  // workerd closes connections that are idle for 5 s.
  const connection: Connection = await openConnection(rig.url);
  const waited: number[] = [];
  const cpuBefore = rig.cpuMs();
  for (let sent = 0; sent < requests; sent += 1) {
    const request = next();
    const startedAt = performance.now();
    const { status } = await connection.send(request);
    waited.push(performance.now() - startedAt);
    if (status !== 200) throw new Error(`status ${status}`);
  }
  const cpuMs = rig.cpuMs() - cpuBefore;
  connection.close();
  return { p50Ms: percentileOf(waited, 50), cpuUs: (cpuMs * 1000) / requests };
}

function rowsOf(turns: ReadonlyMap<string, readonly Turn[]>, hasBefore: boolean): readonly PromiseRow[] {
  const of = (name: string, key: keyof Turn): number[] => (turns.get(name) ?? []).map((turn) => turn[key]);
  const rows: PromiseRow[] = [...turns.keys()].map((name) =>
    figure(
      name,
      `p50 ${spreadOf(of(name, 'p50Ms')).median.toFixed(3)} ms, CPU ${spreadOf(of(name, 'cpuUs')).median.toFixed(0)} µs`,
    ),
  );
  for (const name of ['hit', 'streamed hit']) {
    const ratio = ratioOf(of(name, 'p50Ms'), of('livez', 'p50Ms'));
    rows.push(promise(`${name} / livez, p50`, shown(ratio), `at most ${mostHitRatio}`, ratio.median <= mostHitRatio));
  }
  rows.push(figure('hit / off, CPU', shown(ratioOf(of('hit', 'cpuUs'), of('off', 'cpuUs')))));
  rows.push(figure('miss / off, CPU', shown(ratioOf(of('miss', 'cpuUs'), of('off', 'cpuUs')))));
  rows.push(figure('no-store / off, CPU', shown(ratioOf(of('no-store', 'cpuUs'), of('off', 'cpuUs')))));
  if (hasBefore) {
    const ratio = ratioOf(of('off', 'cpuUs'), of('before', 'cpuUs'));
    rows.push(promise('off / before, CPU', shown(ratio), `at most ${mostPlainRatio}`, ratio.median <= mostPlainRatio));
  }
  return rows;
}

function shown({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

function body(bytes: number, seed: number, stream: boolean): object {
  const shape = (text: string): object => ({
    model: 'small',
    temperature: 0,
    seed,
    stream,
    max_tokens: 20,
    messages: [{ role: 'user', content: `[[tokens:10]]Name a harbour. ${text}` }],
  });
  const missing = bytes - JSON.stringify(shape('')).length;
  return shape('Some words about the sea and the ships. '.repeat(Math.ceil(missing / 40)).slice(0, Math.max(0, missing)));
}

function constant({ url }: Rig, asked: object, headers: Readonly<Record<string, string>> = {}): () => Uint8Array {
  const request = chatRequest({ url, headers }, clientKey, asked);
  return () => request;
}

/** Every request asks something new. */
function numbered({ url }: Rig, bytes: number): () => Uint8Array {
  let seed = 1_000_000;
  return () => chatRequest({ url, headers: {} }, clientKey, body(bytes, (seed += 1), false));
}

if (import.meta.main) await runCommand(main);
