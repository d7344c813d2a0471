/** What of JSON Schema is honoured, what is refused and where, and what hostile schemas cost. */
import { describe, expect, it } from 'vitest';
import { startRun } from '../../../worker/core/structured/check-run.ts';
import { compileSchema } from '../../../worker/core/structured/compile-schema.ts';
import { limits } from './structured-limits.ts';

const prefix = 'response_format.json_schema.schema';
const compile = (schema: unknown) => compileSchema(schema, limits, prefix);

function validatorOf(schema: unknown) {
  const compiled = compile(schema);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.failure));
  return compiled.value;
}

describe('a schema that is refused', () => {
  const a = (schema: unknown) => ({ type: 'object', properties: { a: schema } });

  it.each<[string, unknown, string, RegExp]>([
    ['look-ahead', a({ pattern: '(?=x)y' }), 'properties.a.pattern', /look-around/],
    ['look-behind', a({ pattern: '(?<!x)y' }), 'properties.a.pattern', /look-around/],
    ['a back reference', a({ pattern: '(a)\\1' }), 'properties.a.pattern', /back reference/],
    ['a named back reference', a({ pattern: '(?<n>a)\\k<n>' }), 'properties.a.pattern', /back reference/],
    ['a pattern that is none', a({ pattern: '(' }), 'properties.a.pattern', /not a valid regular expression/],
    ['a pattern with too many states', a({ pattern: '(a{1,200}){1,200}' }), 'properties.a.pattern', /too large/],
    ['look-around in a pattern of keys', { patternProperties: { '(?=x)': {} } }, 'patternProperties.(?=x)', /look-around/],
    ['the same in a tuple', { prefixItems: [{}, { pattern: '(?!x)' }] }, 'prefixItems.1.pattern', /look-around/],
    ['the same behind a reference', { $ref: '#/$defs/d', $defs: { d: { pattern: '(?!x)' } } }, '$defs.d.pattern', /look-around/],
    ['a remote reference', a({ $ref: 'https://example.com/s.json' }), 'properties.a.$ref', /JSON pointer/],
    ['a reference to a file', a({ $ref: 'other.json#/x' }), 'properties.a.$ref', /JSON pointer/],
    ['a reference to an anchor', a({ $ref: '#name' }), 'properties.a.$ref', /JSON pointer/],
    ['a reference to nothing', a({ $ref: '#/$defs/none' }), 'properties.a.$ref', /JSON pointer/],
    ['a reference into a prototype', a({ $ref: '#/constructor' }), 'properties.a.$ref', /JSON pointer/],
    ['a reference to itself', { $ref: '#' }, '$ref', /leads back to itself/],
    [
      'a circle through definitions',
      { anyOf: [{ $ref: '#/$defs/x' }, {}], $defs: { x: { allOf: [{ $ref: '#/$defs/y' }] }, y: { not: { $ref: '#/$defs/x' } } } },
      '$defs.y.not.$ref',
      /leads back to itself/,
    ],
    ['$dynamicRef', a({ $dynamicRef: '#x' }), 'properties.a.$dynamicRef', /not supported/],
    ['$recursiveRef', a({ $recursiveRef: '#' }), 'properties.a.$recursiveRef', /not supported/],
    ['unevaluatedProperties', { unevaluatedProperties: false }, 'unevaluatedProperties', /use additionalProperties/],
    ['unevaluatedItems', { unevaluatedItems: { type: 'null' } }, 'unevaluatedItems', /use items/],
    ['$id below the root', a({ $id: 'https://example.com/a' }), 'properties.a.$id', /only supported at the root/],
    ['draft 4', { $schema: 'http://json-schema.org/draft-04/schema#' }, '$schema', /2020-12/],
    ['a type that does not exist', a({ type: 'any' }), 'properties.a.type', /must be one or more of object/],
    ['no type at all', { type: [] }, 'type', /must be one or more of object/],
    ['properties that are no object', { properties: [] }, 'properties', /object of schemas/],
    ['a schema that is no schema', a('string'), 'properties.a', /object or a boolean/],
    ['the same in a list', { anyOf: [{}, null] }, 'anyOf.1', /object or a boolean/],
    ['an empty anyOf', { anyOf: [] }, 'anyOf', /one or more schemas/],
    ['required as a boolean', a({ required: true }), 'properties.a.required', /array of strings/],
    ['exclusiveMinimum of draft 4', { minimum: 1, exclusiveMinimum: true }, 'exclusiveMinimum', /must be a number/],
    ['a negative length', { minLength: -1 }, 'minLength', /whole number/],
    ['a broken length', { maxItems: 1.5 }, 'maxItems', /whole number/],
    ['multipleOf 0', { multipleOf: 0 }, 'multipleOf', /above 0/],
    ['enum without a list', { enum: 'a' }, 'enum', /array/],
    ['items of two drafts', { prefixItems: [{}], items: [{}] }, 'items', /beside prefixItems/],
    ['minContains without sense', { contains: {}, minContains: 'x' }, 'contains', /whole numbers/],
  ])('names the place of %s', (_name, schema, place, message) => {
    expect(compile(schema)).toMatchObject({ ok: false, failure: { code: 'unsupported_schema', param: `${prefix}.${place}` } });
    expect(compile(schema)).toMatchObject({ failure: { detail: expect.stringMatching(message) as string } });
  });

  it.each<[string, unknown, RegExp]>([
    ['a string', 'object', /must be an object or a boolean/],
    ['an array', [], /must be an object or a boolean/],
    ['null', null, /must be an object or a boolean/],
    ['too many bytes', { description: 'é'.repeat(17_000) }, /has 340\d\d bytes; at most 32768/],
    ['too many levels', JSON.parse('{"items":'.repeat(33) + '{}' + '}'.repeat(33)), /nested too deeply; at most 16/],
    ['a deep value in an annotation', { default: JSON.parse('['.repeat(100) + ']'.repeat(100)) }, /nested too deeply/],
    ['a bomb', JSON.parse('{"not":'.repeat(100_000) + '{}' + '}'.repeat(100_000)), /nested too deeply/],
  ])('is refused as a whole: %s', (_name, schema, message) => {
    expect(compile(schema)).toMatchObject({
      ok: false,
      failure: { param: prefix, detail: expect.stringMatching(message) as string },
    });
  });

  it('reports under the prefix the caller gives', () => {
    const failed = compileSchema({ properties: { x: { pattern: '(?!)' } } }, limits, 'tools.0.function.parameters');
    expect(failed).toMatchObject({ failure: { param: 'tools.0.function.parameters.properties.x.pattern' } });
  });
});

