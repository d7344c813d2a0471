/**
 * `npm run faults`: shows every fault of the table to a gateway of its own and prints what a client sees, streamed and whole, how it goes
 * when only the first model is at fault, what the models' health makes of it, what the ledger has, and how long it took.
 */
import { parseArgs } from 'node:util';
import { progressBar } from '../../bench/load/progress-bar.ts';
import type { Stats } from '../../shared/records.ts';
import { faultRequest } from '../../test/support/http/fault-request.ts';
import { type GatewayUnderTest, read, startHarness } from '../../test/support/http/harness.ts';
import { readReply, type Reply } from '../../test/support/http/reply.ts';
import { difference } from '../../test/support/http/stats-difference.ts';
import { steadyOverrides } from '../../test/support/http/steady.ts';
import { directiveOf, type Expectation, type FaultCase, faultTable, isHealedByFallback } from './table.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  console.log(`Every fault of a model server, over HTTP through a gateway that is started for it. About four minutes.

  npm run faults -- [options]

  --only TEXT   faults whose name contains the text
  --json        print the result as JSON, without a progress bar
  --help

streamed, whole   what a client sees when every model server shows the fault: complete, a status and its code, or an error event
one at fault      what a client that streams sees when only the first model shows it
health            failures in a row that each model server has to its name afterwards
ledger            the endings of the first two, as the gateway booked them

