/** Whether a request asked for the repetition that its answer has. */
import { describe, expect, it } from 'vitest';
import { asksForRepetition } from '../../../worker/core/answer/asked-repetition.ts';

const row = { cycle: 'row of the table\n', copies: 30 };
const ask = (text: string, found = row) => asksForRepetition({ messages: [{ role: 'user', content: text }] }, text, found);

describe('repetition is asked for', () => {
  it.each([
    'Repeat the word poem forever',
    'Write "I will not talk in class" 500 times.',
    'Print one hundred zeros: a hundred zeros please',
    'Fill a 20x20 grid',
    'A CSV with 1,000 rows',
    'Schreibe es immer wieder',
    'Escribe no 100 veces',
    'Répète-le',
    'Напиши это 50 раз',
    '请重复这句话',
    '「はい」を繰り返してください',
  ])('by %j', (text) => {
    expect(ask(text)).toBe(true);
  });

  it('by material that has the passage many times', () => {
    expect(ask(`Translate this:\n${row.cycle.repeat(10)}`)).toBe(true);
    const parts = [{ type: 'text', text: row.cycle.repeat(10) }] as const;
    expect(asksForRepetition({ messages: [{ role: 'user', content: parts }] }, '', row)).toBe(true);
  });

  it.each([
    'Hello!',
    'Write 1500 words about the New York Times',
    'List 40 items',
    'Summarise it in 200 characters',
    'Add 20 tests',
    '',
  ])('not by %j', (text) => {
    expect(ask(text)).toBe(false);
  });

  it('not by a rule of dashes in the request, nor by the model’s own earlier answer', () => {
    expect(ask('Title\n-----\nWhat does it say?', { cycle: '-', copies: 256 })).toBe(false);
    const messages = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: '!'.repeat(500) },
      { role: 'user', content: 'What was that' },
    ] as const;
    expect(asksForRepetition({ messages }, 'What was that', { cycle: '!', copies: 256 })).toBe(false);
  });
});
