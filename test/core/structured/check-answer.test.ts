/**
 * What is delivered of an answer, what is repaired in it, and what is refused: tables for the whole and for the streamed check.
 */
import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../../worker/core/structured/compile-schema.ts';
import type { AnswerFormat } from '../../../worker/core/structured/stream-check.ts';
import { limits } from './structured-limits.ts';
import { checkAnswer } from './whole-answer.ts';

const anyObject: AnswerFormat = { kind: 'json_object' };

function formatOf(schema: unknown): AnswerFormat {
  const compiled = compileSchema(schema, limits, 'schema');
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.failure));
  return { kind: 'json_schema', compiled: compiled.value };
}

describe('an answer that is repaired', () => {
  it.each<[string, string, string, readonly string[]]>([
    ['nothing', '{"a":1}', '{"a":1}', []],
    ['white space around it', '\r\n {"a": 1}\t ', '{"a": 1}', []],
    ['a fence', '```json\n{"a":1}\n```', '{"a":1}', ['fence']],
    ['a fence without a language', '```\n{"a":1}\n```\n', '{"a":1}', ['fence']],
    ['a fence on one line', '```json {"a":1}```', '{"a":1}', ['fence']],
    ['a fence that is not closed', '```json\n{"a":1}', '{"a":1}', ['fence']],
    ['a sentence before', 'Sure! Here it is: {"a":1}', '{"a":1}', ['surrounding_text']],
    ['a sentence behind', '{"a":1}\nI hope this helps.', '{"a":1}', ['surrounding_text']],
    ['sentences and a fence', 'Here:\n```json\n{"a":1}\n```\nDone.', '{"a":1}', ['fence', 'surrounding_text']],
    ['inline code', '`{"a":1}`', '{"a":1}', ['surrounding_text']],
    ['trailing commas', '{"a":[1,2,],"b":{"c":1 , }\n,\n}', '{"a":[1,2],"b":{"c":1  }\n\n}', ['trailing_comma']],
    ['a raw line break in a string', '{"a":"x\ny\tz\u0001"}', '{"a":"x\\ny\\tz\\u0001"}', ['control_character']],
    ['a raw line break in a key', '{"a\nb":1}', '{"a\\nb":1}', ['control_character']],
    [
      'all of it',
      'So:\n```\n{"a":"\n",}\n```',
      '{"a":"\\n"}',
      ['fence', 'surrounding_text', 'control_character', 'trailing_comma'],
    ],
    ['nothing in strings that look like it', '{"a":"```, ,} [1,] {"}', '{"a":"```, ,} [1,] {"}', []],
    [
      'nothing in numbers and escapes',
      '{"a":[-0,1.5E+3,0.1e-2,"\\u00e9\\"\\/\\ud83c"]}',
      '{"a":[-0,1.5E+3,0.1e-2,"\\u00e9\\"\\/\\ud83c"]}',
      [],
    ],
    ['nothing in whole numbers beyond 2^53', '{"a":12345678901234567890}', '{"a":12345678901234567890}', []],
  ])('in %s', (_name, text, delivered, repairs) => {
    expect(checkAnswer(text, anyObject, limits)).toEqual({
      ok: true,
      text: delivered,
      value: JSON.parse(delivered) as unknown,
      repairs,
    });
  });
});

describe('the format', () => {
  it.each([
    ['brackets in sentences', 'The set {x} and [1] and `{`:\n{"a":1}\nwith {y} [2].'],
    ['a quoted word first', '"JSON" follows: {"a":1}'],
  ])('tells the document from %s', (_name, text) => {
    expect(checkAnswer(text, anyObject, limits)).toMatchObject({ ok: true, text: '{"a":1}', repairs: ['surrounding_text'] });
  });
});

