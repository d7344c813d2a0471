/** Answers that must be one of a few texts, or match an expression: the same verdict however the answer is cut into pieces. */
import { describe, expect, it } from 'vitest';
import type { StructuredOutputs } from '../../../worker/core/request/inner-request.ts';
import { compileFormat } from '../../../worker/core/structured/compile-format.ts';
import { createStreamCheck } from '../../../worker/core/structured/stream-check.ts';
import type { StreamCheck } from '../../../worker/core/structured/checked-stream.ts';
import { limits } from './structured-limits.ts';

const choices: StructuredOutputs = { choice: ['yes', 'no', 'no answer'] };
const code: StructuredOutputs = { regex: '[A-Z]{2}\\d+|none' };

function checkFor(outputs: StructuredOutputs): StreamCheck {
  const format = compileFormat({ structuredOutputs: outputs }, limits);
  if (!format.ok || format.value === null) throw new Error('nothing is checked');
  return createStreamCheck(format.value, limits);
}

describe('an answer of a promised form', () => {
  it.each([
    ['one of the choices', choices, 'no', 'no'],
    ['a choice that another one begins with', choices, 'no answer', 'no answer'],
    ['a choice with white space around it', choices, '\n yes \n', 'yes'],
    ['what the expression matches', code, 'AB12', 'AB12'],
    ['its other branch', code, 'none', 'none'],
  ])('is delivered when it is %s', (_, outputs, answer, text) => {
    for (const pieces of [[answer], [...answer]]) {
      const check = checkFor(outputs);
      for (const piece of pieces) expect(check.feed(piece)).toEqual({ emit: '', verdict: 'possible', violations: [] });
      expect(check.end()).toMatchObject({ ok: true, emit: text, text });
    }
  });

  it.each([
    ['a choice and more', choices, 'yes, because'],
    ['another word', choices, 'maybe'],
    ['a choice in other case', choices, 'Yes'],
    ['the beginning of a choice', choices, 'ye'],
    ['nothing', choices, ''],
    ['a match and more', code, 'AB12 '],
    ['text before a match', code, 'It is AB12'],
    ['the end of one branch alone', code, 'xnone'],
    ['the beginning of a match', code, 'AB'],
    ['two lines of which one matches', code, 'AB12\nAB12'],
  ])('is refused when it is %s, and nothing of it was shown', (_, outputs, answer) => {
    const check = checkFor(outputs);
    const emitted = [...answer].map((piece) => check.feed(piece).emit).join('');
    const ended = check.end();
    expect([emitted + ended.emit, ended.ok]).toEqual(['', false]);
    expect(ended.violations).toHaveLength(1);
  });

  it('is impossible as soon as no choice can come of it', () => {
    const check = checkFor(choices);
    expect(check.feed('no').verdict).toBe('possible');
    expect(check.feed('t').verdict).toBe('impossible');
  });

  it('that was cut by its limit still has what there is of it', () => {
    const check = checkFor(choices);
    check.feed('no an');
    expect(check.end()).toMatchObject({ ok: false, rest: 'no an' });
  });

  it('flows once it is too long to be held', () => {
    const check = checkFor({ regex: 'a+' });
    expect(check.feed('a'.repeat(2000)).emit).toBe('');
    expect(check.feed('a').emit).toBe('a'.repeat(2001));
    expect(check.feed('a').emit).toBe('a');
    const { emit, ok } = check.end();
    expect([emit, ok]).toEqual(['', true]);
    const choice = checkFor({ choice: ['a'.repeat(3000)] });
    expect(choice.feed('a'.repeat(3000)).emit).toBe('');
    expect(choice.end().emit).toHaveLength(3000);
  });

  it('is bounded in work and size, whatever the expression', () => {
    const check = checkFor({ regex: '(a*)*(a|a)*b' });
    expect(check.feed('a'.repeat(20_000)).verdict).toBe('possible');
    expect(check.end().ok).toBe(false);
    expect(checkFor({ regex: '.*' }).feed('a'.repeat(limits.max_answer_bytes + 1)).verdict).toBe('impossible');
  });

  it.each<StructuredOutputs>([{ grammar: 'root ::= "a"' }, { regex: '(?=a)a' }, { regex: '(?P<a>b)' }])(
    'is left to the model server where it cannot be checked here: %j',
    (outputs) => {
      expect(compileFormat({ structuredOutputs: outputs }, limits)).toEqual({ ok: true, value: null });
    },
  );

  it('names the field of a schema that is not supported', () => {
    const schema = { $ref: 'https://example.com/a' };
    const format = { kind: 'json_schema', name: 'answer', schema } as const;
    expect(compileFormat({ answerFormat: format, structuredOutputs: { json: schema } }, limits)).toMatchObject({
      ok: false,
      failure: { code: 'unsupported_schema', param: 'structured_outputs.json.$ref' },
    });
  });
});
