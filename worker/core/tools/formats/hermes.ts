/**
 * Hermes and Qwen 2.5: `<tool_call>`, one JSON call or an array of them, `</tool_call>`. The JSON decides where the call ends,
 * not the first closing marker, since arguments may quote it.
 */
import { type Cursor, offsetOf } from '../cursor.ts';
import { createMarkerSet } from '../../text/marker-set.ts';
import { peek, type Reading, runOut, skipWhitespace, takes, takesLast } from '../reading.ts';
import { type Closing, leaveBroken, readClosing, readClosingOfNone, readMalformed } from './closing.ts';
import { createMarkedCalls, isRepairedAt, readCalls } from './json-calls.ts';
import { asCalls, asText, markOpen, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

const open = '<tool_call>';
const close = '</tool_call>';
const closing: Closing = {
  marker: close,
  filler: '',
  instead: [open],
  closers: createMarkerSet([close]),
  ends: createMarkerSet([close, open]),
  openings: [open],
};

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
  markOpen(region);
  const from = offsetOf(input);
  const calls = createMarkedCalls(region);
  const { scan, shape } = calls;
  const status = yield* readCalls(input, region, calls);
  if (status === 'open' && input.ending === 'cut') return yield* runOut();
  const isWhole = status === 'done' || (yield* isRepairedAt(input, scan, shape, close));
  if (!isWhole)
    return yield* shape.isLive() ? leaveBroken(input, from, closing) : readMalformed(input, from, closing, status === 'open');
  if (!shape.isLive() && !shape.isCall()) return yield* readClosingOfNone(input, closing);
  const end = yield* readClosing(input, closing);
  const isGarbled = end === 'garbled' || !shape.isCall();
  if (isGarbled && !shape.isLive()) return asText(input);
  return { kind: 'calls', calls: shape.calls, resumeAt: offsetOf(input), isUnclosed: end === 'unclosed', isBroken: isGarbled };
}

function* dropDoubledClosing(input: Cursor): Reading<Verdict> {
  yield* skipWhitespace(input);
  const isHere = (yield* takes(input, close)) || takesLast(input, close);
  return isHere ? asCalls(input, []) : { kind: 'text', muteUntil: 0 };
}
