/**
 * Locates the fault in malformed JSON. V8's `JSON.parse` names a position for some faults and quotes the text for others, so the position
 * is found here, and only for text that was refused: one pass, no recursion, and the message quotes nothing of the text.
 */
import {
  continueNumber,
  isEscapable,
  isHexDigit,
  isJsonSpace,
  literalAt,
  mayEndNumber,
  type NumberState,
  startNumber,
} from './grammar.ts';

const expectations = {
  first_key: 'a key in double quotes, or "}"',
  key: 'a key in double quotes',
  colon: '":"',
  first_value: 'a value, or "]"',
  value: 'a value',
  next: '"," or the end of the object or array',
  nothing: 'nothing more',
  quote: 'the closing quote of a text',
  escape: 'a known character behind "\\"',
  no_control: 'an escape such as \\n in place of a raw control character',
  number: 'a digit',
} as const;
type Expected = keyof typeof expectations;

interface Fault {
  readonly at: number;
  readonly expected: Expected;
}

/** A sentence with line and column, both counted from 1; null for text that is JSON. */
export function jsonFault(text: string): string | null {
  const fault = findFault(text);
  if (fault === null) return null;
  const { at, expected } = fault;
  const lines = text.slice(0, at).split(/\r\n|\r|\n/);
  const place = `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
  return at === text.length
    ? `It ends at ${place}, where ${expectations[expected]} was expected.`
    : `At ${place}, ${expectations[expected]} was expected.`;
}

function findFault(text: string): Fault | null {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : 'next');
  for (;;) {
    while (at < text.length && isJsonSpace(text.charCodeAt(at))) at += 1;
    if (at === text.length) return expected === 'nothing' ? null : { at, expected };
    const char = text.charAt(at);
    const isKey: boolean = expected === 'key' || expected === 'first_key';
    const isValue: boolean = expected === 'value' || expected === 'first_value';
    if (closes(char, open.at(-1), expected)) {
      open.pop();
      expected = afterValue();
      at += 1;
    } else if (isValue && (char === '{' || char === '[')) {
      open.push(char);
      expected = char === '{' ? 'first_key' : 'first_value';
      at += 1;
    } else if (isKey ? char === '"' : isValue) {
      const end = scalarEnd(text, at);
      if (typeof end !== 'number') return { ...end, expected: end.expected === 'value' ? expected : end.expected };
      expected = isKey ? 'colon' : afterValue();
      at = end;
    } else if (expected === 'colon' && char === ':') {
      expected = 'value';
      at += 1;
    } else if (expected === 'next' && char === ',') {
      expected = open.at(-1) === '{' ? 'key' : 'value';
      at += 1;
    } else return { at, expected };
  }
}

function closes(char: string, opener: '{' | '[' | undefined, expected: Expected): boolean {
  if (opener === '{') return char === '}' && (expected === 'next' || expected === 'first_key');
  return opener === '[' && char === ']' && (expected === 'next' || expected === 'first_value');
}

/** Where the string, number or literal that begins there ends, or its fault. */
function scalarEnd(text: string, from: number): number | Fault {
  const code = text.charCodeAt(from);
  if (code === 0x22) return textEnd(text, from + 1);
  const literal = literalAt(code);
  if (literal !== null) return text.startsWith(literal.word, from) ? from + literal.word.length : { at: from, expected: 'value' };
  const first = startNumber(code);
  return first === null ? { at: from, expected: 'value' } : numberEnd(text, from + 1, first);
}

function numberEnd(text: string, from: number, first: NumberState): number | Fault {
  let state = first;
  for (let at = from; ; at += 1) {
    const next = at < text.length ? continueNumber(state, text.charCodeAt(at)) : null;
    if (next === null) return mayEndNumber(state) ? at : { at, expected: 'number' };
    state = next;
  }
}

function textEnd(text: string, from: number): number | Fault {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return { at, expected: 'no_control' };
    if (code !== 0x5c) continue;
    at += 1;
    if (at === text.length) break;
    if (!isEscapable(text.charCodeAt(at))) return { at, expected: 'escape' };
    if (text.charAt(at) !== 'u') continue;
    for (let digits = 0; digits < 4; digits += 1) {
      at += 1;
      if (at === text.length) return { at, expected: 'quote' };
      if (!isHexDigit(text.charCodeAt(at))) return { at, expected: 'escape' };
    }
  }
  return { at: text.length, expected: 'quote' };
}
