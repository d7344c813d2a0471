/**
 * JSON as servers send it: valid, or with two mistakes of servers that build it by hand or in Python: raw control characters inside a
 * string, and NaN or Infinity as a number. Both are unambiguous to repair.
 */
export function parseLenient(text: string): { readonly value: unknown; readonly isRepaired: boolean } | null {
  const value = parse(text);
  if (value !== undefined) return { value, isRepaired: false };
  const repaired = parse(text.replace(stringsAndConstants, (part) => (part.startsWith('"') ? escaped(part) : 'null')));
  return repaired === undefined ? null : { value: repaired, isRepaired: true };
}

const stringsAndConstants = /"(?:[^"\\]|\\[^])*"|-?\b(?:NaN|Infinity)\b/g;

/** Undefined, which JSON cannot express, when the text is not JSON. */
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
