import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshLookUps, takeLookUp } from '../../../worker/core/limits/look-ups.ts';

/** How many of so many are allowed, one every `everyMs`. */
function allowed(count: number, everyMs: number, perSecond: number): number {
  let lookUps = freshLookUps(perSecond, 0);
  let passed = 0;
  for (let index = 0; index < count; index += 1) {
    const step = takeLookUp(lookUps, perSecond, index * everyMs);
    ({ lookUps } = step);
    if (step.isAllowed) passed += 1;
  }
  return passed;
}

describe('look-ups of unknown keys', () => {
  it.each([
    ['ten seconds’ worth at once', 1000, 0, 200],
    ['what comes no faster than is set, all of it', 1000, 50, 1000],
    ['a flood, at the rate that is set', 10_000, 1, 200 + 199],
  ])('let pass %s', (_, count, everyMs, expected) => {
    expect(Math.abs(allowed(count, everyMs, 20) - expected)).toBeLessThanOrEqual(1);
  });

  it('gain nothing from a clock that steps back and forth', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { minLength: 50, maxLength: 300 }), (times) => {
        let lookUps = freshLookUps(1, 0);
        let passed = 0;
        for (const atMs of times) {
          const step = takeLookUp(lookUps, 1, atMs);
          ({ lookUps } = step);
          if (step.isAllowed) passed += 1;
        }
        expect(passed).toBeLessThanOrEqual(10 + Math.ceil(Math.max(...times) / 1000));
      }),
    );
  });
});
