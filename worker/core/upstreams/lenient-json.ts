/**
 * JSON as servers send it: as the standard has it, or with the two mistakes of writers that put it together by hand or in Python: control
 * characters raw inside a string, and NaN or Infinity for a number. Both can be read in one way only.
 */
export function parseLenient(text: string): { readonly value: unknown; readonly isRepaired: boolean } | null {
  const value = parse(text);
  if (value !== undefined) return { value, isRepaired: false };
  const repaired = parse(text.replace(stringsAndConstants, (part) => (part.startsWith('"') ? escaped(part) : 'null')));
  return repaired === undefined ? null : { value: repaired, isRepaired: true };
}

const stringsAndConstants = /"(?:[^"\\]|\\[^])*"|-?\b(?:NaN|Infinity)\b/g;

/** Undefined, which JSON has no word for, when it is none. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function escaped(literal: string): string {
  return literal.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}
