/**
 * Resumable streams over HTTP: cut anywhere, by clients, objects and lost calls, and picked up again with what a client has. What arrives is the
 * answer, every event once; what is not picked up ends; what is cancelled ends at once.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, until } from '../../infra/rig/waiting.ts';
import { keptName } from '../../worker/io/kept-client.ts';
import { type Asked, codeOf, keptRows, keptUnder, type MadeKey, type MoneyLab, openLab, times } from './money-lab.ts';

let lab: MoneyLab;
let own: MadeKey;

beforeAll(async () => {
  lab = await openLab({ routing: { kept: { grace_ms: 1500, lifetime_ms: 60_000 } } });
  own = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1000 }] });
});

afterAll(() => lab.stop());

const resumable = { 'x-resumable': 'true' };
const begin = (options: Asked = {}, key = own.key) =>
  lab.ask(key, {
    tokens: 20,
    paceMs: 5,
    ...options,
    body: { stream: true, ...options.body },
    headers: { ...resumable, ...options.headers },
  });
const get = (path: string, headers: Readonly<Record<string, string>> = {}, key = own.key) =>
  fetch(`${lab.url}${path}`, { headers: { authorization: `Bearer ${key}`, ...headers } });
const cancel = (id: string, key = own.key) =>
  fetch(`${lab.url}/v1/streams/${id}/cancel`, { method: 'POST', headers: { authorization: `Bearer ${key}` } });
const idOf = (response: Response): string => response.headers.get('x-stream-id') ?? 'none';
const objectOf = (id: string) => keptName(own.id, id);

/** Events as they arrived, without pings; a piece that was cut off is none. */
function eventsIn(text: string): string[] {
  return text.split(/(?<=\n\n)/).filter((frame) => frame.endsWith('\n\n') && !frame.startsWith(':'));
}

function numberOf(frame: string | undefined): number {
  return Number(/^id: (\d+)\n/.exec(frame ?? '')?.[1] ?? 0);
}

/** Reads until so many characters have come, and no more, then lets go. */
async function readSome(response: Response, chars: number): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (text.length < chars) {
    const piece = await reader?.read().catch(() => undefined);
    if (piece === undefined || piece.done) break;
    text += decoder.decode(piece.value, { stream: true });
  }
  await reader?.cancel().catch(() => undefined);
  // A piece may hold more than was to arrive.
  return text.slice(0, chars);
}

const pieceOf = (frame: string): string => /"content":"([^"]*)"/.exec(frame)?.[1] ?? '';

