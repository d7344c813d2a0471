/**
 * Clients that leave, by reset or by closing, in every phase of a stream: the model server must be freed in time, as its own log shows,
 * and the ledger must have the request once, as an abort with what had been relayed. Raw sockets, because a client library hides how it
 * leaves. A close in a whole answer is in bench/load/survival/leaving-clients.ts: the proxy of `wrangler dev` hides when it is noticed.
 */
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { clientIdOf, type LogEntry } from '../../infra/standin/request-log.ts';
import type { Stats } from '../../shared/records.ts';
import { clientKey, connect } from '../support/http/harness.ts';
import { chatLines, openRaw, type RawConnection } from '../support/http/raw-client.ts';
import { parseStream } from '../support/http/read-stream.ts';
import { difference } from '../support/http/stats-difference.ts';
import { steadyOverrides } from '../support/http/steady.ts';
import { pause, until } from '../support/http/until.ts';

const addresses = inject('addresses');
const gateway = connect(addresses);
const { ping_ms: pingMs, hold_status_ms: holdMs } = steadyOverrides.routing.streaming;

/** How a client leaves, and how soon the model server must be free: a closed socket shows only when something is written to it. */
const ways = [
  ['reset', 1000],
  ['close', pingMs + 700],
] as const;
type Way = (typeof ways)[number][0];

interface Phase {
  readonly phase: string;
  readonly text: string;
  readonly isThere: (raw: string) => boolean;
  /** How much later the gateway can know. */
  readonly lateMs: number;
}

const phases: readonly Phase[] = [
  { phase: 'in the middle of the answer', text: '[[pace:25]][[tokens:400]]', isThere: (raw) => events(raw) >= 5, lateMs: 0 },
  { phase: 'in a stall', text: '[[fault:stall;after=4]][[tokens:40]]', isThere: (raw) => events(raw) >= 4, lateMs: 0 },
  {
    phase: 'in a prefill, after the headers',
    text: '[[fault:never-answers]]',
    isThere: (raw) => raw.includes('text/event-stream'),
    lateMs: 0,
  },
  // workerd shows a closed socket only when something is written to it, so the headers have to go out first.
  { phase: 'in a prefill, before the headers', text: '[[fault:never-answers]]', isThere: () => true, lateMs: holdMs },
];

/** The proxy of `wrangler dev` swallows a reset that comes before the headers, so the Worker cannot know of it; bare workerd tells it at once. */
const phasesOf = (way: Way) => phases.filter(({ lateMs }) => way === 'close' || lateMs === 0);

let before: Stats;
let sent = 0;

beforeAll(async () => {
  await gateway.resetState();
  before = await gateway.stats();
});

describe.each(ways)('a client that leaves by %s', (way, withinMs) => {
  test.each(phasesOf(way))('$phase: the model server is freed in time', async ({ phase, text, isThere, lateMs }) => {
    const id = `${way}-${phases.findIndex((known) => known.phase === phase)}`;
    const connection = await ask(id, `${text}Name a harbour.`);
    await connection.until(isThere);
    await until('the model server has the call', async () => (await callsOf(id)).length > 0);
    const leftAtMs = Date.now();
    leave(connection, way);
    await until('every call of it has ended', async () => (await callsOf(id)).every(({ endedAtMs }) => endedAtMs !== null));
    const calls = await callsOf(id);
    expect(Math.max(...calls.map(({ endedAtMs }) => (endedAtMs ?? 0) - leftAtMs))).toBeLessThanOrEqual(withinMs + lateMs);
    expect(calls.at(-1)?.ending).toMatch(/^client_gone$|^fault:/);
  });
});

test('twenty clients that leave at once free twenty calls, and no model is blamed for it', async () => {
  const { models } = await gateway.health();
  const ids = Array.from({ length: 20 }, (_, index) => `crowd-${index}`);
  const connections = await Promise.all(ids.map((id) => ask(id, '[[pace:25]][[tokens:400]]Name a harbour.')));
  await Promise.all(connections.map((connection) => connection.until((raw) => events(raw) >= 3)));
  const leftAtMs = Date.now();
  connections.forEach((connection, index) => leave(connection, index % 2 === 0 ? 'reset' : 'close'));
  const crowd = async () => (await gateway.chatCalls()).filter(({ id }) => id.startsWith('crowd-'));
  await until('all have ended', async () => (await crowd()).every(({ endedAtMs }) => endedAtMs !== null));
  const calls = await crowd();
  expect(calls.map(({ ending }) => ending)).toEqual(ids.map(() => 'client_gone'));
  expect(Math.max(...calls.map(({ endedAtMs }) => (endedAtMs ?? 0) - leftAtMs))).toBeLessThanOrEqual(1000);
  const after = (await gateway.health()).models;
  for (const [id, { instances }] of Object.entries(models)) {
    const [was, is] = [instances, after[id]?.instances ?? []].map((list) =>
      Math.max(...list.map((one) => one.consecutive_failures)),
    );
    expect(is, id).toBeLessThanOrEqual(was ?? 0);
  }
});

