/** Separates reasoning from the answer in a text whose parts are all framed (`frames.ts`). The calls of tools stay in the answer. */
import { createJsonScan, indifferent, type JsonScan } from '../json/scan.ts';
import { scanJson } from '../json/scanner.ts';
import { findMarker, unfinishedMarkerAt } from '../text/marker-set.ts';
import { createCursor, type Cursor, hold, moveTo, offsetOf, pushChunk, release } from '../tools/cursor.ts';
import type { Reading } from '../tools/reading.ts';
import { type Boundary, fence, type FrameRoute, type FrameStyle } from './frames.ts';
import type { ReasoningParts, ReasoningSplitter } from './splitter.ts';

interface SplitterState {
  readonly style: FrameStyle;
  readonly parts: ReasoningParts;
  readonly input: Cursor;
  route: FrameRoute;
  /** Something was read that is no white space. */
  hasInk: boolean;
  /** Of an answer: a code block is open. */
  isInBlock: boolean;
  /** The arguments of the call being passed on: no boundary stands in them. */
  scan: JsonScan | null;
  /** Where the boundary began that is being read. */
  markAt: number | null;
  /** Kinds of text that were shown, and whether the next piece begins a new part. */
  readonly shown: Set<FrameRoute>;
  isNewPart: boolean;
  reading: Reading<void>;
}

export function createFrameSplitter(style: FrameStyle, parts: ReasoningParts): ReasoningSplitter {
  const input = createCursor();
  const base = { style, parts, input, route: style.start, hasInk: false, isInBlock: false, scan: null, markAt: null };
  const state: SplitterState = { ...base, shown: new Set(), isNewPart: false, reading: nothing() };
  state.reading = read(state);
  return {
    isDone: () => state.route === 'rest',
    feed(text) {
      pushChunk(input, text);
      state.reading.next();
    },
    end() {
      input.ending = 'stop';
      state.reading.next();
    },
    forgetHeld() {
      if (state.markAt !== null) moveTo(input, state.markAt);
      release(input);
      input.text = input.text.slice(0, input.at);
      state.reading = read(state);
    },
    skip() {
      if (state.hasInk || state.route === 'rest') return;
      state.route = 'rest';
      if (state.markAt !== null) moveTo(input, state.markAt);
      state.reading = read(state);
      state.reading.next();
    },
  };
}

function* nothing(): Reading<void> {}

/** Passes text on as far as it surely belongs to its part; ends with the text. */
function* read(state: SplitterState): Reading<void> {
  const { input, style } = state;
  for (;;) {
    const { text, at, ending } = input;
    if (state.route === 'rest' || state.scan !== null) {
      passUnread(state);
      if (input.at < text.length) continue;
    } else {
      const hit = findMarker(style.marks, text, at);
      pass(state, hit?.at ?? (ending === null ? unfinishedMarkerAt(style.marks, text, at) : text.length));
      if (hit !== null) {
        yield* readMark(state, hit.marker);
        continue;
      }
    }
    if (ending !== null) return;
    yield;
  }
}

/** All there is, or the JSON of a call: boundaries may be quoted in it. */
function passUnread(state: SplitterState): void {
  const { input, scan } = state;
  if (scan === null) return pass(state, input.text.length);
  const end = scanJson(scan, indifferent, input.text, input.at);
  pass(state, end);
  if (scan.status !== 'open') state.scan = null;
}

function* readMark(state: SplitterState, marker: string): Reading<void> {
  const { input, route, hasInk, style } = state;
  const start = offsetOf(input);
  if (marker === fence) {
    if (route === 'answer') state.isInBlock = !state.isInBlock;
    return pass(state, input.at + fence.length);
  }
  hold(input);
  state.markAt = start;
  const boundary = yield* style.readBoundary(input, { route, isFirst: !hasInk });
  state.markAt = null;
  const isQuoted = state.isInBlock && route === 'answer' && boundary?.route !== null;
  if (boundary === null || isQuoted) {
    moveTo(input, start);
    pass(state, input.at + marker.length);
  } else enter(state, boundary);
  release(input);
}

function enter(state: SplitterState, { route, from }: Boundary): void {
  const { input, style, parts } = state;
  // Models leave it out, and servers as well.
  if (state.route === 'call') parts.onAnswer(style.callEnd);
  const headerEnd = offsetOf(input);
  state.hasInk = true;
  if (route === null) return;
  if (state.route === 'reasoning' && route !== 'reasoning') parts.onClosed();
  state.route = route;
  state.isInBlock = false;
  state.isNewPart = true;
  state.scan = route === 'call' ? createJsonScan() : null;
  moveTo(input, from);
  pass(state, headerEnd - input.base);
}

/** Messages of a kind are paragraphs of one text. */
function pass(state: SplitterState, to: number): void {
  const { input, route, shown, parts } = state;
  const text = input.text.slice(input.at, to);
  input.at = to;
  if (text === '') return;
  state.hasInk ||= text.trim() !== '';
  const isReasoning = route === 'reasoning';
  const needsBreak = state.isNewPart && shown.has(route) && route !== 'call' && route !== 'rest';
  state.isNewPart = false;
  shown.add(route);
  (isReasoning ? parts.onReasoning : parts.onAnswer)(needsBreak ? `\n${text}` : text);
}
