import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitInputs } from '../../../worker/core/pooling/split.ts';

const lists = fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 300 });
const limits = fc.record({ max_inputs: fc.integer({ min: 1, max: 40 }), max_tokens: fc.integer({ min: 1, max: 2000 }) });

describe('splitting', () => {
  it('keeps every input once and in order, and every call within both limits but for an input that is over them alone', () => {
    fc.assert(
      fc.property(lists, limits, (tokens, batch) => {
        const slices = splitInputs(tokens, batch);
        expect(slices.flatMap(({ from, to }) => tokens.slice(from, to))).toEqual(tokens);
        for (const { from, to, tokens: sum } of slices) {
          expect(to - from).toBeGreaterThan(0);
          expect(to - from).toBeLessThanOrEqual(batch.max_inputs);
          expect(sum).toBe(tokens.slice(from, to).reduce((total, count) => total + count, 0));
          if (to - from > 1) expect(sum).toBeLessThanOrEqual(batch.max_tokens);
        }
      }),
    );
  });

  it('makes no call that the one before it had room for', () => {
    fc.assert(
      fc.property(lists, limits, (tokens, batch) => {
        const slices = splitInputs(tokens, batch);
        slices.slice(1).forEach(({ from }, i) => {
          const before = slices[i];
          const isFull = before !== undefined && before.to - before.from === batch.max_inputs;
          expect(isFull || (before?.tokens ?? 0) + (tokens[from] ?? 0) > batch.max_tokens).toBe(true);
        });
      }),
    );
  });
});
