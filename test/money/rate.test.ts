/** Requests and tokens per minute: exactly so many in a window, a true Retry-After, and the numbers on every answer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, countBy, type MadeKey, type MoneyLab, openLab, times } from './money-lab.ts';

const perMinute = 25;
let lab: MoneyLab;
let now = 0;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab.stop());

/** Moves the gateway's clock on; only ever forward, as its objects expect. */
async function pass(ms: number): Promise<void> {
  now += ms;
  await lab.clock(now);
}

const limited = () => lab.makeKey({ limits: { requests_per_minute: perMinute } });
const numbersOf = (response: Response) => ({
  limit: response.headers.get('x-ratelimit-limit-requests'),
  remaining: response.headers.get('x-ratelimit-remaining-requests'),
  reset: response.headers.get('x-ratelimit-reset-requests'),
});

describe('requests per minute', () => {
  test(`of ninety at once exactly ${perMinute} pass, and again in the next window, and not before it`, async () => {
    const { key } = await limited();
    const wave = async () => countBy((await Promise.all(times(90, () => lab.ask(key)))).map(({ status }) => status));
    expect(await wave()).toEqual({ 200: perMinute, 429: 90 - perMinute });
    await pass(50_000);
    expect(await wave()).toEqual({ 429: 90 });
    await pass(10_000);
    expect(await wave()).toEqual({ 200: perMinute, 429: 90 - perMinute });
  });

  test.each([0, 13_000, 58_500])('Retry-After is true within a second, %i ms into the window', async (intoMs) => {
    const { key } = await limited();
    const startedAtMs = Date.now();
    await Promise.all(times(perMinute, () => lab.ask(key)));
    const filledAtMs = Date.now();
    await pass(intoMs);
    const refused = await lab.ask(key);
    const askedAtMs = Date.now();
    expect(refused.status).toBe(429);
    const retryAfterMs = Number(refused.headers.get('retry-after')) * 1000;
    // The window opened with the first admission, between these two.
    const [least, most] = [60_000 - intoMs - (askedAtMs - startedAtMs), 60_000 - intoMs - (askedAtMs - filledAtMs) + 1000];
    expect(retryAfterMs).toBeGreaterThanOrEqual(least);
    expect(retryAfterMs).toBeLessThanOrEqual(most);
    await pass(retryAfterMs);
    expect((await lab.ask(key)).status).toBe(200);
  });

  test('a refused request takes nothing, from the window or from the model servers', async () => {
    const { id, key } = await limited();
    await Promise.all(times(perMinute, () => lab.ask(key)));
    const before = lab.calls().length;
    await Promise.all(times(30, () => lab.ask(key)));
    expect(lab.calls()).toHaveLength(before);
    expect((await lab.held(id)).state.sums.rate.requests).toBe(perMinute);
  });

  test('a rotation does not refill the window: both keys share it', async () => {
    const { id, key } = await limited();
    await Promise.all(times(perMinute - 5, () => lab.ask(key)));
    const fresh = (await (await lab.admin('POST', `/admin/keys/${id}/rotate`, { grace_seconds: 600 })).json()) as MadeKey;
    const statuses = await Promise.all(times(20, async (index) => (await lab.ask(index % 2 === 0 ? key : fresh.key)).status));
    expect(countBy(statuses)).toEqual({ 200: 5, 429: 15 });
  });
});

