/** Keywords are whole words and phrases of any script, found in one walk whatever their number. */
import { describe, expect, it } from 'vitest';
import { findKeywords, matcherFor } from '../../../worker/core/classify/keyword-matcher.ts';
import { tokenize, type Tokens } from '../../../worker/core/classify/tokens.ts';

const found = (text: string, keywords: readonly string[]): string[] =>
  findKeywords(tokenize(text), matcherFor(keywords)).map((hit) => hit.keyword);

describe('findKeywords', () => {
  it.each([
    ['a whole word', 'Please plan it', ['plan'], ['plan']],
    ['no word inside another', 'Explain the plane to a planner', ['plan'], []],
    ['any case', 'DEBUG this', ['debug'], ['debug']],
    ['a phrase', 'think step by step now', ['step by step'], ['step by step']],
    ['a phrase whose words are apart: not found', 'step and by step', ['step by step'], []],
    [
      'a hyphenated keyword, with or without its hyphen',
      'multi-step and multi step',
      ['multi-step'],
      ['multi-step', 'multi-step'],
    ],
    ['the longest phrase at a place', 'write code here', ['write', 'write code'], ['write code']],
    ['signs that belong to the word', 'in C++, not C', ['c++'], ['c++']],
    ['Chinese inside a sentence without spaces', '请证明这个定理', ['证明'], ['证明']],
    ['Korean before an ending', '이것을 증명해줘', ['증명'], ['증명']],
    ['Cyrillic', 'Докажите теорему', ['докажите'], ['докажите']],
    ['the first word and the last', 'prove that you debug', ['prove', 'debug'], ['prove', 'debug']],
    ['nothing for an empty keyword', 'prove', ['', '!'], []],
  ])('finds %s', (_, text, keywords, expected) => expect(found(text, keywords)).toEqual(expected));

  it('builds the matcher of a list once', () => {
    const list = ['prove'];
    expect(matcherFor(list)).toBe(matcherFor(list));
  });

  it('stops after 64 hits, so that stuffing costs nothing', () => {
    expect(found('prove '.repeat(5000), ['prove'])).toHaveLength(64);
  });

  it('reads every token once, however many keywords there are', () => {
    const keywords = Array.from({ length: 400 }, (_, at) => `keyword${at}`);
    const tokens = tokenize('some words of a text '.repeat(300));
    let reads = 0;
    const hashes = new Proxy(tokens.hashes, {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads += 1;
        return Reflect.get(target, key, target);
      },
    });
    findKeywords({ ...tokens, hashes } satisfies Tokens, matcherFor(keywords));
    expect(reads).toBe(tokens.count);
  });
});
