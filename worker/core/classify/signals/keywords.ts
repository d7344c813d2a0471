/**
 * Keyword signal: words typical of demanding requests, in what the user wrote. Repeats count once and the curve saturates early, so that a
 * list of big words weighs little more than one; words before a short look-up question are ignored.
 */
import { findKeywords, matcherFor, type KeywordHit } from '../keyword-matcher.ts';
import { hashKey, type Tokens } from '../tokens.ts';
import type { RequestView } from '../view.ts';
import { interpolate, type ClassifierConfig, type Signal, type SignalValue } from './signal.ts';

/** Distinct keywords that count → value. */
const curve = [
  [0, 0],
  [1, 0.97],
  [2, 1],
] as const;
/** A closing clause of at most this many words that opens like a look-up is all that is asked. */
const maxLookupWords = 10;
/** With more non-keyword words before it, the closing clause is not all that is asked. */
const maxPlainWords = 16;
const lookupOpeners = [
  'what s',
  'what is',
  'what are',
  'what was',
  'what day',
  'what colour',
  'what color',
  'how many',
  'how much',
  'how old',
  'how do you spell',
  'who is',
  'who was',
  'who wrote',
  'which',
  'when is',
  'where is',
  'is',
  'are',
  'does',
  'do',
  'say',
  'tell me',
  'reply',
  'answer with',
  'respond',
  'spell',
  'name',
  'translate',
  'convert',
  'repeat',
  'print',
  'count',
  'whether',
];
const lookups = matcherFor(lookupOpeners);

function calibrated(view: RequestView, config: ClassifierConfig): SignalValue {
  const hits = findKeywords(view.asked.tokens, matcherFor(config.keywords));
  const lookupFrom = hits.length === 0 ? Number.POSITIVE_INFINITY : lookupStart(view.asked.tokens, hits);
  const isPadding =
    lookupFrom < Number.POSITIVE_INFINITY && countPlainWords(view.asked.tokens, hits, lookupFrom) <= maxPlainWords;
  const found = new Set(hits.map((hit) => hit.keyword));
  const facts = isPadding ? { found: [], discounted: [...found] } : { found: [...found], discounted: [] };
  return { value: interpolate(curve, facts.found.length), applies: true, facts };
}

/** Distinct words before `end` that belong to no keyword. */
function countPlainWords(tokens: Tokens, hits: readonly KeywordHit[], end: number): number {
  const plain = new Set<number>();
  let next = 0;
  for (let at = 0; at < end; at += 1) {
    const hit = hits[next];
    if (hit !== undefined && at === hit.at) {
      at += hit.length - 1;
      next += 1;
    } else plain.add(hashKey(tokens.hashes[at]));
  }
  return plain.size;
}

/**
 * Token index where a closing look-up begins: within the last ten words, at the start of a clause, after the last keyword and not at
 * the very beginning; infinity without one.
 */
function lookupStart(tokens: Tokens, hits: readonly KeywordHit[]): number {
  const lastHit = hits.at(-1);
  const from = Math.max(1, tokens.count - maxLookupWords, lastHit === undefined ? 1 : lastHit.at + lastHit.length);
  for (const opener of findKeywords(tokens, lookups)) {
    if (opener.at >= from && opener.at + opener.length < tokens.count && opensClause(tokens, opener.at)) return opener.at;
  }
  return Number.POSITIVE_INFINITY;
}

/** Whether a sign of punctuation or "and", "then" stands before the token. */
function opensClause(tokens: Tokens, at: number): boolean {
  const before = tokens.ends[at - 1] ?? 0;
  const between = tokens.text.slice(before, tokens.starts[at]).trim();
  if (between !== '' && between !== "'" && between !== '-') return true;
  const word = tokens.text.slice(tokens.starts[at - 1], before);
  return word === 'and' || word === 'then';
}

/** The original: 0.25 for every keyword found as a substring, at most 1. */
function seed(view: RequestView, config: ClassifierConfig): SignalValue {
  const text = view.hasUserTurn ? view.text.toLowerCase() : '';
  const found = config.keywords.filter((keyword) => text.includes(keyword.toLowerCase()));
  return { value: Math.min(found.length * 0.25, 1), applies: true, facts: { found } };
}

export const keywords: Signal = { phrase: 'keywords', calibrated, seed };
