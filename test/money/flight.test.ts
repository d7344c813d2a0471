/**
 * Identical requests at the same time over HTTP, in workerd: one call, equal answers, streamed and whole; what becomes of those who follow when the
 * leader leaves, is refused, or fails; and what is left in the second level of the cache.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, until } from '../../infra/rig/waiting.ts';
import { readEvents } from '../pipeline/wire.ts';
import { type Asked, countBy, type MadeKey, type MoneyLab, openLab, sum, times } from './money-lab.ts';

let lab: MoneyLab;
let made = 0;

beforeAll(async () => {
  lab = await openLab({ cache: { enabled: true } });
});

afterAll(() => lab.stop());

/** Of a question that no other test asks. */
const question = () => `Question ${(made += 1)}. `;
const asked = (text: string, stream: boolean, paceMs = 20): Asked => ({
  text,
  tokens: 30,
  paceMs,
  body: { temperature: 0, stream, ...(stream ? { stream_options: { include_usage: true } } : {}) },
});
const callsFor = (text: string) => lab.calls().filter(({ body }) => JSON.stringify(body).includes(text)).length;
const newKey = (): Promise<MadeKey> => lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1000 }] });

interface Told {
  readonly status: number;
  readonly cache: string | null;
  readonly content: string | null;
  readonly finish: string | null;
  readonly usage: unknown;
  readonly isWhole: boolean;
}

/** What a client has in the end. */
async function read(response: Response): Promise<Told> {
  const { status } = response;
  const cache = response.headers.get('x-cache');
  const text = await response.text();
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    const events = text.split('\n\n').flatMap((frame) => (frame.startsWith('data: ') ? [frame.slice(6)] : []));
    const { content, finish, usage } = readEvents(events);
    return { status, cache, content, finish, usage, isWhole: events.at(-1) === '[DONE]' };
  }
  const body = JSON.parse(text);
  const [choice] = body.choices ?? [];
  const { content = null } = choice?.message ?? {};
  return { status, cache, content, finish: choice?.finish_reason ?? null, usage: body.usage, isWhole: status === 200 };
}

const answerOf = ({ status, content, finish, usage, isWhole }: Told) =>
  JSON.stringify({ status, content, finish, usage, isWhole });

describe('200 identical requests at the same time', () => {
  test.each(['streams', 'whole', 'mixed'])('%s: one call, 200 equal answers, paid for once', async (kind) => {
    const { key, id } = await newKey();
    const text = question();
    const isStream = (index: number) => (kind === 'mixed' ? index % 2 === 0 : kind === 'streams');
    const told = await Promise.all(times(200, async (index) => read(await lab.ask(key, asked(text, isStream(index))))));
    expect(callsFor(text)).toBe(1);
    expect(new Set(told.map(answerOf)).size).toBe(1);
    expect(told[0]).toMatchObject({ status: 200, finish: 'stop', isWhole: true });
    const states = countBy(told.map(({ cache }) => cache ?? 'none'));
    expect(states['miss']).toBe(1);
    expect((states['shared'] ?? 0) + (states['hit'] ?? 0)).toBe(199);
    const cost = await lab.booked(id, 200);
    expect(cost).toBeGreaterThan(0);
    const { spentNanoUsd, leases, reservedNanoUsd } = await lab.settled(id);
    // Once for the key's one window.
    expect([spentNanoUsd, leases, reservedNanoUsd]).toEqual([cost, 0, 0]);
    const { totals, caches } = await lab.stats();
    expect(caches['shared']).toBeGreaterThan(0);
    expect(totals.cache_saved_nano_usd).toBeGreaterThanOrEqual(199 * cost);
  });
});

describe('a leader that leaves', () => {
  test.each([
    ['a stream', true],
    ['a whole answer', false],
  ])('in the middle of %s: 199 complete answers of the same call, billed once', async (_, leads) => {
    const { key, id } = await newKey();
    const text = question();
    const leaving = new AbortController();
    const leader = lab.ask(key, { ...asked(text, leads, 40), signal: leaving.signal });
    const left = leader
      .then((response) => response.text())
      .then(
        () => 'whole',
        () => 'left',
      );
    await until('the leader’s call has begun', () => callsFor(text) === 1);
    const others = Promise.all(times(199, async (index) => read(await lab.ask(key, asked(text, index % 2 === 0, 40)))));
    await until('the others follow', async () => {
      const { calls } = await lab.counts();
      return sum(Object.entries(calls).flatMap(([name, count]) => (name.includes('read') ? [count] : []))) >= 100;
    });
    leaving.abort();
    expect(await left).toBe('left');
    const told = await others;
    expect(new Set(told.map(answerOf)).size).toBe(1);
    expect(told[0]).toMatchObject({ status: 200, finish: 'stop', isWhole: true });
    expect(callsFor(text)).toBe(1);
    expect(await lab.booked(id, 200)).toBe((await lab.settled(id)).spentNanoUsd);
  });

  test('with nobody behind it ends its call; the next one makes its own', async () => {
    const { key, id } = await newKey();
    const text = question();
    const leaving = new AbortController();
    const leader = lab.ask(key, { ...asked(text, true, 60), signal: leaving.signal });
    await until('its call has begun', () => callsFor(text) === 1);
    await leader;
    leaving.abort();
    await lab.booked(id, 1);
    const told = await read(await lab.ask(key, asked(text, false, 1)));
    expect(told).toMatchObject({ status: 200, isWhole: true, cache: 'miss' });
    expect(callsFor(text)).toBe(2);
  });
});

