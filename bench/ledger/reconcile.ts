/**
 * `npm run reconcile`: many requests with faults, clients that leave, objects evicted and broken and calls to them lost, then one table
 * that sets the clients' ledger, the model servers' and the gateway's side by side. Ends non-zero on any drift.
 */
import { readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import { progressBar } from '../load/progress-bar.ts';
import { type Books, compare, type Line } from './compare.ts';
import { type Disorder, loseCalls, makeDisorder } from './disorder.ts';
import { type Bundle, buildLab } from '../../infra/rig/bundle.ts';
import { type Lab, startLab } from '../../infra/rig/lab.ts';
import { pause } from '../../infra/rig/waiting.ts';
import { labOverrides } from '../../infra/rig/configs.ts';
import { holdings } from './holdings.ts';
import { planRequests } from './plan.ts';
import { reconcileRoughly } from './rough.ts';
import { witness } from './witness.ts';

const help = `Sends requests through the gateway while everything around them breaks, and compares three ledgers.

  npm run reconcile -- [options]

  --requests N       how many (10000; some are sent twice, to be answered from memory)
  --concurrency N    at the same time (24)
  --seed TEXT        which requests and which trouble (pointsman)
  --crashes N        times that workerd is killed in the rough part, a tenth as many requests again (3; 0 leaves it out)
  --calm             no objects broken, no calls lost: only faults and clients that leave
  --json             the result as JSON
  --help

The Worker runs in workerd itself: its objects are really evicted (memory gone, storage kept) and really broken (ctx.abort), at
random, about sixteen times a second. Then workerd itself is killed (kill -9) in the middle of abandoned work and unseen second runs, and
started again on the same storage. Compared are the clients' notes, the model servers' logs, and /stats, per agent and per key.`;

export interface Reconciliation {
  readonly requests: number;
  readonly seconds: number;
  readonly disorder: Disorder;
  readonly lines: readonly Line[];
  readonly lost: number;
  readonly double: number;
  readonly drift: number;
}

export interface ReconcileOptions {
  readonly bundle: Bundle;
  readonly requests: number;
  readonly concurrency: number;
  readonly seed: string;
  readonly isCalm: boolean;
  /** Times that workerd is killed in the rough part; 0 leaves that part out. */
  readonly crashes: number;
  readonly isSilent: boolean;
}

const month = { period: 'month', limit_usd: 1000 };
const keyBodies = [
  { name: 'plain' },
  { name: 'another', plan: 'default' },
  { name: 'budget', budgets: [month] },
  { name: 'budgets', budgets: [month, { ...month, period: 'day' }] },
  { name: 'agent budget', budgets: [month, { ...month, agent: 'plain.4' }] },
  { name: 'concurrency', limits: { max_concurrent: 4 } },
  {
    name: 'everything',
    limits: { requests_per_minute: 100_000, tokens_per_minute: 900_000_000, max_concurrent: 200 },
    budgets: [month],
  },
];

export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  const orderly = await reconcileFaults(options);
  const { bundle, crashes, seed, isSilent } = options;
  const rough =
    crashes === 0 ? [] : await reconcileRoughly({ bundle, requests: Math.ceil(options.requests / 10), crashes, seed, isSilent });
  const lines = [...orderly.lines, ...rough];
  const drift = orderly.lost + orderly.double + lines.reduce((sum, line) => sum + line.drift, 0);
  return { ...orderly, lines, drift };
}

/** Faults, clients that leave, objects evicted and broken, calls to them lost. */
async function reconcileFaults(options: ReconcileOptions): Promise<Omit<Reconciliation, 'drift'>> {
  const lab = await startLab({ on: options.bundle, overrides: labOverrides });
  try {
    const keys = await Promise.all(keyBodies.map((body) => lab.makeKey(body)));
    const startedAt = performance.now();
    const end = options.isCalm
      ? null
      : makeDisorder(
          lab,
          keys.map(({ id }) => id),
          options.seed,
        );
    if (!options.isCalm) await loseCalls(lab, true);
    const sent = await sendAll(
      lab,
      keys.map(({ key }) => key),
      options,
    );
    const disorder = (await end?.()) ?? { evictions: 0, breaks: 0, failedEvictions: 0 };
    await loseCalls(lab, false);
    const seconds = (performance.now() - startedAt) / 1000;
    const books = await settledBooks(
      lab,
      keys.map(({ id }) => id),
      sent,
    );
    return { requests: sent.length, seconds, disorder, ...compare(books) };
  } finally {
    await lab.stop();
  }
}

