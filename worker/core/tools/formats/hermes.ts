/**
 * Hermes and Qwen 2.5: `<tool_call>`, one JSON call or an array of them, `</tool_call>`. The JSON decides where the call ends,
 * not the first closing marker, since arguments may quote it.
 */
import { type Cursor, offsetOf } from '../cursor.ts';
import { createMarkerSet } from '../marker-set.ts';
import { peek, type Reading, runOut, skipWhitespace, takes } from '../reading.ts';
import { bodyUpTo, type Closing, leaveBroken, readBody, readClosing } from './closing.ts';
import { createMarkedCalls, isRepairedAt, readCalls } from './json-calls.ts';
import { asCalls, asText, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

const open = '<tool_call>';
const close = '</tool_call>';
const ends = createMarkerSet([close]);
const closing: Closing = { marker: close, filler: '', instead: [open], ends: createMarkerSet([close, open]), opening: open };

export const hermes: ToolFormat = {
  id: 'hermes',
  openers: [{ marker: open, isOutsideCode: false, read }],
  readNext: dropDoubledClosing,
};

function* read(input: Cursor, region: Region): Reading<Verdict> {
  input.at += open.length;
  yield* skipWhitespace(input);
  const first = yield* peek(input);
  if (first !== '{' && first !== '[') return asText(input);
  region.isInsideCall = true;
  const from = offsetOf(input);
  const calls = createMarkedCalls(region);
  const { scan, shape } = calls;
  const status = yield* readCalls(input, region, calls);
  if (status === 'open' && input.ending === 'cut') return yield* runOut();
  const isWhole = status === 'done' || (yield* isRepairedAt(input, scan, shape, close));
  // Not JSON, or a string that never ended and swallowed the closing marker: the first one counts after all.
  if (!isWhole) return yield* shape.isLive() ? leaveBroken(input, from, ends) : readBody(input, from, ends);
  const to = offsetOf(input);
  const garbledBy = yield* readClosing(input, closing);
  if (shape.isLive()) return { kind: 'calls', calls: shape.calls, resumeAt: offsetOf(input) + garbledBy.length };
  if (garbledBy !== '') return bodyUpTo(input, from, garbledBy);
  return shape.isCall() ? asCalls(input, shape.calls) : { kind: 'body', from, to, resumeAt: offsetOf(input) };
}

function* dropDoubledClosing(input: Cursor): Reading<Verdict> {
  yield* skipWhitespace(input);
  return (yield* takes(input, close)) ? asCalls(input, []) : { kind: 'text', muteUntil: 0 };
}
