/**
 * What schemas and answers made to cost time or stack come to: a bounded amount of work, counted in the validator's own steps.
 */
import { describe, expect, it } from 'vitest';
import { startRun } from '../../../worker/core/structured/check-run.ts';
import { compileSchema } from '../../../worker/core/structured/compile-schema.ts';
import { limits } from './structured-limits.ts';

const compile = (schema: unknown) => compileSchema(schema, limits, 'schema');

function validatorOf(schema: unknown) {
  const compiled = compile(schema);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.failure));
  return compiled.value;
}

describe('hostile schemas and answers', () => {
  const doubling = (levels: number) => {
    const names = Array.from({ length: levels }, (_item, index) => [
      `d${index}`,
      { allOf: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }] },
    ]);
    return { $ref: '#/$defs/d0', $defs: { ...Object.fromEntries(names), [`d${levels}`]: { type: 'integer' } } };
  };
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
  const tooMuch = [{ path: '', message: 'takes too much work to check against this schema' }];

  it.each<[string, unknown, unknown]>([
    ['references that double 45 times', doubling(45), 1],
    [
      'branches that double with every level of the answer',
      { anyOf: [{ properties: { a: { $ref: '#' } }, required: ['b'] }, { properties: { a: { $ref: '#' } } }] },
      nested(50),
    ],
    [
      'patterns and properties that both apply',
      { properties: { a: { $ref: '#' } }, patternProperties: { '^a': { $ref: '#' } } },
      nested(50),
    ],
    [
      '1,200 branches that count a long string',
      { anyOf: Array.from({ length: 1200 }, () => ({ minLength: 1e9 })) },
      'x'.repeat(128_000),
    ],
    [
      '900 branches with a pattern',
      { anyOf: Array.from({ length: 900 }, (_item, index) => ({ pattern: `(a|b)*${index}c` })) },
      'ab'.repeat(10_000),
    ],
    [
      'an enum of containers in many branches',
      { anyOf: Array.from({ length: 2000 }, () => ({ const: {} })) },
      Array.from({ length: 2000 }, () => ({ a: 'b' })),
    ],
  ])('stop the work: %s', (_name, schema, value) => {
    expect(validatorOf(schema).validate(value)).toEqual(tooMuch);
  });

  it('refuse values deeper than the limit instead of using up the stack', () => {
    const { validate } = validatorOf({ properties: { a: { $ref: '#' } } });
    expect(validate(nested(64))).toEqual([]);
    expect(validate(nested(65))).toEqual([{ path: '', message: 'must not be nested deeper than 64 levels' }]);
    expect(validate(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)))).toHaveLength(1);
  });

  it('go through at most 100 schemas for one value, and say so when a deep value uses up the stack', () => {
    const chain = (length: number) => {
      const names = Array.from({ length }, (_item, index) => [`${index}`, { $ref: `#/$defs/${index + 1}` }]);
      return { $ref: '#/$defs/0', $defs: { ...Object.fromEntries(names), [length]: { properties: { a: { $ref: '#' } } } } };
    };
    expect(compile(chain(1000))).toMatchObject({ failure: { detail: /through over 100 schemas/ } });
    const { validate } = validatorOf(chain(95));
    expect(validate(nested(10))).toEqual([]);
    expect(['', 'is nested too deeply to check against this schema']).toContain(validate(nested(60))[0]?.message ?? '');
  });

  const steps = (schema: unknown, value: unknown): number => {
    const run = startRun(Number.MAX_SAFE_INTEGER);
    validatorOf(schema).root.check(value, run);
    return Number.MAX_SAFE_INTEGER - run.stepsLeft;
  };

  it.each<[string, unknown, (size: number) => unknown]>([
    ['a pattern with a nested quantifier', { pattern: '^(a+)+$' }, (size) => `${'a'.repeat(size)}!`],
    ['a pattern with quantifiers in a row', { pattern: '^\\d*\\d*\\d*x' }, (size) => '1'.repeat(size)],
    ['a pattern that may start anywhere', { pattern: '(x+x+)+y' }, (size) => 'x'.repeat(size)],
    ['unique items', { uniqueItems: true }, (size) => Array.from({ length: size }, (_item, index) => 1e6 + index)],
    [
      'unique items of the same beginning',
      { uniqueItems: true },
      (size) => Array.from({ length: size }, (_item, index) => ({ a: 'x'.repeat(50), b: 1e6 + index })),
    ],
    [
      'items and members',
      { items: { properties: { a: { type: 'string' } }, additionalProperties: false } },
      (size) => Array.from({ length: size }, () => ({ a: '' })),
    ],
  ])('costs twice the work for twice the answer: %s', (_name, schema, make) => {
    const ratio = steps(schema, make(4000)) / steps(schema, make(2000));
    expect(ratio).toBeGreaterThan(1.5);
    expect(ratio).toBeLessThan(2.1);
  });
});
