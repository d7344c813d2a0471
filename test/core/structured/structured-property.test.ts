/** Properties over generated schemas and answers, with `@cfworker/json-schema` as the second opinion on what is valid. */
import { Validator } from '@cfworker/json-schema';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { compileSchema, type CompiledSchema } from '../../../worker/core/structured/compile-schema.ts';
import { answerTo, changed } from './answer-arbitrary.ts';
import { objectSchemaCase, schemaCase, type Json, type Schema } from './schema-arbitrary.ts';
import { limits } from './structured-limits.ts';
import { checkAnswer, type CheckedAnswer } from './whole-answer.ts';

// Thousands of runs on a busy machine; nothing here measures time.
vi.setConfig({ testTimeout: 60_000 });

function compile(schema: Schema): CompiledSchema {
  const compiled = compileSchema(structuredClone(schema), limits, 'schema');
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.failure));
  return compiled.value;
}

/** The other implementation; it writes into the schema, and cannot say anything about values it throws on. */
function oracle(schema: Schema): (value: Json) => boolean {
  const validator = new Validator(structuredClone(schema), '2020-12');
  return (value) => validator.validate(value).valid;
}

/** FUZZ_SCALE=20 for a long run. */
const scale = Number(process.env['FUZZ_SCALE'] ?? 1);
const cases = fc.oneof(schemaCase, objectSchemaCase);
const answers = cases.chain(answerTo);

describe('a compiled schema', () => {
  it('accepts the value that was generated for it', () => {
    fc.assert(
      fc.property(cases, ({ schema, value }) => {
        expect(compile(schema).validate(value)).toEqual([]);
      }),
      { numRuns: 1000 * scale },
    );
  });

  it('agrees with the other implementation on values changed in one place', () => {
    const verdicts = { valid: 0, invalid: 0 };
    const pairs = cases.chain(({ schema, value }) =>
      changed(value).map((other) => ({ schema, value: JSON.parse(JSON.stringify(other)) as Json })),
    );
    fc.assert(
      fc.property(pairs, ({ schema, value }) => {
        const isValid = compile(schema).validate(value).length === 0;
        expect(isValid).toBe(oracle(schema)(value));
        verdicts[isValid ? 'valid' : 'invalid'] += 1;
      }),
      { numRuns: 1500 * scale },
    );
    expect(verdicts.valid).toBeGreaterThan(100);
    expect(verdicts.invalid).toBeGreaterThan(500);
  });
});

describe('checking a generated answer', () => {
  it('delivers nothing that breaks the schema, and refuses nothing that satisfies it', () => {
    const seen: Record<string, number> = {};
    fc.assert(
      fc.property(answers, ({ schema, value, text, kind }) => {
        const checked = checkAnswer(text, { kind: 'json_schema', compiled: compile(schema) }, limits);
        seen[`${kind} ${checked.ok}`] = (seen[`${kind} ${checked.ok}`] ?? 0) + 1;
        expectHonest(checked, schema, text);
        if (kind === 'valid') expect(checked).toEqual({ ok: true, text: text.trim(), value, repairs: [] });
        if (kind === 'repairable') expect(checked).toMatchObject({ ok: true, value });
        if (kind === 'broken') expect(checked.ok).toBe(false);
      }),
      { numRuns: 1500 * scale },
    );
    expect(Object.keys(seen).sort()).toEqual(['broken false', 'changed false', 'changed true', 'repairable true', 'valid true']);
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
  });

  it('delivers nothing that breaks the schema when any text comes', () => {
    const unit = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"a"',
      ':',
      ',',
      '1',
      '-',
      '.',
      'e',
      'true',
      'null',
      ' ',
      '\n',
      '"',
      '\\',
      '```',
      'x',
      '\u0001',
    );
    fc.assert(
      fc.property(cases, fc.string({ unit, maxLength: 12 }), ({ schema }, text) => {
        expectHonest(checkAnswer(text, { kind: 'json_schema', compiled: compile(schema) }, limits), schema, text);
        expectHonest(checkAnswer(text, { kind: 'json_object' }, limits), { type: 'object' }, text);
      }),
      { numRuns: 1000 * scale },
    );
  });

  function expectHonest(checked: CheckedAnswer, schema: Schema, text: string): void {
    if (checked.ok) {
      expect(JSON.parse(checked.text)).toEqual(checked.value);
      expect(oracle(schema)(checked.value as Json)).toBe(true);
    } else {
      expect(checked.violations.length).toBeGreaterThan(0);
      expect(checked.violations.length).toBeLessThanOrEqual(20);
      expect(isPlainAnswer(text, schema)).toBe(false);
    }
  }

  /** JSON by itself that satisfies the schema, without a key given twice and without a number that becomes Infinity. */
  function isPlainAnswer(text: string, schema: Schema): boolean {
    try {
      const value = JSON.parse(text) as Json;
      const canonical = JSON.stringify(value);
      const isWhole = text.replace(/[^":]/g, '').length === canonical.replace(/[^":]/g, '').length && !text.includes('e999');
      return isWhole && oracle(schema)(value);
    } catch {
      return false;
    }
  }
});

describe('any object', () => {
  it('keeps the value of everything repairable, and gives JSON or nothing', () => {
    fc.assert(
      fc.property(objectSchemaCase.chain(answerTo), ({ text, value, kind }) => {
        const checked = checkAnswer(text, { kind: 'json_object' }, limits);
        if (checked.ok) expect(JSON.parse(checked.text)).toEqual(checked.value);
        if (kind === 'valid' || kind === 'repairable') expect(checked).toMatchObject({ ok: true, value });
        if (kind === 'broken') expect(checked.ok).toBe(false);
      }),
      { numRuns: 500 * scale },
    );
  });
});
