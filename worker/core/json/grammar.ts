/**
 * JSON's grammar (RFC 8259) for readers that work character by character: what a character begins, white space, literals, escapes,
 * and numbers one character at a time, so that a stream never shows an invalid number.
 */

export type ValueKind = 'object' | 'array' | 'string' | 'scalar';

/** The kind of value that a character begins; null if none does. */
export function valueKindOf(character: string): ValueKind | null {
  if (character === '{') return 'object';
  if (character === '[') return 'array';
  if (character === '"') return 'string';
  return '-0123456789tfn'.includes(character) ? 'scalar' : null;
}

/** The value of a string literal that was read to its end. */
export function parseString(literal: string): string {
  const value: unknown = JSON.parse(literal);
  return typeof value === 'string' ? value : '';
}

export interface JsonLiteral {
  readonly word: string;
  readonly value: boolean | null;
  readonly type: 'boolean' | 'null';
}

const literals: ReadonlyMap<number, JsonLiteral> = new Map([
  [116, { word: 'true', value: true, type: 'boolean' }],
  [102, { word: 'false', value: false, type: 'boolean' }],
  [110, { word: 'null', value: null, type: 'null' }],
]);

/** The literal that begins with that character, or null. */
export function literalAt(code: number): JsonLiteral | null {
  return literals.get(code) ?? null;
}

export function isJsonSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

export function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
}

/** Whether the character may follow a backslash. */
export function isEscapable(code: number): boolean {
  return '"\\/bfnrtu'.includes(String.fromCharCode(code));
}

/** `minus`, `point`, `mark` (e) and `sign` need a digit next; the others may end the number. */
export type NumberState = 'minus' | 'zero' | 'whole' | 'point' | 'fraction' | 'mark' | 'sign' | 'exponent';

const zero = 48;
const nine = 57;

export function startNumber(code: number): NumberState | null {
  if (code === 45) return 'minus';
  return code === zero ? 'zero' : isDigit(code) ? 'whole' : null;
}

/** The state after one more character, or null when the character does not continue the number. */
export function continueNumber(state: NumberState, code: number): NumberState | null {
  if (isDigit(code)) return digitNext[state] === 'whole' && state === 'minus' && code === zero ? 'zero' : digitNext[state];
  if (code === 46) return state === 'zero' || state === 'whole' ? 'point' : null;
  if (code === 69 || code === 101) return state === 'zero' || state === 'whole' || state === 'fraction' ? 'mark' : null;
  if (code === 43 || code === 45) return state === 'mark' ? 'sign' : null;
  return null;
}

export function mayEndNumber(state: NumberState): boolean {
  return state === 'zero' || state === 'whole' || state === 'fraction' || state === 'exponent';
}

const digitNext: Readonly<Record<NumberState, NumberState | null>> = {
  minus: 'whole',
  zero: null,
  whole: 'whole',
  point: 'fraction',
  fraction: 'fraction',
  mark: 'exponent',
  sign: 'exponent',
  exponent: 'exponent',
};

function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}

const scalarPattern = /^(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)$/;

/** Whether a text is a number, true, false or null. */
export function isScalar(text: string): boolean {
  return scalarPattern.test(text);
}

/** Whether a UTF-16 code may stand in a number or a word. */
export function isScalarCharacter(code: number): boolean {
  const isLetter = (code >= 97 && code <= 122) || code === 69;
  return isLetter || isDigit(code) || code === 43 || code === 45 || code === 46;
}
