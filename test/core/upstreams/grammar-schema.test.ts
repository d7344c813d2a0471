/** What of a schema goes upstream: nothing that a grammar refuses, and nothing narrower than what the client wrote. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../../worker/core/structured/compile-schema.ts';
import { schemaForGrammar } from '../../../worker/core/upstreams/grammar-schema.ts';
import { limits } from '../structured/structured-limits.ts';
import { objectSchemaCase, schemaCase } from '../structured/schema-arbitrary.ts';

type Schema = Readonly<Record<string, unknown>>;
const reduce = (schema: Schema, left = 1000) => schemaForGrammar(schema, { left });

describe('schemaForGrammar', () => {
  it.each<readonly [string, Schema, Schema]>([
    [
      'uniqueItems',
      { type: 'array', uniqueItems: true, items: { type: 'string' } },
      { type: 'array', items: { type: 'string' } },
    ],
    ['contains and its bounds', { type: 'array', contains: {}, minContains: 2, maxContains: 3 }, { type: 'array' }],
    ['the number of properties', { type: 'object', minProperties: 1, maxProperties: 2 }, { type: 'object' }],
    ['the names of properties', { type: 'object', propertyNames: { pattern: '^a' } }, { type: 'object' }],
    ['not and if', { not: { const: 1 }, if: {}, else: {}, type: 'number' }, { type: 'number' }],
    ['dependencies', { dependentRequired: {}, dependentSchemas: {}, dependencies: {} }, {}],
    ['formats that only one grammar knows', { type: 'string', format: 'uri' }, { type: 'string' }],
    ['that exactly one must hold', { oneOf: [{ type: 'string' }, { not: {} }] }, { anyOf: [{ type: 'string' }, {}] }],
    ['oneOf beside anyOf', { oneOf: [{}], anyOf: [{ type: 'string' }] }, { anyOf: [{ type: 'string' }] }],
    [
      'tuples of draft 7',
      { items: [{ type: 'string' }], additionalItems: false },
      { prefixItems: [{ type: 'string' }], items: false },
    ],
    [
      'anything deep down',
      { $defs: { a: { items: { not: {} } } }, properties: { not: { not: {} } } },
      { $defs: { a: { items: {} } }, properties: { not: {} } },
    ],
  ])('leaves out, or says in other words: %s', (_, schema, expected) => {
    expect(reduce(schema)).toEqual(expected);
  });

  it.each<Schema>([
    {},
    {
      type: 'object',
      properties: { uniqueItems: { type: 'string' }, not: true },
      required: ['not'],
      additionalProperties: false,
    },
    { $ref: '#/$defs/a', $defs: { a: { type: ['string', 'null'], format: 'date-time', pattern: '^a+$', minLength: 1 } } },
    { enum: [{ not: 1 }], const: { oneOf: [] }, default: { uniqueItems: true } },
    { type: 'integer', minimum: 0, exclusiveMaximum: 5, multipleOf: 2, description: 'a', title: 'b' },
  ])('changes nothing that grammars know: %j', (schema) => {
    expect(reduce(schema)).toBe(schema);
  });

  it.each<readonly [string, Schema]>([
    ['a reference to elsewhere', { $ref: 'https://example.com/a.json' }],
    ['a reference into what is left out', { properties: { a: { $ref: '#/properties/b/oneOf/0' } } }],
    ['a dynamic reference', { items: { $dynamicRef: '#a' } }],
    ['a pattern that looks ahead', { pattern: '^(?=a)' }],
    ['a pattern that looks back at what it matched', { pattern: '(a)\\1' }],
  ])('makes no grammar of %s', (_, schema) => {
    expect(reduce(schema)).toBeNull();
  });

  it('makes no grammar of more schemas than it may walk through', () => {
    expect(reduce({ items: { items: { items: {} } } }, 3)).toBeNull();
    expect(reduce({ items: { items: { items: {} } } }, 4)).not.toBeNull();
  });

  it('never forbids what the schema allows', () => {
    let reducedOnes = 0;
    fc.assert(
      fc.property(fc.oneof(schemaCase, objectSchemaCase), ({ schema, value }) => {
        const reduced = reduce(schema);
        if (reduced === null) return;
        reducedOnes += reduced === schema ? 0 : 1;
        const wide = compileSchema(reduced, limits, 'schema');
        expect(wide.ok ? wide.value.validate(value) : wide.failure).toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect(reducedOnes).toBeGreaterThan(50);
  });
});
