/** What a token costs on one's own card: arithmetic on what the modelled card can do. */
import { describe, expect, it } from 'vitest';
import { type CostOptions, costRows } from '../../../bench/cost/true-cost.ts';

const options: CostOptions = {
  traffic: { promptTokens: 400, answerTokens: 100, largeShare: 0.3 },
  usdPerHour: 0.36,
  hosted: { small: { input: 0.1, output: 0.1 }, large: { input: 0.8, output: 0.8 } },
};
const rows = costRows(options);

describe('the cost of a token', () => {
  it('is the price of the hour over the tokens of the hour', () => {
    for (const { usdPerMillion, tokensPerSecond } of rows) expect(usdPerMillion.full).toBeCloseTo(100 / tokensPerSecond, 9);
  });

  it('is three times as much on a card that works a third of the time', () => {
    for (const { usdPerMillion } of rows) expect(usdPerMillion.third).toBeCloseTo(3 * usdPerMillion.full, 9);
  });

  it('is the least for the small model alone', () => {
    const [small, ...others] = rows;
    for (const other of others) expect(small?.usdPerMillion.full).toBeLessThan(other.usdPerMillion.full);
  });

  it('meets hosted prices where the hour costs what its requests would', () => {
    for (const { breakEvenPerHour, breakEvenShare, hostedUsdPerMillion } of rows) {
      if (breakEvenPerHour !== null) expect((breakEvenPerHour * 500 * hostedUsdPerMillion) / 1e6).toBeCloseTo(0.36, 9);
      expect(breakEvenPerHour === null).toBe(breakEvenShare > 1);
    }
  });

  it('is never met where hosted tokens cost next to nothing', () => {
    const cheap = { input: 0.001, output: 0.001 };
    expect(costRows({ ...options, hosted: { small: cheap, large: cheap } }).map((row) => row.breakEvenPerHour)).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});