describe('a schema that is honoured', () => {
  it.each<[string, unknown, readonly unknown[], readonly unknown[]]>([
    ['true', true, [1, null], []],
    ['false', false, [], [1, null, {}]],
    ['type', { type: 'integer' }, [1, 1.0, -0, 1e300], [1.5, '1', null, [], {}]],
    ['several types', { type: ['string', 'null'] }, ['', null], [0, [], {}]],
    ['integer beside number', { type: ['integer', 'number'] }, [1.5], ['x']],
    [
      'enum of containers',
      { enum: [{ a: 1, b: [2] }, [1], null] },
      [{ b: [2], a: 1 }, [1], null],
      [{ a: 1 }, [], [1, 2], 'null'],
    ],
    ['const', { const: { a: { b: 1 } } }, [{ a: { b: 1 } }], [{ a: {} }, {}]],
    ['limits of numbers', { minimum: 1, exclusiveMaximum: 3 }, [1, 2.9, 'x'], [0.9, 3]],
    ['multipleOf of decimals', { multipleOf: 0.01 }, [0.07, 1.13, 4.35, 0, -0.29], [0.075, 1e-9]],
    ['multipleOf of large and tiny numbers', { multipleOf: 1e-8 }, [12391239123, 1e308], [5e-9]],
    ['lengths in code points', { minLength: 2, maxLength: 2 }, ['ab', '🌍🌍', 'e🌍'], ['a', '🌍', 'abc', '🌍🌍🌍']],
    ['pattern anywhere', { pattern: 'b+' }, ['abbc', 5], ['ac']],
    ['pattern with nested quantifiers', { pattern: '^([a-z0-9]+-)*[a-z0-9]+$' }, ['a-b-c1', 'x'], ['a-', '-', 'A']],
    ['pattern with properties of characters', { pattern: '^\\p{Lu}\\p{Ll}+$' }, ['Éé', 'Ab'], ['ab', 'A1']],
    ['required', { required: ['a', '__proto__'] }, [JSON.parse('{"a":1,"__proto__":2}'), []], [{ a: 1 }, {}]],
    [
      'properties named like members of Object',
      { properties: { constructor: { type: 'string' }, toString: false } },
      [{}, { constructor: 'x' }],
      [{ constructor: 1 }, { toString: 1 }],
    ],
    [
      'additionalProperties beside patterns',
      { properties: { a: {} }, patternProperties: { '^x': { type: 'null' } }, additionalProperties: false },
      [{ a: 1, xy: null }],
      [{ xy: 1 }, { b: 1 }],
    ],
    ['additionalProperties with a schema', { additionalProperties: { type: 'integer' } }, [{ a: 1 }], [{ a: 'x' }]],
    ['propertyNames', { propertyNames: { maxLength: 1 } }, [{ a: 1 }], [{ ab: 1 }]],
    ['counts of members', { minProperties: 1, maxProperties: 2 }, [{ a: 1 }], [{}, { a: 1, b: 1, c: 1 }]],
    ['dependentRequired', { dependentRequired: { a: ['b'] } }, [{}, { a: 1, b: 1 }, { b: 1 }], [{ a: 1 }]],
    ['dependentSchemas', { dependentSchemas: { a: { maxProperties: 1 } } }, [{ a: 1 }, { b: 1, c: 1 }], [{ a: 1, b: 1 }]],
    ['dependencies of draft 7', { dependencies: { a: ['b'], c: { minProperties: 3 } } }, [{ a: 1, b: 1 }], [{ a: 1 }, { c: 1 }]],
    ['tuples', { prefixItems: [{ type: 'integer' }], items: { type: 'string' } }, [[], [1], [1, 'a']], [['a'], [1, 2]]],
    ['tuples of draft 7', { items: [{ type: 'integer' }], additionalItems: false }, [[], [1]], [['a'], [1, 2]]],
    ['contains', { contains: { type: 'integer' }, minContains: 2, maxContains: 2 }, [[1, 'a', 2]], [[1], [1, 2, 3], []]],
    ['contains none', { contains: { type: 'integer' }, minContains: 0 }, [[], ['a']], []],
    [
      'unique items',
      { uniqueItems: true },
      [[1, '1', [1], { a: 1, b: 2 }]],
      [
        [1, 1.0],
        [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      ],
    ],
    ['counts of items', { minItems: 1, maxItems: 2 }, [[1]], [[], [1, 2, 3]]],
    ['not', { not: { type: 'null' } }, [1], [null]],
    ['oneOf', { oneOf: [{ minimum: 1 }, { maximum: 5 }] }, [0, 6], [3]],
    // oxlint-disable-next-line unicorn/no-thenable -- a JSON Schema keyword
    ['if, then, else', { if: { type: 'string' }, then: { minLength: 2 }, else: { type: 'null' } }, ['ab', null], ['a', 1]],
    // oxlint-disable-next-line unicorn/no-thenable -- a JSON Schema keyword
    ['then without if', { then: false }, [1], []],
    ['references with escapes', { $ref: '#/$defs/a~1b%25', $defs: { 'a/b%': { type: 'null' } } }, [null], [1]],
    [
      'references beside other keywords',
      { $ref: '#/$defs/x', maxLength: 2, $defs: { x: { type: 'string' } } },
      ['ab'],
      ['abc', 1],
    ],
    [
      'draft 7, which ignores what stands beside a reference',
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        $ref: '#/definitions/x',
        maxLength: 2,
        definitions: { x: { type: 'string' } },
      },
      ['ab', 'abc'],
      [1],
    ],
    [
      'a recursive schema',
      { type: 'object', properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } } },
      [{ next: { next: null } }],
      [{ next: { next: 1 } }],
    ],
    ['$id at the root', { $id: 'https://example.com/s', $ref: '#/$defs/x', $defs: { x: { type: 'null' } } }, [null], [1]],
    [
      'annotations and unknown keywords',
      { title: 'x', examples: [1], nullable: true, 'x-y': { pattern: '(' }, unevaluatedProperties: true, format: 'nonsense' },
      [1, 'x', {}],
      [],
    ],
    ['definitions nobody uses', { $defs: { broken: { pattern: '(?!x)' } } }, [1], []],
    ['a format called like a member of Object', { format: 'constructor' }, ['x'], []],
  ])('%s', (_name, schema, valid, invalid) => {
    const { validate } = validatorOf(schema);
    for (const value of valid) expect(validate(value), JSON.stringify(value)).toEqual([]);
    for (const value of invalid) expect(validate(value), JSON.stringify(value)).not.toEqual([]);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['date', ['2024-02-29', '1999-12-31'], ['2023-02-29', '1999-13-01', '1999-1-1', '', '1900-02-29']],
    [
      'time',
      ['12:00:00Z', '23:59:60z', '01:29:60+01:30', '12:00:00.123-05:00'],
      ['12:00:00', '24:00:00Z', '22:59:60Z', '12:00Z'],
    ],
    [
      'date-time',
      ['2024-02-29T12:00:00Z', '2024-02-29t12:00:00+02:00'],
      ['2024-02-29', '2024-02-30T12:00:00Z', '2024-02-29T12:00:00'],
    ],
    ['duration', ['P1D', 'PT5M', 'P1Y2M3DT4H5M6S', 'P3W'], ['P', 'PT', '1D', 'P1D2M', 'P1W1D']],
    [
      'email',
      ['a@b.co', "o'x+y@a-b.example", '"a b"@c.d', 'a@[127.0.0.1]', 'a@[IPv6:::1]'],
      ['a', '@b', 'a@', '.a@b', 'a..b@c', 'a@-b.c', `${'a'.repeat(65)}@b.c`],
    ],
    ['hostname', ['a', 'a-b.example', `${'a'.repeat(63)}.b`], ['', '-a', 'a-', 'a..b', `${'a'.repeat(64)}.b`, 'a_b']],
    ['ipv4', ['0.0.0.0', '255.1.20.3'], ['256.1.1.1', '1.1.1', '01.1.1.1', '1.1.1.1.1']],
    [
      'ipv6',
      ['::', '::1', '1::', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4', '1:2:3:4:5:6:1.2.3.4'],
      [':::', '1::2::3', '12345::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8', '::1.2.3', ':1', '1:'],
    ],
    [
      'uuid',
      ['123e4567-E89b-12d3-a456-426614174000'],
      ['123e4567e89b12d3a456426614174000', '123e4567-e89b-12d3-a456-42661417400g'],
    ],
    ['uri', ['https://a.b/c?d#e', 'mailto:a@b', 'urn:x:%20'], ['/a', 'a b:c', 'https://a b', 'x:%zz']],
    ['uri-reference', ['/a', '', '#x', 'https://a'], ['a b', '\\\\x', '%']],
    ['json-pointer', ['', '/a~0~1', '/'], ['a', '/~', '/~2']],
  ])('format %s', (format, valid, invalid) => {
    const { validate } = validatorOf({ format });
    for (const value of valid) expect(validate(value), value).toEqual([]);
    for (const value of invalid) expect(validate(value), value).not.toEqual([]);
    expect(validate(5)).toEqual([]);
  });
});

