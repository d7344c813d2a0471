/** Repetition without end is found soon, wherever the text is cut, and repetition that ends is none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutsOf, falseCuts, maxTokens } from '../../../bench/truth/guard-figures.ts';
import { addToWatch, findRepetition, type RepetitionWatch, watchRepetition } from '../../../worker/core/text/repetition.ts';
import { tokensOf } from '../../../worker/core/text/repeated-tokens.ts';

/** Characters read when it was found, in pieces of this many; null: never. */
function foundAt(text: string, pieceChars = 1): number | null {
  const watch = watchRepetition(maxTokens);
  for (let at = 0; at < text.length; at += pieceChars) {
    if (addToWatch(watch, text.slice(at, at + pieceChars)) !== null) return at + pieceChars;
  }
  return null;
}

describe('repetition without end', () => {
  it('is cut within 256 tokens in each of fifty seeded cases', () => {
    const late = cutsOf().filter(({ tokens }) => tokens === null || tokens > 256);
    expect(cutsOf()).toHaveLength(50);
    expect(late).toEqual([]);
  });

  it.each<readonly [what: string, cycle: string, withinChars: number]>([
    ['one character', '!', 256],
    [
      'a paragraph, once it stands there four times',
      `${'This is what nobody wants to read again, but the model insists on it. '.repeat(8)}End.\n\n`,
      2400,
    ],
    ['rows of symbols of a period that the looks fall in with', `${'-'.repeat(127)}\n`, 16_500],
    ['a cycle that has a run in it', `${'='.repeat(60)} so it goes `, 2200],
  ])('is found in %s', (_, cycle, withinChars) => {
    const at = foundAt(`Here is the answer.\n\n${cycle.repeat(2000)}`, 3);
    expect(at).not.toBeNull();
    expect(at).toBeLessThanOrEqual(withinChars + 24);
  });

  it('is found in the middle of a whole answer, which is one piece', () => {
    const found = addToWatch(watchRepetition(maxTokens), `Fine so far. ${'no '.repeat(2000)}And on.`);
    expect(found?.cycle).toHaveLength(3);
  });

  it('says what is repeated, and how often', () => {
    expect(addToWatch(watchRepetition(64), 'ab'.repeat(4000))).toMatchObject({ cycle: 'ab' });
  });
});

describe('what is no endless repetition', () => {
  it('is in none of five hundred good answers that repeat themselves', () => {
    expect(falseCuts().map(({ kind, answer }) => [kind, answer.slice(0, 80)])).toEqual([]);
  });

  it.each([
    ['a counter', Array.from({ length: 5000 }, (_, at) => `${at}, `).join('')],
    ['a list whose items differ', Array.from({ length: 2000 }, (_, at) => `- Item ${at}: the same words as before\n`).join('')],
    ['a repetition that another text interrupts', `${'x'.repeat(150)} and ${'x'.repeat(150)} or ${'y'.repeat(150)}`.repeat(1)],
    ['a passage that comes three times', 'A refrain of some length that comes again and again in this song.\n'.repeat(3)],
  ])('such as %s', (_, text) => {
    expect(foundAt(text, 7)).toBeNull();
  });
});

describe('the watch', () => {
  const repetitive = fc
    .tuple(
      fc.string({ maxLength: 60 }),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 90 }),
      fc.integer({ min: 1, max: 400 }),
    )
    .map(([before, cycle, times]) => before + cycle.repeat(times));

  it('finds the same at the same place however the text is cut', () => {
    fc.assert(
      fc.property(repetitive, fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 }), (text, sizes) => {
        const whole = watchRepetition(maxTokens);
        const found = addToWatch(whole, text);
        const cut = watchRepetition(maxTokens);
        let inPieces: ReturnType<typeof addToWatch> = null;
        for (let at = 0, turn = 0; at < text.length && inPieces === null; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          inPieces = addToWatch(cut, text.slice(at, at + size));
          at += size;
        }
        expect(inPieces).toEqual(found);
      }),
    );
  });

  it.each([64, 256, 1000])('of %i tokens finds the same in a text that comes whole', (tokens) => {
    const parts = fc.array(fc.oneof(repetitive, fc.string({ maxLength: 300 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, (texts) => {
        const text = texts.join('');
        expect(findRepetition(watchRepetition(tokens), text)).toEqual(addToWatch(watchRepetition(tokens), text));
      }),
    );
  });

  it('keeps a bounded part of the text', () => {
    const watch = watchRepetition(maxTokens);
    for (let i = 0; i < 50_000; i += 1) addToWatch(watch, `${i} `);
    expect(heldChars(watch)).toBeLessThan(4000);
  });
});

function heldChars({ pieces, count, parts, near, tail }: RepetitionWatch): number {
  return near.length + tail.length + parts.join('').length + pieces.slice(0, count).join('').length;
}

describe('the tokens of a passage', () => {
  it.each([
    ['!', 1],
    [' the', 1],
    ['    ', 4],
    ['    return x;\n', 6],
    ['{"a":', 4],
    ['-'.repeat(80) + '\n', 11.9],
    ['0,', 2],
    ['哈哈', 2],
    ['😀', 3],
    ['снова ', 3],
  ])('of %j are about %d', (passage, tokens) => {
    expect(tokensOf(passage)).toBeCloseTo(tokens, 0);
  });
});
