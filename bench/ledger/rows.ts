/**
 * `npm run bench:rows`: SQLite rows that a request costs in the Durable Objects, which is what they are billed by: counted from
 * `rowsWritten` of every statement, an alarm set counting as one row. Load arrives evenly, as in steady operation.
 */
import * as z from 'zod';
import { readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import { pause } from '../../infra/rig/waiting.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import type { Lab } from '../../infra/rig/lab.ts';
import { withLab } from './with-lab.ts';

const help = `Counts the rows that the Durable Objects write per request, in steady load.

  npm run bench:rows -- [options]

  --rates 2,10,50    requests per second, one run each
  --seconds N        length of a run (10)
  --json             the result as JSON
  --help

Ends non-zero when the ledger writes more than 0.5 rows a request at 10 requests per second or more while nobody watches the feed.`;

const ledgerLimit = 0.5;
const limitFromRate = 10;
const usdPerMillionRows = 1;
const watchedName = 'no limits, feed open';
const Ticket = z.object({ ticket: z.string() });

export interface RowsRun {
  readonly name: string;
  readonly perSecond: number;
  readonly requests: number;
  /** Rows and alarms by class of object. */
  readonly rows: Readonly<Record<string, number>>;
  readonly callsPerRequest: number;
  /** Calls by class of object. */
  readonly calls: Readonly<Record<string, number>>;
}

/** One run of even load. Counting starts after a warm-up and ends when the last shard has passed on what it had. */
export async function countRows(lab: Lab, name: string, key: string, perSecond: number, seconds: number): Promise<RowsRun> {
  const send = async () => {
    const response = await lab.chat(
      { messages: [{ role: 'user', content: '[[tokens:5]]Name a harbour.' }], max_tokens: 20 },
      {},
      { key },
    );
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    await response.text();
  };
  await send();
  await pause(3000);
  await lab.counts(true);
  const requests = perSecond * seconds;
  const running: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let index = 0; index < requests; index += 1) {
    await pause(startedAt + (index * 1000) / perSecond - performance.now());
    running.push(send());
  }
  await Promise.all(running);
  await pause(3000);
  const { rows, alarms, calls } = await lab.counts();
  const classes = [...new Set([...Object.keys(rows), ...Object.keys(alarms)])].sort();
  return {
    name,
    perSecond,
    requests,
    rows: Object.fromEntries(classes.map((name) => [name, (rows[name] ?? 0) + (alarms[name] ?? 0)])),
    callsPerRequest: Object.values(calls).reduce((sum, count) => sum + count, 0) / requests,
    calls,
  };
}

export const ledgerRowsPerRequest = ({ rows, requests }: RowsRun): number => (rows['LedgerObject'] ?? 0) / requests;

/** While a page watches the live feed, shards pass everything on at once. */
async function countWatched(lab: Lab, perSecond: number, seconds: number): Promise<RowsRun> {
  const { ticket } = Ticket.parse(await (await lab.admin('POST', '/admin/feed/ticket')).json());
  const socket = new WebSocket(`${lab.url.replace('http', 'ws')}/admin/feed?ticket=${ticket}`);
  const pings = setInterval(() => socket.send('ping'), 10_000);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  try {
    return await countRows(lab, watchedName, clientKey, perSecond, seconds);
  } finally {
    clearInterval(pings);
    socket.close();
  }
}

/** With the configuration as shipped: probes and batches at their own pace. */
async function runAll(lab: Lab, rates: readonly number[], seconds: number): Promise<RowsRun[]> {
  const { key: budgeted } = await lab.makeKey({
    limits: { requests_per_minute: 1_000_000, max_concurrent: 1000 },
    budgets: [{ period: 'month', limit_usd: 1000 }],
  });
  const runs: RowsRun[] = [];
  for (const rate of rates) runs.push(await countRows(lab, 'no limits', clientKey, rate, seconds));
  runs.push(await countRows(lab, 'budget and limits', budgeted, rates.at(-1) ?? 10, seconds));
  runs.push(await countWatched(lab, limitFromRate, seconds));
  return runs;
}

function print(runs: readonly RowsRun[]): void {
  const classes = [...new Set(runs.flatMap(({ rows }) => Object.keys(rows)))].sort();
  const cells = [
    ['key', 'req/s', ...classes.map((name) => name.replace('Object', '')), 'all', 'calls', 'USD per 1 M'],
    ...runs.map(({ name, perSecond, requests, rows, callsPerRequest }) => {
      const all = Object.values(rows).reduce((sum, count) => sum + count, 0) / requests;
      const perClass = classes.map((one) => ((rows[one] ?? 0) / requests).toFixed(3));
      return [
        name,
        String(perSecond),
        ...perClass,
        all.toFixed(3),
        callsPerRequest.toFixed(3),
        (all * usdPerMillionRows).toFixed(2),
      ];
    }),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  console.log('\nRows written per request, alarms included:\n');
  for (const row of cells) console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`);
}

async function main(): Promise<number> {
  const { values } = readCommandLine({
    name: 'npm run bench:rows',
    help,
    options: {
      rates: { type: 'string', default: '2,10,50' },
      seconds: { type: 'string', default: '10' },
      json: { type: 'boolean', default: false },
    },
  });
  const rates = values.rates.split(',').map((text) => wholeNumber('rates', text, { min: 1 }));
  const seconds = wholeNumber('seconds', values.seconds, { min: 1 });
  const runs = await withLab({}, (lab) => runAll(lab, rates, seconds));
  if (values.json) console.log(JSON.stringify(runs, null, 2));
  else print(runs);
  const over = runs.filter(
    (run) => run.name !== watchedName && run.perSecond >= limitFromRate && ledgerRowsPerRequest(run) > ledgerLimit,
  );
  for (const { perSecond } of over) console.error(`More than ${ledgerLimit} ledger rows a request at ${perSecond} per second.`);
  return over.length > 0 ? 1 : 0;
}

if (import.meta.main) await runCommand(main);
