/** The body of an upstream call as text. */

/**
 * A lone surrogate as `JSON.stringify` writes it: half an emoji, where a client has cut a text. Tokenizers fail on it with a 500 that looks
 * like the server's fault. Text that spells out such an escape has a doubled backslash and does not match.
 */
const loneSurrogate = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** JSON without lone surrogates: each becomes U+FFFD, as `toWellFormed` has it. Costs one search in the text. */
export function upstreamBody(body: object): string {
  const text = JSON.stringify(body);
  return text.includes('\\ud') ? text.replace(loneSurrogate, '$1\ufffd') : text;
}
