/**
 * About how many tokens a repeated passage is, by the kinds of its characters. Rather too many than too few for passages that models fall
 * into, since a limit in tokens must hold whatever tokens they are: a model whose numbers have gone wrong writes "!" as a token each.
 */

/** Length of a run of letters or of one symbol that is a token. */
const lettersPerToken = 4;
const equalSymbolsPerToken = 8;
const symbolsPerToken = 2;

const piecesPattern = /[a-z]+|[\u0080-\u036f\u0400-\u052f\u1e00-\u1fff]+|\d| +|\t+|(\n)|([^\p{L}\p{N}\s])\2*|\P{ASCII}|./gisu;

/** Tokens of one copy, at least a part of one. */
export function tokensOf(cycle: string): number {
  if (isOnlySymbols(cycle)) return symbolTokens(cycle);
  let tokens = 0;
  let isBehindSymbol = false;
  for (const [piece, , symbol] of cycle.matchAll(piecesPattern)) {
    const isSymbol = symbol !== undefined && piece.charCodeAt(0) < 0x80;
    tokens += isSymbol ? symbolRunTokens(piece.length, isBehindSymbol) : pieceTokens(piece);
    isBehindSymbol = isSymbol;
  }
  return Math.max(tokens, 0.5);
}

/** Punctuation that stands together, such as `"},`, shares its tokens. */
function symbolRunTokens(length: number, isBehindSymbol: boolean): number {
  return (isBehindSymbol && length === 1 ? 1 / symbolsPerToken : 1) + (length - 1) / equalSymbolsPerToken;
}

function pieceTokens(piece: string): number {
  const first = piece.charCodeAt(0);
  // A space belongs to the word behind it; indentation is one token.
  if (first === 0x20) return piece.length === 1 ? 0 : 1;
  if (first < 0x80) return Math.ceil(piece.length / lettersPerToken);
  // Letters of Latin, Greek and Cyrillic: a token for two or three. Emoji are up to three tokens, everything else about one.
  if (first < 0x53_0 || (first >= 0x1e_00 && first < 0x20_00)) return Math.ceil(piece.length / 2);
  return first >= 0xd8_00 && first < 0xe0_00 ? piece.length * 1.5 : piece.length;
}

/** No letter, digit or line, or one and the same character: then each may be a token of its own. */
function isOnlySymbols(cycle: string): boolean {
  return [...cycle].length === 1 || /^(?:[^\p{L}\p{N}\s]| )+$/u.test(cycle);
}

function symbolTokens(cycle: string): number {
  if (/^ +$/.test(cycle)) return cycle.length;
  let tokens = 0;
  for (const char of cycle) tokens += char === ' ' ? 0 : char.length === 1 ? 1 : 3;
  return tokens;
}

/** Numbers in any notation, and rows of symbols: what grids, matrices, dumps and base64 of zeros are made of. */
export function isGrid(cycle: string): boolean {
  const isData = /^[\da-fx\s\p{P}\p{S}]+$/iu.test(cycle) && /\d/.test(cycle);
  return isData || cycle === 'A' || (/^[^\p{L}\p{N}]+$/u.test(cycle) && /[^\n]{8,}\n|\n[^\n]{8,}/.test(cycle));
}
