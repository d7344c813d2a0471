import { describe, expect, it } from 'vitest';
import { effectiveThreshold } from '../../../worker/core/route/strategy.ts';
import { configWith } from '../../support/fakes/config.ts';

const { strategies } = configWith({}).routing;
const calm = { smallLoad: 0, largeLoad: 0, priceRatio: 8 };

describe('the threshold a score is compared with', () => {
  it('is the configured one for the cost strategy at the price ratio it was calibrated at', () => {
    expect(effectiveThreshold(0.6, 'cost', strategies, calm)).toEqual({
      threshold: 0.6,
      offsets: { strategy: -0, load: 0, price: 0 },
    });
  });

  it.each([
    ['quality leans to the large tier', 'quality', calm, 'lower'],
    ['latency leans to the small tier', 'latency', calm, 'higher'],
    ['a busy large model sends less its way when latency counts', 'latency', { ...calm, largeLoad: 1 }, 'higher'],
    ['load is nothing to the cost strategy', 'cost', { ...calm, largeLoad: 1 }, 'same'],
    ['a dearer large model is asked less', 'cost', { ...calm, priceRatio: 32 }, 'higher'],
    ['a large model at the same price is asked more', 'cost', { ...calm, priceRatio: 1 }, 'lower'],
    ['price is nothing to the quality strategy', 'quality', { ...calm, priceRatio: 32 }, 'lower'],
    ['unknown load changes nothing', 'latency', { smallLoad: null, largeLoad: 5, priceRatio: 8 }, 'higher'],
  ] as const)('%s', (_, strategy, pressure, wanted) => {
    const { threshold } = effectiveThreshold(0.6, strategy, strategies, pressure);
    expect(threshold > 0.6 ? 'higher' : threshold < 0.6 ? 'lower' : 'same').toBe(wanted);
  });

  it('moves by load beyond what the strategy alone does, and never further than a quarter', () => {
    const idle = effectiveThreshold(0.6, 'latency', strategies, calm).threshold;
    const busy = effectiveThreshold(0.6, 'latency', strategies, { ...calm, largeLoad: 0.5 }).threshold;
    const flooded = effectiveThreshold(0.6, 'latency', strategies, { ...calm, largeLoad: 1000 });
    expect(busy).toBeGreaterThan(idle);
    expect(flooded.offsets.load).toBe(0.25);
    expect(flooded.threshold).toBeLessThanOrEqual(1);
  });
});
