/**
 * Estimates prompt tokens without a tokenizer, from counts of characters: a model's vocabulary has a pace for every letter, sign and script. For
 * limits and prices before a model has counted, never for billing. The rates are those that come nearest to what the tokenizer of Qwen 2.5 makes of
 * texts of the kinds that `npm run eval:tokens` tells apart, which prints how far off they are; other byte-pair vocabularies of 150,000 entries are
 * alike.
 */
import { type Pace, paceOfBlock } from './scripts.ts';

/**
 * Of a letter from a to z. English is what the vocabulary knows best: letters that it uses little (j, k, z; u and v inside words) stand in words of
 * other languages, in names of code, or in random text, which are cut into more pieces.
 */
const perLetter = [
  0.49, 0.7, 0.04, 0.7, 0.12, 0.04, 0.04, 0.04, 0.19, 0.7, 0.7, 0.17, 0.13, 0.14, 0.04, 0.04, 0.7, 0.04, 0.09, 0.04, 0.7, 0.7,
  0.04, 0.22, 0.04, 0.7,
];

/** A sign often shares a token with its neighbours. */
const signs = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
const perSign = [
  0.69, 0.33, 0.1, 0.82, 0.64, 0.71, 0.62, 0.37, 0.48, 0.25, 1.0, 0.63, 0.46, 0.1, 0.28, 0.64, 0.1, 0.31, 0.91, 0.1, 0.1, 0.79,
  0.26, 1.0, 0.33, 0.64, 0.1, 0.49, 0.12, 1.0, 1.0, 0.54,
];

const perWord = 0.26;
const perCapital = 0.45;
/** Every digit is a token of its own. What is above 1 stands for the spaces that digits do not share one with, as words do. */
const perDigit = 1.15;
const perNewline = 0.96;
/** Of a UTF-16 unit: an emoji has two, and joined ones more. */
const perWideSign = 0.82;

const perPace: Readonly<Record<Pace, number>> = {
  accented: 0.66,
  vietnamese: 0.6,
  combining: 0.1,
  greek: 0.96,
  cyrillic: 0.32,
  rareCyrillic: 1.6,
  hebrew: 0.4,
  arabic: 0.38,
  rareArabic: 1.2,
  devanagari: 1.07,
  northIndic: 1.47,
  southIndic: 1.41,
  thai: 0.55,
  otherThai: 1.37,
  hangul: 0.8,
  han: 0.59,
  kana: 0.78,
};

const perUnitRate = new Float64Array(128);
for (const [at, rate] of perLetter.entries()) perUnitRate[97 + at] = perUnitRate[65 + at] = rate;
for (const [at, rate] of perSign.entries()) perUnitRate[signs.charCodeAt(at)] = rate;
for (let code = 48; code <= 57; code += 1) perUnitRate[code] = perDigit;
for (let code = 65; code <= 90; code += 1) perUnitRate[code] = (perUnitRate[code] ?? 0) + perCapital;
perUnitRate[10] = perNewline;

const perBlockRate = Float64Array.from(paceOfBlock, (pace) => perPace[pace]);

/** What was counted of a text. */
export interface UnitCounts {
  /** By ASCII unit. */
  readonly perUnit: Int32Array;
  /** By block of scripts.ts. */
  readonly perBlock: Int32Array;
  /** Of scripts that write spaces. */
  readonly words: number;
  readonly wideSigns: number;
}

export function tokensIn({ perUnit, perBlock, words, wideSigns }: UnitCounts): number {
  let tokens = words * perWord + wideSigns * perWideSign;
  for (let code = 0; code < 128; code += 1) tokens += (perUnit[code] ?? 0) * (perUnitRate[code] ?? 0);
  for (let block = 0; block < perBlockRate.length; block += 1) tokens += (perBlock[block] ?? 0) * (perBlockRate[block] ?? 0);
  return tokens;
}

/** Tokens of one text, scaled up when `stats` describes a sample of `fullChars` characters. */
export function estimateTokens(
  { tokens, chars }: { readonly tokens: number; readonly chars: number },
  fullChars: number,
): number {
  return chars === 0 ? 0 : tokens * (fullChars / chars);
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
