/**
 * `npm run faults`: runs every fault of the table against its own gateways and prints what a client sees, streamed and whole, what happens
 * when only the first model is at fault, the effect on health, the ledger's ending, and how long it took.
 */
import { commandLine, UsageError, wholeNumber } from '../command-line.ts';
import { progressBar } from '../../bench/load/progress-bar.ts';
import { startRig } from '../rig/rig.ts';
import { breakerRig } from '../rig/configs.ts';
import { steadyOverrides } from '../rig/configs.ts';
import { sequences } from './sequences.ts';
import { answersWithoutFault, hangMs, type Line, type Seen, showRow } from './show.ts';
import { faultTable, nameOf } from './table.ts';

const help = `Every fault of a model server, over HTTP through a gateway that is started for it. About four minutes.

  npm run faults -- [options]

  --only TEXT   faults and sequences whose name contains the text
  --gateways N  gateways that share the work, each with model servers of its own (3)
  --json        print the result as JSON, without a progress bar
  --help

streamed, whole   what a client sees when every model server shows the fault: complete, a status and its code, or an error event
one at fault      what a client that streams sees when only the first model shows it
health            failures in a row that each model server has to its name afterwards
ledger            the endings of the first two, as the gateway booked them

Behind the table stand the sequences of requests in which one failure must not become another client's.

A cell that is not as infra/faults/table.ts promises is marked with what was promised. Ends with 1 when there is one, above all when an
answer passes for whole and is not, or when nothing ends within ${hangMs / 1000} s.`;

const { values } = commandLine({
  name: 'npm run faults',
  help,
  options: {
    only: { type: 'string', default: '' },
    gateways: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const gateways = wholeNumber('gateways', values.gateways, { min: 1 });
const rows = faultTable.filter((row) => nameOf(row).includes(values.only));
const chosenSequences = sequences.filter(({ name }) => name.includes(values.only));
if (rows.length + chosenSequences.length === 0) throw new UsageError(`--only ${values.only}: no fault has such a name.`);
const bar = progressBar(rows.length + chosenSequences.length, values.json);
const lines = new Map<number, Line>();
let next = 0;

/** Takes rows until none is left. One request at a time per gateway, so that a change of health can be attributed to it. */
async function work(): Promise<void> {
  const gateway = await startRig({ on: 'wrangler dev', overrides: steadyOverrides });
  try {
    const references = await answersWithoutFault(gateway, rows);
    for (let index = next++; index < rows.length; index = next++) {
      const row = rows[index];
      if (row) lines.set(index, await showRow(gateway, row, references));
      bar.step();
    }
  } finally {
    await gateway.stop();
  }
}

interface SequenceResult {
  readonly name: string;
  readonly promise: string;
  /** Empty when the row behaved as promised. */
  readonly wrong: readonly string[];
}

async function runSequences(): Promise<SequenceResult[]> {
  const results: SequenceResult[] = [];
  if (chosenSequences.length === 0) return results;
  const gateway = await startRig({ on: 'wrangler dev', ...breakerRig });
  try {
    for (const { name, promise, run } of chosenSequences) {
      await gateway.resetState();
      const wrong = await run(gateway).catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
      results.push({ name, promise, wrong });
      bar.step();
    }
  } finally {
    await gateway.stop();
  }
  return results;
}

const working = [runSequences(), ...Array.from({ length: Math.min(rows.length, gateways) }, work)] as const;
// If one fails, the others still stop what they have started.
await Promise.allSettled(working);
bar.end();
await Promise.all(working);
const inSequence = await working[0];
const shown = rows.flatMap((_, index) => lines.get(index) ?? []);
const cells = shown.flatMap((line) => [line.streamed, line.whole, line.oneAtFault ?? []].flat());
const deviations = cells.filter(({ isPromised }) => !isPromised).length;
const wrongSequences = inSequence.filter(({ wrong }) => wrong.length > 0).length;
if (values.json) console.log(JSON.stringify({ rows: shown, sequences: inSequence }, null, 2));
else print(shown);
process.exit(deviations + wrongSequences === 0 ? 0 : 1);

function print(all: readonly Line[]): void {
  const head = ['fault', 'streamed', 'whole', 'one at fault', 'health', 'ledger', 'ms'];
  const table = all.map(({ fault, streamed, whole, oneAtFault }) => [
    fault,
    mark(streamed),
    mark(whole),
    oneAtFault === null ? '' : mark(oneAtFault),
    streamed.health === whole.health ? streamed.health : `${streamed.health}; ${whole.health}`,
    streamed.ledger === whole.ledger ? streamed.ledger : `${streamed.ledger}; ${whole.ledger}`,
    [streamed, whole].map(({ tookMs }) => tookMs.toFixed(0)).join(', '),
  ]);
  const widths = head.map((title, column) => Math.max(...[head, ...table].map((cells) => cells[column]?.length ?? title.length)));
  for (const line of [head, ...table])
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  const countOf = (result: string): number => cells.filter((cell) => cell.result === result).length;
  for (const { name, promise, wrong } of inSequence) {
    console.log(`\n${wrong.length === 0 ? 'kept' : '!! not kept'}  ${name}: ${promise}`);
    for (const what of wrong) console.log(`    ${what}`);
  }
  console.log(
    `\n${cells.length} requests: ${countOf('false success')} false successes, ${countOf('hang')} hangs, ${deviations} not as promised, ${inSequence.length - wrongSequences} of ${inSequence.length} sequences kept`,
  );
}

function mark({ result, isPromised }: Seen): string {
  return isPromised ? result : `!! ${result}`;
}