A cell that is not as infra/faults/table.ts promises is marked with what was promised. Ends with 1 when there is one, above all when an
answer passes for whole and is not, or when nothing ends within ${20} s.`);
  process.exit(0);
}

/** Longer than three attempts that each run into the limit of a whole answer. */
const hangMs = 20_000;
const cleanModels = ['small', 'large'];
const snapshotMs = steadyOverrides.routing.health.snapshot_max_age_ms + 20;

interface Seen {
  /** `complete`, `502 upstream_error`, `event upstream_error`, `hang`, `false success`, `unclear`. */
  readonly result: string;
  readonly isPromised: boolean;
  readonly ledger: string;
  readonly health: string;
  readonly tookMs: number;
}

interface Line {
  readonly fault: string;
  readonly streamed: Seen;
  readonly whole: Seen;
  /** Null where another model cannot help. */
  readonly oneAtFault: Seen | null;
}

type Shown = Parameters<typeof faultRequest>[1];

const rows = faultTable.filter((row) => directiveOf(row).includes(values.only));
const bar = progressBar(rows.length, values.json);
const gateway = await startHarness({ overrides: steadyOverrides });
const lines: Line[] = [];
try {
  const references = await answersWithoutFault();
  for (const row of rows) {
    const reference = references.get(row.needs) ?? null;
    const heals = isHealedByFallback(row.streamed);
    const healed: Expectation = { ends: 'complete', ledger: 'ok' };
    lines.push({
      fault: directiveOf(row),
      streamed: await show(row, row.streamed, { shownBy: 'all', isStream: true }, reference),
      whole: await show(row, row.plain, { shownBy: 'all', isStream: false }, reference),
      oneAtFault: heals ? await show(row, healed, { shownBy: 'first', isStream: true }, reference) : null,
    });
    bar.step();
  }
} finally {
  bar.end();
  await gateway.stop();
}
const cells = lines.flatMap((line) => [line.streamed, line.whole, line.oneAtFault ?? []].flat());
const deviations = cells.filter(({ isPromised }) => !isPromised).length;
if (values.json) console.log(JSON.stringify(lines, null, 2));
else print(lines);
process.exit(rows.length > 0 && deviations === 0 ? 0 : 1);

/** By what the request demands. Waits until they are booked, so that they count for no row. */
async function answersWithoutFault(): Promise<Map<FaultCase['needs'], Reply | null>> {
  const byNeeds = new Map<FaultCase['needs'], Reply | null>();
  for (const row of rows) {
    if (byNeeds.has(row.needs)) continue;
    byNeeds.set(row.needs, await answer(faultRequest(row, { shownBy: 'none', isStream: false })));
  }
  while ((await gateway.stats()).totals.requests < byNeeds.size) await pause(50);
  return byNeeds;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Null when nothing ended in time. */
async function answer(body: Record<string, unknown>): Promise<Reply | null> {
  const late = new Promise<null>((resolve) => setTimeout(resolve, hangMs, null).unref());
  return Promise.race([gateway.chat(body).then(readReply), late]);
}

async function show(row: FaultCase, promised: Expectation, shown: Shown, reference: Reply | null): Promise<Seen> {
  await gateway.recovered();
  const before = await gateway.stats();
  // A good answer of each model first: what is counted afterwards is this request's.
  for (const model of cleanModels) await answer({ model, messages: [{ role: 'user', content: '[[tokens:8]]Describe a quay.' }] });
  await pause(snapshotMs);
  const startedAtMs = performance.now();
  const reply = await answer(faultRequest(row, shown));
  const tookMs = performance.now() - startedAtMs;
  const health = await healthNow(gateway);
  const ledger = await endingAfter(before, gateway);
  const result = resultOf(reply, row, promised, reference);
  return { result, isPromised: isKept(result, promised) && ledger === promised.ledger, ledger, health, tookMs };
}

function resultOf(reply: Reply | null, row: FaultCase, promised: Expectation, reference: Reply | null): string {
  if (reply === null) return 'hang';
  const [error] = reply.errors;
  const isEnded = reply.finishReasons.length === 1 && reply.isDone === reply.isStream && reply.unreadable.length === 0;
  if (error !== undefined) {
    if (isEnded || reply.isDone || reply.finishReasons.length > 0) return 'unclear';
    return `${reply.isStream ? 'event' : reply.status} ${String(error['code'])}`;
  }
  if (reply.status !== 200 || !isEnded) return 'unclear';
  const isSame = reply.text === reference?.text && JSON.stringify(reply.calls) === JSON.stringify(reference.calls);
  return promised.ends === 'complete' && (row.text === 'other' || isSame) ? 'complete' : 'false success';
}

/** `late_error` is a status when the fallback was quick and the headers had not gone out, else an event. */
function isKept(result: string, promised: Expectation): boolean {
  if (promised.ends === 'complete') return result === 'complete';
  const isEvent = result === `event ${promised.code}`;
  if (promised.ends === 'status') return !isEvent && result.endsWith(` ${promised.code}`);
  return isEvent;
}

interface HealthPage {
  readonly models: Readonly<
    Record<
      string,
      {
        readonly instances: readonly {
          readonly upstream: string;
          readonly status: string;
          readonly consecutive_failures: number;
        }[];
      }
    >
  >;
}

/** Failures in a row by model server. Asks until two readings agree, for reports reach the object a moment later. */
async function healthNow(target: GatewayUnderTest): Promise<string> {
  await pause(100);
  for (let last = ''; ;) {
    await pause(50);
    const { models }: HealthPage = await read(await target.get('/health'));
    const failing = Object.values(models)
      .flatMap(({ instances }) => instances)
      .filter(({ status, consecutive_failures: count }) => status !== 'up' || count > 0)
      .map(({ upstream, status, consecutive_failures: count }) => `${upstream} ${status === 'up' ? count : status}`);
    const now = failing.length === 0 ? '–' : failing.join(', ');
    if (now === last) return now;
    last = now;
  }
}

/** The ending of one more request than the clean ones. */
async function endingAfter(before: Stats, target: GatewayUnderTest): Promise<string> {
  const deadline = performance.now() + 5000;
  for (;;) {
    const { requests, endings } = difference(before, await target.stats());
    if (requests > cleanModels.length || performance.now() > deadline) {
      const counts = Object.entries({ ...endings, ok: (endings['ok'] ?? 0) - cleanModels.length });
      return counts.flatMap(([ending, count]) => (count === 0 ? [] : [count === 1 ? ending : `${ending} × ${count}`])).join(', ');
    }
    await pause(50);
  }
}

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
  const count = (result: string): number => cells.filter((cell) => cell.result === result).length;
  console.log(
    `\n${cells.length} requests: ${count('false success')} false successes, ${count('hang')} hangs, ${deviations} not as promised`,
  );
}

function mark({ result, isPromised }: Seen): string {
  return isPromised ? result : `!! ${result}`;
}
