/**
 * How regions with closing markers end: closed, without the marker, garbled, or broken. Shared by the formats that have such
 * markers.
 */
import { type Cursor, moveTo, offsetOf } from '../cursor.ts';
import type { MarkerSet } from '../marker-set.ts';
import { type Reading, readUntil, runOut, sees, skipWhitespace, takes } from '../reading.ts';
import type { Verdict } from './tool-format.ts';

export interface Closing {
  /** Closes the region. */
  readonly marker: string;
  /** May stand before it and is dropped; '' for none. */
  readonly filler: string;
  /** Markers in whose place it may be missing. */
  readonly instead: readonly string[];
  /** Where anything else ends that stands behind the JSON. */
  readonly ends: MarkerSet;
  /** One of `ends` that opens another region: what stands before it is text, not part of this region. */
  readonly opening: string;
}

/**
 * Reads on behind complete JSON, over surplus closers, to the closing marker or to where it is missing. Returns '' then; else,
 * with the input at it, the marker that shows that the region held something besides the JSON.
 */
export function* readClosing(input: Cursor, closing: Closing): Reading<string> {
  yield* skipWhitespace(input, '}]');
  if (closing.filler !== '' && (yield* takes(input, closing.filler))) yield* skipWhitespace(input);
  if (yield* takes(input, closing.marker)) return '';
  for (const marker of closing.instead) if (yield* sees(input, marker)) return '';
  const resumeAt = offsetOf(input);
  const { marker } = yield* readUntil(input, closing.ends);
  if (marker !== '' && marker !== closing.opening) return marker;
  moveTo(input, resumeAt);
  return '';
}

/** Malformed: what stands between `from` and the first of `ends` becomes content. Without one it was cut. */
export function* readBody(input: Cursor, from: number, ends: MarkerSet, without: readonly string[] = []): Reading<Verdict> {
  moveTo(input, from);
  const { marker } = yield* readUntil(input, ends);
  if (marker === '') return yield* runOut();
  return bodyUpTo(input, from, marker, without);
}

/** The input stands at `marker`, which ends a malformed region. */
export function bodyUpTo(input: Cursor, from: number, marker: string, without: readonly string[] = []): Verdict {
  const to = offsetOf(input);
  return { kind: 'body', from, to, resumeAt: to + marker.length, without };
}

/** Malformed, but part of the call is shown already: the rest of it is dropped, since it cannot become content. */
export function* leaveBroken(input: Cursor, from: number, ends: MarkerSet): Reading<Verdict> {
  moveTo(input, from);
  const { marker } = yield* readUntil(input, ends);
  return { kind: 'calls', calls: [], resumeAt: offsetOf(input) + marker.length, isBroken: true };
}
