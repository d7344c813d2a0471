/**
 * Separates reasoning from the answer where one pair of tags marks it: `<think>…</think>` at the start of the message, the opening tag
 * possibly in the prompt already, the closing one possibly never written. Tags anywhere else are ordinary text, and so is a
 * closing tag that the reasoning quotes.
 */
import { createMarkerSet, findMarker, type MarkerSet, unfinishedMarkerAt } from '../text/marker-set.ts';
import type { ReasoningParts, ReasoningSplitter } from './splitter.ts';

export interface TagStyle {
  readonly open: string;
  /** Stands behind the opening tag, and is no part of the reasoning; '' for none. */
  readonly label: string;
  readonly close: string;
  /** The opening tag stands in the prompt already. */
  readonly startsInside: boolean;
}

interface TagState {
  readonly style: TagStyle;
  readonly parts: ReasoningParts;
  readonly closing: MarkerSet;
  place: 'start' | 'label' | 'inside' | 'done';
  held: string;
  /** The reasoning's last line so far. */
  line: string;
}

const closings = new Map<string, MarkerSet>();

function closingOf(close: string): MarkerSet {
  const known = closings.get(close) ?? createMarkerSet([close]);
  closings.set(close, known);
  return known;
}

/** Behind more white space than this no tag opens. */
const maxBlankChars = 1024;

/** Holds back at most a tag less one character and white space before it, or a closing one that may be quoted. */
export function createTagSplitter(style: TagStyle, parts: ReasoningParts): ReasoningSplitter {
  const state: TagState = { style, parts, closing: closingOf(style.close), place: 'start', held: '', line: '' };
  return {
    isDone: () => state.place === 'done',
    feed(text) {
      const whole = state.held + text;
      state.held = '';
      state.held = readersByPlace[state.place](state, whole);
    },
    end() {
      const rest = state.held;
      state.held = '';
      // Nothing that would quote it came behind it.
      if (state.place === 'inside' && rest === style.close) close(state);
      else pass(state, rest);
    },
    forgetHeld() {
      state.held = '';
    },
    skip() {
      if (state.place !== 'start') return;
      const rest = state.held;
      state.held = '';
      state.place = 'done';
      pass(state, rest);
    },
  };
}

/** Each returns what it holds back. */
const readersByPlace: Readonly<Record<TagState['place'], (state: TagState, text: string) => string>> = {
  start: readStart,
  label: readLabel,
  inside: readInside,
  done(state, text) {
    pass(state, text);
    return '';
  },
};

function pass(state: TagState, text: string): void {
  if (text === '') return;
  const { place, style, parts } = state;
  if (place === 'done' || (place === 'start' && !style.startsInside)) return parts.onAnswer(text);
  const lineAt = text.lastIndexOf('\n');
  state.line = lineAt < 0 ? state.line + text : text.slice(lineAt + 1);
  parts.onReasoning(text);
}

function readStart(state: TagState, text: string): string {
  const { open, startsInside } = state.style;
  const rest = text.trimStart();
  const mayOpen = text.length - rest.length <= maxBlankChars;
  if (mayOpen && isBeginningOf(open, rest)) return text;
  if (mayOpen && rest.startsWith(open)) {
    state.place = 'label';
    return readLabel(state, rest.slice(open.length));
  }
  state.place = startsInside ? 'inside' : 'done';
  return readersByPlace[state.place](state, text);
}

function readLabel(state: TagState, text: string): string {
  const { label } = state.style;
  if (label !== '' && isBeginningOf(label, text)) return text;
  state.place = 'inside';
  return readInside(state, text.startsWith(label) ? text.slice(label.length) : text);
}

function readInside(state: TagState, text: string): string {
  const { closing } = state;
  const tag = state.style.close;
  let from = 0;
  for (;;) {
    const hit = findMarker(closing, text, from);
    const to = hit?.at ?? unfinishedMarkerAt(closing, text, from);
    pass(state, text.slice(from, to));
    if (hit === null) return text.slice(to);
    const quote = openQuote(state.line);
    from = to + tag.length;
    if (quote !== '' && from === text.length) return tag;
    if (quote === '' || text.charAt(from) !== quote) break;
    pass(state, tag);
  }
  close(state);
  pass(state, text.slice(from));
  return '';
}

function close(state: TagState): void {
  state.place = 'done';
  state.parts.onClosed();
}

/** Whether more text could make `rest` the marker. */
function isBeginningOf(marker: string, rest: string): boolean {
  return rest.length < marker.length && marker.startsWith(rest);
}

/** The quotation mark that is open where the line ends, directly there; '' if none is. */
function openQuote(line: string): string {
  const last = line.at(-1) ?? '';
  if (last !== '`' && last !== '"') return '';
  return line.split(last).length % 2 === 0 ? last : '';
}
