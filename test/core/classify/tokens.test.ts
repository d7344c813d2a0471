/** Words of any script: what is one word, what is several, and that offsets point into the lower-cased text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenize } from '../../../worker/core/classify/tokens.ts';

function words(text: string): string[] {
  const tokens = tokenize(text);
  return Array.from({ length: tokens.count }, (_, at) => tokens.text.slice(tokens.starts[at], tokens.ends[at]));
}

describe('tokenize', () => {
  it.each([
    ['splits at spaces and signs', 'Hello, big world!', ['hello', 'big', 'world']],
    ['keeps + and # at the end of a word', 'C++ or C#?', ['c++', 'or', 'c#']],
    ['splits a sum', 'a+b', ['a', 'b']],
    ['keeps underscores', 'my_name is', ['my_name', 'is']],
    ['splits at hyphens and apostrophes', "multi-step isn't", ['multi', 'step', 'isn', 't']],
    ['knows accents and Cyrillic', 'Démontrez ДОКАЖИ', ['démontrez', 'докажи']],
    ['takes Han characters one by one', '证明它', ['证', '明', '它']],
    ['takes Hangul syllables one by one', '증명해', ['증', '명', '해']],
    ['keeps marks in Devanagari words', 'सिद्ध करो', ['सिद्ध', 'करो']],
    ['mixes scripts', 'Go语言 3 times', ['go', '语', '言', '3', 'times']],
    ['finds nothing in signs alone', '?! … 🙂', []],
    ['finds nothing in nothing', '', []],
  ])('%s', (_, text, expected) => expect(words(text)).toEqual(expected));

  it('gives one hash to one word in any case, and others to others', () => {
    const { hashes } = tokenize('Prove prove PROVE proof');
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[1]).toBe(hashes[2]);
    expect(hashes[3]).not.toBe(hashes[0]);
  });

  it('has ascending offsets inside the text, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const tokens = tokenize(text);
        let end = 0;
        for (let at = 0; at < tokens.count; at += 1) {
          expect(tokens.starts[at]).toBeGreaterThanOrEqual(end);
          end = tokens.ends[at] ?? 0;
          expect(end).toBeGreaterThan(tokens.starts[at] ?? 0);
        }
        expect(end).toBeLessThanOrEqual(tokens.text.length);
      }),
    );
  });
});