describe('the numbers in the headers', () => {
  const kinds: readonly (readonly [string, number, (key: string) => Promise<Response>])[] = [
    ['a whole answer', 200, (key) => lab.ask(key)],
    ['a stream', 200, (key) => lab.ask(key, { body: { stream: true } })],
    [
      'an answer of a stream whose headers had to go out first',
      200,
      (key) => lab.ask(key, { text: '[[fault:slow-first-event;ms=1300]]', body: { stream: true } }),
    ],
    ['a failure of the model servers', 502, (key) => lab.ask(key, { text: '[[fault:server-error]]' })],
    ['a refusal by the model server', 400, (key) => lab.ask(key, { text: '[[fault:bad-request]]' })],
    ['a body that is no JSON', 400, (key) => lab.chat('{', {}, { key })],
    ['an unknown model', 404, (key) => lab.ask(key, { body: { model: 'gpt-17' } })],
    ['the list of models', 200, (key) => fetch(`${lab.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })],
  ];

  test.each(kinds)('are on %s', async (_, status, send) => {
    const { key } = await limited();
    await (await lab.ask(key)).text();
    const response = await send(key);
    await response.text();
    expect(response.status).toBe(status);
    const { limit, remaining, reset } = numbersOf(response);
    expect(limit).toBe(String(perMinute));
    // Only what was admitted is taken out of the window.
    expect(Number(remaining)).toBe(perMinute - (lab.calls().length > 0 && isAdmitted(response) ? 2 : 1));
    expect(reset).toMatch(/^(?:[0-5]?\ds|1m0s)$/);
  });

  test('are on a refusal and on a replayed answer', async () => {
    const { key } = await lab.makeKey({ limits: { requests_per_minute: 2 } });
    const headers = { 'idempotency-key': 'one' };
    expect(numbersOf(await lab.ask(key, { headers }))).toMatchObject({ limit: '2', remaining: '1' });
    await lab.ask(key);
    const refused = await lab.ask(key);
    expect([refused.status, numbersOf(refused).remaining]).toEqual([429, '0']);
    const replayed = await lab.ask(key, { headers });
    expect([replayed.status, replayed.headers.get('idempotent-replayed'), numbersOf(replayed).remaining]).toEqual([
      200,
      'true',
      '0',
    ]);
  });

  test('are on the refusal of a scope that the key lacks', async () => {
    const { key } = await lab.makeKey({ scopes: ['usage'], limits: { requests_per_minute: 2 } });
    const response = await lab.ask(key);
    expect([response.status, numbersOf(response).remaining]).toEqual([403, '2']);
  });

  test('are on no answer of a key without exact limits', async () => {
    const { key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
    expect(Object.values(numbersOf(await lab.ask(key)))).toEqual([null, null, null]);
  });
});

describe('tokens per minute', () => {
  test('are reserved by estimate, corrected by the truth, and refused beyond the limit', async () => {
    const { id, key } = await lab.makeKey({ limits: { tokens_per_minute: 400 } });
    const ask = () => lab.ask(key, { tokens: 5, body: { max_tokens: 100 } });
    const first = await ask();
    expect(Number(first.headers.get('x-ratelimit-remaining-tokens'))).toBeLessThan(300);
    const { total_tokens: used } = ((await first.json()) as { usage: { total_tokens: number } }).usage;
    await lab.settled(id);
    expect((await lab.held(id)).state.sums.rate.tokens).toBe(used);
    const statuses: number[] = [];
    for (let index = 0; index < 40 && statuses.at(-1) !== 429; index += 1) {
      statuses.push((await ask()).status);
      await lab.settled(id);
    }
    expect(statuses.at(-1)).toBe(429);
    expect((await lab.held(id)).state.sums.rate.tokens).toBeLessThanOrEqual(400);
  });

  test('a request that alone asks for more than a minute holds is told so', async () => {
    const { key } = await lab.makeKey({ limits: { tokens_per_minute: 50 } });
    const response = await lab.ask(key, { body: { max_tokens: 100 } });
    expect(response.status).toBe(429);
    expect(await response.text()).toContain('more tokens than the limit per minute');
  });

  test('a wrong body takes none', async () => {
    const { id, key } = await lab.makeKey({ limits: { tokens_per_minute: 400 } });
    expect(await codeOf(await lab.ask(key, { body: { max_tokens: -1 } }))).toBe('invalid_value');
    expect((await lab.ask(key)).headers.get('x-ratelimit-limit-tokens')).toBe('400');
    await lab.settled(id);
    expect((await lab.held(id)).state.sums.rate.requests).toBe(1);
  });
});

/** What was refused before admission named a wrong body, a wrong model, or asked for no chat at all. */
function isAdmitted(response: Response): boolean {
  return response.headers.has('x-routing-metadata');
}
