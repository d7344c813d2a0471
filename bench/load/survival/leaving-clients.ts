/**
 * Clients that leave, by reset or by close, in every phase of a stream, in bare workerd: how soon the model server is free again, as its own
 * log has it, and whether the places and the seats in the queue are. A close shows only when something is written: hence the short pings.
 */
import { clientIdOf, type LogEntry } from '../../../infra/standin/request-log.ts';
import { type Exchange, readAnswer } from '../../../infra/rig/chat-client.ts';
import { type Rig, startRig } from '../../../infra/rig/rig.ts';
import { ms, type PromiseRow, promise } from '../promise-table.ts';
import { comesTrue, inParallel, pause } from '../../../infra/rig/waiting.ts';
import type { Scenario } from './scenario.ts';

const holdMs = 200;
const pingMs = 300;
const clients = 10;
const maxRounds = 3;
const places = 2;
const patienceMs = 20_000;

/** How soon it must be known: a reset at once, a close with the first ping that fails. */
const ways = [
  { how: 'reset', withinMs: 1000 },
  { how: 'close', withinMs: pingMs + 700 },
] as const;
type Way = (typeof ways)[number];

const phases: readonly { readonly name: string; readonly text: string; readonly isThere: (body: string) => boolean }[] = [
  { name: 'in the prefill', text: `[[fault:slow-first-event;ms=${patienceMs}]]`, isThere: (body) => body.includes(': ping') },
  { name: 'in the stream', text: '[[pace:25]][[tokens:400]]', isThere: (body) => body.split('data: ').length > 5 },
  { name: 'in a stall', text: '[[fault:stall;after=4]][[tokens:40]]', isThere: (body) => body.split('data: ').length > 4 },
];

const streaming = { hold_status_ms: holdMs, ping_ms: pingMs, hold_whole_ms: holdMs, whole_ping_ms: pingMs };
const timeouts_ms = { connect: patienceMs, first_event: patienceMs, idle: patienceMs };
const upstreams = { small: { timeouts_ms } };

export const leavingClients: Scenario = {
  name: 'leaving-clients',
  title: 'a client that leaves frees the model server, its place and its seat in the queue',
  async run(bundle) {
    const rows: PromiseRow[] = [];
    const models = { 'qwen2.5-7b': { max_in_flight: clients } };
    const routing = { streaming, chains: { 'qwen2.5-7b': [] } };
    const gateway = await startRig({ on: bundle, fleet: { gate: false }, overrides: { upstreams, models, routing } });
    try {
      for (const way of ways) for (const phase of phases) rows.push(...(await leaveDuring(gateway, way, phase)));
      rows.push(await leaveBeforeHeaders(gateway), await closeWhileWaiting(gateway), await halfClose(gateway));
    } finally {
      await gateway.stop();
    }
    return [...rows, ...(await leaveQueue(bundle))];
  },
};

async function leaveDuring(gateway: Rig, way: Way, phase: (typeof phases)[number]): Promise<PromiseRow[]> {
  const name = `${way.how} ${phase.name}`;
  let freedMs = Infinity;
  // On a busy machine a timer can be late by more than all that is measured here; a second round is not late by chance.
  for (let round = 0; round < maxRounds && freedMs > way.withinMs; round += 1) {
    freedMs = Math.min(freedMs, await oneRound(gateway, way, phase, `${way.how}-${phases.indexOf(phase)}-${round}`));
  }
  const served = await servedAtOnce(gateway);
  return [
    promise(`${name}: model server free, slowest of ${clients}`, ms(freedMs), `≤ ${way.withinMs} ms`, freedMs <= way.withinMs),
    promise(`${name}: places free again`, `${served} of ${clients}`, 'all', served === clients),
  ];
}

/** How long the slowest of ten that leave together held the model server, ms. */
async function oneRound(gateway: Rig, way: Way, phase: (typeof phases)[number], id: string): Promise<number> {
  const sent = Array.from({ length: clients }, (_, index) => {
    let body = '';
    const requestId = `${id}-${index}`;
    const exchange = gateway.open(chatBody(phase.text), { requestId, onBody: (text) => void (body = text) });
    return { requestId, exchange, isThere: () => phase.isThere(body) };
  });
  await comesTrue(() => sent.every(({ isThere }) => isThere()), 10_000);
  const ids = new Set(sent.map(({ requestId }) => requestId));
  return freedAfter(gateway, ids, () => sent.forEach(({ exchange }) => exchange.leave(way.how)));
}

/** A client that waits for a whole answer which has not begun: its reset is heard at once, its close never, since nothing is written to it. */
async function leaveBeforeHeaders(gateway: Rig): Promise<PromiseRow> {
  const sent = Array.from({ length: clients }, (_, index) => {
    const requestId = `whole-${index}`;
    return { requestId, exchange: gateway.open(chatBody('[[fault:never-answers]]', false), { requestId }) };
  });
  const ids = new Set(sent.map(({ requestId }) => requestId));
  await comesTrue(() => callsOf(gateway, ids).length === clients, 5000);
  const freedMs = await freedAfter(gateway, ids, () => sent.forEach(({ exchange }) => exchange.leave('reset')));
  return promise(`reset before the headers: model server free, slowest of ${clients}`, ms(freedMs), '≤ 1000 ms', freedMs <= 1000);
}

