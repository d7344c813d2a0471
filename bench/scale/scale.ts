/** `npm run bench:scale`: what a million requests cost on Cloudflare at 1 to 10,000 a second, and what is full first. */
import { readCommandLine, decimalNumber, runCommand, wholeNumber } from '../../infra/command-line.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import type { Lab } from '../../infra/rig/lab.ts';
import { costRows } from '../cost/true-cost.ts';
import { countRows, type RowsRun } from '../ledger/rows.ts';
import { withLab } from '../ledger/with-lab.ts';
import { aligned } from '../load/columns.ts';
import { cloudflare, costOfMillion, type Deployment, fitRate, type Rate, saturatesAt } from './growth.ts';

const help = `Counts rows and calls of the Durable Objects at a few rates on one isolate, and works out from them what a million requests cost on
Cloudflare at others, with and without budgets, and what is full first. About two minutes.

  npm run bench:scale -- [options]

  --rates 2,10,40      requests a second that are measured
  --seconds N          each (8)
  --cpu-ms N           CPU of a request (9: 1.2 ms and, for the 6 of 10 that are streamed, 106 chunks of 0.12 ms, as bench:overhead prints them)
  --per-isolate N      requests a second before the platform starts another isolate (50, assumed)
  --object-calls N     calls a second that one object takes (1000: the platform's own soft limit)
  --json
  --help

Prices without what a month includes (10 M requests, 30 M CPU ms, 1 M calls, 50 M rows, 400,000 GB-s). Objects are counted as awake all the time.`;

const shownRates = [1, 10, 100, 1000, 10_000];
/** Health, ledger (four shards and the whole), admission of two models; and the key's own. */
const objectsWithoutBudget = 8;
const sharedBy: Readonly<Record<string, number>> = { LEDGER: 4, ADMISSION: 2 };

interface Measured {
  readonly free: readonly RowsRun[];
  readonly budgeted: readonly RowsRun[];
}

async function measure(lab: Lab, rates: readonly number[], seconds: number): Promise<Measured> {
  const { key } = await lab.makeKey({
    limits: { requests_per_minute: 1_000_000, max_concurrent: 1000 },
    budgets: [{ period: 'month', limit_usd: 1000 }],
  });
  const runs = async (name: string, of: string): Promise<RowsRun[]> => {
    const done: RowsRun[] = [];
    for (const rate of rates) done.push(await countRows(lab, name, of, rate, seconds));
    return done;
  };
  return { free: await runs('no limits', clientKey), budgeted: await runs('budget and limits', key) };
}

function ratesOf(runs: readonly RowsRun[], count: (run: RowsRun) => number): Rate {
  return fitRate(runs.map((run) => ({ perSecond: run.perSecond, countPerSecond: (count(run) / run.requests) * run.perSecond })));
}

function deploymentOf(runs: readonly RowsRun[], cpuMs: number, perIsolate: number, awakeObjects: number): Deployment {
  const rows = ratesOf(runs, (run) => Object.values(run.rows).reduce((sum, one) => sum + one, 0));
  const calls = ratesOf(runs, (run) => run.callsPerRequest * run.requests);
  return { perIsolate, cpuMs, awakeObjects, rows, calls };
}

function costTable(name: string, deployment: Deployment): string[][] {
  const usd = (value: number): string => value.toFixed(2);
  return [
    [name, 'requests', 'CPU', 'object calls', 'rows', 'objects awake', 'all, USD/1M'],
    ...shownRates.map((rate) => {
      const { requests, cpu, calls, rows, duration, all } = costOfMillion(rate, deployment, cloudflare);
      return [`${rate} a second`, usd(requests), usd(cpu), usd(calls), usd(rows), usd(duration), usd(all)];
    }),
  ];
}

/** One key with a budget sends everything: the worst case for its object. */
function fullTable(runs: readonly RowsRun[], perIsolate: number, most: number): string[][] {
  const callsOf = ({ calls }: RowsRun, binding: string): number =>
    Object.entries(calls).reduce((sum, [method, count]) => sum + (method.startsWith(`${binding}.`) ? count : 0), 0);
  const bindings = [...new Set(runs.flatMap(({ calls }) => Object.keys(calls).map((method) => method.split('.')[0] ?? '')))];
  const cards = costRows({
    traffic: { promptTokens: 419, answerTokens: 106, largeShare: 0.33 },
    usdPerHour: 0.44,
    hosted: { small: { input: 1, output: 1 }, large: { input: 1, output: 1 } },
  }).map(({ name, requestsPerSecond }) => [`one A40: ${name}`, requestsPerSecond.toFixed(1)]);
  const objects = bindings.flatMap((name) => {
    const at = saturatesAt(
      ratesOf(runs, (run) => callsOf(run, name)),
      sharedBy[name] ?? 1,
      most,
      perIsolate,
    );
    return at === null ? [] : [{ name, at }];
  });
  return [
    ['full at, requests a second', ''],
    ...cards,
    ...objects
      .toSorted((a, b) => a.at - b.at)
      .map(({ name, at }) => [`an object behind ${name}, at ${most} calls a second`, String(Math.round(at))]),
  ];
}

await runCommand(async () => {
  const { values } = readCommandLine({
    name: 'npm run bench:scale',
    help,
    options: {
      rates: { type: 'string', default: '2,10,40' },
      seconds: { type: 'string', default: '8' },
      'cpu-ms': { type: 'string', default: '9' },
      'per-isolate': { type: 'string', default: '50' },
      'object-calls': { type: 'string', default: '1000' },
      json: { type: 'boolean', default: false },
    },
  });
  const rates = values.rates.split(',').map((text) => wholeNumber('rates', text, { min: 1 }));
  const seconds = wholeNumber('seconds', values.seconds, { min: 1 });
  const cpuMs = decimalNumber('cpu-ms', values['cpu-ms']);
  const perIsolate = decimalNumber('per-isolate', values['per-isolate'], 1);
  const most = decimalNumber('object-calls', values['object-calls'], 1);
  const { free, budgeted } = await withLab({}, (lab) => measure(lab, rates, seconds));
  const deployments = {
    free: deploymentOf(free, cpuMs, perIsolate, objectsWithoutBudget),
    budgeted: deploymentOf(budgeted, cpuMs, perIsolate, objectsWithoutBudget + 1),
  };
  if (values.json) {
    console.log(JSON.stringify({ free, budgeted, deployments }, null, 2));
    return 0;
  }
  for (const [name, { rows, calls }] of Object.entries(deployments))
    console.log(
      `${name}: rows ${rows.perRequest.toFixed(2)} a request and ${rows.perSecond.toFixed(2)} a second an isolate; calls ${calls.perRequest.toFixed(2)} and ${calls.perSecond.toFixed(2)}`,
    );
  console.log(`\n${aligned(costTable('key without a budget', deployments.free))}\n`);
  console.log(`${aligned(costTable('key with a budget', deployments.budgeted))}\n`);
  console.log(aligned(fullTable(budgeted, perIsolate, most)));
  return 0;
});
