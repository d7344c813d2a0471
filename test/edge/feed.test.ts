/** The live feed inside workerd: what two hundred open pages cost the ledger root, and what becomes of pages that went. */
import { env, evictDurableObject, reset, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import type { FeedMessage } from '../../shared/observed.ts';
import { aggregate, deltaOfRefusal } from '../../worker/core/ledger/aggregate.ts';
import type { LedgerDelta } from '../../worker/core/ledger/delta.ts';
import { feedTicketHeader } from '../../worker/core/ledger/feed.ts';
import { createFeedClient } from '../../worker/io/feed-client.ts';
import { createLedgerClient } from '../../worker/io/ledger-client.ts';
import { maxSockets } from '../../worker/objects/feed-sockets.ts';
import { plainEntry } from '../core/ledger/entry.ts';

const root = () => env.LEDGER.getByName('root');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
let sequence = 0;
let opened: WebSocket[] = [];

afterEach(async () => {
  for (const socket of opened) socket.close();
  opened = [];
  vi.useRealTimers();
  await pause(100);
  await reset();
});

function book(delta: LedgerDelta): Promise<unknown> {
  sequence += 1;
  return root().book({ senderId: 'isolate-a', sequence, createdAtMs: Date.now() + sequence, delta });
}

const requests = (count: number, prefix: string): LedgerDelta =>
  aggregate(Array.from({ length: count }, (_, index) => ({ ...plainEntry, atMs: Date.now(), requestId: `${prefix}-${index}` })));

async function knock(hash: string): Promise<Response> {
  return root().fetch('https://ledger/feed', { headers: { upgrade: 'websocket', [feedTicketHeader]: hash } });
}

interface Page {
  readonly socket: WebSocket;
  readonly texts: string[];
  readonly closes: number[];
}

async function openPage(hash: string = crypto.randomUUID()): Promise<Page> {
  await root().addTicket(hash, Date.now() + 30_000);
  const { status, webSocket: socket } = await knock(hash);
  if (socket === null) throw new Error(`no socket: ${status}`);
  const page: Page = { socket, texts: [], closes: [] };
  socket.addEventListener('message', ({ data }) => void page.texts.push(String(data)));
  socket.addEventListener('close', ({ code }) => void page.closes.push(code));
  socket.accept();
  opened.push(socket);
  return page;
}

const messages = ({ texts }: Page): FeedMessage[] => texts.map((text) => JSON.parse(text));
/** Requests that a page was told of, by name or by number. */
const toldOf = (page: Page): number => messages(page).reduce((sum, { requests: shown, more }) => sum + shown.length + more, 0);

describe('a ticket', () => {
  test('opens one socket', async () => {
    await openPage('ticket-a');
    expect((await knock('ticket-a')).status).toBe(401);
    expect((await knock('never given')).status).toBe(401);
  });

  test('is good for its time and no longer, and is stored no longer either', async () => {
    await root().addTicket('old', Date.now() - 1);
    expect((await knock('old')).status).toBe(401);
    await root().addTicket('forgotten', Date.now() - 1);
    await root().addTicket('fresh', Date.now() + 30_000);
    await runInDurableObject(root(), (_, { storage }) => {
      expect(storage.sql.exec('SELECT hash FROM tickets').toArray()).toEqual([{ hash: 'fresh' }]);
    });
  });

  test('that is never shown takes no room for ever', async () => {
    for (let index = 0; index < 210; index += 1) await root().addTicket(`t-${index}`, Date.now() + 30_000 + index);
    await runInDurableObject(root(), (_, { storage }) => {
      expect(storage.sql.exec('SELECT count(*) AS count FROM tickets').one()).toEqual({ count: 200 });
    });
    expect((await knock('t-0')).status).toBe(401);
  });
});

describe('two hundred open pages', () => {
  test('cost the root one message a second, made once for all of them', async () => {
    const pages: Page[] = [];
    while (pages.length < 200) pages.push(...(await Promise.all(Array.from({ length: 20 }, () => openPage()))));
    const made = vi.spyOn(JSON, 'stringify');
    const startedAt = performance.now();
    try {
      for (let batch = 0; batch < 50; batch += 1) {
        await book(requests(3, `b${batch}`));
        await pause(50);
      }
      await until('every page was told of all', () => Promise.resolve(pages.every((page) => toldOf(page) === 150)));
      const seconds = (performance.now() - startedAt) / 1000;
      const [first] = pages;
      const sent = first?.texts.length ?? 0;
      expect(sent).toBeGreaterThan(1);
      expect(sent).toBeLessThanOrEqual(Math.floor(seconds) + 1);
      for (const page of pages) expect(page.texts).toEqual(first?.texts);
      const serialisations = made.mock.calls.filter(([value]) => typeof value === 'object' && value !== null && 'more' in value);
      expect(serialisations).toHaveLength(sent);
    } finally {
      made.mockRestore();
    }
  });

  test('are sent nothing while nothing happens, and nothing of requests that were turned away', async () => {
    const page = await openPage();
    await book(requests(1, 'first'));
    await until('it is there', () => Promise.resolve(page.texts.length === 1));
    await book(deltaOfRefusal('invalid_json', Date.now()));
    await pause(1200);
    expect(page.texts).toHaveLength(1);
  });

  test('are told of ten thousand requests in a burst in a few bounded messages', async () => {
    const page = await openPage();
    for (let batch = 0; batch < 200; batch += 1) await book(requests(50, `b${batch}`));
    await until('it was told of all', () => Promise.resolve(toldOf(page) === 10_000));
    for (const text of page.texts) expect(text.length).toBeLessThan(26_000);
    for (const message of messages(page)) expect(message.requests.length).toBeLessThanOrEqual(50);
    expect(messages(page).at(-1)?.totals.requests).toBe(10_000);
  });
});

describe('a socket', () => {
  test('stays open while the object sleeps, and has what happens when it wakes', async () => {
    const page = await openPage();
    await evictDurableObject(root(), { webSockets: 'hibernate' });
    await book(requests(2, 'after'));
    await until('it was told', () => Promise.resolve(toldOf(page) === 2));
    expect(page.closes).toEqual([]);
  });

  test('is answered its pings, and closed when it says anything else', async () => {
    const page = await openPage();
    page.socket.send('ping');
    await until('there is an answer', () => Promise.resolve(page.texts.length === 1));
    expect(page.texts).toEqual(['{"type":"pong"}']);
    page.socket.send('{"type":"subscribe"}');
    await until('it is closed', () => Promise.resolve(page.closes.length === 1));
    expect(page.closes).toEqual([1008]);
  });

  test(`is refused beyond ${maxSockets} of them, and has the place of those that nothing is heard of`, async () => {
    for (let open = 0; open < maxSockets; open += 1) await openPage();
    await root().addTicket('one more', Date.now() + 30_000);
    expect((await knock('one more')).status).toBe(429);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    expect((await openPage()).closes).toEqual([]);
    vi.useRealTimers();
    await until('the silent ones are closed', () =>
      runInDurableObject(root(), (_, state) => state.getWebSockets().filter(({ readyState }) => readyState === 1).length === 1),
    );
  });
});

describe('a decision', () => {
  test.each([0, 1, 2])('reaches an open page within two seconds of its ending, whatever was before (%s)', async (before) => {
    const log = { write: () => undefined };
    const clock = { now: () => Date.now() };
    const works: Promise<unknown>[] = [];
    const background = (work: Promise<unknown>) => void works.push(work);
    const ledger = createLedgerClient(env.LEDGER, {
      calls: { take: () => [] },
      senderId: `isolate-${before}`,
      shards: 4,
      clock,
      log,
    });
    // What shards passed on a moment ago, when nobody watched, must not make this one wait.
    for (let index = 0; index < before; index += 1) {
      ledger.record({ ...plainEntry, requestId: `before-${index}` }, background);
      await pause(800);
    }
    const feed = createFeedClient(env.LEDGER, 4);
    await feed.addTicket('ticket', Date.now() + 30_000);
    const { webSocket: socket } = await feed.open('ticket', background);
    const ids: string[] = [];
    socket?.addEventListener('message', ({ data }) => {
      ids.push(...(JSON.parse(String(data)) as FeedMessage).requests.map(({ id }) => id));
    });
    socket?.accept();
    if (socket !== null) opened.push(socket);
    const startedAt = performance.now();
    ledger.record({ ...plainEntry, atMs: Date.now(), requestId: 'seen' }, background);
    await until('it is seen', () => Promise.resolve(ids.includes('seen')));
    expect(performance.now() - startedAt).toBeLessThan(2000);
    await Promise.all(works);
  });
});
