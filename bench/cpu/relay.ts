/**
 * `npm run bench:relay`: what passing a stream on costs, in workerd itself. CPU per chunk, first byte and client aborts of the gateway
 * beside three Workers that do less: the body returned unread, a plain pump, a bare Hono pass-through. Asserts nothing.
 */
import { resolve } from 'node:path';
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import { progressBar } from '../load/progress-bar.ts';
import { countAborts } from './client-aborts.ts';
import { measureFirstByte } from './first-byte.ts';
import { checkMachine, pinSelf } from '../../infra/rig/process-cpu.ts';
import { createResult, printResult, type Row, saveResult } from './result-file.ts';
import { type Costs, measureCosts, type RelayCell, relayCells, requestName } from './relay-cells.ts';
import { ratioOf, spreadOf } from './statistics.ts';
import { type Builder, gateway, reference, startBench } from './targets.ts';

const help = `CPU per streamed chunk, first byte and client aborts, in workerd itself. Seven rounds take about eight minutes.

  npm run bench:relay -- [options]

  --rounds N         interleaved rounds, after one that is not counted (7)
  --streams N        streams at the same time (20)
  --chunks N         text chunks a paced answer, one every 10 ms (200)
  --burst-chunks N   text chunks of an answer written as fast as it is taken (2000)
  --only TEXT        only cost rows whose name contains the text; nothing else is measured
  --against DIR      another checkout of this repository with its dependencies installed, measured in the same rounds as "before"
  --json             print the result as JSON
  --save             write the table in bench/README.md
  --help

A chunk is one event in one write: 1 token, or 8. CPU is user and system time of the workerd process, less its idle share, by chunks
sent by the mock model server, less what the same requests cost with answers of one chunk. Ratios are taken within a round.`;

const { values } = commandLine({
  name: 'npm run bench:relay',
  help,
  options: {
    rounds: { type: 'string', default: '7' },
    streams: { type: 'string', default: '20' },
    chunks: { type: 'string', default: '200' },
    'burst-chunks': { type: 'string', default: '2000' },
    only: { type: 'string', default: '' },
    against: { type: 'string' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});

const rounds = wholeNumber('rounds', values.rounds, { min: 1 });
const streams = wholeNumber('streams', values.streams, { min: 1 });
const chunks = wholeNumber('chunks', values.chunks, { min: 2 });
const burstChunks = wholeNumber('burst-chunks', values['burst-chunks'], { min: 2 });
checkMachine();
pinSelf();
const { against } = values;
const builders: Readonly<Record<string, Builder>> = {
  'native-body': reference('native-body'),
  pump: reference('pump'),
  transform: reference('transform'),
  hono: reference('hono'),
  gateway: gateway(),
  ...(against === undefined ? {} : { before: gateway({ checkout: resolve(against) }) }),
};
const bench = await startBench(builders);
try {
  const cells = relayCells({ chunks, burstChunks })
    .filter(({ target }) => against !== undefined || target !== 'before')
    .filter(({ name }) => name.includes(values.only));
  const isPart = values.only !== '';
  const shortCells = new Set(cells.map(requestName)).size;
  const bar = progressBar((rounds + 1) * (cells.length + shortCells + (isPart ? 0 : 4)), values.json);
  const costs = await measureCosts(bench, cells, { rounds, streams, onStep: bar.step });
  const rows = [
    ...cells.map((cell) => chunkRow(cell, cells, costs.chunk, 'pump')),
    ...cells
      .filter(({ target }) => against !== undefined && target === 'gateway')
      .map((cell) => chunkRow(cell, cells, costs.chunk, 'before')),
  ];
  rows.push(...requestRows(costs.request));
  if (!isPart) {
    rows.push(...(await measureFirstByte(bench, { rounds, onStep: bar.step })));
    rows.push(...(await countAborts(bench)));
  }
  bar.end();
  const result = createResult(`npm run bench:relay -- --rounds ${rounds}`, rounds, rows);
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else printResult(result);
  if (values.save) saveResult('relay', result);
} finally {
  await bench.stop();
}
process.exit(0);

/** A cell's median, and its ratio to the pump or to the checkout before on the same work. */
function chunkRow(cell: RelayCell, cells: readonly RelayCell[], costs: Costs['chunk'], base: 'pump' | 'before'): Row {
  const isBase = ({ target, workload, hasTools }: RelayCell): boolean =>
    target === base && workload === cell.workload && (base === 'pump' || hasTools === cell.hasTools);
  const other = cells.find(isBase);
  const own = costs.get(cell) ?? [];
  const than = other === undefined || other === cell ? null : (costs.get(other) ?? null);
  return rowOf(`CPU a chunk, ${cell.name}`, own, than, base === 'pump' ? cell.goal : null, base);
}

function requestRows(costs: Costs['request']): Row[] {
  const pump = costs.get('pump') ?? null;
  return [...costs].map(([name, own]) =>
    rowOf(`CPU a streamed request of one chunk: ${name}`, own, name === 'pump' ? null : pump, null, 'pump'),
  );
}

function rowOf(what: string, own: readonly number[], than: readonly number[] | null, goal: string | null, base: string): Row {
  return {
    what,
    value: spreadOf(own).median,
    unit: 'µs',
    ratio: than === null ? null : ratioOf(own, than),
    base: than === null ? null : base,
    goal,
  };
}
