/** Counts over one text, by character, in one pass: scripts, digits, capitals, signs. No judgement about what they mean. */
import { charsPerWord, classOf, DIGIT, firstUnspacedClass, NOT_WORD, scriptIds, scriptOf, type Script } from './scripts.ts';

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

/** Linear in the text; allocates one small object. */
export function measureText(text: string): TextStats {
  perClass.fill(0);
  const sign = { math: 0, question: 0, backtick: 0, newline: 0, other: 0 };
  let spacedWords = 0;
  let capitals = 0;
  let isInWord = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const charClass = classOf(code);
    if (charClass !== NOT_WORD) {
      perClass[charClass] = (perClass[charClass] ?? 0) + 1;
      if (code >= 65 && code <= 90) capitals += 1;
      const isSpaced = charClass < firstUnspacedClass;
      if (isSpaced && !isInWord) spacedWords += 1;
      isInWord = isSpaced;
      continue;
    }
    // An apostrophe or hyphen inside a word does not start a new one.
    if (isInWord && (code === 39 || code === 0x2019 || code === 45)) continue;
    isInWord = false;
    if (code === NEWLINE) sign.newline += 1;
    else if (code <= 32 || code === 0xa0 || code === 0x3000) continue;
    else if (isQuestionMark(code)) sign.question += 1;
    else if (code === BACKTICK) sign.backtick += 1;
    else if (isMath(code)) sign.math += 1;
    else sign.other += 1;
  }
  return summarise(text.length, spacedWords, capitals, sign);
}

function summarise(
  chars: number,
  spacedWords: number,
  capitals: number,
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
  };
}
