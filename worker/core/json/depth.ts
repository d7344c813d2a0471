/**
 * Nesting depth of JSON text, checked before parsing: `JSON.parse` itself takes 200,000 levels, but code that walks the result
 * overflows the stack (RangeError, measured). Strings are skipped with native searches, so a body that is mostly text costs little.
 */

/** True when `text` nests deeper than `maxDepth` arrays and objects. Linear; never throws, and the result for malformed text is unspecified. */
export function exceedsDepth(text: string, maxDepth: number): boolean {
  let depth = 0;
  let at = 0;
  let quote = nextQuote(text, 0);
  while (at < text.length) {
    for (; at < quote; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit === 0x7b || unit === 0x5b) {
        depth += 1;
        if (depth > maxDepth) return true;
      } else if (unit === 0x7d || unit === 0x5d) depth -= 1;
    }
    at = endOfString(text, quote + 1);
    quote = nextQuote(text, at);
  }
  return false;
}

function nextQuote(text: string, from: number): number {
  const at = text.indexOf('"', from);
  return at === -1 ? text.length : at;
}

/** Index after the closing quote: the first quote with an even number of backslashes before it. */
function endOfString(text: string, from: number): number {
  let quote = text.indexOf('"', from);
  while (quote !== -1) {
    let backslashes = 0;
    while (quote - backslashes > from && text.charCodeAt(quote - backslashes - 1) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}
