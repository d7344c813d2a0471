import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { citationsOf } from '../../../worker/core/rag/citations.ts';
import { quotesFor } from '../../../worker/core/rag/quotes.ts';

describe('citations', () => {
  it.each([
    [
      'one a sentence',
      'The sky is blue [1]. Grass is green [2].',
      [
        [1, 'The sky is blue .'],
        [2, 'Grass is green .'],
      ],
    ],
    ['behind the full stop', 'The sky is blue.[1] Grass is green.', [[1, 'The sky is blue.']]],
    [
      'several',
      'Both say so [1][3].',
      [
        [1, 'Both say so .'],
        [3, 'Both say so .'],
      ],
    ],
    [
      'a list and a range',
      'All of them [1, 3-4].',
      [
        [1, 'All of them .'],
        [3, 'All of them .'],
        [4, 'All of them .'],
      ],
    ],
    ['the same source twice', 'One [1]. Two [1].', [[1, 'One . Two .']]],
    ['other brackets', 'So it is【2】', [[2, 'So it is']]],
    ['none', 'Nothing is cited, not even a[i] or [link](x).', []],
    ['the text of a link is no citation', 'See [1](http://x.example).', []],
  ])('%s', (_, answer, expected) => {
    expect(citationsOf(answer).map(({ source, claim }) => [source, claim])).toEqual(expected);
  });

  it('of any text are found without failing', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => void citationsOf(text)));
  });
});

describe('quotes', () => {
  const source = {
    text: 'Pointsman is a gateway. A key is revoked everywhere within sixty seconds. The weather is fine.\n\n- A rotated key keeps its budget.',
    start: 1000,
  };

  it('are sentences of the source that say what the answer says, with their place in the document', () => {
    const [quote, ...others] = quotesFor(source, 'Revoked keys stop working everywhere after sixty seconds.');
    expect(others).toEqual([]);
    expect(quote?.text).toBe('A key is revoked everywhere within sixty seconds.');
    expect(quote?.start).toBe(1000 + source.text.indexOf('A key is'));
    expect((quote?.end ?? 0) - (quote?.start ?? 0)).toBe(quote?.text.length);
  });

  it('are none where nothing supports the claim', () => {
    expect(quotesFor(source, 'Elephants remember harbours.')).toEqual([]);
    expect(quotesFor(source, '')).toEqual([]);
  });

  it('are word for word what stands at their offsets', () => {
    fc.assert(
      fc.property(fc.lorem({ maxCount: 80 }), fc.lorem({ maxCount: 10 }), fc.nat(5000), (text, claim, start) => {
        for (const quote of quotesFor({ text, start }, claim))
          expect(text.slice(quote.start - start, quote.end - start)).toBe(quote.text);
      }),
    );
  });
});
