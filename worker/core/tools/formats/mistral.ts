/**
 * Mistral: `[TOOL_CALLS]`, then a JSON array of calls or one call, or (from v11 on) `name{…}`, `name[ARGS]{…}` or
 * `name[CALL_ID]id[ARGS]{…}`. There is no closing marker: the JSON ends the call. The ids are kept, since Mistral's templates
 * accept only their own kind.
 */
import { type Cursor, moveTo, offsetOf } from '../cursor.ts';
import { isDeclaration, isNameLike } from '../declared-tool.ts';
import { endsInside, peek, type Reading, readName, runOut, skipWhitespace, takes } from '../reading.ts';
import { createJsonArguments, createMarkedCalls, readArguments, readCalls } from './json-calls.ts';
import { asCalls, asText, markOpen, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

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
  markOpen(region);
  const calls = createMarkedCalls(region, true);
  const status = yield* readCalls(input, region, calls);
  if (status === 'open') return yield* runOut();
  if (status === 'done' && calls.shape.isCall()) return asCalls(input, calls.shape.calls);
  return calls.shape.isLive() ? asBroken(input) : asText(input);
}

function* readNamed(input: Cursor, region: Region): Reading<Verdict> {
  const name = yield* readName(input);
  if (!isNameLike(name)) return asText(input);
  const isDeclared = region.tools.has(name);
  // Nothing but the name yet: a declared one has begun a call, and so has what may still become one.
  const mayBeDeclared = isDeclared || [...region.tools.keys()].some((known) => known.startsWith(name));
  if (mayBeDeclared && endsInside(input, idMarker)) return yield* cutInName(region, name);
  let id: string | null = null;
  if (yield* takes(input, idMarker)) id = yield* readName(input, 64);
  if (isDeclared && (endsInside(input, argumentsMarker) || endsInside(input, '{'))) return yield* cutInName(region, name);
  if (yield* takes(input, argumentsMarker)) yield* skipWhitespace(input);
  else if (id !== null) return asText(input);
  if (isDeclared && endsInside(input, '{')) return yield* cutInName(region, name);
  if ((yield* peek(input)) !== '{') return asText(input);
  markOpen(region, name);
  const live = region.begin?.(name, id) ?? null;
  const json = createJsonArguments(live === null ? null : live.append);
  const status = yield* readArguments(input, json);
  if (status === 'open') return yield* runOut();
  if (status !== 'done') return live === null ? asText(input) : asBroken(input);
  if (live !== null) live.finish();
  else if (isDeclaration(json.text(), region.tools.get(name))) return asText(input);
  return asCalls(input, live === null ? [{ id, name, arguments: json.text() }] : []);
}

function* cutInName(region: Region, name: string): Reading<never> {
  markOpen(region, name);
  return yield* runOut();
}

/** Malformed, but part of the call is shown already. Without a closing marker the region ends where it stops being JSON. */
function asBroken(input: Cursor): Verdict {
  return { kind: 'calls', calls: [], resumeAt: offsetOf(input), isBroken: true };
}
