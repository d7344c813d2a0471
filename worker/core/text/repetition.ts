/**
 * Finds text that repeats itself for ever while it streams: one character, a word, a sentence or a paragraph, over and over. Only exact
 * repetition counts, so whatever counts up or varies is none. It looks at positions of the text and not of its pieces: what it finds is the
 * same however the text was cut. Between two looks a piece costs an addition and a comparison; a look reads at most `tailChars`, and tracking
 * a repetition reads only what is new.
 */
import { leastCharsOf, mayHoldRun } from './repeated-run.ts';
import { tokensOf, isGrid } from './repeated-tokens.ts';

export interface Repetition {
  /** What is repeated. */
  readonly cycle: string;
  /** Copies of it, the first one included. */
  readonly copies: number;
}

/** Plain data: one for each choice of an answer. */
export interface RepetitionWatch {
  readonly maxTokens: number;
  /** Not looked at yet. */
  readonly pieces: string[];
  count: number;
  /** UTF-16 units so far, and how many there are at the next look. */
  chars: number;
  lookAtChars: number;
  deepLookAtChars: number;
  /** The end of the text as of the last look: what near looks search, and more of it, up to what is in `parts`. */
  near: string;
  tail: string;
  parts: string[];
  /** What the tail repeats, in UTF-16 units, and for how long; 0: nothing. */
  period: number;
  covered: number;
}

/** Longest passage whose repetition is seen: about a paragraph. */
const maxPeriod = 1024;
const tailChars = 2 * maxPeriod;
/** A look costs the more the further back it searches: near ones find what is short and comes fast, deep ones the rest. */
const nearChars = 320;
const strideChars = 128;
const deepStrideChars = 512;
/** Fewer equal characters than this say nothing. */
const keyChars = 16;
const leastCovered = 48;
/** A passage may come three times in a row: refrains, boilerplate, empty forms. */
const leastCopies = 4;
/** Looks stand at most this far behind the limit, so that the answer is cut before it. */
const spareTokens = 32;
const leastStrideChars = 8;
/** Rows of symbols or numbers (grids, matrices, blocks of data) are often what was wanted. */
const gridFactor = 8;

/** @param maxTokens how much repetition is too much, in tokens of about four characters; rows of data may be eight times as long */
export function watchRepetition(maxTokens: number): RepetitionWatch {
  return {
    maxTokens,
    pieces: [],
    count: 0,
    chars: 0,
    lookAtChars: strideChars,
    deepLookAtChars: deepStrideChars,
    near: '',
    tail: '',
    parts: [],
    period: 0,
    covered: 0,
  };
}

/** Takes the next piece; what it returns is too much repetition, and the last thing that it says. */
export function addToWatch(watch: RepetitionWatch, piece: string): Repetition | null {
  watch.pieces[watch.count] = piece;
  watch.count += 1;
  watch.chars += piece.length;
  return watch.chars < watch.lookAtChars ? null : lookThrough(watch);
}

/** The same for a text that comes whole, and is all there is of its answer. */
export function findRepetition(watch: RepetitionWatch, text: string): Repetition | null {
  const leastChars = Math.max(leastCovered, leastCharsOf(watch.maxTokens - spareTokens));
  return mayHoldRun(text, { leastChars, leastCopies, maxPeriod }) ? addToWatch(watch, text) : null;
}

/** Looks at every position that is due; a whole answer is one piece with many of them. */
function lookThrough(watch: RepetitionWatch): Repetition | null {
  const fresh = watch.pieces.slice(0, watch.count).join('');
  let at = watch.chars - fresh.length;
  let read = 0;
  // A long piece is looked through where it stands: its parts are windows of one text, and nothing is joined for a look.
  const long = fresh.length > nearChars ? tailOf(watch) + fresh : null;
  while (watch.lookAtChars <= watch.chars) {
    const length = watch.lookAtChars - at;
    at += length;
    read += length;
    if (long === null) {
      const part = fresh.slice(read - length, read);
      watch.near = (watch.near + part).slice(-nearChars);
      watch.parts.push(part);
    } else {
      const end = long.length - fresh.length + read;
      watch.near = long.slice(Math.max(0, end - nearChars), end);
      watch.tail = long.slice(Math.max(0, end - tailChars), end);
    }
    const found = look(watch, at, length);
    if (found !== null) return found;
  }
  watch.pieces[0] = fresh.slice(read);
  watch.count = 1;
  return null;
}

/** Joined only when it is read, which in text that repeats nothing is at every fourth look. */
function tailOf(watch: RepetitionWatch): string {
  if (watch.parts.length === 0) return watch.tail;
  watch.tail = (watch.tail + watch.parts.join('')).slice(-tailChars);
  watch.parts = [];
  return watch.tail;
}

function look(watch: RepetitionWatch, at: number, freshChars: number): Repetition | null {
  if (!isContinued(watch, freshChars)) search(watch, at);
  const { period, covered } = watch;
  watch.lookAtChars = at + strideChars;
  if (period === 0) return null;
  const cycle = tailOf(watch).slice(-period);
  const density = tokensOf(cycle) / period;
  const limitTokens = (watch.maxTokens - spareTokens) * (isGrid(cycle) ? gridFactor : 1);
  const lacking = Math.max(limitTokens / density, leastCopies * period) - covered;
  if (lacking <= 0) return { cycle, copies: Math.floor(covered / period) };
  watch.lookAtChars = at + Math.min(strideChars, Math.max(leastStrideChars, Math.ceil(lacking)));
  return null;
}

function isContinued(watch: RepetitionWatch, freshChars: number): boolean {
  const { period } = watch;
  if (period === 0) return false;
  const tail = tailOf(watch);
  const before = tail.slice(Math.max(0, tail.length - freshChars - period), tail.length - period);
  if (tail.slice(-freshChars) !== before) return false;
  watch.covered += freshChars;
  return true;
}

/** The period that the end of the text has for longest, if that is long enough to be worth following. */
function search(watch: RepetitionWatch, at: number): void {
  watch.period = 0;
  watch.covered = 0;
  const isDeep = at >= watch.deepLookAtChars;
  if (isDeep) watch.deepLookAtChars = at + deepStrideChars;
  const text = isDeep ? tailOf(watch) : watch.near;
  let key = keyChars;
  while (key < text.length / 2) {
    const end = text.slice(-key);
    // Nearly always there is none, which the forward search knows ten times sooner.
    if (text.indexOf(end) === text.length - key) return;
    const found = text.lastIndexOf(end, text.length - key - 1);
    const period = text.length - key - found;
    const equal = equalBack(tailOf(watch), period);
    if (equal >= period && equal + period >= Math.max(leastCovered, watch.covered + 1)) {
      watch.period = period;
      watch.covered = equal + period;
    }
    // It may be a run inside a longer cycle, such as the dashes of a row: then what stands before the run belongs to the key.
    key = equal + 1;
  }
}

/** For how many characters, from the end, the text equals itself `period` characters before. */
function equalBack(text: string, period: number): number {
  let equal = 0;
  for (let i = text.length - 1; i >= period && text.charCodeAt(i) === text.charCodeAt(i - period); i -= 1) equal += 1;
  return equal;
}
