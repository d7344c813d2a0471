/** The live feed over HTTP: a ticket, a socket, and a decision on it within two seconds, whoever books it. And who gets no socket. */
import { get } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { clientKey } from '../../infra/rig/connect.ts';
import { until } from '../../infra/rig/waiting.ts';
import type { BudgetList, FeedMessage, FeedTicket } from '../../shared/observed.ts';
import { type MoneyLab, openLab } from './money-lab.ts';

let lab: MoneyLab;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  lab = await openLab();
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

afterAll(() => lab.stop());

const newTicket = async (): Promise<FeedTicket> => (await (await lab.admin('POST', '/admin/feed/ticket')).json()) as FeedTicket;

async function watch(): Promise<{ readonly messages: FeedMessage[]; readonly socket: WebSocket }> {
  const { ticket } = await newTicket();
  const socket = new WebSocket(`${lab.url.replace('http', 'ws')}/admin/feed?ticket=${ticket}`);
  sockets.push(socket);
  const messages: FeedMessage[] = [];
  socket.addEventListener('message', ({ data }) => void messages.push(JSON.parse(String(data)) as FeedMessage));
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  return { messages, socket };
}

/** The status that a request for a socket gets, and the code of its error. */
function knock(path: string, headers: Readonly<Record<string, string>> = {}): Promise<readonly [number, string | null]> {
  const upgrade = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': btoa('0123456789abcdef'),
  };
  return new Promise((resolve, reject) => {
    const request = get(`${lab.url}${path}`, { headers: { ...upgrade, ...headers } });
    request.on('error', reject);
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve([response.statusCode ?? 0, null]);
    });
    request.on('response', (response) => {
      let text = '';
      response.on('data', (piece) => (text += String(piece)));
      response.on('end', () => resolve([response.statusCode ?? 0, JSON.parse(text).error?.code ?? null]));
    });
  });
}

describe('a decision', () => {
  test.each(['a key without limits', 'a key with a budget'])('of %s is on the open page within two seconds', async (who) => {
    const key = who.includes('budget') ? (await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] })).key : clientKey;
    const { messages } = await watch();
    const id = `seen-${who.includes('budget') ? 'tenant' : 'isolate'}`;
    await (await lab.ask(key, { body: { model: 'auto' }, headers: { 'x-request-id': id } })).text();
    const endedAt = performance.now();
    const find = () => messages.flatMap(({ requests }) => requests).find((request) => request.id === id);
    await until('it is there', () => Promise.resolve(find() !== undefined));
    expect(performance.now() - endedAt).toBeLessThan(2000);
    expect(find()).toMatchObject({ served_model: 'qwen2.5-7b', ending: 'ok', reason: expect.stringMatching(/./) });
    expect(messages.at(-1)?.totals.requests).toBeGreaterThan(0);
    expect(messages.every(({ type }) => type === 'requests')).toBe(true);
  });

  test('goes on being shown when the object was evicted meanwhile', async () => {
    const { messages, socket } = await watch();
    await lab.object('LEDGER', 'root', { do: 'evict' });
    await (await lab.ask(clientKey, { headers: { 'x-request-id': 'after-eviction' } })).text();
    await until('it is there', () =>
      Promise.resolve(messages.some(({ requests }) => requests.some(({ id }) => id === 'after-eviction'))),
    );
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe('no socket', () => {
  test('without a ticket, with one that was used, or with one that was made up', async () => {
    const { ticket, expires_at: expiresAt } = await newTicket();
    const seconds = (Date.parse(expiresAt) - Date.now()) / 1000;
    expect([seconds > 25, seconds <= 30, ticket.length]).toEqual([true, true, 48]);
    expect(await knock(`/admin/feed?ticket=${ticket}`)).toEqual([101, null]);
    for (const given of [`?ticket=${ticket}`, `?ticket=${'0'.repeat(48)}`, '?ticket=x', '']) {
      expect(await knock(`/admin/feed${given}`)).toEqual([401, 'invalid_api_key']);
    }
  });

  test('for another site, which does not use the ticket up', async () => {
    const { ticket } = await newTicket();
    expect(await knock(`/admin/feed?ticket=${ticket}`, { origin: 'https://evil.example' })).toEqual([403, 'forbidden']);
    expect(await knock(`/admin/feed?ticket=${ticket}`, { origin: lab.url })).toEqual([101, null]);
  });

  test('for a request that asks for none', async () => {
    const { ticket } = await newTicket();
    const answer = await fetch(`${lab.url}/admin/feed?ticket=${ticket}`);
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([400, 'invalid_request']);
  });

  test('with a ticket whose time is over', async () => {
    const { ticket } = await newTicket();
    await lab.clock(31_000);
    try {
      expect(await knock(`/admin/feed?ticket=${ticket}`)).toEqual([401, 'invalid_api_key']);
    } finally {
      await lab.clock(0);
    }
  });

  test('and no ticket for a client’s key', async () => {
    const headers = { authorization: `Bearer ${clientKey}` };
    expect((await fetch(`${lab.url}/admin/feed/ticket`, { method: 'POST', headers })).status).toBe(403);
  });
});

describe('the budgets', () => {
  test('are all there, the fullest first, each with what is spent and left', async () => {
    const full = await lab.makeKey({ name: 'full', budgets: [{ period: 'day', limit_usd: 0.001 }] });
    const empty = await lab.makeKey({
      name: 'empty',
      budgets: [
        { period: 'month', limit_usd: 1000 },
        { agent: 'planner', period: 'day', limit_usd: 10 },
      ],
    });
    const revoked = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
    await lab.admin('POST', `/admin/keys/${revoked.id}/revoke`);
    await (await lab.ask(full.key, { tokens: 3, body: { max_tokens: 10 } })).text();
    await lab.settled(full.id);
    const { budgets } = (await (await lab.admin('GET', '/admin/budgets')).json()) as BudgetList;
    const of = (id: string) => budgets.filter(({ key_id: owner }) => owner === id);
    const spent = (await lab.held(full.id)).spentNanoUsd / 1e9;
    expect(spent).toBeGreaterThan(0);
    expect(of(full.id)).toMatchObject([{ key_name: 'full', window: 'day', limit_usd: 0.001, spent_usd: spent, reserved_usd: 0 }]);
    expect(of(empty.id).map(({ window, remaining_usd: left }) => [window, left])).toEqual([
      ['month', 1000],
      ['agent:planner day', 10],
    ]);
    expect(of(revoked.id)).toEqual([]);
    const fullness = budgets.map(({ limit_usd: limit, remaining_usd: left }) => 1 - left / limit);
    expect(fullness).toEqual(fullness.toSorted((a, b) => b - a));
  });
});
