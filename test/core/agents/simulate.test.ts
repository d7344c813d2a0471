/** The agents in simulated time: the card is never busier than time passes, and everybody is answered. */
import { describe, expect, it } from 'vitest';
import { simulate, type SimulatedRequest } from '../../../bench/agents/simulate.ts';
import { changes, largeAlone, pair } from '../../../bench/agents/sites.ts';

const request = (by: SimulatedRequest['by'], pauseMs = 0): SimulatedRequest => ({
  promptTokens: 500,
  outputTokens: 100,
  by,
  pauseMs,
});
const many = (by: SimulatedRequest['by'], agents = 20, each = 4) =>
  Array.from({ length: agents }, () => Array.from({ length: each }, () => request(by)));

describe('agents in simulated time', () => {
  it('are all answered, and the card has no more time than passes', () => {
    const mixed = [...many('small'), ...many('large')];
    const { waited, tookMs, cardMs } = simulate(pair, mixed);
    expect(waited).toHaveLength(160);
    expect(waited.every(({ firstMs, tookMs: ms }) => firstMs > 0 && ms >= firstMs)).toBe(true);
    expect(cardMs.small + cardMs.large).toBeLessThanOrEqual(tookMs * 1.001);
    expect(cardMs.small + cardMs.large).toBeGreaterThan(tookMs * 0.9);
  });

  it('wait the same every time', () => {
    expect(simulate(pair, many('large'))).toEqual(simulate(pair, many('large')));
  });

  it('pause before they ask', () => {
    expect(simulate(pair, [[request('small', 60_000)]]).tookMs).toBeGreaterThan(60_000);
  });

  it('share the card: a small answer takes about twice as long beside a large one', () => {
    const alone = simulate(pair, [[request('small')]]).waited[0]?.tookMs ?? 0;
    const beside = simulate(pair, [[request('small')], [request('large')]]).waited.find(({ by }) => by === 'small')?.tookMs ?? 0;
    expect(beside / alone).toBeGreaterThan(1.7);
    expect(beside / alone).toBeLessThan(2.3);
  });

  it('wait less for the large model where it has the card and its memory for itself', () => {
    const [together, alone] = [simulate(pair, many('large', 50)), simulate(largeAlone, many('large', 50))];
    expect(alone.tookMs).toBeLessThan(together.tookMs / 2);
  });

  it.each(changes.map(({ what, site }) => [what, site] as const))('end on every card that is tried: %s', (_, site) => {
    expect(simulate(site, [...many('small', 5), ...many('large', 5)]).waited).toHaveLength(40);
  });
});
