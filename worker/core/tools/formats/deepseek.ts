/**
 * DeepSeek V3 and V3.1: a section of calls, each between its own tokens. V3 writes the type, the name and fenced JSON, V3.1 the
 * name and JSON. One region is one call; the section's tokens before and behind it go with it.
 */
import { type Cursor, offsetOf } from '../cursor.ts';
import { isDeclaration, isNameLike } from '../declared-tool.ts';
import { createMarkerSet } from '../../text/marker-set.ts';
import { endsInside, need, peek, type Reading, readName, runOut, skipWhitespace, takes, takesLast } from '../reading.ts';
import { type Closing, leaveBroken, readClosing, readClosingOfNone, readMalformed } from './closing.ts';
import { createJsonArguments, isRepairedAt, type JsonArguments, readArguments, skipJson } from './json-calls.ts';
import { asCalls, asText, markOpen, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

const sectionBegin = '<｜tool▁calls▁begin｜>';
const sectionEnd = '<｜tool▁calls▁end｜>';
const callBegin = '<｜tool▁call▁begin｜>';
const callEnd = '<｜tool▁call▁end｜>';
const separator = '<｜tool▁sep｜>';
const fence = '```';
const bracket = '{[';
const closing: Closing = {
  marker: callEnd,
  filler: fence,
  instead: [sectionEnd, callBegin],
  closers: createMarkerSet([callEnd, sectionEnd]),
  ends: createMarkerSet([callEnd, sectionEnd, sectionBegin, callBegin]),
  openings: [sectionBegin, callBegin],
};

export const deepseek: ToolFormat = {
  id: 'deepseek',
  openers: [
    { marker: sectionBegin, isOutsideCode: false, read: readFirst },
    // The next call of a section whose last one was malformed.
    { marker: callBegin, isOutsideCode: false, read: readNext },
  ],
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
  const isEnd = (yield* takes(input, sectionEnd)) || (yield* takes(input, callEnd)) || takesLast(input, sectionEnd);
  if (isEnd) return asCalls(input, []);
  return { kind: 'text', muteUntil: 0 };
}

function* readCall(input: Cursor, region: Region): Reading<Verdict> {
  markOpen(region);
  const from = offsetOf(input);
  const name = yield* readHeader(input, region);
  if (name === null) return endsInside(input, separator) || endsInside(input, fence) ? yield* runOut() : asText(input);
  if ((yield* peek(input)) === '[') return yield* readList(input);
  const live = region.begin?.(name, null) ?? null;
  const json = createJsonArguments(live === null ? null : live.append);
  const status = yield* readArguments(input, json);
  if (status === 'open' && input.ending === 'cut') return yield* runOut();
  const isWhole = status === 'done' || (yield* isRepaired(input, json));
  if (!isWhole)
    return yield* live === null ? readMalformed(input, from, closing, status === 'open') : leaveBroken(input, from, closing);
  live?.finish();
  if (live === null && isDeclaration(json.text(), region.tools.get(name))) return yield* readClosingOfNone(input, closing);
  const end = yield* readClosing(input, closing);
  const isBroken = end === 'garbled';
  if (isBroken && live === null) return asText(input);
  const calls = live === null ? [{ id: null, name, arguments: json.text() }] : [];
  return { kind: 'calls', calls, resumeAt: offsetOf(input), isUnclosed: end === 'unclosed', isBroken };
}

/** The name, and everything up to the arguments' bracket; null if this is no call. */
function* readHeader(input: Cursor, region: Region): Reading<string | null> {
  const first = yield* readName(input);
  if (!(yield* takes(input, separator))) return null;
  markOpen(region, first);
  yield* skipWhitespace(input);
  if (bracket.includes(yield* need(input))) return isNameLike(first) ? first : null;
  const name = yield* readName(input);
  yield* need(input);
  markOpen(region, name);
  yield* skipWhitespace(input);
  if (!isNameLike(name) || !(yield* takes(input, fence))) return null;
  yield* takes(input, 'json');
  yield* skipWhitespace(input);
  return bracket.includes(yield* need(input)) ? name : null;
}

/** Arguments that are a list make no call. */
function* readList(input: Cursor): Reading<Verdict> {
  const status = yield* skipJson(input);
  if (status === 'open') return yield* runOut();
  return status === 'done' ? yield* readClosingOfNone(input, closing) : asText(input);
}

/** Closers are missing before the fence or the token. */
function* isRepaired(input: Cursor, json: JsonArguments): Reading<boolean> {
  return (yield* isRepairedAt(input, json.scan, json, fence)) || (yield* isRepairedAt(input, json.scan, json, callEnd));
}
