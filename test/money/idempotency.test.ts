/** Idempotency keys: one run, the same answer to the byte, nothing kept of what broke, nothing shared between keys. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, until } from '../../infra/rig/waiting.ts';
import { type Asked, codeOf, countBy, dayMs, keptRows, keptUnder, type MoneyLab, openLab, times } from './money-lab.ts';

let lab: MoneyLab;
let key: string;
let keyId: string;
let made = 0;

beforeAll(async () => {
  lab = await openLab();
  ({ id: keyId, key } = await lab.makeKey());
});

afterAll(() => lab.stop());

const newName = () => `idempotency-${(made += 1)}`;
const ask = (name: string, options: Asked = {}, as = key) =>
  lab.ask(as, { ...options, headers: { ...options.headers, 'idempotency-key': name } });
const chatCalls = () => lab.calls().length;

/** Asks again until the first answer has been stored. */
async function replayed(name: string, options: Asked = {}): Promise<Response> {
  let response = await ask(name, options);
  await until('the answer is kept', async () => {
    if (response.status !== 409) return true;
    response = await ask(name, options);
    return false;
  });
  return response;
}

describe('a repeat with the same key and body', () => {
  test.each([
    ['a whole answer', {}],
    ['a stream', { body: { stream: true, stream_options: { include_usage: true } } }],
    ['a stream with characters of many bytes', { text: '[[say:Crème brûlée — 東京 🚢🚢]]', body: { stream: true } }],
    ['a stream that the gateway had to rewrite', { text: '[[fault:no-done]]', body: { stream: true } }],
    ['an answer after a fallback', { text: '[[fault:server-error;on=small]]' }],
    ['a stream rescued in the middle', { text: '[[fault:mid-reset;on=small]]', tokens: 30, body: { stream: true } }],
  ] as const)('%s: the same bytes, no second call, no second booking', async (_, options) => {
    const name = newName();
    const first = await ask(name, options);
    const bytes = Buffer.from(await first.arrayBuffer());
    expect(first.status).toBe(200);
    await until('it is in the ledger', async () => (await lab.stats()).keys[keyId] !== undefined);
    const calls = chatCalls();
    const again = await replayed(name, options);
    expect(Buffer.from(await again.arrayBuffer()).equals(bytes)).toBe(true);
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(chatCalls()).toBe(calls);
  });

  test('is spelled how it likes: order of the fields and white space do not count', async () => {
    const name = newName();
    const send = (body: string) => lab.chat(body, { 'idempotency-key': name }, { key });
    const first = await send('{"model":"small","messages":[{"role":"user","content":"Hi"}],"max_tokens":9}');
    const text = await first.text();
    await until(
      'it is kept',
      async () =>
        (await send('{ "max_tokens": 9, "messages": [ {"content":"Hi","role":"user"} ], "model":"small" }')).status !== 409,
    );
    const again = await send('{ "max_tokens": 9, "messages": [ {"content":"Hi","role":"user"} ], "model":"small" }');
    expect([again.status, await again.text()]).toEqual([200, text]);
  });

  test('after its object was evicted and broken, and until a day has passed', async () => {
    const own = await openLab();
    const mine = await own.makeKey();
    const send = () => own.ask(mine.key, { headers: { 'idempotency-key': 'a-day' } });
    const text = await (await send()).text();
    await until('it is kept', async () => (await send()).status === 200);
    const { object } = keptUnder(mine.id, 'a-day');
    await own.object('KEPT', object, { do: 'evict' });
    await own.object('KEPT', object, { do: 'break' }).catch(() => undefined);
    await own.clock(dayMs - 60_000);
    expect(await (await send()).text()).toBe(text);
    await own.clock(dayMs + 5000);
    await own.object('KEPT', object, { do: 'alarm' });
    expect(await keptRows(own, object)).toEqual([]);
    const later = await send();
    expect([later.status, later.headers.get('idempotent-replayed')]).toEqual([200, null]);
    await own.stop();
  });
});

