/** Properties of streamed answers: however the text is cut, verdict, text and violations are those of the whole answer. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { compileSchema, type CompiledSchema } from '../../../worker/core/structured/compile-schema.ts';
import { createStreamCheck, type AnswerFormat } from '../../../worker/core/structured/stream-check.ts';
import { answerTo, type AnswerCase } from './answer-arbitrary.ts';
import { objectSchemaCase, schemaCase, type Schema } from './schema-arbitrary.ts';
import { limits } from './structured-limits.ts';

// Thousands of runs on a busy machine; nothing here measures time.
vi.setConfig({ testTimeout: 60_000 });

function compile(schema: Schema): CompiledSchema {
  const compiled = compileSchema(structuredClone(schema), limits, 'schema');
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.failure));
  return compiled.value;
}

/** FUZZ_SCALE=20 for a long run. */
const scale = Number(process.env['FUZZ_SCALE'] ?? 1);
const cases = fc.oneof(schemaCase, objectSchemaCase);
const answers = cases.chain(answerTo);

describe('a streamed answer', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 12 });

  function stream(text: string, places: readonly number[], format: AnswerFormat) {
    const ends = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
    const check = createStreamCheck(format, limits);
    let emitted = '';
    const pieces = [...ends, text.length].map((end, index) => text.slice(ends[index - 1] ?? 0, end));
    for (const piece of pieces) {
      const { emit, verdict } = check.feed(piece);
      emitted += emit;
      if (verdict === 'impossible') expect(check.feed('more')).toMatchObject({ emit: '', verdict: 'impossible' });
    }
    const ended = check.end();
    return { emitted: emitted + ended.emit, ended };
  }

  it('gets the verdict, the text and the violations of the whole answer, however it is cut', () => {
    fc.assert(
      fc.property(answers, cuts, ({ schema, text }, places) => {
        const format = { kind: 'json_schema', compiled: compile(schema) } as const;
        expectSame(text, places, format);
      }),
      { numRuns: 1500 * scale },
    );
  });

  it('is no different when every character comes alone', () => {
    fc.assert(
      fc.property(answers, ({ schema, text }) => {
        expectSame(
          text,
          Array.from({ length: text.length }, (_char, index) => index),
          { kind: 'json_schema', compiled: compile(schema) },
        );
        expectSame(
          text,
          Array.from({ length: text.length }, (_char, index) => index),
          { kind: 'json_object' },
        );
      }),
      { numRuns: 200 * scale },
    );
  });

  function expectSame(text: string, places: readonly number[], format: AnswerFormat): void {
    const whole = stream(text, [], format);
    const cut = stream(text, places, format);
    expect(cut).toEqual(whole);
  }

  it('never shows text that no JSON document can begin with', () => {
    fc.assert(
      fc.property(answers, cuts, ({ text }: AnswerCase, places) => {
        const { emitted } = stream(text, places, { kind: 'json_schema', compiled: compile({}) });
        expect(canBeginJson(emitted)).toBe(true);
      }),
      { numRuns: 1000 * scale },
    );
  });

  /** Closes what is open and asks the runtime's parser: a second, naive way to say "prefix of JSON". */
  function canBeginJson(prefix: string): boolean {
    const endings = [
      '',
      '"',
      '0',
      'rue',
      'ue',
      'e',
      'alse',
      'lse',
      'se',
      'ull',
      'll',
      'l',
      '\\"',
      'n"',
      '0000"',
      '000"',
      '00"',
      '0"',
      ':0',
      '":0',
      '":',
      '0:',
      '"a":0',
      'n":0',
      '0000":0',
      '000":0',
      '00":0',
      '0":0',
    ];
    let closers = '';
    let isInString = false;
    for (let at = 0; at < prefix.length; at += 1) {
      const char = prefix[at];
      if (isInString && char === '\\') at += 1;
      else if (char === '"') isInString = !isInString;
      else if (!isInString && (char === '{' || char === '[')) closers = (char === '{' ? '}' : ']') + closers;
      else if (!isInString && (char === '}' || char === ']')) closers = closers.slice(1);
    }
    return prefix === '' || endings.some((ending) => parses(prefix + ending + closers));
  }

  function parses(text: string): boolean {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }
});
