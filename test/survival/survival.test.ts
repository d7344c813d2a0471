/**
 * The survival scenarios of `npm run bench:survival` as tests: every promise in them must hold. Figures are printed; those without a
 * promise, such as medians of latency, are for the reader.
 */
import { expect, inject, test } from 'vitest';
import { brokenPromises, tableOf } from '../../bench/load/promise-table.ts';
import { survivalScenarios } from '../../bench/load/survival/registry.ts';

const outageSeconds = 12;

test.each(survivalScenarios(outageSeconds))('$title', { timeout: 60_000 }, async ({ title, run }) => {
  const rows = await run(inject('bundle'));
  console.log(tableOf(title, rows));
  expect(brokenPromises(rows)).toEqual([]);
});