describe('a resumable stream', () => {
  test('numbers its events, and is there again from any of them, byte for byte, as often as anybody likes', async () => {
    const first = await begin({ body: { stream_options: { include_usage: true } } });
    const id = idOf(first);
    const events = eventsIn(await first.text());
    expect(events.map(numberOf)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)).toContain('[DONE]');
    for (const after of [0, 1, 7, events.length - 1]) {
      await until('it is kept', async () => (await get(`/v1/streams/${id}?after=${events.length}`)).status === 204);
      const [byQuery, byHeader] = await Promise.all([
        get(`/v1/streams/${id}?after=${after}`),
        get(`/v1/streams/${id}`, { 'last-event-id': String(after) }),
      ]);
      expect([byQuery.status, byQuery.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
      expect(await byQuery.text()).toBe(events.slice(after).join(''));
      expect(await byHeader.text()).toBe(events.slice(after).join(''));
    }
  });

  const weather = {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  };
  test.each<readonly [string, Asked]>([
    [
      'calls of tools',
      { text: '[[call:get_weather {"city":"Oslo"}]][[call:get_weather {"city":"Rome"}]]', body: { tools: [weather] } },
    ],
    ['two choices', { body: { n: 2, temperature: 0.5 } }],
    ['log probabilities', { body: { logprobs: true, top_logprobs: 2 } }],
    ['JSON', { text: '[[say:{"a":1}]]', body: { response_format: { type: 'json_object' } } }],
    ['characters of many bytes', { text: '[[say:Crème brûlée — 東京 🚢🚢]]' }],
    ['line breaks and empty lines', { text: '[[say:One.\n\nid: 7\ndata: two\n\n\nthree]]' }],
    ['a rescue in the middle', { text: '[[fault:mid-reset;on=small]]', tokens: 30 }],
    ['no end mark from its server', { text: '[[fault:no-done]]' }],
    ['a break for good', { text: '[[fault:mid-reset;times=9]]', tokens: 20 }],
  ])('of %s is the same when it is read again', async (_, options) => {
    const first = await begin({ paceMs: 0, ...options, body: { stream_options: { include_usage: true }, ...options.body } });
    const events = eventsIn(await first.text());
    expect(events.length).toBeGreaterThan(2);
    expect(events.map(numberOf)).toEqual(events.map((__, index) => index + 1));
    const id = idOf(first);
    await until('it is kept', async () => (await get(`/v1/streams/${id}?after=${events.length}`)).status === 204);
    for (const after of [0, 2, events.length - 1])
      expect(eventsIn(await (await get(`/v1/streams/${id}?after=${after}`)).text())).toEqual(events.slice(after));
  });

  test('goes on without its client, for several viewers, and is paid for once', async () => {
    const payer = await lab.makeKey();
    const calls = lab.calls().length;
    const first = await begin({ tokens: 40, paceMs: 30 }, payer.key);
    const id = idOf(first);
    const had = eventsIn(await readSome(first, 800));
    const viewers = await Promise.all(
      times(4, () => get(`/v1/streams/${id}?after=${had.length}`, {}, payer.key).then((r) => r.text())),
    );
    const rest = eventsIn(viewers[0] ?? '');
    expect(rest.map(numberOf)[0]).toBe(had.length + 1);
    expect(rest.at(-1)).toContain('[DONE]');
    for (const viewer of viewers) expect(eventsIn(viewer)).toEqual(rest);
    expect(lab.calls().length).toBe(calls + 1);
    await lab.booked(payer.id, 1);
    expect((await lab.stats()).keys[payer.id]).toMatchObject({ requests: 1, succeeded: 1 });
  });

  test('is whole after hundreds of cuts, with its object evicted and broken and calls to it lost meanwhile', async () => {
    let allCuts = 0;
    const cut = async (seed: number): Promise<void> => {
      let state = seed + 1;
      const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
      const first = await begin({ tokens: 30, paceMs: 12 });
      const id = idOf(first);
      const events = eventsIn(await readSome(first, random(2500)));
      for (let cuts = 0; events.at(-1)?.includes('[DONE]') !== true; cuts += 1) {
        if (random(3) === 0)
          await lab.object('KEPT', objectOf(id), { do: random(2) === 0 ? 'evict' : 'break' }).catch(() => undefined);
        allCuts += 1;
        const response = await get(`/v1/streams/${id}`, { 'last-event-id': String(numberOf(events.at(-1))) });
        if (response.status === 503) continue;
        expect(response.status).toBe(200);
        events.push(...eventsIn(await readSome(response, cuts > 25 ? 1e9 : random(1500))));
      }
      expect(events.map(numberOf)).toEqual(events.map((_, index) => index + 1));
      let again = await get(`/v1/streams/${id}`);
      while (again.status === 503) again = await get(`/v1/streams/${id}`);
      const whole = eventsIn(await again.text());
      expect(events).toEqual(whole);
      expect(whole.filter((frame) => pieceOf(frame) !== '').length).toBeGreaterThanOrEqual(30);
    };
    await lab.wire('KEPT', { loseRequest: 0.05, loseReply: 0.05 });
    for (let wave = 0; wave < 3; wave += 1) await Promise.all(times(8, (index) => cut(wave * 8 + index)));
    await lab.wire('KEPT', null);
    expect(allCuts).toBeGreaterThan(250);
  }, 180_000);

  test('whose object is away goes on for its client as if nothing were', async () => {
    const first = await begin({ tokens: 10, paceMs: 20 });
    await lab.wire('KEPT', { loseRequest: 1 });
    const events = eventsIn(await first.text());
    await lab.wire('KEPT', null);
    expect(events.at(-1)).toContain('[DONE]');
    await until('it arrives late', async () => (await get(`/v1/streams/${idOf(first)}?after=${events.length}`)).status === 204);
    expect(eventsIn(await (await get(`/v1/streams/${idOf(first)}`)).text())).toEqual(events);
  });

  test('by the key’s setting, unless the request says otherwise', async () => {
    const key = await lab.makeKey({ resumable_streams: true });
    const by = (headers: Readonly<Record<string, string>>) => lab.ask(key.key, { body: { stream: true }, headers });
    expect(idOf(await by({}))).not.toBe('none');
    expect(idOf(await by({ 'x-resumable': 'false' }))).toBe('none');
    expect(idOf(await lab.ask(key.key))).toBe('none');
    expect(await codeOf(await by({ 'x-resumable': 'yes' }))).toBe('invalid_value');
  });

  test('with an idempotency key as well: a repeat is numbered in the same way, and has the same name', async () => {
    const headers = { 'idempotency-key': `both-${Math.random()}` };
    const first = await begin({ headers });
    const events = eventsIn(await first.text());
    const again = await begin({ headers });
    expect([again.headers.get('idempotent-replayed'), idOf(again)]).toEqual(['true', idOf(first)]);
    expect(eventsIn(await again.text())).toEqual(events);
    expect(eventsIn(await (await get(`/v1/streams/${idOf(first)}?after=3`)).text())).toEqual(events.slice(3));
  });
});

describe('a client that leaves', () => {
  test('and does not come back: the run ends after the grace period, not before', async () => {
    const first = await begin({ tokens: 400, paceMs: 20, body: { max_tokens: 500 } });
    await readSome(first, 500);
    await pause(800);
    expect(lab.calls().at(-1)?.endedAtMs).toBeNull();
    await until('the model server is free', () => lab.calls().at(-1)?.endedAtMs !== null, 8000);
    const rest = await (await get(`/v1/streams/${idOf(first)}`)).text();
    expect(eventsIn(rest).at(-1)).toContain('client_closed_request');
    await until('it is booked', async () => ((await lab.stats()).endings['client_abort'] ?? 0) >= 1);
  });
});

describe('cancelling', () => {
  test('stops the model server at once, for everybody, and is booked as what it is', async () => {
    const payer = await lab.makeKey();
    const first = await begin({ tokens: 400, paceMs: 20, body: { max_tokens: 500 } }, payer.key);
    const id = idOf(first);
    const viewer = get(`/v1/streams/${id}`, {}, payer.key).then((response) => response.text());
    const text = first.text();
    await until('it runs', async () => lab.calls().at(-1)?.endedAtMs === null);
    await pause(300);
    const startedAt = performance.now();
    const answer = await cancel(id, payer.key);
    expect([answer.status, await answer.json()]).toEqual([200, { id, object: 'stream', state: 'cancelled' }]);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    await until('the model server has stopped', () => lab.calls().at(-1)?.endedAtMs !== null, 2000);
    for (const seen of [await text, await viewer]) {
      expect(eventsIn(seen).at(-1)).toContain('stream_cancelled');
      expect(seen).not.toContain('[DONE]');
    }
    expect(eventsIn(await viewer)).toEqual(eventsIn(await text));
    await lab.booked(payer.id, 1);
    expect((await lab.stats()).endings['cancelled']).toBe(1);
    expect(await (await cancel(id, payer.key)).json()).toMatchObject({ state: 'cancelled' });
  });

  test('of what has ended changes nothing', async () => {
    const first = await begin();
    const text = await first.text();
    await until('it is kept', async () => ((await (await cancel(idOf(first))).json()) as { state: string }).state === 'complete');
    expect(await (await get(`/v1/streams/${idOf(first)}`)).text()).toBe(text);
  });
});

describe('what there is not', () => {
  test.each([
    ['a name that is none', '/v1/streams/a%2Fb', {}, 400, 'invalid_value', 'id'],
    ['a stream that never was', '/v1/streams/0123456789abcdef', {}, 404, 'not_found', 'id'],
    ['a number that is none', '/v1/streams/0123456789abcdef?after=x', {}, 400, 'invalid_value', 'after'],
    [
      'an event that is none',
      '/v1/streams/0123456789abcdef',
      { 'last-event-id': 'evt_1' },
      400,
      'invalid_value',
      'last-event-id',
    ],
  ] as const)('%s', async (_, path, headers, status, code, param) => {
    const response = await get(path, headers);
    expect([response.status, ((await response.json()) as { error: object }).error]).toMatchObject([status, { code, param }]);
  });

  test('a stream of another tenant, read or cancelled; a rotated key is the same tenant', async () => {
    const other = await lab.makeKey();
    const first = await begin({ tokens: 60, paceMs: 20 });
    const id = idOf(first);
    for (const response of [await get(`/v1/streams/${id}`, {}, other.key), await cancel(id, other.key)])
      expect([response.status, await codeOf(response)]).toEqual([404, 'not_found']);
    expect(eventsIn(await first.text()).at(-1)).toContain('[DONE]');
  });

  test('a stream that is not resumable, though it has an idempotency key', async () => {
    const first = await lab.ask(own.key, { body: { stream: true }, headers: { 'idempotency-key': 'not-numbered' } });
    expect(idOf(first)).toBe('none');
    expect(await first.text()).not.toContain('id: 1');
  });

  test('an event after the last one', async () => {
    const first = await begin();
    const count = eventsIn(await first.text()).length;
    await until('it is kept', async () => (await get(`/v1/streams/${idOf(first)}?after=${count}`)).status === 204);
    const response = await get(`/v1/streams/${idOf(first)}?after=${count + 1}`);
    expect([response.status, await codeOf(response)]).toEqual([400, 'invalid_value']);
  });

  test('a stream that is over and expired: it says so, and nothing is left of it', async () => {
    const first = await begin();
    const id = idOf(first);
    await first.text();
    await until('it is kept', async () => (await get(`/v1/streams/${id}`)).status === 200);
    await lab.clock(70_000);
    const response = await get(`/v1/streams/${id}`);
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('expired')]);
    await lab.object('KEPT', objectOf(id), { do: 'alarm' });
    expect((await keptRows(lab, objectOf(id))).filter(({ id: left }) => left === id)).toEqual([]);
    await lab.clock(0);
  });
});

