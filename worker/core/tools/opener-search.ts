/**
 * Finds the next place in a text where a format may open a call: at one of its openers, not in quoted code if the format excludes it, not
 * inside a JSON answer, and not where it has already looked. Formats keep their order where several open at the same place.
 */
import { codeMarkers, type CodeState, codeTokens, type CodeTracker, createCodeTracker, followCode } from './code-spans.ts';
import { type Cursor, offsetOf } from './cursor.ts';
import type { Opener, ReadCalls, ToolFormat, Verdict } from './formats/tool-format.ts';
import {
  createMutedFormats,
  followAnswers,
  forgetFrom,
  isMuted,
  leaveAnswers,
  mute,
  type MutedFormats,
} from './muted-formats.ts';
import { createMarkerSet, findMarker, type MarkerSet, mayBecomeMarker, unfinishedMarkerAt } from '../text/marker-set.ts';
import type { Quotation } from './quoted-calls.ts';

/** A reading that may begin where the cursor stands; `format` is null for one that belongs to none. */
export interface Start {
  readonly format: ToolFormat | null;
  readonly read: ReadCalls;
  readonly quotation: Quotation | null;
}

export interface OpenerSearch {
  /** Moves the cursor to the next place to open, or over all text that surely opens nothing (then null). */
  next(input: Cursor): Start | null;
  /** The format found no call, and how far it need not look again. */
  mute(format: ToolFormat, verdict: Extract<Verdict, { kind: 'text' }>): void;
  /** The cursor jumps over a call: a JSON answer around it has ended there. */
  jump(): void;
  /** The text from an offset on was taken back: what was learnt from it goes. */
  forgetFrom(offset: number): void;
}

interface SearchState {
  readonly formats: readonly ToolFormat[];
  readonly setFor: (state: CodeState) => MarkerSet;
  readonly muted: MutedFormats;
  readonly code: CodeTracker;
  /** What is looked for in the present state of code; null until it is looked for. */
  set: MarkerSet | null;
  /** Whether there was any text but calls, white space and fences. */
  hasInk: boolean;
}

export function createOpenerSearch(formats: readonly ToolFormat[]): OpenerSearch {
  const muted = createMutedFormats();
  const state: SearchState = {
    formats,
    setFor: markerSetsOf(formats),
    muted,
    code: createCodeTracker(),
    set: null,
    hasInk: false,
  };
  return {
    next: (input) => next(state, input),
    mute: (format, verdict) => mute(muted, format, verdict),
    jump: () => leaveAnswers(muted),
    forgetFrom: (offset) => forgetFrom(muted, offset),
  };
}

function next(state: SearchState, input: Cursor): Start | null {
  const { code } = state;
  const { text, ending } = input;
  for (;;) {
    const set = (state.set ??= state.setFor(code.state));
    const hit = findMarker(set, text, input.at);
    if (hit === null) {
      pass(state, input, ending === null ? unfinishedMarkerAt(set, text, input.at) : text.length);
      return null;
    }
    pass(state, input, hit.at);
    if (ending === null && mayBecomeMarker(set, text, hit.at)) return null;
    const start = startAt(state, input);
    if (start !== null) return start;
    const before = code.state;
    const length = followCode(code, hit.marker, offsetOf(input));
    pass(state, input, input.at + length);
    if (code.state !== before) state.set = null;
  }
}

/** Moves over text that opens nothing. */
function pass(state: SearchState, input: Cursor, to: number): void {
  if (!state.hasInk && to > input.at && inkStates.has(state.code.state))
    state.hasInk = /[^\s`]/.test(input.text.slice(input.at, to));
  if (state.muted.insides.length > 0) followAnswers(state.muted, input, to);
  input.at = to;
}

function startAt(state: SearchState, input: Cursor): Start | null {
  const isProse = state.code.state === 'prose';
  for (const format of state.formats) {
    if (isMuted(state.muted, format, offsetOf(input))) continue;
    for (const opener of format.openers) {
      if ((isProse || !opener.isOutsideCode) && input.text.startsWith(opener.marker, input.at))
        return { format, read: opener.read, quotation: quotationOf(state, format, opener) };
    }
  }
  return null;
}

function quotationOf({ code, hasInk }: SearchState, format: ToolFormat, { isBlock }: Opener): Quotation | null {
  const isInCode = quotingStates.has(code.state);
  if (!isInCode && isBlock !== true) return null;
  return { format, isInCode, mustBeLast: hasInk || code.state === 'span' || code.state === 'wide_span' };
}

/** Where text stands, as opposed to the fence around it and its info word. */
const inkStates: ReadonlySet<CodeState> = new Set(['prose', 'span', 'wide_span', 'block']);
/** Behind a closing run, or on a line that turned out to open no block, there is prose again. */
const quotingStates: ReadonlySet<CodeState> = new Set(['span', 'wide_span', 'block', 'opening', 'info']);

/**
 * Sets by formats and state: compiling their expressions costs more than a short answer. Configurations are few, so this stays
 * small.
 */
const knownSets = new Map<string, MarkerSet>();

function markerSetsOf(formats: readonly ToolFormat[]): (state: CodeState) => MarkerSet {
  const ids = formats.map(({ id }) => id).join();
  return (state) => {
    const key = `${state} ${ids}`;
    const known = knownSets.get(key);
    if (known !== undefined) return known;
    const set = markerSetOf(formats, state);
    knownSets.set(key, set);
    return set;
  };
}

/** Without an opener there is nothing to look for, in code or elsewhere. */
function markerSetOf(formats: readonly ToolFormat[], state: CodeState): MarkerSet {
  const openers = formats.flatMap((format) => format.openers);
  if (openers.length === 0) return createMarkerSet([]);
  const unless = new Map(openers.flatMap(({ marker, unless: not }) => (not === undefined ? [] : [[marker, not]])));
  const markers = openers.filter((opener) => state === 'prose' || !opener.isOutsideCode).map((opener) => opener.marker);
  return createMarkerSet([...markers, ...codeMarkers[state]], { unless, others: codeTokens[state] });
}
