/** Shows one row of the fault table to a gateway and judges what its client saw, what its ledger booked, and what its health page says. */
import { pause } from '../rig/waiting.ts';
import type { Stats } from '../../shared/records.ts';
import { faultRequest } from './fault-request.ts';
import { type GatewayUnderTest, read } from '../rig/connect.ts';
import { readReply, type Reply } from '../rig/reply.ts';
import { difference } from './stats-difference.ts';
import { steadyOverrides } from '../rig/configs.ts';
import type { Expectation, FaultCase, Need } from './fault-case.ts';
import { isHealedByFallback, nameOf } from './table.ts';

/** Longer than three attempts that each reach the total limit. */
export const hangMs = 20_000;
const cleanModels = ['small', 'large'];
const snapshotMs = steadyOverrides.routing.health.snapshot_max_age_ms + 20;

export interface Seen {
  /** `complete`, `502 upstream_error`, `event upstream_error`, `hang`, `false success`, `unclear`. */
  readonly result: string;
  readonly isPromised: boolean;
  readonly ledger: string;
  readonly health: string;
  readonly tookMs: number;
}

export interface Line {
  readonly fault: string;
  readonly streamed: Seen;
  readonly whole: Seen;
  /** Null where another model cannot help. */
  readonly oneAtFault: Seen | null;
}

/** Answers without a fault, by what the request demands. */
export type References = ReadonlyMap<Need | undefined, Reply | null>;

type Shown = Parameters<typeof faultRequest>[1];

/** Waits until they are booked, so that they are not counted in a row. */
export async function answersWithoutFault(gateway: GatewayUnderTest, rows: readonly FaultCase[]): Promise<References> {
  const byNeeds = new Map<Need | undefined, Reply | null>();
  for (const row of rows) {
    if (byNeeds.has(row.needs)) continue;
    byNeeds.set(row.needs, await answer(gateway, faultRequest(row, { shownBy: 'none', isStream: false })));
  }
  while ((await gateway.stats()).totals.requests < byNeeds.size) await pause(50);
  return byNeeds;
}

export async function showRow(gateway: GatewayUnderTest, row: FaultCase, references: References): Promise<Line> {
  const reference = references.get(row.needs) ?? null;
  const healed: Expectation = { ends: 'complete', ledger: 'ok' };
  const see = (promised: Expectation, shown: Shown) => show(gateway, row, promised, shown, reference);
  const line = {
    fault: nameOf(row),
    streamed: await see(row.streamed, { shownBy: 'all', isStream: true }),
    whole: await see(row.plain, { shownBy: 'all', isStream: false }),
    oneAtFault: isHealedByFallback(row.streamed) ? await see(healed, { shownBy: 'first', isStream: true }) : null,
  };
  if (row.isContagious === true) await gateway.recovered();
  return line;
}

/** Null when nothing ended in time. */
async function answer(gateway: GatewayUnderTest, body: Record<string, unknown>): Promise<Reply | null> {
  const late = new Promise<null>((resolve) => setTimeout(resolve, hangMs, null).unref());
  return Promise.race([gateway.chat(body).then(readReply), late]);
}

async function show(
  gateway: GatewayUnderTest,
  row: FaultCase,
  promised: Expectation,
  shown: Shown,
  reference: Reply | null,
): Promise<Seen> {
  await gateway.recovered();
  const before = await gateway.stats();
  // A good answer of each model first, so that failures counted afterwards belong to this request.
  const content = '[[tokens:8]]Describe a quay.';
  await Promise.all(cleanModels.map((model) => answer(gateway, { model, messages: [{ role: 'user', content }] })));
  await pause(snapshotMs);
  const startedAtMs = performance.now();
  const reply = await answer(gateway, faultRequest(row, shown));
  const tookMs = performance.now() - startedAtMs;
  const health = await healthNow(gateway);
  const ledger = await endingAfter(before, gateway);
  const result = resultOf(reply, row, promised, reference, shown);
  return { result, isPromised: isKept(result, promised) && ledger === promised.ledger, ledger, health, tookMs };
}

function resultOf(reply: Reply | null, row: FaultCase, promised: Expectation, reference: Reply | null, shown: Shown): string {
  if (reply === null) return 'hang';
  const [error] = reply.errors;
  const isEnded = reply.finishReasons.length === 1 && reply.isDone === reply.isStream && reply.unreadable.length === 0;
  // Another model's answer shows nothing of the fault.
  const isSilent = shown.shownBy === 'all' && row.shows !== undefined && !reply.raw.includes(row.shows);
  if (error !== undefined) {
    if (isEnded || reply.isDone || reply.finishReasons.length > 0) return 'unclear';
    return `${reply.isStream ? 'event' : reply.status} ${String(error['code'])}${isSilent ? ' without its reason' : ''}`;
  }
  if (reply.status !== 200 || !isEnded) return 'unclear';
  const isSame = reply.text === reference?.text && JSON.stringify(reply.calls) === JSON.stringify(reference.calls);
  if (promised.ends !== 'complete' || (row.text === 'same' && !isSame)) return 'false success';
  if (shown.shownBy === 'all' && row.finish !== undefined && reply.finishReasons[0] !== row.finish) {
    return `complete, finish ${reply.finishReasons[0]}`;
  }
  return isSilent ? 'complete, and hides what it should show' : 'complete';
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

/** Failures in a row by model server. Reads until two readings agree, because reports reach the object a moment later. */
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
