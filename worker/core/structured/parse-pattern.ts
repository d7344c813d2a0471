/**
 * Parses a regular expression (ECMAScript, flag u) into a tree for `compile-pattern.ts`. Look-around, back references and inline
 * flags are refused: they have no automaton. What one character may be (classes, escapes, properties) is left to the runtime's
 * own RegExp.
 */
import { fail, ok, type Result } from '../../../shared/result.ts';

export type PatternTree =
  | { readonly kind: 'char'; readonly matches: (codePoint: number) => boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternTree[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternTree[] }
  | { readonly kind: 'repeat'; readonly part: PatternTree; readonly min: number; readonly max: number }
  | { readonly kind: 'assert'; readonly place: 'start' | 'end' | 'boundary' | 'inside' };

const maxGroupDepth = 24;
const escapeToken =
  /\\(?:u\{[0-9a-f]+\}|u[d][89ab][0-9a-f]{2}\\u[d][c-f][0-9a-f]{2}|u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|p\{[^}]*\}|.)/isuy;
const countToken = /\{(\d+)(,(\d*))?\}/y;

/** Returns the tree, or a sentence that says what is not supported. */
export function parsePattern(source: string): Result<PatternTree, string> {
  try {
    RegExp(source, 'u');
  } catch {
    return fail('is not a valid regular expression (ECMAScript, flag u)');
  }
  const reader: Reader = { source, at: 0, depth: 0, refusal: null };
  const tree = parseChoice(reader);
  return reader.refusal === null ? ok(tree) : fail(reader.refusal);
}

interface Reader {
  readonly source: string;
  at: number;
  depth: number;
  /** Set once; the syntax itself is valid, so the parse can safely continue. */
  refusal: string | null;
}

const nothing: PatternTree = { kind: 'sequence', parts: [] };

function refuse(reader: Reader, reason: string): PatternTree {
  reader.refusal ??= reason;
  reader.at = reader.source.length;
  return nothing;
}

function parseChoice(reader: Reader): PatternTree {
  const options = [parseSequence(reader)];
  while (reader.source[reader.at] === '|') {
    reader.at += 1;
    options.push(parseSequence(reader));
  }
  return options.length === 1 ? (options[0] ?? nothing) : { kind: 'choice', options };
}

function parseSequence(reader: Reader): PatternTree {
  const parts: PatternTree[] = [];
  for (;;) {
    const char = reader.source[reader.at];
    if (char === undefined || char === '|' || char === ')') return { kind: 'sequence', parts };
    parts.push(parseQuantifier(reader, parseAtom(reader, char)));
  }
}

function parseAtom(reader: Reader, char: string): PatternTree {
  if (char === '(') return parseGroup(reader);
  if (char === '[') return parseClass(reader);
  if (char === '\\') return parseEscape(reader);
  const codePoint = reader.source.codePointAt(reader.at) ?? 0;
  reader.at += codePoint > 0xffff ? 2 : 1;
  if (char === '^') return { kind: 'assert', place: 'start' };
  if (char === '$') return { kind: 'assert', place: 'end' };
  if (char === '.') return charMatcher('.');
  return { kind: 'char', matches: (other) => other === codePoint };
}

function parseGroup(reader: Reader): PatternTree {
  const opening = /\((?:\?:|\?<(?![=!])[^>]*>|(?!\?))/y;
  opening.lastIndex = reader.at;
  if (!opening.test(reader.source)) return refuse(reader, 'uses look-around or inline flags, which are not supported');
  if (reader.depth >= maxGroupDepth) return refuse(reader, `nests groups deeper than ${maxGroupDepth}`);
  reader.at = opening.lastIndex;
  reader.depth += 1;
  const inner = parseChoice(reader);
  reader.depth -= 1;
  reader.at += 1;
  return inner;
}

function parseClass(reader: Reader): PatternTree {
  const start = reader.at;
  let end = start + 1;
  while (end < reader.source.length && reader.source[end] !== ']') end += reader.source[end] === '\\' ? 2 : 1;
  reader.at = end + 1;
  return charMatcher(reader.source.slice(start, end + 1));
}

function parseEscape(reader: Reader): PatternTree {
  const letter = reader.source[reader.at + 1] ?? '';
  if (/[1-9k]/.test(letter)) return refuse(reader, 'uses a back reference, which is not supported');
  escapeToken.lastIndex = reader.at;
  const token = escapeToken.exec(reader.source)?.[0] ?? '';
  reader.at += token.length;
  if (letter === 'b') return { kind: 'assert', place: 'boundary' };
  if (letter === 'B') return { kind: 'assert', place: 'inside' };
  return charMatcher(token);
}

function parseQuantifier(reader: Reader, part: PatternTree): PatternTree {
  const char = reader.source[reader.at];
  let range: { min: number; max: number } | null = null;
  if (char === '*') range = { min: 0, max: Number.POSITIVE_INFINITY };
  if (char === '+') range = { min: 1, max: Number.POSITIVE_INFINITY };
  if (char === '?') range = { min: 0, max: 1 };
  if (range !== null) reader.at += 1;
  countToken.lastIndex = reader.at;
  const count = range === null ? countToken.exec(reader.source) : null;
  if (count !== null) {
    const min = Number(count[1]);
    const upper = count[3] === '' ? Number.POSITIVE_INFINITY : Number(count[3]);
    range = { min, max: count[2] === undefined ? min : upper };
    reader.at = countToken.lastIndex;
  }
  if (range === null) return part;
  // A lazy quantifier changes what a match captures, never whether there is one.
  if (reader.source[reader.at] === '?') reader.at += 1;
  return { kind: 'repeat', part, ...range };
}

/** Tests one character with the runtime's RegExp: a few tens of nanoseconds, so results for ASCII are cached. */
function charMatcher(source: string): PatternTree {
  const one = new RegExp(`^${source}$`, 'u');
  const ascii = new Uint8Array(128);
  const matches = (codePoint: number): boolean => {
    const known = ascii[codePoint];
    if (known === 1) return true;
    if (known === 2) return false;
    const isMatch = one.test(String.fromCodePoint(codePoint));
    if (codePoint < 128) ascii[codePoint] = isMatch ? 1 : 2;
    return isMatch;
  };
  return { kind: 'char', matches };
}
