/** Counts characters of a text in one pass: scripts, digits, capitals, signs. */
import {
  blockCount,
  blockOf,
  charsPerWord,
  classOf,
  classOfBlock,
  DIGIT,
  firstUnspacedClass,
  NO_BLOCK,
  NOT_WORD,
  scriptIds,
  scriptOf,
  type Script,
} from './scripts.ts';
import { tokensIn } from './token-estimate.ts';

export interface TextStats {
  readonly chars: number;
  /** Spaced words plus, for Han, kana, Hangul and Thai, characters divided by the usual word length. */
  readonly words: number;
  readonly letters: number;
  readonly digits: number;
  /** Upper-case share of the letters A to Z. */
  readonly capsShare: number;
  /** Operators, TeX backslashes, carets and signs of the mathematical blocks. */
  readonly mathSymbols: number;
  readonly questionMarks: number;
  readonly backticks: number;
  readonly newlines: number;
  /** Other visible signs: punctuation, brackets, emoji halves. */
  readonly signs: number;
  readonly scriptChars: Readonly<Record<Script, number>>;
  /** The script of most letters; null for a text without letters. */
  readonly script: Script | null;
  /** About so many a model makes of it; see token-estimate.ts. */
  readonly tokens: number;
}

const perClass = new Int32Array(2 + scriptIds.length);

const QUESTION = 63;
const BACKTICK = 96;
const NEWLINE = 10;

function isQuestionMark(code: number): boolean {
  return code === QUESTION || code === 0xff1f || code === 0x61f || code === 0x37e;
}

function isMath(code: number): boolean {
  return (
    code === 43 ||
    code === 61 ||
    code === 94 ||
    code === 92 ||
    code === 60 ||
    code === 62 ||
    code === 0xb1 ||
    code === 0xd7 ||
    code === 0xf7 ||
    code === 0xb2 ||
    code === 0xb3 ||
    (code >= 0x2070 && code <= 0x209f) ||
    (code >= 0x2190 && code <= 0x22ff)
  );
}

/** How often each ASCII unit occurred, so that one pass over the text is enough and the signs are evaluated afterwards. */
const perUnit = new Int32Array(128);
/** The same of blocks beyond ASCII. */
const perBlock = new Int32Array(blockCount);
const isWordUnit = Uint8Array.from({ length: 128 }, (_unit, code) => (classOf(code) === NOT_WORD ? 0 : 1));
/** An apostrophe or hyphen inside a word does not start a new one. */
const joinsWord = Uint8Array.from({ length: 128 }, (_unit, code) => (code === 39 || code === 45 ? 1 : 0));

/** Linear in the text; allocates one small object. ASCII takes no branch a character but one. */
export function measureText(text: string): TextStats {
  perClass.fill(0);
  perUnit.fill(0);
  perBlock.fill(0);
  const sign = { math: 0, question: 0, backtick: 0, newline: 0, other: 0 };
  let spacedWords = 0;
  /** 1 inside a word. */
  let inWord = 0;
  /** Signs that belong to a word. */
  let joined = 0;
  /** Visible units beyond ASCII that are no letters. */
  let wideSigns = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 128) {
      perUnit[code] = (perUnit[code] ?? 0) + 1;
      const isWord = isWordUnit[code] ?? 0;
      const joins = inWord & (joinsWord[code] ?? 0);
      spacedWords += isWord & (inWord ^ 1);
      joined += joins;
      inWord = isWord | joins;
      continue;
    }
    const block = blockOf(code);
    if (block !== NO_BLOCK) {
      perBlock[block] = (perBlock[block] ?? 0) + 1;
      const charClass = classOfBlock(block);
      perClass[charClass] = (perClass[charClass] ?? 0) + 1;
      const isSpaced = charClass < firstUnspacedClass;
      if (isSpaced && inWord === 0) spacedWords += 1;
      inWord = isSpaced ? 1 : 0;
      continue;
    }
    if (inWord === 1 && code === 0x2019) continue;
    inWord = 0;
    if (code !== 0xa0 && code !== 0x3000) wideSigns += 1;
    countSign(sign, code, 1);
  }
  sign.other -= joined;
  let capitals = 0;
  for (let code = 0; code < 128; code += 1) {
    const count = perUnit[code] ?? 0;
    if (count === 0) continue;
    const charClass = classOf(code);
    if (charClass === NOT_WORD) countSign(sign, code, count);
    else perClass[charClass] = (perClass[charClass] ?? 0) + count;
    if (code >= 65 && code <= 90) capitals += count;
  }
  const tokens = tokensIn({ perUnit, perBlock, words: spacedWords, wideSigns });
  return summarise({ chars: text.length, spacedWords, capitals, tokens }, sign);
}

function countSign(
  sign: { math: number; question: number; backtick: number; newline: number; other: number },
  code: number,
  count: number,
): void {
  if (code === NEWLINE) sign.newline += count;
  else if (code <= 32 || code === 0xa0 || code === 0x3000) return;
  else if (isQuestionMark(code)) sign.question += count;
  else if (code === BACKTICK) sign.backtick += count;
  else if (isMath(code)) sign.math += count;
  else sign.other += count;
}

function summarise(
  {
    chars,
    spacedWords,
    capitals,
    tokens,
  }: { readonly chars: number; readonly spacedWords: number; readonly capitals: number; readonly tokens: number },
  sign: { math: number; question: number; backtick: number; newline: number; other: number },
): TextStats {
  const scriptChars: Record<Script, number> = {
    latin: 0,
    cyrillic: 0,
    greek: 0,
    arabic: 0,
    hebrew: 0,
    indic: 0,
    han: 0,
    kana: 0,
    hangul: 0,
    thai: 0,
  };
  let letters = 0;
  let script: Script | null = null;
  for (let charClass = DIGIT + 1; charClass < perClass.length; charClass += 1) {
    const id = scriptOf(charClass);
    if (id === null) continue;
    const count = perClass[charClass] ?? 0;
    scriptChars[id] = count;
    letters += count;
    if (count > 0 && (script === null || count > scriptChars[script])) script = id;
  }
  const { han, kana, hangul, thai } = scriptChars;
  const unspacedWords =
    han / charsPerWord.han + kana / charsPerWord.kana + hangul / charsPerWord.hangul + thai / charsPerWord.thai;
  return {
    chars,
    words: spacedWords + Math.ceil(unspacedWords),
    letters,
    digits: perClass[DIGIT] ?? 0,
    capsShare: scriptChars.latin === 0 ? 0 : capitals / scriptChars.latin,
    mathSymbols: sign.math,
    questionMarks: sign.question,
    backticks: sign.backtick,
    newlines: sign.newline,
    signs: sign.other,
    scriptChars,
    script,
    tokens,
  };
}
