/**
 * `npm run bench:soak`: twenty streams at a time for as long as wanted, some of which meet faults and some of whose clients leave. What
 * must hold: memory does not grow, no call of a model server is left open, and the three ledgers agree.
 */
import { commandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import { buildLab } from '../../infra/rig/bundle.ts';
import { labOverrides } from '../../infra/rig/configs.ts';
import { heapAfterCollection } from '../../infra/rig/inspect-heap.ts';
import { type Lab, startLab } from '../../infra/rig/lab.ts';
import { pause } from '../../infra/rig/waiting.ts';
import { holdings } from '../ledger/holdings.ts';
import { type Books, compare } from '../ledger/compare.ts';
import { type PlannedRequest, requestPlanner } from '../ledger/plan.ts';
import { witness } from '../ledger/witness.ts';
import { progressBar } from '../load/progress-bar.ts';
import { brokenPromises, figure, promise, type PromiseRow, tableOf } from '../load/promise-table.ts';
import { type Growth, growthOf, type Sample } from './slope.ts';

const help = `Twenty streams at a time through the gateway in workerd, for as long as wanted: 5 of 100 requests meet a fault, 10 of 100 clients
leave in the middle of their answer.

  npm run bench:soak -- [options]

  --minutes N      how long (30)
  --streams N      at the same time (20)
  --seed TEXT      which requests (pointsman)
  --json           print the result as JSON, without a progress bar
  --help

Ends with 1 when memory grows, a call of a model server is still open at the end, or a ledger differs.`;

const { values } = commandLine({
  name: 'npm run bench:soak',
  help,
  options: {
    minutes: { type: 'string', default: '30' },
    streams: { type: 'string', default: '20' },
    seed: { type: 'string', default: 'pointsman' },
    json: { type: 'boolean', default: false },
  },
});

/** Of a hundred. Faults: shown by one server, in the framing, by both, in the middle of an answer. */
const mix = { plain: 85, fallback: 2, framing: 1, broken: 1, rescued: 1, 'left-by-reset': 6, 'left-by-close': 4 } as const;
const keyBodies = [{ name: 'plain' }, { name: 'budget', budgets: [{ period: 'month', limit_usd: 1000 }] }];
/**
 * A machine that stalls for a second must not look like a model that does: its answers would be continued by the other one, which the comparison
 * of ledgers does not expect of plain requests.
 */
const timeouts_ms = { connect: 5000, first_event: 30_000, idle: 15_000, total: 120_000 };
const sampleMs = 5000;
/** Of the time: caches and buffers fill. */
const warmUpShare = 0.25;
/** What the heap right after a collection may differ by after the warm-up: streams under way are in it. */
const mostGrowth = 0.1;
const settleWithinMs = 30_000;

interface Soaked {
  readonly minutes: number;
  readonly streams: number;
  readonly books: Books;
  readonly openCalls: number;
  /** JavaScript objects right after a collection, those of the Durable Objects too; and all memory of workerd then. */
  readonly heap: Growth | null;
  readonly resident: Growth | null;
  readonly cpuMs: number;
}

async function soak(lab: Lab, minutes: number, streams: number): Promise<Soaked> {
  const keys = await Promise.all(keyBodies.map((body) => lab.makeKey(body)));
  const next = requestPlanner(mix, keys.length, values.seed);
  const bar = progressBar(Math.ceil((minutes * 60_000) / sampleMs), values.json);
  const startedAtMs = performance.now();
  const isOver = (): boolean => performance.now() - startedAtMs > minutes * 60_000;
  const heap: Sample[] = [];
  const resident: Sample[] = [];
  const sent: Books['sent'][number][] = [];
  const sampler = (async (): Promise<void> => {
    while (!isOver()) {
      await pause(sampleMs);
      // Without a collection first, it is garbage that grows until the engine feels like one.
      const bytes = await heapAfterCollection(lab.inspectorUrl ?? '');
      const atMs = performance.now() - startedAtMs;
      heap.push({ atMs, bytes });
      resident.push({ atMs, bytes: lab.residentBytes() });
      bar.step();
    }
  })();
  const worker = async (): Promise<void> => {
    while (!isOver()) {
      const planned = streamed(next());
      sent.push({ planned, witness: await witness(lab.url, keys[planned.key]?.key ?? '', planned) });
    }
  };
  const isWarm = ({ atMs }: Sample): boolean => atMs > warmUpShare * minutes * 60_000;
  const cpuBeforeMs = lab.cpuMs();
  await Promise.all([sampler, ...Array.from({ length: streams }, worker)]);
  bar.end();
  const ids = keys.map(({ id }) => id);
  const books = await settledBooks(lab, ids, sent);
  return {
    minutes,
    streams,
    books,
    openCalls: lab.calls().filter(({ endedAtMs }) => endedAtMs === null).length,
    heap: growthOf(heap.filter(isWarm)),
    resident: growthOf(resident.filter(isWarm)),
    cpuMs: lab.cpuMs() - cpuBeforeMs,
  };
}

/** Every answer a stream of one or two seconds. */
function streamed(planned: PlannedRequest): PlannedRequest {
  if (typeof planned.body === 'string' || planned.leaves !== null) return planned;
  const { body } = planned;
  const messages = [{ role: 'user', content: `[[pace:25]][[tokens:60]]${textOf(body)}` }];
  return { ...planned, body: { ...body, stream: true, stream_options: { include_usage: true }, messages } };
}

function textOf({ messages }: Readonly<Record<string, unknown>>): string {
  const [first]: unknown[] = Array.isArray(messages) ? messages : [];
  const content = typeof first === 'object' && first !== null && 'content' in first ? String(first.content) : '';
  return content.replace(/\[\[tokens:\d+\]\]/, '');
}

/** Waits until the model servers are idle and the gateway's books have stopped moving. */
async function settledBooks(lab: Lab, ids: readonly string[], sent: Books['sent']): Promise<Books> {
  const deadlineMs = performance.now() + settleWithinMs;
  for (let last = ''; ;) {
    const stats = await lab.stats();
    const tenants = await Promise.all(ids.map((id) => holdings(lab, id)));
    const open = tenants.reduce((sum, tenant) => sum + tenant.open, 0);
    const now = JSON.stringify([stats.totals, open]);
    const isIdle = lab.calls().every(({ endedAtMs }) => endedAtMs !== null);
    if ((isIdle && open === 0 && now === last) || performance.now() > deadlineMs) {
      const keys = ids.map((id, index) => ({ id, hasBudget: Object.hasOwn(keyBodies[index] ?? {}, 'budgets') }));
      return { sent, calls: lab.calls(), stats, keys, spentNanoUsd: tenants.map(({ spentNanoUsd }) => spentNanoUsd), open };
    }
    last = now;
    await pause(1500);
  }
}

function rowsOf({ minutes, streams, books, openCalls, heap, resident, cpuMs }: Soaked): PromiseRow[] {
  const { lines, lost, double } = compare(books);
  const drift = lost + double + lines.reduce((sum, line) => sum + line.drift, 0);
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const count = books.sent.length;
  const of = (wanted: (planned: PlannedRequest) => boolean): string => {
    const number = books.sent.filter(({ planned }) => wanted(planned)).length;
    return `${number} (${((100 * number) / Math.max(1, count)).toFixed(1)} %)`;
  };
  const thirds = (of: Growth | null): string => (of === null ? 'too short to tell' : `${mb(of.from)}, ${mb(of.to)}`);
  const grown = heap === null ? 0 : heap.to / heap.from - 1;
  return [
    figure('requests', `${count} in ${minutes} min, ${streams} at a time`),
    figure(
      'met a fault',
      of(({ kind, leaves }) => kind !== 'plain' && leaves === null),
    ),
    figure(
      'whose client left',
      of(({ leaves }) => leaves !== null),
    ),
    figure('CPU a request', `${(cpuMs / Math.max(1, count)).toFixed(2)} ms`),
    promise(
      'heap, first and last third after the warm-up',
      thirds(heap),
      `grows by ≤ ${100 * mostGrowth} %`,
      grown <= mostGrowth,
    ),
    figure('slope of the heap', heap === null ? '–' : `${mb(heap.bytesPerHour)} an hour`),
    figure('all memory of workerd, first and last third', thirds(resident)),
    promise('calls of model servers still open', openCalls, '0', openCalls === 0),
    promise('leases and reservations left', books.open, '0', books.open === 0),
    promise('ledgers: lost, double, drift over all lines', `${lost}, ${double}, ${drift}`, '0', drift === 0),
    ...lines
      .filter((line) => line.drift !== 0)
      .map((line) => figure(`  ${line.name}`, `${line.clients} | ${line.servers} | ${line.gateway}`)),
  ];
}

await runCommand(async () => {
  const minutes = wholeNumber('minutes', values.minutes, { min: 1 });
  const streams = wholeNumber('streams', values.streams, { min: 1 });
  const bundle = await buildLab();
  try {
    const lab = await startLab({
      on: bundle,
      overrides: { ...labOverrides, upstreams: { small: { timeouts_ms }, large: { timeouts_ms } } },
      isInspected: true,
    });
    try {
      const rows = rowsOf(await soak(lab, minutes, streams));
      if (values.json) console.log(JSON.stringify(rows, null, 2));
      else console.log(tableOf('soak', rows));
      return brokenPromises(rows).length > 0 ? 1 : 0;
    } finally {
      await lab.stop();
    }
  } finally {
    bundle.remove();
  }
});
