/**
 * How regions with closing markers end: closed, without the marker, garbled, or broken. Shared by the formats that have such
 * markers.
 */
import { type Cursor, moveTo, offsetOf } from '../cursor.ts';
import { findMarker, type MarkerSet } from '../../text/marker-set.ts';
import { endsInside, type Reading, readUntil, runOut, sees, skipWhitespace, takes, takesLast } from '../reading.ts';
import { asText, type Verdict } from './tool-format.ts';

export interface Closing {
  /** Closes the region. */
  readonly marker: string;
  /** May stand before it and is dropped; '' for none. */
  readonly filler: string;
  /** Markers in whose place it may be missing. */
  readonly instead: readonly string[];
  /** What closes a region that is malformed. */
  readonly closers: MarkerSet;
  /** Where anything else ends that stands behind the JSON. */
  readonly ends: MarkerSet;
  /** Those of `ends` that open another region: what stands before them is text, not part of this region. */
  readonly openings: readonly string[];
}

/**
 * Reads on behind a complete call, over surplus closers, to the closing marker or to where it is missing; what there is of the marker at
 * the end of the text goes with it. `garbled`: the region held something besides the JSON, and the input stands behind it.
 */
export function* readClosing(input: Cursor, closing: Closing): Reading<'closed' | 'unclosed' | 'garbled'> {
  yield* skipWhitespace(input, '}]');
  if (closing.filler !== '' && (yield* takes(input, closing.filler))) yield* skipWhitespace(input);
  if (yield* takes(input, closing.marker)) return 'closed';
  for (const marker of closing.instead) if (yield* sees(input, marker)) return 'unclosed';
  if (takesLast(input, closing.marker)) return 'unclosed';
  const resumeAt = offsetOf(input);
  const { marker } = yield* readUntil(input, closing.ends);
  if (marker !== '' && !closing.openings.includes(marker)) {
    input.at += marker.length;
    return 'garbled';
  }
  moveTo(input, resumeAt);
  return 'unclosed';
}

/** Behind JSON that is no call: text, unless the text ends before it is known whether the region was closed. */
export function* readClosingOfNone(input: Cursor, { marker, filler }: Closing): Reading<Verdict> {
  yield* skipWhitespace(input, '}]');
  if (filler !== '' && (yield* takes(input, filler))) yield* skipWhitespace(input);
  if (!(yield* takes(input, marker)) && endsInside(input, marker)) return yield* runOut();
  return asText(input);
}

/**
 * The JSON broke, or its last string never ended: all of it is text. The format looks again where the region would have been closed, if it
 * was meant as one, so that the next call is found. A text that ends inside the JSON and was not closed has run out.
 */
export function* readMalformed(input: Cursor, from: number, closing: Closing, hasEnded: boolean): Reading<Verdict> {
  const brokenAt = offsetOf(input);
  moveTo(input, from);
  const text = input.text.slice(input.at, brokenAt - input.base);
  moveTo(input, brokenAt);
  const hit = findMarker(hasEnded ? closing.closers : closing.ends, text, 0);
  if (hit === null) return hasEnded ? yield* runOut() : asText(input);
  return { kind: 'text', muteUntil: from + hit.at + (closing.openings.includes(hit.marker) ? 0 : hit.marker.length) };
}

/** Malformed, but part of the call is shown already: the rest of it is dropped, since it cannot become content. */
export function* leaveBroken(input: Cursor, from: number, { closers }: Closing): Reading<Verdict> {
  moveTo(input, from);
  const { marker } = yield* readUntil(input, closers);
  return { kind: 'calls', calls: [], resumeAt: offsetOf(input) + marker.length, isBroken: true };
}
