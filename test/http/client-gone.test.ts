/**
 * Clients that leave, or read nothing, through everything that stands before the Worker under `wrangler dev`. Every phase and way of leaving
 * is in bench/load/survival/leaving-clients.ts, on workerd itself: the proxy here hides a part of them. Raw sockets, because a client
 * library hides how it leaves.
 */
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { clientIdOf, type LogEntry } from '../../infra/standin/request-log.ts';
import type { Stats } from '../../shared/records.ts';
import { clientKey, connect } from '../../infra/rig/connect.ts';
import { rawChat, openRaw, type RawConnection } from '../../infra/rig/raw-client.ts';
import { difference } from '../../infra/faults/stats-difference.ts';
import { pause, until } from '../../infra/rig/waiting.ts';

const addresses = inject('addresses');
const gateway = connect(addresses);

let before: Stats;
let sent = 0;

beforeAll(async () => {
  await gateway.resetState();
  before = await gateway.stats();
});

test('twenty clients that leave at once free twenty calls, and no model is blamed for it', async () => {
  const { models } = await gateway.health();
  const ids = Array.from({ length: 20 }, (_, index) => `crowd-${index}`);
  const connections = await Promise.all(ids.map((id) => ask(id, '[[pace:25]][[tokens:400]]Name a harbour.')));
  await Promise.all(connections.map((connection) => connection.until((raw) => events(raw) >= 3)));
  const leftAtMs = Date.now();
  connections.forEach((connection, index) =>
    index % 2 === 0 ? connection.socket.resetAndDestroy() : connection.socket.destroy(),
  );
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

test('a client that reads nothing holds the model server back, and is dropped at the limit of a whole answer', async () => {
  await settled();
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
  connection.socket.write(rawChat(clientKey, body, [`x-request-id: ${id}`]));
  return connection;
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
