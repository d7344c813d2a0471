/**
 * DeepSeek V3 and V3.1: a section of calls, each between its own tokens. V3 writes the type, the name and fenced JSON, V3.1 the
 * name and JSON. One region is one call; the section's tokens before and behind it go with it.
 */
import { type Cursor, offsetOf } from '../cursor.ts';
import { createMarkerSet } from '../marker-set.ts';
import { peek, type Reading, readName, runOut, skipWhitespace, takes } from '../reading.ts';
import { bodyUpTo, type Closing, leaveBroken, readBody, readClosing } from './closing.ts';
import { createJsonArguments, isRepairedAt, type JsonArguments, readArguments } from './json-calls.ts';
import { asCalls, asText, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

const sectionBegin = '<｜tool▁calls▁begin｜>';
const sectionEnd = '<｜tool▁calls▁end｜>';
const callBegin = '<｜tool▁call▁begin｜>';
const callEnd = '<｜tool▁call▁end｜>';
const separator = '<｜tool▁sep｜>';
const fence = '```';
const ends = createMarkerSet([callEnd, sectionEnd]);
const closing: Closing = {
  marker: callEnd,
  filler: fence,
  instead: [sectionEnd, callBegin],
  ends: createMarkerSet([callEnd, sectionEnd, sectionBegin]),
  opening: sectionBegin,
};

export const deepseek: ToolFormat = {
  id: 'deepseek',
  openers: [{ marker: sectionBegin, isOutsideCode: false, read: readFirst }],
  readNext,
};

function* readFirst(input: Cursor, region: Region): Reading<Verdict> {
  input.at += sectionBegin.length;
  yield* skipWhitespace(input);
  return (yield* takes(input, callBegin)) ? yield* readCall(input, region) : asText(input);
}

function* readNext(input: Cursor, region: Region): Reading<Verdict> {
  yield* skipWhitespace(input);
  if (yield* takes(input, callBegin)) return yield* readCall(input, region);
  if ((yield* takes(input, sectionEnd)) || (yield* takes(input, callEnd))) return asCalls(input, []);
  return { kind: 'text', muteUntil: 0 };
}

function* readCall(input: Cursor, region: Region): Reading<Verdict> {
  region.isInsideCall = true;
  const from = offsetOf(input);
  const name = yield* readHeader(input);
  if (name === null) return yield* readBody(input, from, ends, [separator]);
  region.isNamed = region.tools.has(name);
  const live = region.begin?.(name, null) ?? null;
  const json = createJsonArguments(live === null ? null : live.append);
  const status = yield* readArguments(input, json);
  if (status === 'open' && input.ending === 'cut') return yield* runOut();
  const isWhole = status === 'done' || (yield* isRepaired(input, json));
  if (!isWhole) return yield* live === null ? readBody(input, from, ends, [separator]) : leaveBroken(input, from, ends);
  live?.finish();
  const garbledBy = yield* readClosing(input, closing);
  if (live !== null) return { kind: 'calls', calls: [], resumeAt: offsetOf(input) + garbledBy.length };
  if (garbledBy !== '') return bodyUpTo(input, from, garbledBy, [separator]);
  return asCalls(input, [{ id: null, name, arguments: json.text() }]);
}

/** The name, and everything up to the arguments' brace; null if this is no call. */
function* readHeader(input: Cursor): Reading<string | null> {
  const first = yield* readName(input);
  if (!(yield* takes(input, separator))) return null;
  yield* skipWhitespace(input);
  if ((yield* peek(input)) === '{') return first === '' ? null : first;
  const name = yield* readName(input);
  yield* skipWhitespace(input);
  if (name === '' || !(yield* takes(input, fence))) return null;
  yield* takes(input, 'json');
  yield* skipWhitespace(input);
  return (yield* peek(input)) === '{' ? name : null;
}

/** Closers are missing before the fence or the token. */
function* isRepaired(input: Cursor, json: JsonArguments): Reading<boolean> {
  return (yield* isRepairedAt(input, json.scan, json, fence)) || (yield* isRepairedAt(input, json.scan, json, callEnd));
}
