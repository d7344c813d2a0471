/**
 * Reads the keyword arguments of a Python call and writes them as a JSON object: strings, numbers, True, False, None, lists,
 * tuples and dictionaries with string keys. Names, operators, calls, positional arguments and prefixed or joined strings are
 * refused. Code is written between three quotes as a rule.
 */
import type { Cursor } from '../cursor.ts';
import { isNameCharacter, need, needInk, type Reading, readName, readRun, takes } from '../reading.ts';
import { type LiteralSyntax, readLiteral } from './literals.ts';

const python: LiteralSyntax = {
  closers: { '[': ']', '(': ')', '{': '}' },
  readAtom: (input, next) => (next === '"' || next === "'" ? readString(input, next) : readWord(input)),
};
const words: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null' };
const numberPattern = /^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const maxWordChars = 400;

/**
 * Reads from behind the opening parenthesis to behind the closing one. Null, with the offending character unread, when it is
 * anything but literals; never returns if the text ends first.
 */
export function* readKeywordArguments(input: Cursor): Reading<string | null> {
  let json = '';
  while ((yield* needInk(input)) !== ')') {
    const key = yield* readName(input);
    if (key === '' || (yield* needInk(input)) !== '=') return null;
    input.at += 1;
    const value = yield* readLiteral(input, python);
    if (value === null) return null;
    json += `${json === '' ? '' : ', '}${JSON.stringify(key)}: ${value}`;
    const next = yield* needInk(input);
    if (next === ',') input.at += 1;
    else if (next !== ')') return null;
  }
  input.at += 1;
  return `{${json}}`;
}

function* readWord(input: Cursor): Reading<string | null> {
  const word = yield* readRun(input, isWordCharacter, maxWordChars);
  // More text is needed, since the word may continue.
  if (input.at >= input.text.length) yield* need(input);
  const known = Object.hasOwn(words, word) ? words[word] : undefined;
  if (known !== undefined) return known;
  if (!numberPattern.test(word)) return null;
  // Python allows a bare point on either side, JSON does not.
  return word.replace(/^(?<sign>-?)\./, '$<sign>0.').replace(/\.(?![0-9])/, '.0');
}

function isWordCharacter(code: number): boolean {
  return code === 0x2b || isNameCharacter(code);
}

function* readString(input: Cursor, quote: string): Reading<string | null> {
  // Two quotes alone are an empty string; no joined string is read that could begin with a third.
  const end = (yield* takes(input, quote.repeat(3))) ? quote.repeat(3) : quote;
  if (end === quote) input.at += 1;
  let value = '';
  for (;;) {
    const next = yield* need(input);
    if (next === quote && (yield* takes(input, end))) return JSON.stringify(value);
    if (next === '\\') {
      input.at += 1;
      const escaped = yield* readEscape(input);
      if (escaped === null) return null;
      value += escaped;
      continue;
    }
    const { text } = input;
    let at = input.at + 1;
    while (at < text.length && text.charAt(at) !== quote && text.charAt(at) !== '\\') at += 1;
    value += text.slice(input.at, at);
    input.at = at;
  }
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};
const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** What follows a backslash. An escape Python does not know stands for itself, backslash included. */
function* readEscape(input: Cursor): Reading<string | null> {
  const kind = yield* need(input);
  input.at += 1;
  const digits = Object.hasOwn(hexDigits, kind) ? hexDigits[kind] : undefined;
  if (digits !== undefined) return yield* readCodePoint(input, digits, 16, kind === 'u');
  if (/[0-7]/.test(kind)) {
    input.at -= 1;
    return yield* readCodePoint(input, 3, 8, false);
  }
  return Object.hasOwn(escapes, kind) ? (escapes[kind] ?? '') : `\\${kind}`;
}

/**
 * Hexadecimal escapes have all their digits; octal ones end where the digits do. A lone surrogate (`\ud83d`) may find its half
 * later.
 */
function* readCodePoint(input: Cursor, digits: number, radix: 8 | 16, isUnit: boolean): Reading<string | null> {
  const digit = radix === 16 ? /[0-9a-fA-F]/ : /[0-7]/;
  let text = '';
  while (text.length < digits) {
    const next = yield* need(input);
    if (!digit.test(next)) break;
    text += next;
    input.at += 1;
  }
  if (radix === 16 && text.length < digits) return null;
  const code = Number.parseInt(text, radix);
  if (isUnit) return String.fromCharCode(code);
  return code <= 0x10ffff ? String.fromCodePoint(code) : null;
}