/** Once the answer has begun, white space is written, and a close is heard. */
async function closeWhileWaiting(gateway: Rig): Promise<PromiseRow> {
  const sent = Array.from({ length: clients }, (_, index) => {
    const requestId = `waiting-${index}`;
    return { requestId, exchange: gateway.open(chatBody('[[pace:50]][[tokens:400]]', false), { requestId }) };
  });
  const ids = new Set(sent.map(({ requestId }) => requestId));
  await comesTrue(() => callsOf(gateway, ids).length === clients, 5000);
  await pause(2000);
  const freedMs = await freedAfter(gateway, ids, () => sent.forEach(({ exchange }) => exchange.leave('close')));
  const goalMs = pingMs + 700;
  return promise(
    `close in a whole answer: model server free, slowest of ${clients}`,
    ms(freedMs),
    `≤ ${goalMs} ms`,
    freedMs <= goalMs,
  );
}

/** A client that says it will send no more, and reads on, has not left. */
async function halfClose(gateway: Rig): Promise<PromiseRow> {
  const exchange = gateway.open(chatBody('[[pace:25]][[tokens:30]]'));
  await pause(holdMs);
  exchange.leave('half_close');
  const { isSuccess } = readAnswer(await exchange.answer);
  return promise('half-close, reading on: answered', isSuccess ? 'whole' : 'broken', 'whole', isSuccess);
}

/** The longest time from leaving to the end of a call, by the model server's log. */
async function freedAfter(gateway: Rig, ids: ReadonlySet<string>, leave: () => void): Promise<number> {
  const leftAtMs = Date.now();
  leave();
  await comesTrue(() => callsOf(gateway, ids).every(({ endedAtMs }) => endedAtMs !== null), 5000);
  return Math.max(...callsOf(gateway, ids).map(({ endedAtMs }) => (endedAtMs ?? Infinity) - leftAtMs));
}

function callsOf(gateway: Rig, ids: ReadonlySet<string>): readonly LogEntry[] {
  return gateway.calls().filter(({ id }) => ids.has(clientIdOf(id)));
}

async function servedAtOnce(gateway: Rig): Promise<number> {
  let served = 0;
  await inParallel(clients, clients, async () => {
    const { isSuccess } = readAnswer(await gateway.open(chatBody('[[tokens:8]]')).answer);
    if (isSuccess) served += 1;
  });
  return served;
}

/** A full house: all places and all seats taken. One client gives its seat up, and the next newcomer must find it. */
async function leaveQueue(bundle: Parameters<Scenario['run']>[0]): Promise<PromiseRow[]> {
  const models = { 'qwen2.5-7b': { max_in_flight: places } };
  const admission = { queue_ratio: 1, max_wait_ms: patienceMs };
  const routing = { streaming, admission, chains: { 'qwen2.5-7b': [] } };
  const gateway = await startRig({ on: bundle, fleet: { gate: false }, overrides: { upstreams, models, routing } });
  const rows: PromiseRow[] = [];
  try {
    for (const { how, withinMs } of ways) {
      for (const { when, waitMs, lateMs } of [
        { when: 'before the headers', waitMs: 50, lateMs: how === 'close' ? holdMs : 0 },
        { when: 'after the headers', waitMs: holdMs + pingMs, lateMs: 0 },
      ]) {
        const goalMs = withinMs + lateMs;
        const freedMs = await seatFreedAfter(gateway, how, waitMs);
        const found = freedMs === null ? 'never' : ms(freedMs);
        const what = `${how} in the queue, ${when}: seat free`;
        rows.push(promise(what, found, `≤ ${goalMs} ms`, freedMs !== null && freedMs <= goalMs));
      }
    }
  } finally {
    await gateway.stop();
  }
  return rows;
}

async function seatFreedAfter(gateway: Rig, how: Way['how'], waitMs: number): Promise<number | null> {
  const inside: Exchange[] = [];
  for (let next = await enter(gateway); next !== null; next = await enter(gateway)) inside.push(next);
  // The last one in waits longest, and has the last seat.
  const leaver = inside.pop();
  await pause(waitMs);
  leaver?.leave(how);
  const freedMs = await comesTrue(async () => {
    const newcomer = await enter(gateway);
    if (newcomer !== null) inside.push(newcomer);
    return newcomer !== null;
  }, 5000);
  for (const exchange of inside) exchange.leave('reset');
  await comesTrue(() => gateway.calls().every(({ endedAtMs }) => endedAtMs !== null), 5000);
  // Whoever waited has left, too; the object hears of it a moment later.
  await pause(500);
  return freedMs;
}

/** A stream that has a place or a seat, or null when it was turned away. */
async function enter(gateway: Rig): Promise<Exchange | null> {
  const exchange = gateway.open(chatBody('[[pace:25]][[tokens:4000]]'));
  const isTurnedAway = await Promise.race([exchange.answer.then(() => true), pause(40).then(() => false)]);
  return isTurnedAway ? null : exchange;
}

function chatBody(text: string, isStream = true): Record<string, unknown> {
  return { model: 'small', stream: isStream, messages: [{ role: 'user', content: `${text}Name a harbour.` }] };
}
