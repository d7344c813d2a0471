/** What `npm run bench:flood` measures, small: made-up keys, well-formed ones, and the clients with real ones beside them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flood } from '../../bench/ledger/key-flood.ts';
import { pause } from '../../infra/rig/waiting.ts';
import { codeOf, type MoneyLab, openLab } from './money-lab.ts';

let lab: MoneyLab;

beforeAll(async () => {
  lab = await openLab({ limits: { unknown_keys_per_second: 5 } });
});

afterAll(() => lab.stop());

describe('two thousand made-up keys', () => {
  test('take nothing from clients with real ones, and reach the object no more often than is set', async () => {
    const { real, madeUp, lookUpsPerSecond, seconds } = await flood(lab, 2000, 10);
    expect(Object.keys(real)).toEqual(['200']);
    expect(Object.keys(madeUp).toSorted()).toEqual(['401', '503']);
    // Fifty at once, and five a second; renewals of the real ones come on top.
    expect(lookUpsPerSecond * seconds).toBeLessThanOrEqual(50 + 5 * (seconds + 1) + 10);
  });

  test('leave a real key that this isolate has not met yet waiting for seconds, not refused', async () => {
    const { key } = await lab.makeKey();
    const first = await lab.ask(key);
    if (first.status === 503) {
      expect([await codeOf(first), first.headers.get('retry-after'), first.headers.get('x-should-retry')]).toEqual([
        'state_unavailable',
        '2',
        'true',
      ]);
      await pause(2000);
      expect((await lab.ask(key)).status).toBe(200);
    } else expect(first.status).toBe(200);
  });
});
