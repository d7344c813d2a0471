/** The depth scan against a walk over parsed JSON, and on text that is not JSON. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exceedsDepth } from '../../../worker/core/json/depth.ts';
import { nested } from '../surfaces/chat-bodies.ts';

describe('exceedsDepth', () => {
  it.each([
    ['nothing', '', 0, false],
    ['a scalar', '5', 0, false],
    ['one level at the limit', '[]', 1, false],
    ['one level beyond it', '[]', 0, true],
    ['objects count as arrays do', '{"a":[{"b":1}]}', 2, true],
    ['siblings do not add up', '[[],[],{},{}]', 2, false],
    ['brackets in strings do not count', '["[[[[{{{{"]', 1, false],
    ['brackets in keys do not count', '{"[[[":1}', 1, false],
    ['an escaped quote does not end a string', '["a\\"[[["]', 1, false],
    ['an escaped backslash before a quote does not escape it', '["a\\\\",[[]]]', 2, true],
    ['200,000 levels', nested(200_000), 199_999, true],
    ['200,000 levels that are allowed', nested(200_000), 200_000, false],
  ])('counts levels: %s', (_, text, maxDepth, expected) => {
    expect(exceedsDepth(text, maxDepth)).toBe(expected);
  });

  it('agrees with a walk over the parsed value', () => {
    const json = fc.json({ maxDepth: 12, depthSize: 'xlarge' });
    fc.assert(
      fc.property(json, fc.nat(12), (text, maxDepth) => {
        expect(exceedsDepth(text, maxDepth)).toBe(depthOf(JSON.parse(text)) > maxDepth);
      }),
      { numRuns: 400 },
    );
  });

  it('is not misled by quotes and backslashes in strings', () => {
    const text = fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', 'a', '\n') });
    const value = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        text,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(text, tie('node'), { maxKeys: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(value, (tree) => {
        const depth = depthOf(tree);
        expect(exceedsDepth(JSON.stringify(tree), depth)).toBe(false);
        if (depth > 0) expect(exceedsDepth(JSON.stringify(tree), depth - 1)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('is monotone in its limit and never throws, whatever the text', () => {
    const noise = fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', 'a', '\ud800'), maxLength: 100 });
    fc.assert(
      fc.property(noise, fc.nat(5), (text, maxDepth) => {
        if (exceedsDepth(text, maxDepth + 1)) expect(exceedsDepth(text, maxDepth)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
