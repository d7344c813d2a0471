/**
 * Estimates prompt tokens without a tokenizer, from counts by script. An approximation of byte-pair encodings of the Qwen 2.5 kind:
 * meant to be within ±25 % on running text of the listed scripts, for limits and prices before a model has counted; never for billing.
 */
import type { TextStats } from './text-stats.ts';

/**
 * Tokens per character. Latin letters: English words average 4.7 letters and 1.15 tokens. Qwen writes every digit as a token of its own.
 * The other scripts are rounded from what multilingual byte-pair vocabularies of 150,000 entries usually need.
 */
const tokensPerChar = {
  latin: 0.245,
  cyrillic: 0.36,
  greek: 0.6,
  arabic: 0.42,
  hebrew: 0.6,
  indic: 0.7,
  han: 0.68,
  kana: 0.72,
  hangul: 0.75,
  thai: 0.55,
} as const;
const tokensPerDigit = 1;
const tokensPerSign = 0.75;
const tokensPerNewline = 0.5;

/** Tokens of one text, scaled up when `stats` describes a sample of `fullChars` characters. */
export function estimateTokens(stats: TextStats, fullChars: number): number {
  let tokens = stats.digits * tokensPerDigit + stats.newlines * tokensPerNewline;
  tokens += (stats.signs + stats.mathSymbols + stats.questionMarks + stats.backticks) * tokensPerSign;
  const { scriptChars } = stats;
  tokens += scriptChars.latin * tokensPerChar.latin + scriptChars.cyrillic * tokensPerChar.cyrillic;
  tokens += scriptChars.greek * tokensPerChar.greek + scriptChars.arabic * tokensPerChar.arabic;
  tokens += scriptChars.hebrew * tokensPerChar.hebrew + scriptChars.indic * tokensPerChar.indic;
  tokens += scriptChars.han * tokensPerChar.han + scriptChars.kana * tokensPerChar.kana;
  tokens += scriptChars.hangul * tokensPerChar.hangul + scriptChars.thai * tokensPerChar.thai;
  return stats.chars === 0 ? 0 : tokens * (fullChars / stats.chars);
}

/** ChatML frame around each message, and the opening of the answer. */
export const tokensPerMessage = 5;
export const tokensPerAnswerStart = 3;
/** The template's own words around tool definitions. */
export const tokensPerToolBlock = 130;
/** JSON of schemas and tool definitions, by characters. */
export const tokensPerJsonChar = 0.27;
/** An image of about a megapixel in Qwen-VL's 28-pixel patches; real ones vary by a factor of ten. */
export const tokensPerImage = 1300;
