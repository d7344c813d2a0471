/** Removes greetings from the beginning and thanks from the end of an ask. An ask that is nothing but courtesy stays as it is. */
import { hashKey, tokenize, type Tokens } from './tokens.ts';

/** Words that mean thanks or please by themselves. */
const strong = wordSet(
  'please pls plz thanks thank thx ty cheers appreciate appreciated kindly grateful regards bitte danke dankeschön merci svp gracias obrigado obrigada valeu grazie пожалуйста спасибо धन्यवाद शुक्रिया कृपया شكرا dziękuję proszę dank teşekkürler lütfen tack',
);
/** Words that may accompany a strong one: "thank you so much for your help in advance". */
const companions = wordSet(
  'you so much many very a lot for your help time in advance and many i would really d ll be will it this that the again kind best all my to us me this if can could much im voraus schön sehr vielen dank für deine ihre hilfe beaucoup d avance muchas por favor adelantado muito antecipadamente mille заранее большое',
);
/** Before these words "please" and "thanks" are what the ask is about. */
const quoting = wordSet('say says saying word write spell means mean reply respond answer translate called phrase of is with');
const greetings = wordSet(
  'hi hello hey hiya dear there good morning afternoon evening all everyone hallo guten tag bonjour salut hola buenos días olá oi ciao привет здравствуйте नमस्ते',
);
const leading = wordSet('please pls kindly bitte');
const unspacedThanks = [
  '谢谢你',
  '谢谢',
  '麻烦了',
  'よろしくお願いします',
  'お願いします',
  'ありがとうございます',
  'ありがとう',
  '감사합니다',
  '고마워요',
  '고마워',
  '부탁해요',
  '부탁드립니다',
] as const;

const maxCourtesyWords = 14;
const minAskWords = 2;

function wordSet(words: string): ReadonlySet<number> {
  return new Set(Array.from(tokenize(words).hashes, hashKey));
}

const separator = /[.,!?;:\n\-–—。！，、।؟]/;

function hasSeparator(tokens: Tokens, left: number, right: number): boolean {
  return separator.test(tokens.text.slice(tokens.ends[left], tokens.starts[right]));
}

/** After "say" or a colon the word is what the ask is about. */
function isQuoted(tokens: Tokens, at: number): boolean {
  return quoting.has(hashKey(tokens.hashes[at - 1])) || tokens.text.slice(tokens.ends[at - 1], tokens.starts[at]).includes(':');
}

/** Index of the first word of closing thanks; `count` without any. */
function thanksStart(tokens: Tokens): number {
  const { count, hashes } = tokens;
  let cut = count;
  for (let at = count - 1; at >= minAskWords && count - at <= maxCourtesyWords; at -= 1) {
    const hash = hashKey(hashes[at]);
    const isStrong = strong.has(hash);
    if (!isStrong && !companions.has(hash)) break;
    const opens = hasSeparator(tokens, at - 1, at) || (isStrong && !isQuoted(tokens, at));
    if (opens && hashes.subarray(at, count).some((word) => strong.has(hashKey(word)))) cut = at;
  }
  return cut;
}

/** Index of the first word after an opening greeting or "please"; 0 without one. */
function greetingEnd(tokens: Tokens): number {
  const { count, hashes } = tokens;
  if (leading.has(hashKey(hashes[0])) && count > minAskWords) return 1;
  let at = 0;
  while (at < count - minAskWords && at < 4 && greetings.has(hashKey(hashes[at]))) at += 1;
  return at > 0 && hasSeparator(tokens, at - 1, at) ? at : 0;
}

/** Courtesies are looked for in this much of a longer ask, at either end. */
const windowChars = 160;

/** `ask` without greeting and thanks; the ask itself when nothing else is in it. */
export function stripCourtesy(ask: string): string {
  if (ask.length <= 2 * windowChars) return stripBoth(ask);
  const cut = ask.length - windowChars;
  return stripBoth(ask.slice(0, windowChars), true) + ask.slice(windowChars, cut) + stripBoth(ask.slice(cut), false, true);
}

/** Strips a whole ask, or only the open end of a window. */
function stripBoth(ask: string, isHead = false, isTail = false): string {
  const tokens = tokenize(ask);
  // Lower-casing changed the length of a few rare letters: offsets would not fit the original.
  if (tokens.count <= minAskWords || tokens.text.length !== ask.length) return isHead ? ask : stripUnspaced(ask);
  const from = isTail ? 0 : greetingEnd(tokens);
  const to = isHead ? tokens.count : thanksStart(tokens);
  if (from === 0 && to === tokens.count) return isHead ? ask : stripUnspaced(ask);
  if (to - from < minAskWords) return ask;
  const start = from === 0 ? 0 : (tokens.starts[from] ?? 0);
  return to === tokens.count ? ask.slice(start) : trimEnd(ask.slice(start, tokens.starts[to]));
}

function stripUnspaced(ask: string): string {
  const end = trimEnd(ask).replace(/[。！!.～~]{1,4}$/, '');
  const thanks = unspacedThanks.find((phrase) => end.endsWith(phrase) && end.length > phrase.length + 3);
  if (thanks === undefined) return ask;
  const before = end.slice(0, -thanks.length);
  return /[。？！，、,.!?\s]$/.test(before) ? trimEnd(before) : ask;
}

/** Without white space and the signs that led up to the thanks. */
function trimEnd(text: string): string {
  return text.trimEnd().replace(/[\s,;:(\-–—，、]{1,8}$/, '');
}
