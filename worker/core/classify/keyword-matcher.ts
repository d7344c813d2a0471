/**
 * Finds configured words and phrases in tokenised text: whole words only, any script, one pass whatever the number of keywords.
 * "plan" is not in "explain"; "multi-step" also matches "multi step".
 */
import { hashKey, tokenize, type Tokens } from './tokens.ts';

interface Phrase {
  readonly keyword: string;
  readonly words: readonly string[];
  readonly hashes: readonly number[];
}

/** Phrases by the hash of their first word, the longest first. */
export type KeywordMatcher = ReadonlyMap<number, readonly Phrase[]>;

export interface KeywordHit {
  readonly keyword: string;
  /** Index of the first token, and number of tokens. */
  readonly at: number;
  readonly length: number;
}

/** Hits beyond this add nothing to any curve. */
const maxHits = 64;

const prepared = new WeakMap<readonly string[], KeywordMatcher>();

/** The matcher of one keyword list, built once per list (by identity, so a frozen config pays once). */
export function matcherFor(keywords: readonly string[]): KeywordMatcher {
  const known = prepared.get(keywords);
  if (known !== undefined) return known;
  const matcher = new Map<number, Phrase[]>();
  for (const keyword of keywords) {
    const tokens = tokenize(keyword);
    const first = tokens.hashes[0];
    if (first === undefined) continue;
    const phrase = { keyword, words: tokenTexts(tokens), hashes: [...tokens.hashes] };
    const bucket = matcher.get(hashKey(first));
    if (bucket === undefined) matcher.set(hashKey(first), [phrase]);
    else bucket.push(phrase);
  }
  for (const bucket of matcher.values()) bucket.sort((a, b) => b.words.length - a.words.length);
  prepared.set(keywords, matcher);
  return matcher;
}

function tokenTexts(tokens: Tokens): string[] {
  const words: string[] = [];
  for (let index = 0; index < tokens.count; index += 1) words.push(tokens.text.slice(tokens.starts[index], tokens.ends[index]));
  return words;
}

/** Hits in order of appearance, at each place the longest phrase; repeats are listed again. */
export function findKeywords(tokens: Tokens, matcher: KeywordMatcher): KeywordHit[] {
  const hits: KeywordHit[] = [];
  for (let at = 0; at < tokens.count && hits.length < maxHits; at += 1) {
    const bucket = matcher.get(hashKey(tokens.hashes[at]));
    if (bucket === undefined) continue;
    const phrase = phraseAt(tokens, at, bucket);
    if (phrase === null) continue;
    hits.push({ keyword: phrase.keyword, at, length: phrase.words.length });
    at += phrase.words.length - 1;
  }
  return hits;
}

/** A loop: a closure would cost an object for every word of every text. */
function phraseAt(tokens: Tokens, at: number, bucket: readonly Phrase[]): Phrase | null {
  for (const phrase of bucket) if (isAt(tokens, at, phrase)) return phrase;
  return null;
}

function isAt(tokens: Tokens, at: number, phrase: Phrase): boolean {
  if (at + phrase.words.length > tokens.count) return false;
  for (let index = 0; index < phrase.words.length; index += 1) {
    if (tokens.hashes[at + index] !== phrase.hashes[index]) return false;
    // Two words with the same hash are rare (2^-32), and telling them apart costs nothing here.
    if (!tokens.text.startsWith(phrase.words[index] ?? '', tokens.starts[at + index])) return false;
  }
  return true;
}
