/**
 * The values of a JSON text as the characters they are written in: numbers that are passed on this way stay what they were, digit by digit. Reads
 * the outline only: what is inside a value must be checked by whoever parses it.
 */

/** Where a value stands in the text. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const blank = /[ \t\r\n]*/y;
const scalar = /-?[0-9][0-9.eE+-]*|true|false|null/y;
/** Runs of characters that neither open nor close anything. */
const plain = /[^"[\]{}]*/y;

/** The members of the object that begins at `at`, the last of a name; null when there is no whole object. */
export function membersAt(text: string, at: number): ReadonlyMap<string, Span> | null {
  const members = new Map<string, Span>();
  const end = listAt(text, at, '{', '}', (from) => {
    const nameEnd = stringEnd(text, from);
    if (nameEnd === -1) return -1;
    const colon = skip(text, nameEnd);
    if (text[colon] !== ':') return -1;
    const value = valueSpan(text, skip(text, colon + 1));
    if (value === null) return -1;
    members.set(text.slice(from + 1, nameEnd - 1), value);
    return value.to;
  });
  return end === -1 ? null : members;
}

/** The elements of the array that begins at `at`; null when there is no whole array. */
export function elementsAt(text: string, at: number): readonly Span[] | null {
  const elements: Span[] = [];
  const end = listAt(text, at, '[', ']', (from) => {
    const value = valueSpan(text, from);
    if (value === null) return -1;
    elements.push(value);
    return value.to;
  });
  return end === -1 ? null : elements;
}

/** Where the text's value begins: after the white space before it. */
export function startOf(text: string): number {
  return skip(text, 0);
}

/** @param item reads one from where it begins, and says where it ends; -1 when it is none. @returns the end of the list, or -1 */
function listAt(text: string, at: number, open: string, close: string, item: (from: number) => number): number {
  if (text[at] !== open) return -1;
  let here = skip(text, at + 1);
  if (text[here] === close) return here + 1;
  for (;;) {
    const end = item(here);
    if (end === -1) return -1;
    here = skip(text, end);
    if (text[here] === close) return here + 1;
    if (text[here] !== ',') return -1;
    here = skip(text, here + 1);
  }
}

function valueSpan(text: string, from: number): Span | null {
  const first = text[from];
  const to =
    first === '"' ? stringEnd(text, from) : first === '{' || first === '[' ? nestedEnd(text, from) : scalarEnd(text, from);
  return to === -1 ? null : { from, to };
}

/** Behind the closing quote; -1 without one. */
function stringEnd(text: string, from: number): number {
  if (text[from] !== '"') return -1;
  for (let quote = text.indexOf('"', from + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return -1;
}

function nestedEnd(text: string, from: number): number {
  let depth = 0;
  let here = from;
  for (;;) {
    plain.lastIndex = here;
    plain.test(text);
    here = plain.lastIndex;
    const sign = text[here];
    if (sign === undefined) return -1;
    if (sign === '"') {
      here = stringEnd(text, here);
      if (here === -1) return -1;
      continue;
    }
    depth += sign === '[' || sign === '{' ? 1 : -1;
    here += 1;
    if (depth === 0) return here;
  }
}

function scalarEnd(text: string, from: number): number {
  scalar.lastIndex = from;
  return scalar.test(text) ? scalar.lastIndex : -1;
}

function skip(text: string, from: number): number {
  blank.lastIndex = from;
  blank.test(text);
  return blank.lastIndex;
}
