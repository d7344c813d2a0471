/** When a streamed answer is given up, and what of it is shown meanwhile. */
import { describe, expect, it, vi } from 'vitest';
import { compileSchema } from '../../../worker/core/structured/compile-schema.ts';
import { createStreamCheck, type AnswerFormat } from '../../../worker/core/structured/stream-check.ts';
import { limits } from './structured-limits.ts';

// Thousands of runs on a busy machine; nothing here measures time.
vi.setConfig({ testTimeout: 60_000 });

const anyObject: AnswerFormat = { kind: 'json_object' };

function formatOf(schema: unknown): AnswerFormat {
  const compiled = compileSchema(schema, limits, 'schema');
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.failure));
  return { kind: 'json_schema', compiled: compiled.value };
}

describe('a streamed answer', () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', maxLength: 5 },
      count: { type: 'integer', maximum: 10 },
      kind: { enum: ['cat', 'dog'] },
      tags: { type: 'array', items: { type: 'string' } },
      pair: { prefixItems: [{ type: 'integer' }, { const: 'x' }], items: false },
      of: { $ref: '#/$defs/of' },
      all: { allOf: [{ type: 'object', required: ['x'] }, { properties: { x: { type: 'null' } } }] },
      any: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    },
    required: ['name'],
    additionalProperties: false,
    $defs: { of: { type: 'object', properties: { of: { $ref: '#/$defs/of' } }, additionalProperties: false } },
  };

  it.each<[string, string, string]>([
    ['the root has the wrong type', '[', 'must not be an array here'],
    ['a property is not allowed', '{"name":"a","nmae"', 'must not be present'],
    ['a string where an integer belongs', '{"count":"', 'must not be a string here'],
    ['an object where a string belongs', '{"name":{', 'must not be an object here'],
    ['null where a string belongs', '{"name":n', 'must not be a null here'],
    ['a fraction where an integer belongs', '{"count":1.5,', 'must be integer, is number'],
    ['a number above its maximum', '{"count":11 ', 'must be at most 10'],
    ['a string that is too long', '{"name":"abcdef"', 'must be at most 5 characters long'],
    ['a value beside an enum', '{"kind":"cow"', 'must be one of the values of enum'],
    ['an item of the wrong type', '{"tags":["a",1', 'must not be a number here'],
    ['a place of a tuple', '{"pair":[1,"y"', 'must be the value of const'],
    ['an item behind a tuple', '{"pair":[1,"x",0', 'must not be a number here'],
    ['a property behind a reference', '{"of":{"of":{"no"', 'must not be present'],
    ['a member that allOf demands', '{"all":{}', 'must have the property "x"'],
    ['a member that allOf describes', '{"all":{"x":1', 'must not be a number here'],
    ['a scalar that no branch takes', '{"any":true', 'must satisfy one of the schemas of anyOf'],
    ['a missing property', '{"count":1}', 'must have the property "name"'],
    ['a fault of grammar', '{"name" "', 'is not JSON: unexpected "\\""'],
  ])('is given up as soon as %s', (_name, text, message) => {
    const check = createStreamCheck(formatOf(schema), limits);
    expect(check.feed(text.slice(0, -1)).verdict).toBe('possible');
    expect(check.feed(text.slice(-1))).toMatchObject({ verdict: 'impossible', violations: [{ message }] });
    expect(check.feed('}')).toMatchObject({ emit: '', verdict: 'impossible' });
    expect(check.end()).toMatchObject({ ok: false, emit: '', violations: [{ message }] });
  });

  it('is judged at its end where a branch decides', () => {
    const check = createStreamCheck(
      formatOf({
        anyOf: [
          { type: 'object', required: ['a'] },
          { type: 'object', required: ['b'] },
        ],
      }),
      limits,
    );
    expect(check.feed('{"c":1}').verdict).toBe('possible');
    expect(check.end()).toMatchObject({ ok: false, violations: [{ message: 'must satisfy one of the schemas of anyOf' }] });
  });

  it('shows the document as it grows, and holds what may have to go', () => {
    const check = createStreamCheck(anyObject, limits);
    const pieces = [
      'Here',
      ':\n```js',
      'on\n{',
      ' ',
      '"a"',
      ': [1',
      '2,',
      ' ',
      '3',
      ',',
      '\n',
      ']',
      ' , ',
      '"b\n',
      '":"x"',
      '}',
      '\n``',
      '`\nBye',
      '.',
    ];
    expect(pieces.map((piece) => check.feed(piece).emit)).toEqual([
      '',
      '',
      '',
      '',
      '{ "a"',
      ': [1',
      '2',
      '',
      ', 3',
      '',
      '',
      '\n]',
      ' ',
      ', "b\\n',
      '":"x"',
      '}',
      '',
      '',
      '',
    ]);
    expect(check.end()).toEqual({
      ok: true,
      emit: '',
      text: '{ "a": [12, 3\n] , "b\\n":"x"}',
      value: { a: [12, 3], 'b\n': 'x' },
      violations: [],
      repairs: ['fence', 'surrounding_text', 'control_character', 'trailing_comma'],
    });
  });

  it('is linear in hostile shapes of 300,000 characters that come one by one', () => {
    const size = 300_000;
    for (const [opening, filling, closing] of [
      ['{"a":"', 'x', '"}'],
      ['{"a":"', '\n', '"}'],
      ['{"a":1,', ' ', '}'],
      ['{"a":[', '1', ']}'],
      ['{"a":[0', ',0', ']}'],
      ['', ' ', '{}'],
      ['{}', ' ', ''],
    ] as const) {
      const check = createStreamCheck(anyObject, limits);
      check.feed(opening);
      for (let at = 0; at < size; at += 1) check.feed(filling);
      check.feed(closing);
      const isTooLarge = filling === '1';
      expect(check.end().ok, `${opening}${filling}`).toBe(!isTooLarge);
    }
  });
});
