/** The pattern matcher against the runtime's own regular expressions, on patterns and texts small enough for both. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { startRun } from '../../../worker/core/structured/check-run.ts';
import { compilePattern } from '../../../worker/core/structured/compile-pattern.ts';

// Thousands of runs on a busy machine; nothing here measures time.
vi.setConfig({ testTimeout: 60_000 });

function matches(source: string, text: string): boolean {
  const compiled = compilePattern(source, { left: 10_000 });
  if (!compiled.ok) throw new Error(`${source}: ${compiled.failure}`);
  return compiled.value(text, startRun(1e9));
}

const atom = fc.constantFrom(
  'a',
  'b',
  '-',
  '.',
  '\\d',
  '\\w',
  '\\W',
  '\\s',
  '[ab]',
  '[^a]',
  '[\\]\\-x]',
  '\\u{1f30d}',
  '\\ud83c\\udf0d',
  '\\x61',
  '\\n',
  '\\.',
  '\\p{L}',
  '\\P{Lu}',
  '[]',
  '[^]',
  '🌍',
  '^',
  '$',
  '\\b',
  '\\B',
);
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '{2}', '{1,}', '{0,2}', '{0}', '{1,3}?');
const isAssertion = (source: string) => ['^', '$', '\\b', '\\B'].includes(source);

function pattern(depth: number): fc.Arbitrary<string> {
  const group =
    depth === 0
      ? atom
      : fc.oneof(
          { weight: 3, arbitrary: atom },
          fc
            .tuple(fc.constantFrom('(', '(?:', '(?<n>'), pattern(depth - 1))
            .map(([open, inner]) => `${open === '(?<n>' && inner.includes('(?<n>') ? '(' : open}${inner})`),
        );
  const term = fc.tuple(group, quantifier).map(([source, times]) => (isAssertion(source) ? source : source + times));
  const sequence = fc.array(term, { maxLength: 4 }).map((terms) => terms.join(''));
  return fc.array(sequence, { minLength: 1, maxLength: 3 }).map((options) => options.join('|'));
}

const isValid = (source: string) => {
  try {
    return RegExp(source, 'u').source !== '';
  } catch {
    return false;
  }
};

describe('the pattern matcher', () => {
  it('agrees with the runtime on 5,000 random patterns, four texts each', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '1', '-', ' ', '\n', '🌍', 'é', '_', '\ud83c'), maxLength: 8 });
    let matched = 0;
    fc.assert(
      fc.property(pattern(2).filter(isValid), fc.array(text, { minLength: 4, maxLength: 4 }), (source, texts) => {
        for (const one of texts) {
          // V8 also tries \B inside a surrogate pair, against the standard's AdvanceStringIndex.
          if (source.includes('\\B') && /[\ud800-\udfff]/.test(one)) continue;
          const expected = new RegExp(source, 'u').test(one);
          expect(matches(source, one), `${source} on ${JSON.stringify(one)}`).toBe(expected);
          matched += expected ? 1 : 0;
        }
      }),
      { numRuns: 5000 },
    );
    expect(matched).toBeGreaterThan(4000);
    expect(matched).toBeLessThan(18_000);
  });

  it.each([
    ['^(a+)+$', 'a'.repeat(40), true],
    ['^(a+)+$', `${'a'.repeat(40)}!`, false],
    ['^(a*)*$', 'aaa', true],
    ['(|a)+b', 'aab', true],
    ['^[\\w.+-]+@[\\w-]+\\.[\\w.]+$', 'jo.e+x@ex-ample.co.uk', true],
    ['^\\+?[1-9]\\d{1,14}$', '+4915112345678', true],
    ['^#(?:[0-9a-fA-F]{3}){1,2}$', '#a1b2c', false],
    ['^(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?!$)|$)){4}$'.replace('(?!$)', ''), '192.168.0.1', true],
  ])('runs %s on %j', (source, text, expected) => {
    expect(matches(source, text)).toBe(expected);
  });

  it('shares one allowance of states between patterns', () => {
    const allowance = { left: 500 };
    expect(compilePattern('a{400}', allowance).ok).toBe(true);
    expect(compilePattern('a{400}', allowance).ok).toBe(false);
    expect(compilePattern('((a{0}){1000000}){1000000}', { left: 10_000 }).ok).toBe(false);
    expect(compilePattern('('.repeat(500) + ')'.repeat(500), { left: 10_000 })).toMatchObject({ failure: /nests groups/ });
  });

  it('stops when the run is out of steps', () => {
    const compiled = compilePattern('(a|b)*c', { left: 10_000 });
    const run = startRun(1000);
    if (compiled.ok) compiled.value('ab'.repeat(100_000), run);
    expect(run.stepsLeft).toBeLessThan(0);
    expect(run.stepsLeft).toBeGreaterThan(-100);
  });
});
