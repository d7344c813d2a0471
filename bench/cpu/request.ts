/**
 * `npm run bench:request`: CPU of an answer that is not streamed, 4 KB each way, in workerd itself: the whole gateway (key, limits,
 * routing, abort signal, accounting) beside a bare Hono pass-through and beside the floor that reads and rewrites both bodies.
 */
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import { progressBar } from '../load/progress-bar.ts';
import { checkMachine, pinSelf } from '../../infra/rig/process-cpu.ts';
import { chatRequest, type Connection, openConnection } from './raw-client.ts';
import { createResult, printResult, type Row, saveResult } from './result-file.ts';
import { ratioOf, spreadOf } from './statistics.ts';
import { cpuOf, startBench, type Target } from './targets.ts';
import { fillWithProse } from './vllm-wire.ts';
import { clientKey } from '../../infra/rig/connect.ts';

const help = `CPU and requests a second of answers that are not streamed, in workerd itself. Seven rounds take about two minutes.

  npm run bench:request -- [options]

  --rounds N        interleaved rounds, after one that is not counted (7)
  --connections N   keep-alive connections, one request at a time on each (32)
  --requests N      requests a target and round (4000)
  --bytes N         size of the request's body, and of the answer's (4096)
  --json            print the result as JSON
  --save            write the table in bench/README.md
  --help

CPU is user and system time of the workerd process, less its idle share, until half a second after the last answer, so that accounting is
in it. "buffer-rewrite" parses, changes and writes both bodies and does nothing else. Ratios are taken within a round.`;

const { values } = commandLine({
  name: 'npm run bench:request',
  help,
  options: {
    rounds: { type: 'string', default: '7' },
    connections: { type: 'string', default: '32' },
    requests: { type: 'string', default: '4000' },
    bytes: { type: 'string', default: '4096' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});

const names = ['hono', 'buffer-rewrite', 'gateway'] as const;
const rounds = wholeNumber('rounds', values.rounds, { min: 1 });
const requests = wholeNumber('requests', values.requests, { min: 1 });
const bytes = wholeNumber('bytes', values.bytes, { min: 1024 });
const connectionCount = wholeNumber('connections', values.connections, { min: 1 });
const costs = new Map<string, number[]>(names.map((name) => [name, []]));
const rates = new Map<string, number[]>(names.map((name) => [name, []]));

checkMachine();
pinSelf();
const bench = await startBench(['hono', 'buffer-rewrite']);
try {
  await bench.mock.set({ kind: 'json', bytes });
  const bar = progressBar((rounds + 1) * names.length, values.json);
  for (let round = -1; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const { cpuUs, perSecond } = await load(bench.target(name));
      if (round >= 0) {
        costs.get(name)?.push(cpuUs);
        rates.get(name)?.push(perSecond);
      }
      bar.step();
    }
  }
  bar.end();
  const result = createResult(`npm run bench:request -- --rounds ${rounds}`, rounds, rows());
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else printResult(result);
  if (values.save) saveResult('request', result);
} finally {
  await bench.stop();
}
process.exit(0);

/** All requests on all connections; µs of CPU a request, and requests a second as the clients saw them. */
async function load(target: Target): Promise<{ cpuUs: number; perSecond: number }> {
  const connections = await Promise.all(Array.from({ length: connectionCount }, () => openConnection(target.url)));
  const request = chatRequest(target.url, clientKey, body());
  let left = requests;
  let seconds = 0;
  const drive = async (connection: Connection): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const isChecked = left === 0;
      const { status, text } = await connection.send(request, { keep: isChecked });
      if (status !== 200 || (isChecked && !text.includes('"finish_reason":"stop"')))
        throw new Error(`${target.name}: status ${status}: ${text.slice(0, 500)}`);
    }
  };
  const cpuMs = await cpuOf(target, async () => {
    const startedAt = performance.now();
    await Promise.all(connections.map(drive));
    seconds = (performance.now() - startedAt) / 1000;
  });
  for (const connection of connections) connection.close();
  return { cpuUs: (cpuMs * 1000) / requests, perSecond: requests / seconds };
}

/** A conversation of `bytes` bytes. */
function body(): object {
  const shape = (content: string): object => ({
    model: 'small',
    max_tokens: 500,
    temperature: 0.7,
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content },
    ],
  });
  return shape(fillWithProse(bytes - JSON.stringify(shape('')).length));
}

function rows(): Row[] {
  const compared: readonly (readonly [name: string, base: string | null, goal: string | null])[] = [
    ['hono', null, null],
    ['buffer-rewrite', 'hono', null],
    ['gateway', 'buffer-rewrite', '≤ 1.3'],
    ['gateway', 'hono', '≤ 1.7'],
  ];
  const row = (what: string, unit: string, all: ReadonlyMap<string, number[]>) =>
    compared.map(([name, base, goal]) => ({
      what: `${what}: ${name}`,
      value: Math.round(spreadOf(all.get(name) ?? []).median),
      unit,
      ratio: base === null ? null : ratioOf(all.get(name) ?? [], all.get(base) ?? []),
      base,
      goal: all === costs ? goal : null,
    }));
  return [...row('CPU a request', 'µs', costs), ...row('requests a second', '', rates)];
}
