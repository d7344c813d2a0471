/**
 * Hashed n-grams of the ask: words, pairs, beginnings of words, the opening and the closing words, and which side of the last clause
 * break a word stands on. Every feature counts once however often it occurs; every group has the same weight however long the text.
 */
import { fnvStep } from '../../text/fnv.ts';
import { classOf, DIGIT } from '../scripts.ts';
import type { Tokens } from '../tokens.ts';

export interface Ngrams {
  /** 32-bit hashes; a table of 2^b buckets uses the lowest b bits. */
  readonly hashes: Int32Array;
  readonly values: Float32Array;
  /** How many of them are single words; these come first. */
  readonly words: number;
  /** How many pairs of words follow them. */
  readonly pairs: number;
}

const salt = {
  word: 1,
  first: 77,
  firstTwo: 78,
  last: 79,
  lastTwo: 80,
  chars: 4,
  tail: 21,
  head: 22,
  tailPair: 23,
  tailFirst: 24,
} as const;
const numberSalt = 0x1234567;
const edgeWeight = 0.25;
/** The clause a word stands in says less than the word itself: people end requests in many ways. */
const clauseWeight = 0.5;
const gramSeed = 4 * 7919;
/** A longer closing clause adds nothing to the whole ask. */
const maxTailWords = 14;
/** Every group of one ask together; the ask is at most 1,600 characters. */
const maxFeatures = 12_000;

function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ ((b + 0x9e3779b9) | 0), 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

// Scratch of one call: features as they are found, and an open-addressing set that is emptied by counting up its generation.
const found = new Int32Array(maxFeatures);
const weights = new Float32Array(maxFeatures);
const setSize = 1 << 14;
const setKeys = new Int32Array(setSize);
const setStamps = new Int32Array(setSize);
let generation = 0;
let count = 0;
let groupStart = 0;

function openGroup(): void {
  generation += 1;
  groupStart = count;
}

function add(hash: number): void {
  if (count >= maxFeatures) return;
  for (let slot = hash & (setSize - 1); ; slot = (slot + 1) & (setSize - 1)) {
    if (setStamps[slot] !== generation) {
      setStamps[slot] = generation;
      setKeys[slot] = hash;
      found[count] = hash;
      count += 1;
      return;
    }
    if (setKeys[slot] === hash) return;
  }
}

function closeGroup(weight: number): void {
  if (count === groupStart) return;
  weights.fill(weight / Math.sqrt(count - groupStart), groupStart, count);
}

function addAlone(hash: number): void {
  openGroup();
  add(hash);
  closeGroup(edgeWeight);
}

/** Numbers are hashed by their length only. */
function wordHashes(tokens: Tokens): Int32Array {
  const hashes = tokens.hashes.slice();
  for (let index = 0; index < tokens.count; index += 1) {
    const start = tokens.starts[index] ?? 0;
    if (classOf(tokens.text.charCodeAt(start)) !== DIGIT) continue;
    hashes[index] = mix(numberSalt, Math.min(6, (tokens.ends[index] ?? 0) - start));
  }
  return hashes;
}

const UNDERSCORE = 95;

/** Runs of four characters inside each word, with its edges marked. */
function addCharGrams(tokens: Tokens): void {
  for (let index = 0; index < tokens.count; index += 1) {
    const start = tokens.starts[index] ?? 0;
    const end = tokens.ends[index] ?? 0;
    if (classOf(tokens.text.charCodeAt(start)) === DIGIT) continue;
    let [before, first, second] = [UNDERSCORE, tokens.text.charCodeAt(start), tokens.text.charCodeAt(start + 1)];
    for (let at = start + 2; at <= end; at += 1) {
      const third = at < end ? tokens.text.charCodeAt(at) : UNDERSCORE;
      add(mix(hashOfFour(before, first, second, third), salt.chars));
      [before, first, second] = [first, second, third];
    }
  }
}

/** FNV-1a with another start value than words have. */
function hashOfFour(a: number, b: number, c: number, d: number): number {
  return fnvStep(fnvStep(fnvStep(fnvStep(gramSeed, a), b), c), d);
}

/** A single line break does not count, so that a wrapped request reads like an unwrapped one. */
const clauseBreak = /[.:!?;—–。：！？；،]|, | - |\n\s{0,8}\n/;

/** Index of the first word after the last clause break; 0 without one. */
function tailStart(tokens: Tokens): number {
  for (let index = tokens.count - 1; index > 0; index -= 1) {
    if (clauseBreak.test(tokens.text.slice(tokens.ends[index - 1], tokens.starts[index]))) return index;
  }
  return 0;
}

function addClauses(tokens: Tokens, hashes: Int32Array): void {
  const cut = tailStart(tokens);
  openGroup();
  for (let index = cut; cut > 0 && index < tokens.count; index += 1) add(mix(hashes[index] ?? 0, salt.tail));
  closeGroup(clauseWeight);
  openGroup();
  for (let index = 0; index < (cut > 0 ? cut : tokens.count); index += 1) add(mix(hashes[index] ?? 0, salt.head));
  closeGroup(clauseWeight);
  if (cut === 0 || tokens.count - cut > maxTailWords) return;
  openGroup();
  for (let index = cut; index + 1 < tokens.count; index += 1)
    add(mix(mix(hashes[index] ?? 0, hashes[index + 1] ?? 0), salt.tailPair));
  add(mix(hashes[cut] ?? 0, salt.tailFirst));
  closeGroup(clauseWeight);
}

/** Words and pairs; `count` begins at none. */
function addWords(hashes: Int32Array): { words: number; pairs: number } {
  const last = hashes.length - 1;
  count = 0;
  openGroup();
  for (let index = 0; index <= last; index += 1) add(mix(hashes[index] ?? 0, salt.word));
  closeGroup(1);
  const words = count;
  openGroup();
  for (let index = 0; index < last; index += 1) add(mix(hashes[index] ?? 0, hashes[index + 1] ?? 0));
  closeGroup(1);
  return { words, pairs: count - words };
}

/** The first two groups of a text's n-grams alone. */
export function readWords(tokens: Tokens): Ngrams {
  const counts = addWords(wordHashes(tokens));
  return { hashes: found.slice(0, count), values: weights.slice(0, count), ...counts };
}

/** The n-grams of an ask; linear, bounded, one allocation for each of the two arrays. */
export function readNgrams(tokens: Tokens): Ngrams {
  const hashes = wordHashes(tokens);
  const last = tokens.count - 1;
  const at = (index: number): number => hashes[index] ?? 0;
  const counts = addWords(hashes);
  openGroup();
  addCharGrams(tokens);
  closeGroup(1);
  if (last >= 0) addAlone(mix(at(0), salt.first));
  if (last >= 1) addAlone(mix(mix(at(0), at(1)), salt.firstTwo));
  if (last >= 0) addAlone(mix(at(last), salt.last));
  if (last >= 1) addAlone(mix(mix(at(last - 1), at(last)), salt.lastTwo));
  addClauses(tokens, hashes);
  return { hashes: found.slice(0, count), values: weights.slice(0, count), ...counts };
}