test('what had been relayed is booked: at least what the client saw, at most what the model server sent', async () => {
  await settled();
  const start = await gateway.stats();
  const connection = await ask('partial', '[[pace:25]][[tokens:400]]Name a harbour.');
  const raw = await connection.until((received) => events(received) >= 12);
  leave(connection, 'reset');
  await settled();
  const booked = difference(start, await gateway.stats());
  const [call] = await callsOf('partial');
  const seen = parseStream(raw.slice(raw.indexOf('\r\n\r\n') + 4).replace(/\r\n[0-9a-f]+\r\n/g, ''));
  expect(booked).toMatchObject({ requests: 1, endings: { client_abort: 1 } });
  expect(booked.completionTokens).toBeGreaterThanOrEqual(seen.chunks.length - 1);
  expect(booked.completionTokens).toBeLessThanOrEqual(call?.tokensSent ?? 0);
  expect(booked.estimatedTokens).toBe(booked.promptTokens + booked.completionTokens);
});

test('a client that reads nothing holds the model server back, and is dropped at the limit of a whole answer', async () => {
  const start = await gateway.stats();
  const connection = await ask('deaf', '[[fault:endless-stream]]Name a harbour.', { max_tokens: 100 });
  connection.socket.pause();
  const sentByServer = async () => (await callsOf('deaf'))[0]?.tokensSent ?? 0;
  let last = -1;
  await until('the model server is held back', async () => {
    const now = await sentByServer();
    await pause(200);
    const isHeld = now > 0 && now === last;
    last = now;
    return isHeld;
  });
  await until('its call has ended', async () => (await callsOf('deaf')).every(({ endedAtMs }) => endedAtMs !== null));
  connection.socket.destroy();
  await until('the ledger has it', async () => (await gateway.stats()).totals.requests > start.totals.requests);
  // The proxies of wrangler dev take megabytes before the client's silence reaches the Worker: on a busy machine the limit comes first.
  const { client_abort: left = 0, timeout = 0 } = difference(start, await gateway.stats()).endings;
  expect(left + timeout).toBe(1);
  sent -= timeout;
});

test('a client that waits for the whole answer and leaves is counted once', async () => {
  const start = await gateway.stats();
  const body = JSON.stringify({
    model: 'small',
    messages: [{ role: 'user', content: '[[pace:10]][[tokens:50]]Name a harbour.' }],
  });
  const connection = await openRaw(addresses.url);
  connection.socket.write(chatLines(clientKey, body, ['x-request-id: whole']).join('\r\n'));
  await until('the model server has the call', async () => (await callsOf('whole')).length > 0);
  leave(connection, 'reset');
  await until('the ledger has it', async () => (await gateway.stats()).totals.requests > start.totals.requests);
  expect(difference(start, await gateway.stats()).requests).toBe(1);
});

describe('afterwards', () => {
  test('every client that left is in the ledger once', async () => {
    await settled();
    expect(difference(before, await gateway.stats()).endings['client_abort']).toBe(sent);
  });
});

/** Sends a streamed request by raw socket. */
async function ask(id: string, content: string, change: object = {}): Promise<RawConnection> {
  sent += 1;
  const connection = await openRaw(addresses.url);
  const body = JSON.stringify({ model: 'small', stream: true, messages: [{ role: 'user', content }], ...change });
  connection.socket.write(chatLines(clientKey, body, [`x-request-id: ${id}`]).join('\r\n'));
  return connection;
}

function leave({ socket }: RawConnection, way: Way): void {
  if (way === 'reset') socket.resetAndDestroy();
  else socket.destroy();
}

async function callsOf(id: string): Promise<readonly LogEntry[]> {
  return (await gateway.chatCalls()).filter((call) => clientIdOf(call.id) === id);
}

/** Every stream so far is in the ledger, as an abort. */
async function settled(): Promise<void> {
  await until(
    'the ledger has every abort',
    async () => (difference(before, await gateway.stats()).endings['client_abort'] ?? 0) >= sent,
    6000,
  );
}

function events(raw: string): number {
  return raw.split('\n\n').filter((part) => part.includes('data: {')).length;
}
