/**
 * Small steps from which the formats are written. A reading is a generator that yields whenever it needs more text than there
 * is, so a format reads like a parser of a whole text and still works on chunks. A reading that yields at the end of the text
 * has run out.
 */
import type { Cursor } from './cursor.ts';
import { isJsonSpace } from '../json/grammar.ts';
import { findMarker, type MarkerSet, unfinishedMarkerAt } from '../text/marker-set.ts';

export type Reading<T> = Generator<void, T, void>;

/** The text ended, and the finder decides what that means: never returns. */
export function* runOut(): Reading<never> {
  for (;;) yield;
}

/** The next character without taking it; '' at the end of the text. */
export function* peek(input: Cursor): Reading<string> {
  while (input.at >= input.text.length) {
    if (input.ending !== null) return '';
    yield;
  }
  return input.text.charAt(input.at);
}

/** The next character without taking it; runs out at the end of the text. */
export function* need(input: Cursor): Reading<string> {
  while (input.at >= input.text.length) yield;
  return input.text.charAt(input.at);
}

/** The next character that is no white space, without taking it; runs out at the end of the text. */
export function* needInk(input: Cursor): Reading<string> {
  for (;;) {
    const { text } = input;
    while (input.at < text.length && isJsonSpace(text.charCodeAt(input.at))) input.at += 1;
    if (input.at < text.length) return text.charAt(input.at);
    yield;
  }
}

/** Skips white space, and the characters of `others`, as far as it goes. */
export function* skipWhitespace(input: Cursor, others = ''): Reading<void> {
  for (;;) {
    const { text } = input;
    let { at } = input;
    while (at < text.length && (isJsonSpace(text.charCodeAt(at)) || others.includes(text.charAt(at)))) at += 1;
    input.at = at;
    if (at < text.length || input.ending !== null) return;
    yield;
  }
}

/** Whether `marker` stands here; waits as long as it may. Takes nothing. */
export function* sees(input: Cursor, marker: string): Reading<boolean> {
  for (;;) {
    const { text, at } = input;
    if (text.startsWith(marker, at)) return true;
    const rest = text.length - at;
    if (rest >= marker.length || input.ending !== null || !marker.startsWith(text.slice(at))) return false;
    yield;
  }
}

/** Takes `marker` if it stands here. */
export function* takes(input: Cursor, marker: string): Reading<boolean> {
  const isHere = yield* sees(input, marker);
  if (isHere) input.at += marker.length;
  return isHere;
}

/** Whether one of the markers stands here. */
export function* seesOne(input: Cursor, markers: readonly string[]): Reading<boolean> {
  for (const marker of markers) if (yield* sees(input, marker)) return true;
  return false;
}

/** Takes the first of the markers that stands here. */
export function* takesOne(input: Cursor, markers: readonly string[]): Reading<boolean> {
  for (const marker of markers) if (yield* takes(input, marker)) return true;
  return false;
}

/** Whether the text ends here, or inside `marker`. */
export function endsInside({ text, at, ending }: Cursor, marker: string): boolean {
  return ending !== null && text.length - at < marker.length && marker.startsWith(text.slice(at));
}

/** Takes the beginning of `marker` at the end of the text; a single character is not enough. */
export function takesLast(input: Cursor, marker: string): boolean {
  const isHere = endsInside(input, marker) && input.text.length - input.at > 1;
  if (isHere) input.at = input.text.length;
  return isHere;
}

/** Reads up to the first marker of a set, without taking it; `marker` is '' when the text ended first. */
export function* readUntil(input: Cursor, set: MarkerSet): Reading<{ readonly text: string; readonly marker: string }> {
  let read = '';
  for (;;) {
    const { text, at } = input;
    const hit = findMarker(set, text, at);
    const isEnd = hit === null && input.ending !== null;
    input.at = hit?.at ?? (isEnd ? text.length : unfinishedMarkerAt(set, text, at));
    read += text.slice(at, input.at);
    if (hit !== null) return { text: read, marker: hit.marker };
    if (isEnd) return { text: read, marker: '' };
    yield;
  }
}

/**
 * Reads a run of name characters (ASCII letters, digits, `_ . -`, anything beyond ASCII), at most `maxChars`; '' if none stands
 * here.
 */
export function readName(input: Cursor, maxChars = 256): Reading<string> {
  return readRun(input, isNameCharacter, maxChars);
}

/** Reads characters of one kind, given by their UTF-16 code, at most `maxChars`. */
export function* readRun(input: Cursor, isOfKind: (code: number) => boolean, maxChars: number): Reading<string> {
  let run = '';
  for (;;) {
    const { text } = input;
    const from = input.at;
    let at = from;
    while (at < text.length && run.length + at - from < maxChars && isOfKind(text.charCodeAt(at))) at += 1;
    run += text.slice(from, at);
    input.at = at;
    if (at < text.length || run.length >= maxChars || input.ending !== null) return run;
    yield;
  }
}

/** Takes a run of white space. */
export function readBlank(input: Cursor): Reading<string> {
  return readRun(input, isJsonSpace, Infinity);
}

/** What may stand in a tag that ends with `end`, white space included or not. */
export function isTagText(end: string, isSpaced: boolean): (code: number) => boolean {
  const endCode = end.charCodeAt(0);
  return (code) => code !== 0x3c && code !== endCode && (isSpaced || !isJsonSpace(code));
}

export function isNameCharacter(code: number): boolean {
  const isLetter = (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
  const isDigit = code >= 0x30 && code <= 0x39;
  return isLetter || isDigit || code === 0x5f || code === 0x2e || code === 0x2d || code >= 0x80;
}
