/** What characters and tokens mean in JSON: the tables behind the scanner. */

export type ValueKind = 'object' | 'array' | 'string' | 'scalar';

const scalarPattern = /^(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)$/;

/** The kind of value that a character begins; null if none does. */
export function kindOf(character: string): ValueKind | null {
  if (character === '{') return 'object';
  if (character === '[') return 'array';
  if (character === '"') return 'string';
  return '-0123456789tfn'.includes(character) ? 'scalar' : null;
}

/** Whether a UTF-16 code may stand in a number or a word. */
export function isScalarCharacter(code: number): boolean {
  const isLetter = (code >= 0x61 && code <= 0x7a) || code === 0x45;
  return isLetter || (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e;
}

/** Whether a text is a number, true, false or null. */
export function isScalar(text: string): boolean {
  return scalarPattern.test(text);
}

export function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** The value of a string literal that a scan has read. */
export function parseString(literal: string): string {
  const value: unknown = JSON.parse(literal);
  return typeof value === 'string' ? value : '';
}