async function sendAll(
  lab: Lab,
  keys: readonly string[],
  { requests, concurrency, seed, isSilent }: ReconcileOptions,
): Promise<Books['sent']> {
  const planned = planRequests(requests, keys.length, seed);
  const bar = progressBar(planned.length, isSilent);
  const sent: Books['sent'][number][] = [];
  const queue = planned.values();
  const worker = async (): Promise<void> => {
    for (const one of queue) {
      const key = keys[one.key] ?? '';
      sent.push({ planned: one, witness: await witness(lab.url, key, one) });
      if (one.idempotencyKey !== null) {
        const again = { ...one, id: `${one.id}-again` };
        sent.push({ planned: again, witness: await witness(lab.url, key, again) });
      }
      bar.step();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  bar.end();
  return sent;
}

const settleWithinMs = 30_000;

/** Waits until the model servers are idle and the gateway's books have stopped moving. */
async function settledBooks(lab: Lab, ids: readonly string[], sent: Books['sent']): Promise<Books> {
  const deadline = Date.now() + settleWithinMs;
  let last = '';
  for (;;) {
    const stats = await lab.stats();
    const tenants = await Promise.all(ids.map((id) => holdings(lab, id)));
    const open = tenants.reduce((sum, tenant) => sum + tenant.open, 0);
    const now = JSON.stringify([stats.totals, open]);
    const isIdle = lab.calls().every(({ endedAtMs }) => endedAtMs !== null);
    if ((isIdle && open === 0 && now === last) || Date.now() > deadline) {
      const keys = ids.map((id, index) => ({ id, hasBudget: Object.hasOwn(keyBodies[index] ?? {}, 'budgets') }));
      return { sent, calls: lab.calls(), stats, keys, spentNanoUsd: tenants.map(({ spentNanoUsd }) => spentNanoUsd), open };
    }
    last = now;
    await pause(1500);
  }
}

function print({ requests, seconds, disorder, lines, lost, double, drift }: Reconciliation): void {
  const { evictions, breaks } = disorder;
  console.log(`\n${requests} requests in ${Math.round(seconds)} s; objects evicted ${evictions} times, broken ${breaks} times\n`);
  const rows = [
    ['', 'clients', 'model servers', 'gateway', 'drift'],
    ...lines.map(({ name, clients, servers, gateway, drift }) => [name, clients, servers, gateway, String(drift)]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) {
    console.log(
      `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`,
    );
  }
  console.log(`\n  lost ${lost}, double ${double}, drift ${drift}`);
}

async function main(): Promise<number> {
  const { values } = readCommandLine({
    name: 'npm run reconcile',
    help,
    options: {
      requests: { type: 'string', default: '10000' },
      concurrency: { type: 'string', default: '24' },
      seed: { type: 'string', default: 'pointsman' },
      crashes: { type: 'string', default: '3' },
      calm: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const options = {
    requests: wholeNumber('requests', values.requests, { min: 1 }),
    concurrency: wholeNumber('concurrency', values.concurrency, { min: 1 }),
    seed: values.seed,
    isCalm: values.calm,
    crashes: wholeNumber('crashes', values.crashes),
    isSilent: values.json,
  };
  const bundle = await buildLab();
  try {
    const result = await reconcile({ bundle, ...options });
    if (values.json) console.log(JSON.stringify(result, null, 2));
    else print(result);
    return result.drift === 0 ? 0 : 1;
  } finally {
    bundle.remove();
  }
}

if (import.meta.main) await runCommand(main);
