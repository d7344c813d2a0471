/** Counts that both learned models read: signs and sentences of the ask, and its words of each class. One pass over text and tokens. */
import { classOf, DIGIT } from '../scripts.ts';
import type { Reading } from '../view.ts';

export interface AskCounts {
  readonly words: number;
  readonly sentences: number;
  readonly commas: number;
  readonly dollars: number;
  readonly percents: number;
  /** TeX commands. */
  readonly commands: number;
  readonly numbers: number;
  /** Prices: a dollar sign before a digit. */
  readonly prices: number;
  /** Words of eight letters and more. */
  readonly longWords: number;
  readonly distinctWords: number;
  readonly meanWordChars: number;
}

function isSentenceEnd(code: number): boolean {
  return (
    code === 46 ||
    code === 33 ||
    code === 63 ||
    code === 0x3002 ||
    code === 0xff1f ||
    code === 0xff01 ||
    code === 0x964 ||
    code === 0x61f
  );
}

function isComma(code: number): boolean {
  return (
    code === 44 ||
    code === 59 ||
    code === 58 ||
    code === 0xff0c ||
    code === 0x3001 ||
    code === 0xff1b ||
    code === 0xff1a ||
    code === 0x60c
  );
}

function isAsciiLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

/** Linear in the ask, which is at most 1,600 characters. */
export function countAsk(asked: Reading): AskCounts {
  const { text } = asked;
  let sentences = 0;
  let commas = 0;
  let dollars = 0;
  let percents = 0;
  let commands = 0;
  let prices = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 127 ? false : code >= 97 && code <= 122) continue;
    const next = at + 1 < text.length ? text.charCodeAt(at + 1) : 32;
    if (isSentenceEnd(code) && (next <= 32 || code > 127)) sentences += 1;
    else if (isComma(code)) commas += 1;
    else if (code === 36) {
      dollars += 1;
      if (next >= 48 && next <= 57) prices += 1;
    } else if (code === 37) percents += 1;
    else if (code === 92 && isAsciiLetter(next)) commands += 1;
  }
  return {
    words: Math.max(1, asked.stats.words),
    sentences,
    commas,
    dollars,
    percents,
    commands,
    prices,
    ...countTokens(asked),
  };
}

function countTokens({
  tokens,
  distinctWords,
}: Reading): Pick<AskCounts, 'numbers' | 'longWords' | 'distinctWords' | 'meanWordChars'> {
  let numbers = 0;
  let longWords = 0;
  let chars = 0;
  for (let index = 0; index < tokens.count; index += 1) {
    const start = tokens.starts[index] ?? 0;
    const length = (tokens.ends[index] ?? 0) - start;
    if (classOf(tokens.text.charCodeAt(start)) === DIGIT) numbers += 1;
    if (length >= 8) longWords += 1;
    chars += length;
  }
  return { numbers, longWords, distinctWords, meanWordChars: chars / Math.max(1, tokens.count) };
}
