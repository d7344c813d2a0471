/** What of JSON Schema is honoured, and what is refused and where. */
import { describe, expect, it } from 'vitest';
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
