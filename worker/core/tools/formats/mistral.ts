/**
 * Mistral: `[TOOL_CALLS]`, then a JSON array of calls or one call, or (from v11 on) `name{…}`, `name[ARGS]{…}` or
 * `name[CALL_ID]id[ARGS]{…}`. There is no closing marker: the JSON ends the call. The ids are kept, since Mistral's templates
 * accept only their own kind.
 */
import type { ParsedCall } from '../call-shape.ts';
import { type Cursor, moveTo, offsetOf } from '../cursor.ts';
import { peek, type Reading, readName, runOut, skipWhitespace, takes } from '../reading.ts';
import { createJsonArguments, createMarkedCalls, readArguments, readCalls } from './json-calls.ts';
import { asCalls, asText, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

const marker = '[TOOL_CALLS]';
const idMarker = '[CALL_ID]';
const argumentsMarker = '[ARGS]';

export const mistral: ToolFormat = { id: 'mistral', openers: [{ marker, isOutsideCode: false, read }] };

function* read(input: Cursor, region: Region): Reading<Verdict> {
  input.at += marker.length;
  yield* skipWhitespace(input);
  const first = yield* peek(input);
  if (first === '{' || first === '[') return yield* readJson(input, region);
  return yield* readNamed(input, region);
}

function* readJson(input: Cursor, region: Region): Reading<Verdict> {
  const from = offsetOf(input);
  if (yield* takes(input, '[')) {
    yield* skipWhitespace(input);
    if ((yield* peek(input)) !== '{') return asText(input);
    moveTo(input, from);
  }
  region.isInsideCall = true;
  const calls = createMarkedCalls(region, true);
  const status = yield* readCalls(input, region, calls);
  if (status === 'open') return yield* runOut();
  if (status === 'done' && calls.shape.isCall()) return asCalls(input, calls.shape.calls);
  return bodyOf(input, from, calls.shape.isLive());
}

function* readNamed(input: Cursor, region: Region): Reading<Verdict> {
  const from = offsetOf(input);
  const name = yield* readName(input);
  if (name === '') return asText(input);
  let id: string | null = null;
  if (yield* takes(input, idMarker)) id = yield* readName(input, 64);
  if (yield* takes(input, argumentsMarker)) yield* skipWhitespace(input);
  else if (id !== null) return asText(input);
  if ((yield* peek(input)) !== '{') return asText(input);
  region.isInsideCall = true;
  region.isNamed = region.tools.has(name);
  const live = region.begin?.(name, id) ?? null;
  const json = createJsonArguments(live === null ? null : live.append);
  const status = yield* readArguments(input, json);
  if (status === 'open') return yield* runOut();
  if (status !== 'done') return bodyOf(input, from, live !== null);
  if (live !== null) live.finish();
  const call: ParsedCall = { id, name, arguments: json.text() };
  return asCalls(input, live === null ? [call] : []);
}

/** Without a closing marker a malformed region ends where it stops being JSON; the rest is text anyway. */
function bodyOf(input: Cursor, from: number, isLive: boolean): Verdict {
  const to = offsetOf(input);
  if (isLive) return { kind: 'calls', calls: [], resumeAt: to, isBroken: true };
  return { kind: 'body', from, to, resumeAt: to, without: [idMarker, argumentsMarker] };
}