describe('a leader that fails', () => {
  test('fails for all who follow, without a call of their own', async () => {
    const { key } = await newKey();
    const text = `[[fault:server-error]]${question()}`;
    const told = await Promise.all(times(40, async (index) => read(await lab.ask(key, asked(text, index % 2 === 0)))));
    expect(countBy(told.map(({ status }) => status))).toEqual({ 502: 40 });
    // Three attempts of one chain; some may come when the first has failed already, and lead again.
    expect(callsFor(text)).toBeLessThanOrEqual(12);
  });
});

describe('a hit', () => {
  test('counts as a request of its key’s rate, and says so', async () => {
    const { key } = await lab.makeKey({ limits: { requests_per_minute: 3 } });
    const text = question();
    const answers = [];
    for (const stream of [false, true, false, false]) {
      const answer = await lab.ask(key, asked(text, stream, 1));
      await answer.text();
      answers.push([answer.status, answer.headers.get('x-cache'), answer.headers.get('x-ratelimit-remaining-requests')]);
    }
    expect(answers).toEqual([
      [200, 'miss', '2'],
      [200, 'hit', '1'],
      [200, 'hit', '0'],
      [429, 'miss', '0'],
    ]);
  });

  test('is given to a key whose budget is used up, and takes nothing of it', async () => {
    const { key, id } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 0.001 }] });
    const text = question();
    const first = { ...asked(text, false, 1), body: { temperature: 0, max_tokens: 40 } };
    expect(await read(await lab.ask(key, first))).toMatchObject({ status: 200, cache: 'miss' });
    const { spentNanoUsd } = await lab.settled(id);
    const other = await lab.ask(key, { ...first, body: { temperature: 0, max_tokens: 4000, model: 'large' } });
    expect(other.status).toBe(429);
    await other.text();
    expect(await read(await lab.ask(key, first))).toMatchObject({ status: 200, cache: 'hit' });
    expect((await lab.settled(id)).spentNanoUsd).toBe(spentNanoUsd);
  });

  test('is not for a key that was made without the cache', async () => {
    const { key } = await lab.makeKey({ cache: false });
    const text = question();
    for (let time = 0; time < 2; time += 1) {
      expect((await read(await lab.ask(key, asked(text, false, 1)))).cache).toBe('bypass');
    }
    expect(callsFor(text)).toBe(2);
  });
});

describe('who does not share', () => {
  test('other tenants, other questions, no-store', async () => {
    const [one, other] = [await newKey(), await newKey()];
    const text = question();
    const answers = await Promise.all([
      lab.ask(one.key, asked(text, false)),
      lab.ask(other.key, asked(text, false)),
      lab.ask(one.key, { ...asked(text, false), headers: { 'cache-control': 'no-store' } }),
      lab.ask(one.key, asked(text, false)),
    ]);
    const states = countBy(answers.map((answer) => answer.headers.get('x-cache') ?? 'none'));
    expect(states).toMatchObject({ miss: 2, bypass: 1 });
    await Promise.all(answers.map((answer) => answer.text()));
    expect(callsFor(text)).toBe(3);
  });
});

describe('objects', () => {
  test('are asked by nobody whom the policy leaves alone, and by nobody who finds it in the isolate', async () => {
    const { key } = await lab.makeKey();
    const text = question();
    const sampled = { ...asked(text, true, 1), body: { temperature: 0.7, stream: true } };
    await read(await lab.ask(key, asked(text, true, 1)));
    const keptCalls = async () => {
      const { calls } = await lab.counts();
      return sum(Object.entries(calls).flatMap(([name, count]) => (name.startsWith('KEPT') ? [count] : [])));
    };
    // The end of the first answer goes out behind it.
    let before = -1;
    await until('nothing more is told', async () => {
      const last = before;
      before = await keptCalls();
      await pause(200);
      return before === last;
    });
    expect(before).toBeGreaterThan(0);
    for (let time = 0; time < 5; time += 1) {
      expect((await read(await lab.ask(key, sampled))).cache).toBe('bypass');
      expect((await read(await lab.ask(key, asked(text, time % 2 === 0, 1)))).cache).toBe('hit');
    }
    expect(await keptCalls()).toBe(before);
  });

  test('that were killed in the middle of a flight: the next request has its answer at once', async () => {
    const { key } = await newKey();
    const text = question();
    const leader = lab.ask(key, asked(text, true, 100)).then((response) => response.text());
    void leader.catch(() => undefined);
    await until('its call has begun', () => callsFor(text) === 1);
    await lab.restart();
    const startedAtMs = performance.now();
    const told = await read(await lab.ask(key, asked(text, false, 1)));
    expect(told).toMatchObject({ status: 200, isWhole: true, cache: 'miss' });
    expect(performance.now() - startedAtMs).toBeLessThan(15_000);
  });
});

describe('the second level', () => {
  test('answers where the first one has forgotten, with its age, and not what may not be kept', async () => {
    const { key, id } = await newKey();
    const [good, cut] = [question(), question()];
    await read(await lab.ask(key, asked(good, true, 1)));
    await read(await lab.ask(key, { ...asked(cut, true, 1), body: { temperature: 0, stream: true, max_tokens: 3 } }));
    await lab.booked(id, 2);
    await lab.restart();
    const again = await lab.ask(key, asked(good, false, 1));
    expect([again.status, again.headers.get('x-cache')]).toEqual([200, 'hit']);
    expect(Number(again.headers.get('age'))).toBeGreaterThanOrEqual(0);
    await again.text();
    const cutAgain = await lab.ask(key, { ...asked(cut, false, 1), body: { temperature: 0, max_tokens: 3 } });
    expect(cutAgain.headers.get('x-cache')).toBe('miss');
    await cutAgain.text();
    expect([callsFor(good), callsFor(cut)]).toEqual([1, 2]);
  });
});
