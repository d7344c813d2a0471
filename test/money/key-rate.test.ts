/** The platform's coarse limit per key: it refuses as every limit does, and fails open. */
import { describe, expect, test } from 'vitest';
import { createKeyRate } from '../../worker/io/key-rate.ts';
import { countBy, openLab, times } from './money-lab.ts';

const limit = 20;
describe('the rate-limit binding', () => {
  test('lets so many requests of a key through and refuses the rest, before its object or a model is asked', async () => {
    const lab = await openLab({}, {}, { keyRate: limit });
    const exact = await lab.makeKey({ limits: { requests_per_minute: 1000 } });
    const other = await lab.makeKey();
    await lab.counts(true);
    const answers = await Promise.all(times(limit + 15, () => lab.ask(exact.key)));
    expect(countBy(answers.map(({ status }) => status))).toEqual({ 200: limit, 429: 15 });
    expect(lab.calls()).toHaveLength(limit);
    const { calls } = await lab.counts();
    expect((await lab.held(exact.id)).state.sums.rate.requests).toBe(limit);
    expect(calls['TENANT.rate']).toBeUndefined();

    const refused = answers.find(({ status }) => status === 429);
    expect(await refused?.json()).toEqual({
      error: { message: 'Too many requests for this key.', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' },
    });
    expect(Object.fromEntries(refused?.headers ?? [])).toMatchObject({
      'retry-after': '10',
      'x-should-retry': 'true',
      'x-ratelimit-limit-requests': '1000',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '10s',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
    });

    // Counted per key, on every path that takes one, and never for the bootstrap key.
    expect((await fetch(`${lab.url}/v1/models`, { headers: { authorization: `Bearer ${exact.key}` } })).status).toBe(429);
    expect((await lab.ask(other.key)).status).toBe(200);
    const free = await Promise.all(
      times(limit + 5, () => lab.chat({ model: 'small', messages: [{ role: 'user', content: 'hi' }] })),
    );
    expect(countBy(free.map(({ status }) => status))).toEqual({ 200: limit + 5 });
    await lab.stop();
  });

  test.each([
    ['is missing', {}],
    ['is something else', { KEY_RATE: 'not a binding' }],
  ])('refuses nobody when it %s', async (_, vars) => {
    const lab = await openLab({}, vars);
    const { key } = await lab.makeKey();
    const answers = await Promise.all(times(limit + 5, () => lab.ask(key)));
    expect(countBy(answers.map(({ status }) => status))).toEqual({ 200: limit + 5 });
    await lab.stop();
  });

  test('refuses nobody when it fails, and says so in the log', async () => {
    const lines: string[] = [];
    const log = { write: (level: string, event: string) => void lines.push(`${level} ${event}`) };
    const rate = createKeyRate({ limit: () => Promise.reject(new Error('unavailable')) }, log);
    expect(await rate('key_1')).toBe(true);
    expect(lines).toEqual(['warn rate_limit_unavailable']);
  });
});
