/** Length signal: the words of the request itself. Pasted logs, tables and passages do not count; code counts a little. */
import type { RequestView } from '../view.ts';
import { interpolate, type Signal, type SignalValue } from './signal.ts';

/** Words of the ask, repeats held down → value. Requests a small model handles are mostly under ten words in the labelled development set. */
const curve = [
  [0, 0],
  [3, 0.1],
  [8, 0.4],
  [14, 0.65],
  [30, 0.85],
  [80, 1],
] as const;
/** A line of code says about as much as this many words. */
const wordsPerCodeLine = 2;

function calibrated(view: RequestView): SignalValue {
  const words = view.askWords + view.ask.codeLines * wordsPerCodeLine;
  return { value: interpolate(curve, words), applies: true, facts: { words, logLines: view.ask.logLines } };
}

/** Words as the original splits them, at white space: under 20, 50, 150. */
function seed(view: RequestView): SignalValue {
  const words = view.hasUserTurn ? countSpaced(view.text) : 0;
  const value = words < 20 ? 0.1 : words < 50 ? 0.3 : words < 150 ? 0.6 : 0.9;
  return { value, applies: true, facts: { words } };
}

function countSpaced(text: string): number {
  let words = 0;
  let isInWord = false;
  for (let at = 0; at < text.length; at += 1) {
    const isSpace = isWhiteSpace(text.charCodeAt(at));
    if (!isSpace && !isInWord) words += 1;
    isInWord = !isSpace;
  }
  return words;
}

/** What Python's `str.split()` splits at. */
function isWhiteSpace(code: number): boolean {
  return (
    code === 32 ||
    (code >= 9 && code <= 13) ||
    (code >= 28 && code <= 31) ||
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

export const length: Signal = { phrase: 'length', calibrated, seed };