describe('a request that uses none of it', () => {
  test('calls no such object', async () => {
    await lab.counts(true);
    await (await lab.ask(own.key, { body: { stream: true } })).text();
    await (await lab.ask(own.key)).text();
    const { calls } = await lab.counts();
    expect(Object.keys(calls).filter((name) => name.startsWith('KEPT'))).toEqual([]);
  });
});

describe('what it costs', () => {
  const costOf = async (request: () => Promise<Response>): Promise<{ calls: number; rows: number }> => {
    await lab.counts(true);
    await (await request()).text();
    await pause(1000);
    const { calls, rows } = await lab.counts(true);
    return {
      calls: Object.entries(calls).reduce((sum, [name, count]) => sum + (name.startsWith('KEPT') ? count : 0), 0),
      rows: rows['KeptObject'] ?? 0,
    };
  };

  test('an idempotency key: two calls and three rows for a whole answer', async () => {
    const names = times(200, (index) => `cost-${index}`);
    const object = (name: string) => keptUnder(own.id, name).object;
    // An object that is new makes its tables, two rows more.
    const [first = '', ...others] = names;
    const again = others.find((name) => object(name) === object(first));
    await costOf(() => lab.ask(own.key, { headers: { 'idempotency-key': first } }));
    const cost = await costOf(() => lab.ask(own.key, { headers: { 'idempotency-key': again ?? '' } }));
    expect(cost).toEqual({ calls: 2, rows: 3 });
  });

  test('a stream that nobody else reads: two calls and rows a second, and three at its ends', async () => {
    const cost = await costOf(() => begin({ tokens: 80, paceMs: 50, body: { max_tokens: 100 } }));
    expect(cost.calls).toBeLessThanOrEqual(2 + 9);
    expect(cost.rows).toBeLessThanOrEqual(3 + 9 + 2);
    expect(cost.rows).toBeGreaterThanOrEqual(3 + 6);
  });
});
