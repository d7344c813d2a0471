/** What `npm run bench:rows` measures, small: the ledger's rows are shared by many requests, a budget's are not. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { clientKey } from '../../infra/rig/connect.ts';
import { type Lab, startLab } from '../../infra/rig/lab.ts';
import { countRows, ledgerRowsPerRequest } from '../../bench/ledger/rows.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ on: inject('bundle') });
});

afterAll(() => lab.stop());

test('in steady load the ledger writes at most one row for two requests, and no other object a row for each', async () => {
  const run = await countRows(lab, 'no limits', clientKey, 20, 5);
  expect(run.rows['LedgerObject']).toBeGreaterThan(0);
  expect(ledgerRowsPerRequest(run)).toBeLessThanOrEqual(0.5);
  expect(run.rows['TenantObject']).toBeUndefined();
});

test('a budget costs three rows a request: its own, made, marked as ended and deleted; the sums are shared', async () => {
  const { key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
  const run = await countRows(lab, 'budget', key, 10, 3);
  const perRequest = (run.rows['TenantObject'] ?? 0) / run.requests;
  expect(perRequest).toBeGreaterThanOrEqual(3);
  expect(perRequest).toBeLessThanOrEqual(3.2);
});
