/**
 * `npm run bench:ledger-day`: a day of traffic, replayed fast into the ledger root inside workerd while its clock is moved on: how long `/stats`
 * takes to answer afterwards, what is stored, and what it cost in rows.
 */
import * as z from 'zod';
import { readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import type { Lab } from '../../infra/rig/lab.ts';
import { percentile } from '../../shared/units.ts';
import type { LedgerEntry } from '../../shared/records.ts';
import { aggregate } from '../../worker/core/ledger/aggregate.ts';
import type { Batch } from '../../worker/core/ledger/batch.ts';
import { dayOfTraffic } from './day-traffic.ts';
import { withLab } from './with-lab.ts';

const help = `A day of synthetic traffic in the ledger, replayed fast.

  npm run bench:ledger-day -- [options]

  --requests N    of the day (100000)
  --reads N       times that each route is asked afterwards (50)
  --json          the result as JSON
  --help

Ends non-zero when half of the times /stats takes longer than 50 ms.`;

const limitMs = 50;
const batchMs = 60_000;

export interface Day {
  readonly entries: readonly LedgerEntry[];
  /** Rows and characters of each table of the root. */
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly chars: number; readonly longest: number }>>;
  readonly rowsWritten: number;
  readonly batches: number;
  /** Requests that there was no room for among the records of their batch. */
  readonly unrecorded: number;
}

const Verdict = z.literal('booked');
const Dump = z.record(z.string(), z.array(z.record(z.string(), z.unknown())));

/** Books a day that ends now, in batches as shards would bring them, each at its time of the day. */
export async function replayDay(lab: Lab, count: number, seed = 1): Promise<Day> {
  const endMs = Date.now();
  const entries = dayOfTraffic(count, endMs, seed);
  await lab.counts(true);
  let sequence = 0;
  let unrecorded = 0;
  for (const batch of inBatches(entries)) {
    const atMs = (batch.at(-1)?.atMs ?? 0) + 1000;
    await lab.clock(atMs - Date.now());
    sequence += 1;
    const sent: Batch = { senderId: `day-${seed}`, sequence, createdAtMs: atMs, delta: aggregate(batch) };
    unrecorded += sent.delta.unrecorded ?? 0;
    Verdict.parse(await lab.object('LEDGER', 'root', { do: 'call', method: 'book', args: [sent] }));
  }
  await lab.clock(0);
  const { rows } = await lab.counts();
  const dump = Dump.parse(await lab.object('LEDGER', 'root', { do: 'dump' }));
  return { entries, tables: sizesOf(dump), rowsWritten: rows['LedgerObject'] ?? 0, batches: sequence, unrecorded };
}

/** What ends within a minute, as shards would have added it up. */
function inBatches(entries: readonly LedgerEntry[]): LedgerEntry[][] {
  const batches: LedgerEntry[][] = [];
  for (const entry of entries) {
    const last = batches.at(-1);
    if (last === undefined || entry.atMs - (last[0]?.atMs ?? 0) > batchMs) batches.push([entry]);
    else last.push(entry);
  }
  return batches;
}

function sizesOf(dump: z.infer<typeof Dump>): Day['tables'] {
  const charsOf = (row: Record<string, unknown>): number =>
    Object.values(row).reduce<number>((sum, value) => sum + String(value).length, 0);
  return Object.fromEntries(
    Object.entries(dump).map(([table, rows]) => {
      const chars = rows.map(charsOf);
      return [table, { rows: rows.length, chars: chars.reduce((sum, each) => sum + each, 0), longest: Math.max(0, ...chars) }];
    }),
  );
}

export interface ReadTimes {
  readonly path: string;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly bytes: number;
}

const paths = [
  '/stats',
  '/stats/series?range=hour',
  '/stats/series?range=day',
  '/stats/series?range=month',
  '/admin/requests',
  '/admin/requests?ending=timeout&limit=200',
  '/admin/requests/day-never',
];

/** Each route a number of times, one after the other, the first of them not counted. */
export async function timeReads(lab: Lab, reads: number): Promise<ReadTimes[]> {
  const results: ReadTimes[] = [];
  for (const path of paths) {
    const times: number[] = [];
    let bytes = 0;
    for (let index = 0; index <= reads; index += 1) {
      const startedAt = performance.now();
      bytes = (await (await lab.admin('GET', path)).text()).length;
      if (index > 0) times.push(performance.now() - startedAt);
    }
    const sorted = times.toSorted((a, b) => a - b);
    results.push({ path, p50Ms: percentile(sorted, 50) ?? 0, p95Ms: percentile(sorted, 95) ?? 0, bytes });
  }
  return results;
}

function print({ entries, tables, rowsWritten, batches }: Day, reads: readonly ReadTimes[]): void {
  console.log(`\n${entries.length} requests in ${batches} batches: ${rowsWritten} rows written.\n`);
  for (const [table, { rows, chars, longest }] of Object.entries(tables)) {
    console.log(`  ${table.padEnd(10)} ${String(rows).padStart(5)} rows  ${kB(chars)} kB  longest ${kB(longest)} kB`);
  }
  console.log('');
  for (const { path, p50Ms, p95Ms, bytes } of reads) {
    console.log(`  ${path.padEnd(44)} p50 ${p50Ms.toFixed(1)} ms  p95 ${p95Ms.toFixed(1)} ms  ${kB(bytes)} kB`);
  }
}

const kB = (chars: number): string => (chars / 1000).toFixed(1).padStart(8);

async function main(): Promise<number> {
  const { values } = readCommandLine({
    name: 'npm run bench:ledger-day',
    help,
    options: {
      requests: { type: 'string', default: '100000' },
      reads: { type: 'string', default: '50' },
      json: { type: 'boolean', default: false },
    },
  });
  const requests = wholeNumber('requests', values.requests, { min: 100 });
  const readCount = wholeNumber('reads', values.reads, { min: 10 });
  const [day, reads] = await withLab({}, async (lab) => {
    const replayed = await replayDay(lab, requests);
    return [replayed, await timeReads(lab, readCount)] as const;
  });
  if (values.json) console.log(JSON.stringify({ ...day, entries: day.entries.length, reads }, null, 2));
  else print(day, reads);
  return (reads[0]?.p50Ms ?? 0) > limitMs ? 1 : 0;
}

if (import.meta.main) await runCommand(main);