describe('a repeat that is none', () => {
  test('with another body is refused', async () => {
    const name = newName();
    await (await ask(name)).text();
    await (await replayed(name)).text();
    for (const body of [{ temperature: 0.5 }, { stream: true }, { max_tokens: 49 }, { model: 'large' }]) {
      const response = await ask(name, { body });
      expect([response.status, await codeOf(response)]).toEqual([400, 'idempotency_mismatch']);
    }
  });

  test('while the first one streams follows it: both have the same answer, from its beginning', async () => {
    const name = newName();
    const options = { paceMs: 40, tokens: 30, body: { stream: true, stream_options: { include_usage: true } } };
    const calls = chatCalls();
    const first = await ask(name, options);
    const reader = first.body?.getReader();
    const begun = await reader?.read();
    const [second, third] = await Promise.all([ask(name, options), ask(name, options)]);
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    let text = Buffer.from(begun?.value ?? []).toString();
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
      text += Buffer.from(piece.value).toString();
    const pings = /: ping\n\n/g;
    expect(text).toContain('[DONE]');
    expect((await second.text()).replace(pings, '')).toBe(text.replace(pings, ''));
    expect((await third.text()).replace(pings, '')).toBe(text.replace(pings, ''));
    expect(chatCalls()).toBe(calls + 1);
  });

  test('goes on when the first one’s client leaves while somebody follows', async () => {
    const name = newName();
    const options = { paceMs: 40, tokens: 40, body: { stream: true } };
    const calls = chatCalls();
    const leaving = new AbortController();
    const first = await ask(name, { ...options, signal: leaving.signal });
    await first.body?.getReader().read();
    const second = await ask(name, options);
    await second.body
      ?.getReader()
      .read()
      .catch(() => undefined);
    const third = ask(name, options).then((response) => response.text());
    await pause(300);
    leaving.abort();
    expect(await third).toContain('[DONE]');
    expect(chatCalls()).toBe(calls + 1);
  });

  test('while the first one runs is refused where it does not stream, and may be tried again', async () => {
    const name = newName();
    const options = { paceMs: 100 };
    const running = ask(name, options);
    await until('it runs', async () => lab.calls().some(({ endedAtMs }) => endedAtMs === null));
    const second = await ask(name, options);
    expect([second.status, second.headers.get('x-should-retry'), await codeOf(second)]).toEqual([
      409,
      'true',
      'idempotency_in_flight',
    ]);
    await (await running).text();
    expect((await replayed(name, options)).status).toBe(200);
  });

  test('of fifty at once exactly one runs', async () => {
    const name = newName();
    const calls = chatCalls();
    const statuses = await Promise.all(times(50, async () => (await ask(name, { paceMs: 150 })).status));
    expect(countBy(statuses)).toEqual({ 200: 1, 409: 49 });
    expect(chatCalls()).toBe(calls + 1);
  });

  test('with another key of the gateway is another', async () => {
    const name = newName();
    const other = await lab.makeKey();
    const first = await (await ask(name)).text();
    await replayed(name);
    const response = await ask(name, {}, other.key);
    expect([response.status, response.headers.get('idempotent-replayed')]).toEqual([200, null]);
    expect(await response.text()).not.toBe(first);
  });

  test('with a key that is none is refused', async () => {
    for (const name of ['x'.repeat(256), 'has space']) {
      expect(await codeOf(await ask(name))).toBe('invalid_value');
    }
  });
});

describe('what broke is not kept', () => {
  test.each([
    ['a failure of the model servers', { text: '[[fault:server-error;times=2]]' }, 502],
    ['a stream that broke off', { text: '[[fault:mid-reset;times=9]]', tokens: 20, body: { stream: true } }, 200],
    ['a stall', { text: '[[fault:stall]]', tokens: 20, body: { stream: true } }, 200],
  ] as const)('%s: the key may be used again', async (_, options, status) => {
    const name = newName();
    const first = await ask(name, options);
    const text = await first.text();
    expect(first.status).toBe(status);
    expect(text).toContain('"error"');
    await until('the key is free', async () => {
      const response = await ask(name, options);
      await response.text();
      expect(response.headers.get('idempotent-replayed')).toBeNull();
      return response.status !== 409;
    });
  });

  test('an answer whose client left: the key may be used again', async () => {
    const name = newName();
    const options = { paceMs: 30, tokens: 40, body: { stream: true } };
    const leaving = new AbortController();
    const first = await ask(name, { ...options, signal: leaving.signal });
    await first.body?.getReader().read();
    leaving.abort();
    await until('its run has ended', () => lab.calls().every(({ endedAtMs }) => endedAtMs !== null));
    await until('the key is free', async () => {
      const again = await ask(name, options);
      return (await again.text()).includes('[DONE]') && again.headers.get('idempotent-replayed') === null;
    });
  });

  test('a refusal of limits or validation: nothing ran, so nothing is kept', async () => {
    const limited = await lab.makeKey({ limits: { requests_per_minute: 1 } });
    const name = newName();
    await (await lab.ask(limited.key)).text();
    expect((await ask(name, {}, limited.key)).status).toBe(429);
    const { object } = keptUnder(limited.id, name);
    await until('the key is free', async () => (await keptRows(lab, object)).every(({ ended_ms: endedMs }) => endedMs !== null));
    await lab.clock(60_000);
    expect((await ask(name, {}, limited.key)).headers.get('idempotent-replayed')).toBeNull();
    await lab.clock(0);
  });

  test('what the model server refused for good is kept: it would refuse it again', async () => {
    const name = newName();
    const options = { text: '[[fault:bad-request]]' };
    const first = await ask(name, options);
    const body = await first.text();
    const again = await replayed(name, options);
    expect([first.status, again.status]).toEqual([400, 400]);
    expect(await again.text()).toBe(body);
    expect(again.headers.get('x-should-retry')).toBe('false');
  });
});

describe('the object that keeps the answers', () => {
  test('that took the request and lost its reply is asked again, and the request runs once', async () => {
    const name = newName();
    const calls = chatCalls();
    await lab.wire('KEPT', { loseReply: 0.5 });
    const statuses: number[] = [];
    for (let index = 0; index < 12; index += 1) statuses.push((await ask(`${name}-${index}`)).status);
    await lab.wire('KEPT', null);
    // Three tries of one in two each: a refusal is the exception, and its key is not blocked.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(6);
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    expect(chatCalls() - calls).toBe(statuses.filter((status) => status === 200).length);
  });

  test('that took the key and was never heard again leaves it free for the next try', async () => {
    const name = newName();
    await lab.wire('KEPT', { loseReply: 1 });
    const lost = await ask(name);
    expect([lost.status, await codeOf(lost)]).toEqual([503, 'state_unavailable']);
    await lab.wire('KEPT', null);
    await until('the key is free', async () => {
      const again = await ask(name);
      await again.text();
      return again.status === 200;
    });
  });
});
