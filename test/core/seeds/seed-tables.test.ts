/** The published originals' result tables: what their own rules give, and what no reading of them gives. */
import { describe, expect, it } from 'vitest';
import { loadMix } from '../../../bench/seeds/load-mix.ts';
import { loadTable, simulation, simulationTable } from '../../../bench/seeds/tables.ts';

describe('the published load test of 60', () => {
  const table = loadTable();

  it('is 40 small and 20 large by its own rule, and by the profile that keeps it', () => {
    expect(loadMix).toHaveLength(60);
    expect([table.small, table.smallByProfile]).toEqual([40, 40]);
    expect(table.small / 60).toBeCloseTo(0.667, 3);
  });

  it('is 75 / 25 at no threshold: its requests are three groups of 20 with one score each', () => {
    expect(table.possibleSmall).toEqual([0, 20, 40, 60]);
    expect(table.possibleSmall).not.toContain(45);
  });

  it('is 75 / 25 after twenty earlier requests for the small model', () => {
    expect(table.earlierSmall).toBe(20);
  });

  it('saves 58.3 % by requests, 65.6 % with the published split, and 62.5 % only with 71.4 % of the tokens on the small model', () => {
    expect(table.savedByRequests).toBeCloseTo(0.5833, 4);
    expect(table.savedByPublishedSplit).toBeCloseTo(0.6563, 4);
    expect(table.tokenShareOfPublished).toBeCloseTo(0.7143, 4);
  });
});

describe('the published simulation of 1,000 requests', () => {
  const { published, intended, own } = simulationTable();

  it('saves 74.8 % as published: 60 / 20 / 20, because "Build" holds "ui"', () => {
    expect(simulation.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
    expect(published).toMatchObject({ small: 600, large: 200, vision: 200 });
    expect(published.saved).toBeCloseTo(0.748, 4);
  });

  it.each([
    ['as it was meant', intended],
    ['by this gateway', own],
  ])('saves 59.95 %% %s: 60 / 35 / 5', (_, split) => {
    expect(split).toMatchObject({ small: 600, large: 350, vision: 50 });
    expect(split.saved).toBeCloseTo(0.5995, 4);
  });
});
