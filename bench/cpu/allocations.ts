/**
 * `npm run bench:allocations`: what a request allocates in the gateway's isolate, and what of it outlives the collections of young objects, which
 * only a full collection frees. Unlike CPU time it is hardly different on a busy machine. Asserts nothing.
 */
import { resolve } from 'node:path';
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import { allocatedDuring, type Counted } from '../../infra/rig/inspect-heap.ts';
import { checkMachine, pinSelf } from '../../infra/rig/process-cpu.ts';
import { plainLoad } from './overhead-rows.ts';
import { chatRequest, openConnection } from './raw-client.ts';
import { shortWorkload, streamedBody } from './relay-cells.ts';
import { loadRequests } from './request-load.ts';
import { printColumns } from './result-file.ts';
import { type Bench, gateway, startBench, type Target } from './targets.ts';

const help = `Kilobytes of JavaScript objects a request at 32 connections, by the sampling heap profiler of workerd's inspector.

  npm run bench:allocations -- [options]

  --requests N     a measurement, after 3,000 that are not counted (3000)
  --against DIR    another checkout of this repository with its dependencies installed, as "before"
  --top N          the functions that allocate most as well, by their names and lines in the bundle, which is not minified then (0)
  --help`;

const { values } = commandLine({
  name: 'npm run bench:allocations',
  help,
  options: {
    requests: { type: 'string', default: '3000' },
    against: { type: 'string' },
    top: { type: 'string', default: '0' },
  },
});

const requests = wholeNumber('requests', values.requests, { min: 100 });
const top = wholeNumber('top', values.top, { min: 0 });
const warmUp = 3000;

type Load = (bench: Bench<string>, target: Target, count: number) => Promise<void>;

const loads: Readonly<Record<string, Load>> = {
  'whole answers': async ({ mock }, target, count) => {
    await mock.set({ kind: 'json', bytes: plainLoad.bytes });
    await loadRequests(target, { ...plainLoad, seconds: 0, requests: count, key: clientKey });
  },
  'streams of one chunk': async ({ mock }, target, count) => {
    await mock.set(shortWorkload);
    const request = chatRequest(target, clientKey, streamedBody(false));
    let left = count;
    const drive = async (): Promise<void> => {
      const connection = await openConnection(target.url);
      while (left > 0) {
        left -= 1;
        await connection.send(request);
      }
      connection.close();
    };
    await Promise.all(Array.from({ length: plainLoad.connections }, drive));
  },
};

checkMachine();
pinSelf();
const names = values.against === undefined ? ['gateway'] : ['gateway', 'before'];
const rows = [['KB a request', ...names.flatMap((name) => [name, 'outliving'])]];
const most: string[][] = [];
const own = { gateway: gateway({ isInspected: true, isReadable: top > 0 }) };
const bench = await startBench<string>(
  values.against === undefined ? own : { ...own, before: gateway({ isInspected: true, checkout: resolve(values.against) }) },
);
for (const [title, load] of Object.entries(loads)) {
  const cells: string[] = [];
  for (const name of names) {
    const target = bench.target(name);
    await load(bench, target, warmUp);
    for (const counted of ['all', 'outliving'] as const) cells.push(await measure(title, target, counted, load));
  }
  rows.push([title, ...cells]);
}
await bench.stop();
printColumns(rows);
if (top > 0) printColumns([['', 'function', 'bytes'], ...most]);
process.exit(0);

async function measure(title: string, target: Target, counted: Counted, load: Load): Promise<string> {
  if (target.inspectorUrl === null) throw new Error(`${target.name} shows no heap`);
  const bytes = await allocatedDuring(target.inspectorUrl, counted, () => load(bench, target, requests));
  const total = [...bytes.values()].reduce((sum, own) => sum + own, 0);
  const largest = [...bytes].toSorted(([, a], [, b]) => b - a).slice(0, top);
  for (const [name, own] of largest) most.push([`${target.name}, ${title}, ${counted}`, name, (own / requests).toFixed(0)]);
  return (total / requests / 1024).toFixed(1);
}