describe('an answer that is refused', () => {
  it.each<[string, string, RegExp]>([
    ['no JSON', 'I cannot do that.', /must contain a JSON document/],
    ['nothing', '', /must contain a JSON document/],
    ['an opening bracket in a sentence only', 'Use {', /must contain a JSON document/],
    ['an array', '[{"a":1}]', /must not be an array/],
    ['a scalar', '42', /must contain/],
    ['an object that breaks off', '{"a":{"b":1}', /ends before/],
    ['a string that breaks off', '{"a":"x', /ends before/],
    ['a trailing comma without an end', '{"a":1,', /ends before/],
    ['a fence around half an object', '```json\n{"a":\n```', /unexpected "`"/],
    ['two documents', '{"a":1}{"b":2}', /must be one JSON document, not several/],
    ['two documents apart', '{"a":1}\nor\n{"b":2}', /must be one JSON document, not several/],
    ['a bracket too many', '{"a":1}}', /unexpected "}" after its end/],
    ['a comma behind it', '{"a":1},', /unexpected "," after its end/],
    ['a member without its object', '{"a":1} ,"b":2}', /unexpected "," after its end/],
    ['two commas', '{"a":1,,"b":2}', /unexpected ","/],
    ['a comma alone', '{,}', /unexpected ","/],
    ['two trailing commas', '{"a":[1,,]}', /unexpected ","/],
    ['single quotes', "{'a':1}", /unexpected "'"/],
    ['a key without quotes', '{a:1}', /unexpected "a"/],
    ['a key without a value', '{"a"}', /unexpected "}"/],
    ['a comment', '{"a":1 // one\n}', /unexpected "\/"/],
    ['NaN', '{"a":NaN}', /unexpected "N"/],
    ['Infinity', '{"a":-Infinity}', /unexpected "I"/],
    ['True', '{"a":True}', /unexpected "T"/],
    ['half a literal', '{"a":nul}', /unexpected "}"/],
    ['a leading zero', '{"a":01}', /unexpected "1"/],
    ['a plus', '{"a":+1}', /unexpected "\+"/],
    ['a point alone', '{"a":1.}', /unexpected "}"/],
    ['a point first', '{"a":.5}', /unexpected "\."/],
    ['an exponent alone', '{"a":1e}', /unexpected "}"/],
    ['an unknown escape', '{"a":"\\x41"}', /unexpected "x"/],
    ['half an escape', '{"a":"\\u12g4"}', /unexpected "g"/],
    ['a number that becomes Infinity', '{"a":1e999}', /too large/],
    ['a key given twice', '{"a":1,"b":{"a":2},"\\u0061":3}', /must not be given twice/],
    ['a no-break space', '{\u00a0"a":1}', /unexpected/],
    ['too many levels', `{"a":${'['.repeat(64)}${']'.repeat(64)}}`, /deeper than 64/],
  ])('%s', (_name, text, message) => {
    expect(checkAnswer(text, anyObject, limits)).toMatchObject({
      ok: false,
      violations: [{ message: expect.stringMatching(message) as string }],
    });
  });

  it('names the place of the fault', () => {
    expect(checkAnswer('{"a":[{"x":1},{"b/c":tru}]}', anyObject, limits)).toEqual({
      ok: false,
      violations: [{ path: '/a/1/b~1c', message: 'is not JSON: unexpected "}"' }],
    });
  });

  it('is refused when it outgrows the limits', () => {
    const small = { ...limits, max_answer_bytes: 20, max_repair_bytes: 10 };
    expect(checkAnswer('{"a":"0123456789"}', anyObject, small).ok).toBe(true);
    expect(checkAnswer('{"a":"0123456789012"}', anyObject, small)).toMatchObject({
      violations: [{ message: /larger than 20 bytes/ }],
    });
    expect(checkAnswer('0 1 2 3 4 {"a":1}', anyObject, small).ok).toBe(true);
    expect(checkAnswer('0123456789:{"a":1}', anyObject, small)).toMatchObject({
      violations: [{ message: /more than 10 bytes of other text/ }],
    });
  });
});

describe('an answer whose root is a scalar', () => {
  it.each<[unknown, string, boolean]>([
    [{ type: 'integer' }, '42', true],
    [{ type: 'integer' }, ' -7\n', true],
    [{ type: 'integer' }, '42 items', false],
    [{ type: 'integer' }, '4.5', false],
    [{ type: 'integer' }, '4.', false],
    [{ type: 'string' }, '"see {\\"a\\":1}"', true],
    [{ enum: ['yes', 'no'] }, '"yes"', true],
    [{ enum: ['yes', 'no'] }, 'yes', false],
    [{ type: ['object', 'null'] }, 'null', true],
    [{ type: ['object', 'null'] }, 'nothing', false],
    [{}, 'true', true],
    [{}, 'true story: {"a":1}', false],
    [{ type: 'boolean' }, '```\ntrue\n```', false],
  ])('with %j: %j is delivered: %s', (schema, text, isOk) => {
    const checked = checkAnswer(text, formatOf(schema), limits);
    expect(checked.ok).toBe(isOk);
    if (checked.ok) expect(checked).toMatchObject({ text: text.trim(), repairs: [] });
  });

  it('of an array schema finds the array in a sentence, and takes no object for it', () => {
    expect(checkAnswer('The {"set"} is: [1, 2] as asked', formatOf({ type: 'array' }), limits)).toMatchObject({
      ok: true,
      text: '[1, 2]',
    });
  });
});
