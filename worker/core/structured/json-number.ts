/**
 * The number grammar of JSON (RFC 8259 §6) one character at a time, so that a stream never shows a number that JSON does not
 * know.
 */

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