describe('violations', () => {
  const { validate } = validatorOf({
    type: 'object',
    properties: { 'a/b': { type: 'array', items: { type: 'integer' } }, 'm~n': { enum: ['x'] } },
    required: ['z'],
    additionalProperties: false,
  });

  it('name the place as a JSON pointer and say what is expected there', () => {
    expect(validate({ 'a/b': [1, 'x'], 'm~n': 'y', extra: 1 })).toEqual([
      { path: '/a~1b/1', message: 'must be integer, is string' },
      { path: '/m~0n', message: 'must be one of the values of enum' },
      { path: '', message: 'must have the property "z"' },
      { path: '', message: 'must not have the property "extra"' },
    ]);
  });

  it('are at most 20, and keys in them are cut', () => {
    expect(validate({ 'a/b': Array.from({ length: 5000 }, () => 'x') })).toHaveLength(20);
    const long = validate({ z: 1, ['k'.repeat(10_000)]: 1 });
    expect(JSON.stringify(long).length).toBeLessThan(200);
  });

  it('of a branch are not reported, the branching is', () => {
    const { validate: either } = validatorOf({ anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'null' } }] });
    expect(either([1])).toEqual([{ path: '', message: 'must satisfy one of the schemas of anyOf' }]);
  });

  it('take keys that are no well-formed Unicode', () => {
    expect(validatorOf({ additionalProperties: { type: 'integer' } }).validate({ '\ud800': 1 })).toEqual([]);
  });
});

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
    ['references that double 60 times', doubling(60), 1],
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

  it('take a chain of a thousand references, and refuse it at every level of a deep answer if it uses up the stack', () => {
    const names = Array.from({ length: 1000 }, (_item, index) => [`${index}`, { $ref: `#/$defs/${index + 1}` }]);
    const { validate } = validatorOf({
      $ref: '#/$defs/0',
      $defs: { ...Object.fromEntries(names), 1000: { properties: { a: { $ref: '#' } } } },
    });
    expect(validate({ a: 1 })).toEqual([]);
    expect(validate(nested(60)).map(({ message }) => message)).toEqual(['is nested too deeply to check against this schema']);
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
