/** The reconciliation of `npm run reconcile`, small: three ledgers agree through faults, clients that leave and objects that are lost. */
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { reconcile, type Reconciliation } from '../../bench/ledger/reconcile.ts';

let result: Reconciliation;

beforeAll(async () => {
  result = await reconcile({
    bundle: inject('bundle'),
    requests: 500,
    concurrency: 12,
    seed: 'test',
    isCalm: false,
    crashes: 1,
    isSilent: true,
  });
}, 240_000);

describe('five hundred requests, with everything around them breaking', () => {
  test('objects were really evicted and broken meanwhile', () => {
    expect(result.disorder.evictions).toBeGreaterThan(0);
    expect(result.disorder.breaks).toBeGreaterThan(0);
  });

  test('none is lost, none is counted twice, per agent and per key', () => {
    expect({ lost: result.lost, double: result.double }).toEqual({ lost: 0, double: 0 });
  });

  test('every line of the comparison agrees: endings, refusals, calls, tokens, money, leases', () => {
    expect(result.lines.filter(({ drift }) => drift !== 0)).toEqual([]);
    expect(result.lines.length).toBeGreaterThan(12);
  });
});
