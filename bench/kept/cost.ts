/**
 * `npm run bench:kept`: what an idempotency key and a resumable stream cost beside the same request without, and what a request pays that uses
 * neither, within rounds of the same run, in workerd before stand-in model servers. Linux only: CPU time is read from /proc.
 */
import { readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import { type BuiltBundle, buildGateway, buildGatewayOf } from '../../infra/rig/bundle.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import { checkMachine, pinSelf } from '../../infra/rig/process-cpu.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { chatRequest, openConnection } from '../cpu/raw-client.ts';
import { ratioOf, type Spread, spreadOf } from '../cpu/statistics.ts';
import { figure, promise, type PromiseRow, tableOf } from '../load/promise-table.ts';

const help = `Measures requests whose answers are kept beside those whose are not.

  npm run bench:kept -- [options]

  --against DIR   another checkout, for the requests that use none of it; its dependencies must be installed
  --rounds N      each target takes its turn in every round (9)
  --requests N    of each kind in a round (100)
  --tokens N      of an answer (100)
  --help`;

/** CPU of a request that uses none of it beside the gateway before it. */
const mostPlainRatio = 1.03;

interface Wanted {
  readonly rounds: number;
  readonly requests: number;
  readonly tokens: number;
}

async function main(): Promise<void> {
  const { values } = readCommandLine({
    name: 'npm run bench:kept',
    help,
    options: {
      against: { type: 'string' },
      rounds: { type: 'string', default: '9' },
      requests: { type: 'string', default: '100' },
      tokens: { type: 'string', default: '100' },
    },
  });
  const wanted = {
    rounds: wholeNumber('rounds', values.rounds, { min: 3 }),
    requests: wholeNumber('requests', values.requests, { min: 10 }),
    tokens: wholeNumber('tokens', values.tokens, { min: 1 }),
  };
  checkMachine();
  pinSelf();
  const own = await buildGateway();
  const earlier = values.against === undefined ? null : await buildGatewayOf(values.against);
  try {
    const rows = await measure(own, earlier, wanted);
    const { rounds, requests, tokens } = wanted;
    console.log(tableOf(`${rounds} rounds of ${requests} requests of ${tokens} tokens, medians of rounds (least to most)`, rows));
    if (rows.some(({ isKept }) => !isKept)) process.exitCode = 1;
  } finally {
    own.remove();
    earlier?.remove();
  }
}

type Ask = readonly [rig: Rig, isStream: boolean, headers: () => Readonly<Record<string, string>>];

async function measure(own: BuiltBundle, earlier: BuiltBundle | null, wanted: Wanted): Promise<readonly PromiseRow[]> {
  const now = await startRig({ on: own });
  const before = earlier === null ? null : await startRig({ on: earlier });
  let made = 0;
  const none = () => ({});
  const keyed = () => ({ 'idempotency-key': `kept-${(made += 1)}` });
  const asks: Readonly<Record<string, Ask>> = {
    whole: [now, false, none],
    'whole, idempotency key': [now, false, keyed],
    stream: [now, true, none],
    'stream, idempotency key': [now, true, keyed],
    'stream, resumable': [now, true, () => ({ 'x-resumable': 'true' })],
    ...(before === null
      ? {}
      : { 'whole, before': [before, false, none] as const, 'stream, before': [before, true, none] as const }),
  };
  try {
    const turns = new Map<string, number[]>(Object.keys(asks).map((name) => [name, []]));
    for (let round = -1; round < wanted.rounds; round += 1) {
      const order = Object.entries(asks);
      for (const [name, ask] of round % 2 === 0 ? order : order.toReversed()) {
        const cpuUs = await take(ask, wanted);
        if (round >= 0) turns.get(name)?.push(cpuUs);
      }
    }
    return rowsOf((name) => turns.get(name) ?? [], [...turns.keys()]);
  } finally {
    await Promise.all([now.stop(), before?.stop()]);
  }
}

/** CPU of one request, in microseconds, its object's included. */
async function take([rig, isStream, headers]: Ask, { requests, tokens }: Wanted): Promise<number> {
  const connection = await openConnection(rig.url);
  const asked = {
    model: 'small',
    stream: isStream,
    max_tokens: tokens * 2,
    messages: [{ role: 'user', content: `[[tokens:${tokens}]]Name a harbour.` }],
  };
  const cpuBefore = rig.cpuMs();
  for (let sent = 0; sent < requests; sent += 1) {
    const { status } = await connection.send(chatRequest({ url: rig.url, headers: headers() }, clientKey, asked));
    if (status !== 200) throw new Error(`status ${status}`);
  }
  const cpuMs = rig.cpuMs() - cpuBefore;
  connection.close();
  return (cpuMs * 1000) / requests;
}

function rowsOf(of: (name: string) => readonly number[], names: readonly string[]): readonly PromiseRow[] {
  const rows: PromiseRow[] = names.map((name) => figure(name, `CPU ${spreadOf([...of(name)]).median.toFixed(0)} µs`));
  for (const name of ['whole', 'stream']) {
    for (const kind of names.filter((other) => other.startsWith(`${name}, `) && !other.endsWith('before')))
      rows.push(figure(`${kind} / ${name}`, shown(ratioOf([...of(kind)], [...of(name)]))));
    if (!names.includes(`${name}, before`)) continue;
    const ratio = ratioOf([...of(name)], [...of(`${name}, before`)]);
    rows.push(promise(`${name} / before`, shown(ratio), `at most ${mostPlainRatio}`, ratio.median <= mostPlainRatio));
  }
  return rows;
}

function shown({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

if (import.meta.main) await runCommand(main);
