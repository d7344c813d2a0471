/**
 * Splits a text into words and hashes each one, in one pass without a string per word. Words are runs of letters and digits of any
 * script, with `+` and `#` kept at their end (c++, c#); Han, kana, Hangul and Thai characters are tokens one by one, so that phrases of
 * them match anywhere.
 */
import { fnvStart, fnvStep } from '../text/fnv.ts';
import { classOf, firstUnspacedClass, NOT_WORD } from './scripts.ts';

export interface Tokens {
  /** The lower-cased text that the offsets point into. */
  readonly text: string;
  readonly count: number;
  /** 32-bit FNV-1a of each token's code units. */
  readonly hashes: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

const PLUS = 43;
const HASH = 35;

// Scratch for one call, grown to the longest text seen (at most the sample size of a view): saves three large allocations a request.
let scratch = new Int32Array(3 * 4096);

/** Tokens of `text` in order; linear, any length. */
export function tokenize(text: string): Tokens {
  const lower = text.toLowerCase();
  const capacity = lower.length;
  if (scratch.length < 3 * capacity) scratch = new Int32Array(3 * capacity);
  let count = 0;
  let start = -1;
  let hash = fnvStart;
  for (let at = 0; at < capacity; at += 1) {
    const code = lower.charCodeAt(at);
    const charClass = classOf(code);
    const continues = charClass !== NOT_WORD && charClass < firstUnspacedClass;
    if (continues || (start >= 0 && isSuffix(lower, at, code))) {
      if (start < 0) start = at;
      hash = fnvStep(hash, code);
      continue;
    }
    if (start >= 0) {
      count = put(count, hash, start, at, capacity);
      start = -1;
      hash = fnvStart;
    }
    if (charClass !== NOT_WORD) count = put(count, fnvStep(fnvStart, code), at, at + 1, capacity);
  }
  if (start >= 0) count = put(count, hash, start, capacity, capacity);
  return {
    text: lower,
    count,
    hashes: scratch.slice(0, count),
    starts: scratch.slice(capacity, capacity + count),
    ends: scratch.slice(2 * capacity, 2 * capacity + count),
  };
}

/** `+` and `#` belong to the word before them unless a letter follows: c++ and c#, but a+b is two words. */
function isSuffix(text: string, at: number, code: number): boolean {
  return (code === PLUS || code === HASH) && (at + 1 >= text.length || classOf(text.charCodeAt(at + 1)) === NOT_WORD);
}

/** A token's hash as a key of a Map: 30 bits, because engines keep only small integers without an allocation. */
export function hashKey(hash: number | undefined): number {
  return (hash ?? 0) & 0x3fffffff;
}

function put(index: number, hash: number, start: number, end: number, capacity: number): number {
  scratch[index] = hash;
  scratch[capacity + index] = start;
  scratch[2 * capacity + index] = end;
  return index + 1;
}
